"""`lanparty-client setup`: install the service, once, so that joining needs no special rights."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import lanparty_client
from lanparty_client.session_kind import SERVICE_GROUP
from lanparty_client.settings import SetupSettings
from lanparty_client.unit import UNIT_NAME, InstalledFile, files_to_install
from lanparty_command import CommandFailed, ExitCode

__all__ = ["out_of_reach", "set_up"]

_SYSTEMD: Final = Path("/run/systemd/system")
"""Exists where systemd is the init process (sd_booted(3))."""

_HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))
"""What the unit hides from the service (ProtectHome)."""

_INSTALL_FOR_ALL: Final = (
    "Install softlan where the service can read it, and set up from there:\n"
    "  sudo python3 -m venv /opt/softlan\n"
    "  sudo /opt/softlan/bin/pip install 'softlan[client]'\n"
    "  sudo /opt/softlan/bin/lanparty-client setup"
)


def set_up(settings: SetupSettings) -> int:
    """Install the service and start it, or take it away; return the exit code."""
    command = _own_command()
    files = files_to_install(command)
    if settings.print_:
        for file in files:
            print(f"# {file.path}\n{file.text}")
        return ExitCode.OK
    _require_root(settings)
    _require_systemd()
    if settings.undo:
        _take_away(files)
    else:
        _install(files, command)
    return ExitCode.OK


def _own_command() -> Path:
    """Find the console script that this is, or that lies beside a `python -m lanparty_client`."""
    started = Path(sys.argv[0]).absolute()
    if started.name != "__main__.py":
        return started
    return Path(sys.executable).with_name("lanparty-client")


def _require_root(settings: SetupSettings) -> None:
    if os.geteuid() == 0:
        return
    if settings.undo:
        raise CommandFailed("Removing the service needs root: sudo lanparty-client setup --undo")
    raise CommandFailed("Setting up the service needs root: sudo lanparty-client setup")


def _require_systemd() -> None:
    if not _SYSTEMD.is_dir():
        raise CommandFailed(
            "This system isn't run by systemd, so nothing was installed. Have your init system run "
            "`lanparty-client serve` with CAP_NET_ADMIN, and a socket directory by --runtime-dir; "
            "`lanparty-client setup --print` shows a unit to go by."
        )


def _install(files: Sequence[InstalledFile], command: Path) -> None:
    hidden = out_of_reach((command, Path(sys.executable), Path(lanparty_client.__file__)))
    if hidden is not None:
        raise CommandFailed(
            f"The service runs as a user of its own and can't use {hidden}. {_INSTALL_FOR_ALL}"
        )
    for file in files:
        _write(file)
        print(f"installed {file.path}")
    _run("systemd-sysusers", str(files[0].path))
    _run("systemctl", "daemon-reload")
    _run("systemctl", "enable", UNIT_NAME)
    _run("systemctl", "restart", UNIT_NAME)
    user = os.environ.get("SUDO_USER", "USER")
    print(
        f"The service {UNIT_NAME} runs. Whoever is in the group {SERVICE_GROUP} may join rooms "
        "without sudo:\n"
        f"  sudo usermod -aG {SERVICE_GROUP} {user}\n"
        "It counts from the user's next login on."
    )


def _take_away(files: Sequence[InstalledFile]) -> None:
    subprocess.run(["systemctl", "disable", "--now", UNIT_NAME], check=False)  # noqa: S603, S607
    for file in files:
        if file.path.exists():
            file.path.unlink()
            print(f"removed {file.path}")
    _run("systemctl", "daemon-reload")
    print(
        f"The service is gone. The user and group {SERVICE_GROUP} and /var/lib/softlan-client "
        "stay: remove them with `userdel` and `rm -r` if you like."
    )


def _write(file: InstalledFile) -> None:
    beside = file.path.with_name(f".{file.path.name}.new")
    try:
        file.path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(file.text)
        beside.chmod(0o644)
        beside.replace(file.path)
    except OSError as error:
        raise CommandFailed(f"Can't write {file.path}: {error.strerror}.") from error


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  fixed words
    except FileNotFoundError:
        raise CommandFailed(f"{command[0]} isn't there, so the service wasn't started.") from None
    if done.returncode != 0:
        said = done.stderr.strip() or f"exit code {done.returncode}"
        raise CommandFailed(f"`{' '.join(command)}` failed: {said}")


def out_of_reach(paths: Sequence[Path]) -> Path | None:
    """Return the first path that another user than its owner, or the unit, can't get at."""
    for path in paths:
        for step in _steps(path):
            if any(step.is_relative_to(home) for home in _HOMES) or not _is_open(step):
                return step
    return None


def _steps(path: Path) -> Iterator[Path]:
    """Yield what is walked through on the way to a file, links followed."""
    for way in dict.fromkeys((path, path.resolve())):
        yield from (*reversed(way.parents), way)


def _is_open(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    needed = stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
    return bool(mode & needed)
