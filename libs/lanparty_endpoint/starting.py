"""What the entry points do before the program itself is loaded: Ctrl-C or SIGTERM ends it at once.

Imports nothing that takes time. Python's own answer to Ctrl-C, an exception wherever it happens to
be, becomes a traceback or is lost while modules load. The first process of a container has no
default action for SIGTERM (pid_namespaces(7)): without this one it would be lost, too.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["leaving_on_interrupt"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_KILLED = 128
"""And the signal's number: how shells count, and as `ExitCode.INTERRUPTED` does for Ctrl-C."""


@contextmanager
def leaving_on_interrupt() -> Iterator[None]:
    """Let Ctrl-C or SIGTERM end the process, with no goodbye.

    Whoever has something to say at its end takes the signals over inside the block. When the block
    ends, the process is about to, and either ends it at once again.
    """
    _leave_on_signals()
    try:
        yield
    finally:
        _leave_on_signals()


def _leave_on_signals() -> None:
    for number in _SIGNALS:
        signal.signal(number, _leave)


def _leave(number: int, _frame: FrameType | None) -> None:
    os._exit(_KILLED + number)
