"""What `lanparty-client` says before it is in a room, as processes; no right is needed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CLIENT = Path(sys.executable).with_name("lanparty-client")
COMMANDS = ("join", "status", "leave", "ping", "doctor", "report", "setup", "serve")
LIMIT = 30.0


def run(*arguments: str, directory: Path) -> tuple[int, str, str]:
    """Run a command with sockets of its own; return exit code, stdout and stderr."""
    inherited = {name: value for name, value in os.environ.items() if "LANPARTY" not in name}
    done = subprocess.run(
        [CLIENT, *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        env=inherited | {"LANPARTY_RUNTIME_DIR": str(directory), "COLUMNS": "100"},
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def test_the_help_names_every_command_and_exit_code(tmp_path: Path) -> None:
    code, said, _ = run("--help", directory=tmp_path)
    assert code == 0
    for command in COMMANDS:
        assert f"  {command} " in said
    for number in (0, 1, 2, 3, 4, 5, 6, 130, 143):
        assert f"\n    {number} " in said


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(tmp_path: Path, command: str) -> None:
    code, said, _ = run(command, "--help", directory=tmp_path)
    assert code == 0
    assert f"lanparty-client {command}" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("join",), "Which relay?"),
        (("join", "relay.example"), "an invite looks like softlan://"),
        (("join", "softlan://relay.example/ABCDE#sha256:cut"), "cut off"),
        (("join", "softlan://a/ABCDE", "--relay=b"), "name different ones"),
        (("join", "--relay=a", "--address=10.0.0.1"), "--address"),
        (("join", "--relay=a", "--interface=../x"), "--interface"),
        (("join", "--relay=a", "--pin=x"), "--pin"),
        (("join", "--relay=a", "--pin-file=/nonexistent"), "Can't read /nonexistent"),
        (("stay",), "No such command"),
    ],
)
def test_a_mistake_on_the_command_line_is_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    code, _, complaint = run(*arguments, directory=tmp_path)
    assert code == 2
    assert said in complaint


@pytest.mark.parametrize("command", ["status", "leave"])
def test_a_computer_in_no_room_says_so(tmp_path: Path, command: str) -> None:
    code, _, complaint = run(command, directory=tmp_path)
    assert code == 1
    assert "in no room" in complaint


def test_to_be_detached_needs_the_service(tmp_path: Path) -> None:
    code, _, complaint = run("join", "--relay=a", "--detach", directory=tmp_path)
    assert code == 1
    assert "lanparty-client setup" in complaint


def test_the_files_of_setup_can_be_looked_at_first(tmp_path: Path) -> None:
    code, said, _ = run("setup", "--print", directory=tmp_path)
    assert code == 0
    assert "CapabilityBoundingSet=CAP_NET_ADMIN" in said
