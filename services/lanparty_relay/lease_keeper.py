"""Keeps the leases of a relay in its state directory, beside the forwarding and never before it."""

import asyncio
import os
import time
from contextlib import suppress
from typing import Final

from structlog.stdlib import BoundLogger

from lanparty_command import CommandFailed
from lanparty_relay.core import LEASE_KEY_BYTES, LeaseBook
from lanparty_relay.lease_document import (
    LeaseDocumentError,
    parse_leases,
    render_leases,
    render_room,
)
from lanparty_relay.state_directory import StateDirectory

__all__ = ["LEASE_FILE", "LeaseKeeper"]

LEASE_FILE: Final = "leases.json"

_WRITES_APART: Final = 1.0
"""Seconds between two writes: what a relay that is killed may forget."""


class LeaseKeeper:
    """Reads the file when it is made, and writes what changes from `start` to the end of `aclose`.

    `book` is the relay's; its changes are the keeper's to take.
    """

    def __init__(self, state: StateDirectory, log: BoundLogger) -> None:
        """Read and write the file once. A damaged one is set aside and logged.

        Raises `CommandFailed` if the directory can't be read or written.
        """
        self._state: Final = state
        self._log: Final = log
        self._rooms: dict[str, bytes] = {}
        """As they stand in the file."""
        self._is_written = False
        self._failure: str | None = None
        self._stopping: Final = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._key, self.book = self._read()
        state.write(LEASE_FILE, self._content(), secret=True)
        self._is_written = True

    def start(self) -> None:
        """Begin to write what changes, in a task of the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def aclose(self) -> None:
        """Write what has changed and end."""
        self._stopping.set()
        if self._task is not None:
            await self._task

    def _read(self) -> tuple[bytes, LeaseBook]:
        content = self._state.read(LEASE_FILE, secret=True)
        if content is not None:
            try:
                document = parse_leases(content, clock_offset=_clock_offset())
            except LeaseDocumentError as error:
                self._log.warning(
                    "address leases can't be read",
                    kept_as=str(self._state.set_aside(LEASE_FILE)),
                    reason=str(error),
                    effect="players may get other addresses than before",
                )
            else:
                book = LeaseBook(document.key)
                book.restore(document.rooms, now=time.monotonic())
                return document.key, book
        key = os.urandom(LEASE_KEY_BYTES)
        return key, LeaseBook(key)

    async def _keep(self) -> None:
        stopping = False
        while not stopping:
            with suppress(TimeoutError):
                async with asyncio.timeout(_WRITES_APART):
                    stopping = await self._stopping.wait()
            await self._write_changes()

    async def _write_changes(self) -> None:
        content = self._content()
        if self._is_written:
            return
        try:
            # In a thread: players' packets don't wait for a disk.
            await asyncio.to_thread(self._state.write, LEASE_FILE, content, secret=True)
        except CommandFailed as error:
            if str(error) != self._failure:
                self._log.error(
                    "address leases not written",
                    reason=str(error),
                    effect="after a restart players may get other addresses",
                )
            self._failure = str(error)
        else:
            self._is_written, self._failure = True, None

    def _content(self) -> bytes:
        offset = _clock_offset()
        for key, room in self.book.changes().items():
            self._is_written = False
            if room is None:
                self._rooms.pop(key, None)
            else:
                self._rooms[key] = render_room(room, clock_offset=offset)
        return render_leases(self._key, self._rooms.values())


def _clock_offset() -> float:
    """Return what Unix time is ahead of the relay's clock; a clock that was set is heeded."""
    return time.time() - time.monotonic()
