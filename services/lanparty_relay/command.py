"""The console script `lanparty-relay`: what must happen before the program itself is loaded.

Imports nothing that takes time. Python's own answer to Ctrl-C, an exception wherever it happens to
be, becomes a traceback or is lost while modules load. The first process of a container has no
default action for SIGTERM (pid_namespaces(7)): without this one it would be lost, too.
"""

import os
import signal
from types import FrameType

__all__ = ["main"]

_KILLED = 128
"""And the signal's number: how shells count, and as `ExitCode.INTERRUPTED` does for Ctrl-C."""


def main() -> int:
    """Run with the process's arguments and return the exit code.

    Until the relay serves, and again when it has stopped, Ctrl-C or SIGTERM ends it at once.
    """
    _leave_on_signals()
    from lanparty_relay.program import run

    try:
        return run()
    finally:
        _leave_on_signals()


def _leave_on_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)


def _leave(number: int, _frame: FrameType | None) -> None:
    os._exit(_KILLED + number)
