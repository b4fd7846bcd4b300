"""Ctrl-C at any moment of a program's start ends it at once: exit code 130, and not a word."""

import signal
import subprocess
import sys

import pytest

INTERRUPTED_AT_AN_IMPORT = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), {number})

sys.meta_path.insert(0, Interrupting())
sys.argv[1:] = {arguments!r}
from {program} import main
sys.exit(main())
"""

RELAY = ("lanparty_relay.command", ["--listen=127.0.0.1:0", "--admin=127.0.0.1:0"])
PLAYER = ("lanparty_sim.command", ["join", "--relay=127.0.0.1:9", "--room=C0DE"])
DEMO = ("lanparty_sim.demo", ["--once"])


def run_signalled(number: int, program: str, arguments: list[str], module: str) -> tuple[int, str]:
    """Run a program that gets the signal at an import; return its exit code and what it said."""
    script = INTERRUPTED_AT_AN_IMPORT.format(
        module=module, program=program, arguments=arguments, number=int(number)
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize(("program", "arguments"), [RELAY, PLAYER, DEMO])
@pytest.mark.parametrize("module", ["lanparty_command", "pydantic.main", "aioquic.quic.connection"])
def test_an_interrupt_while_modules_load(program: str, arguments: list[str], module: str) -> None:
    assert run_signalled(signal.SIGINT, program, arguments, module) == (130, "")


@pytest.mark.parametrize(("program", "arguments"), [RELAY, PLAYER])
def test_the_first_process_of_a_container_can_be_terminated_while_modules_load(
    program: str, arguments: list[str]
) -> None:
    """It has no default action for the signal (pid_namespaces(7))."""
    assert run_signalled(signal.SIGTERM, program, arguments, "pydantic.main") == (143, "")
