"""Keeps the leases of a relay in its state directory, beside the forwarding and never before it."""

import os
import time
from typing import Final

from structlog.stdlib import BoundLogger

from lanparty_relay.core import LEASE_KEY_BYTES, LeaseBook
from lanparty_relay.kept_file import KeptFile
from lanparty_relay.lease_document import (
    LeaseDocumentError,
    parse_leases,
    render_leases,
    render_room,
)
from lanparty_relay.state_directory import StateDirectory

__all__ = ["LEASE_FILE", "LeaseKeeper"]

LEASE_FILE: Final = "leases.json"


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
        self._file: Final = KeptFile(
            state,
            LEASE_FILE,
            self._changed_content,
            failure=(
                "address leases not written",
                "after a restart players may get other addresses",
            ),
            log=log,
        )
        self._key, self.book = self._read()
        self._take_changes()
        state.write(LEASE_FILE, self._content(), secret=True)

    def start(self) -> None:
        """Begin to write what changes, in a task of the running loop."""
        self._file.start()

    async def aclose(self) -> None:
        """Write what has changed and end."""
        await self._file.aclose()

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

    def _changed_content(self) -> bytes | None:
        return self._content() if self._take_changes() else None

    def _take_changes(self) -> bool:
        offset = _clock_offset()
        changes = self.book.changes()
        for key, room in changes.items():
            if room is None:
                self._rooms.pop(key, None)
            else:
                self._rooms[key] = render_room(room, clock_offset=offset)
        return bool(changes)

    def _content(self) -> bytes:
        return render_leases(self._key, self._rooms.values())


def _clock_offset() -> float:
    """Return what Unix time is ahead of the relay's clock; a clock that was set is heeded."""
    return time.time() - time.monotonic()
