"""Processes of the pressure bench, and the pipe to each.

One that presses says None when it is ready, begins when it is sent None, ends with the next, and
says a `Summary`.
"""

import asyncio
import multiprocessing
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final

__all__ = ["Summary", "Worker"]

_ANSWER_LIMIT: Final = 180.0
_LEAVE_LIMIT: Final = 5.0
_CONTEXT: Final = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Summary:
    """What one that presses has done."""

    done: int = 0
    """Packets that left it, or whatever else it does."""
    seconds: float = 1.0
    ended: int = 0
    """Of its connections, those that the relay has sent away; of questions, those refused."""


class Worker:
    """A process that runs `target(pipe, *arguments)`. Its owner calls `stop`, whatever happens."""

    def __init__(self, target: Callable[..., None], *arguments: Any, niceness: int = 0) -> None:
        self._pipe, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(
            target=_run, args=(niceness, target, theirs, *arguments), daemon=True
        )
        self._process.start()
        theirs.close()

    def send(self, command: Any) -> None:
        """Tell it something."""
        self._pipe.send(command)

    async def receive(self) -> Any:  # Any: each worker's own answers
        """Wait for its answer; raise it if it is an exception."""
        if not await asyncio.to_thread(self._pipe.poll, _ANSWER_LIMIT):
            raise TimeoutError("a process of the bench gave no answer")
        answer = self._pipe.recv()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def stop(self) -> None:
        """Let it leave; it is ended if it doesn't. More than once changes nothing."""
        with suppress(OSError):  # It is gone already.
            self._pipe.send(None)
        await asyncio.to_thread(self._process.join, _LEAVE_LIMIT)
        if self._process.is_alive():
            self._process.kill()
            await asyncio.to_thread(self._process.join)
        self._pipe.close()


def _run(niceness: int, target: Callable[..., None], pipe: Connection, *arguments: Any) -> None:
    os.nice(niceness)
    target(pipe, *arguments)
