"""The console script `lanparty-relay`: what must happen before the program itself is loaded.

Imports nothing that takes time. Python's own answer to Ctrl-C, an exception wherever it happens to
be, becomes a traceback or is lost while modules load.
"""

import os
import signal
from types import FrameType

__all__ = ["main"]

_INTERRUPTED = 130
"""`ExitCode.INTERRUPTED`, whose module takes time to load."""


def main() -> int:
    """Run with the process's arguments and return the exit code.

    Until the relay serves, and again when it has stopped, Ctrl-C ends the process at once.
    """
    signal.signal(signal.SIGINT, _leave)
    from lanparty_relay.program import run

    try:
        return run()
    finally:
        signal.signal(signal.SIGINT, _leave)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(_INTERRUPTED)
