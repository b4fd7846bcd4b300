"""`lanparty-client setup` as root, in a mount namespace whose /etc and /run are empty.

systemd itself isn't run: what would be asked of it is written down.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from namespaces import lacking_for_namespaces
from real_client import CLIENT

import lanparty_client
from lanparty_client.setup import out_of_reach

INSTALLED = {
    "/etc/NetworkManager/conf.d/90-softlan-lan0.conf",
    "/etc/systemd/network/10-softlan-lan0.network",
    "/etc/systemd/system/softlan-client.service",
    "/etc/sysusers.d/softlan-client.conf",
}
SCRIPT = """
mount -t tmpfs none /etc
mount -t tmpfs none /run
export PATH={tools}:$PATH SUDO_USER=ann
{prepare}
"$@" {options}
code=$?
find /etc -type f -exec echo file {{}} \\;
exit $code
"""


HIDDEN = out_of_reach((CLIENT, Path(sys.executable), Path(lanparty_client.__file__)))
needs_open_installation = pytest.mark.skipif(
    HIDDEN is not None, reason=f"no service can run a softlan in {HIDDEN}, so setup refuses"
)


@pytest.fixture
def set_up(
    tmp_path: Path, lacking: Callable[[str], NoReturn]
) -> Callable[..., tuple[int, str, set[str]]]:
    """Run it; return exit code, what was printed, and which files are in /etc then."""
    if reason := lacking_for_namespaces():
        lacking(reason)
    for tool in ("systemctl", "systemd-sysusers"):
        file = tmp_path / tool
        file.write_text(f'#!/bin/sh\necho "{tool} $*" >> {tmp_path}/asked\n')
        file.chmod(0o755)

    def run(
        options: str = "", *, prepare: str = "mkdir -p /run/systemd/system", rights: str = ""
    ) -> tuple[int, str, set[str]]:
        script = SCRIPT.format(prepare=prepare, tools=tmp_path, options=options)
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, "sh", *rights.split(), CLIENT, "setup"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert "Traceback" not in done.stderr
        lines = done.stdout.splitlines()
        files = {line.removeprefix("file ") for line in lines if line.startswith("file ")}
        return done.returncode, done.stdout + done.stderr, files

    return run


@needs_open_installation
def test_setup_installs_the_service_and_says_what_is_next(
    set_up: Callable[..., tuple[int, str, set[str]]], tmp_path: Path
) -> None:
    code, said, files = set_up()
    assert code == 0, said
    assert files == INSTALLED
    assert "sudo usermod -aG softlan ann" in said
    assert (tmp_path / "asked").read_text().splitlines() == [
        "systemd-sysusers /etc/sysusers.d/softlan-client.conf",
        "systemctl daemon-reload",
        "systemctl enable softlan-client.service",
        "systemctl restart softlan-client.service",
    ]


@needs_open_installation
def test_undo_takes_everything_away(set_up: Callable[..., tuple[int, str, set[str]]]) -> None:
    install = f"mkdir -p /run/systemd/system; {CLIENT} setup"
    code, said, files = set_up("--undo", prepare=install)
    assert code == 0, said
    assert files == set()


def test_print_changes_nothing(set_up: Callable[..., tuple[int, str, set[str]]]) -> None:
    code, said, files = set_up("--print", prepare="true")
    assert code == 0
    assert all(f"# {path}" in said for path in INSTALLED)
    assert files == set()


def test_without_root_or_systemd_nothing_is_done(
    set_up: Callable[..., tuple[int, str, set[str]]],
) -> None:
    code, said, files = set_up(prepare="true")
    assert (code, files) == (1, set())
    assert "isn't run by systemd" in said
    code, said, files = set_up(rights="setpriv --reuid=65534 --clear-groups")
    assert (code, files) == (1, set())
    assert "sudo lanparty-client setup" in said


@needs_open_installation
def test_a_systemd_that_refuses_is_quoted(
    set_up: Callable[..., tuple[int, str, set[str]]], tmp_path: Path
) -> None:
    (tmp_path / "systemctl").write_text("#!/bin/sh\necho 'no such bus' >&2; exit 3\n")
    code, said, _ = set_up()
    assert code == 1
    assert "`systemctl daemon-reload` failed: no such bus" in said
