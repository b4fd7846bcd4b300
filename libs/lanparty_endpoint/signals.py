"""Ctrl-C, SIGTERM and a hang-up as a cancellation, so that what runs can say goodbye."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["cancelled_by_signals"]

_ALWAYS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def cancelled_by_signals() -> Iterator[None]:
    """Let each signal inside the block cancel the current task instead of ending the process."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    # Whoever ignores the hang-up, as nohup does, wants it to go on without the terminal.
    hang_up_counts = signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    numbers = (*_ALWAYS, signal.SIGHUP) if hang_up_counts else _ALWAYS
    for number in numbers:
        loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
