"""What the entry points do before the program itself is loaded: Ctrl-C ends it at once.

Imports nothing that takes time. Python's own answer to Ctrl-C, an exception wherever it happens to
be, becomes a traceback or is lost while modules load.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["leaving_on_interrupt"]

_INTERRUPTED = 130
"""`ExitCode.INTERRUPTED`, whose module takes time to load."""


@contextmanager
def leaving_on_interrupt() -> Iterator[None]:
    """Let Ctrl-C end the process, with no goodbye.

    Whoever has something to say at its end takes the signal over inside the block. When the block
    ends, the process is about to, and Ctrl-C ends it at once again.
    """
    signal.signal(signal.SIGINT, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, _leave)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(_INTERRUPTED)
