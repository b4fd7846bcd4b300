"""Has systemd set up the bridge at each boot: a shell."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lanparty_gateway.host.unit import UNIT_NAME, unit_text

__all__ = ["AtBootError", "install_at_boot", "remove_at_boot"]

_SYSTEMD: Final = Path("/run/systemd/system")
"""Exists where systemd is the init process (sd_booted(3))."""

_UNITS: Final = Path("/etc/systemd/system")


class AtBootError(Exception):
    """It won't be there after a restart; the text says why."""


def install_at_boot(interface: str) -> bool:
    """Install the unit, without starting it; False if it was there. Raises `AtBootError`."""
    if not _SYSTEMD.is_dir() or shutil.which("systemctl") is None:
        raise AtBootError("systemd doesn't run here")
    path = _UNITS / UNIT_NAME
    text = unit_text([str(_own_command()), "setup-host", "--interface", interface])
    try:
        if path.exists() and path.read_text() == text:
            return False
        path.write_text(text)
    except OSError as error:
        raise AtBootError(f"{path} can't be written: {error.strerror}") from error
    _ask("systemctl", "daemon-reload")
    _ask("systemctl", "enable", UNIT_NAME)
    return True


def remove_at_boot() -> bool:
    """Remove the unit; False if there is none. Raises `AtBootError`."""
    path = _UNITS / UNIT_NAME
    if not path.exists():
        return False
    _ask("systemctl", "disable", UNIT_NAME)
    try:
        path.unlink()
    except OSError as error:
        raise AtBootError(f"{path} can't be removed: {error.strerror}") from error
    _ask("systemctl", "daemon-reload")
    return True


def _own_command() -> Path:
    """Find the console script that this is, or that lies beside a `python -m lanparty_gateway`."""
    started = Path(sys.argv[0]).absolute()
    if started.name == "lanparty-gateway":
        return started
    return Path(sys.executable).with_name("lanparty-gateway")


def _ask(*command: str) -> None:
    words: Sequence[str] = command
    try:
        done = subprocess.run(words, check=False, capture_output=True, text=True)  # noqa: S603  fixed words
    except OSError as error:
        raise AtBootError(f"{command[0]} can't be run: {error.strerror}") from error
    if done.returncode:
        said = done.stderr.strip() or f"exit code {done.returncode}"
        raise AtBootError(f"`{' '.join(command)}` failed: {said}")
