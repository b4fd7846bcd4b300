"""A file of the state directory that follows what a relay has in memory."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from structlog.stdlib import BoundLogger

from lanparty_command import CommandFailed
from lanparty_relay.state_directory import StateDirectory

__all__ = ["KeptFile"]

_WRITES_APART: Final = 1.0
"""Seconds between two writes of what nobody is in a hurry for: what a relay that is killed may
forget."""


class KeptFile:
    """Writes a file from `start` to the end of `aclose`, and tries again what the disk refused.

    `content` returns what the file has to say now, or None if that is what it returned last. The
    file is its owner's alone. A refusal is logged as `failure`, which is an event and its effect.
    """

    def __init__(
        self,
        state: StateDirectory,
        name: str,
        content: Callable[[], bytes | None],
        *,
        failure: tuple[str, str],
        log: BoundLogger,
    ) -> None:
        self._state: Final = state
        self._name: Final = name
        self._content: Final = content
        self._failure: Final = failure
        self._log: Final = log
        self._unwritten: bytes | None = None
        self._refusal: str | None = None
        self._stopping = False
        self._woken: Final = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in a task of the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._keep())

    def hurry(self) -> None:
        """Write what has changed now, and not at the end of the pause."""
        self._woken.set()

    async def aclose(self) -> None:
        """Write what has changed and end."""
        self._stopping = True
        self._woken.set()
        if self._task is not None:
            await self._task

    async def _keep(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_WRITES_APART):
                    await self._woken.wait()
            self._woken.clear()
            stopping = self._stopping
            await self._write_changes()
            if stopping:
                return

    async def _write_changes(self) -> None:
        content = self._content()
        if content is not None:
            self._unwritten = content
        if self._unwritten is None:
            return
        try:
            # In a thread: players' packets don't wait for a disk.
            await asyncio.to_thread(self._state.write, self._name, self._unwritten, secret=True)
        except CommandFailed as error:
            if str(error) != self._refusal:
                event, effect = self._failure
                self._log.error(event, reason=str(error), effect=effect)
            self._refusal = str(error)
        else:
            self._unwritten = self._refusal = None
