"""Keeps the rooms that were made ahead in the state directory, so that they outlive the relay."""

import time
from dataclasses import replace
from typing import Final

from structlog.stdlib import BoundLogger

from lanparty_ctrl import RoomCode
from lanparty_relay.core import KeptRoom, LifecycleEvent, RoomChanged, RoomClosed, RoomOpened
from lanparty_relay.kept_file import KeptFile
from lanparty_relay.room_document import RoomDocumentError, parse_rooms, render_rooms
from lanparty_relay.state_directory import StateDirectory

__all__ = ["ROOM_FILE", "RoomKeeper"]

ROOM_FILE: Final = "rooms.json"


class RoomKeeper:
    """Reads the file when it is made, and from `start` on has it say which rooms there are.

    The rooms that it `read` are the relay's to make again. It hears of those, as of all others, by
    `note`, and of what couldn't be made again by `has_no_place`: that stays in the file.
    """

    def __init__(self, state: StateDirectory, log: BoundLogger) -> None:
        """Read the file. A damaged one is set aside and logged.

        Raises `CommandFailed` if the directory can't be read.
        """
        self._state: Final = state
        self._log: Final = log
        self._file: Final = KeptFile(
            state,
            ROOM_FILE,
            self._changed_content,
            failure=("rooms made ahead not written", "a restart may lose or revive some of them"),
            log=log,
        )
        self._rooms: Final[dict[str, KeptRoom]] = {}
        self._without_place: Final[dict[RoomCode, KeptRoom]] = {}
        self._is_changed = False
        self.read: Final = self._without_expired(self._read())
        """As they were kept."""

    def start(self) -> None:
        """Begin to write what changes, in a task of the running loop."""
        self._file.start()

    async def aclose(self) -> None:
        """Write what has changed and end."""
        await self._file.aclose()

    def note(self, event: LifecycleEvent) -> None:
        """Take what happened."""
        match event:
            case RoomOpened(lasting=True):
                self._rooms[event.room_id] = KeptRoom(
                    room_id=event.room_id,
                    code=event.code,
                    mtu=event.mtu,
                    peers_limit=event.peers_limit,
                    opened_at=event.opened_at,
                    expires_at=event.expires_at,
                )
                self._without_place.pop(event.code, None)
                self._change()
            case RoomChanged(room_id=room_id):
                self._rooms[room_id] = replace(
                    self._rooms[room_id],
                    peers_limit=event.peers_limit,
                    expires_at=event.expires_at,
                )
                self._change()
            case RoomClosed(room_id=room_id) if room_id in self._rooms:
                del self._rooms[room_id]
                self._change()

    def has_no_place(self, room: KeptRoom) -> None:
        """Keep a room for a later start, because the relay allows fewer than it did."""
        self._without_place[room.code] = room
        self._log.warning(
            "no place for a room made ahead",
            room=room.room_id,
            effect="nobody can join it",
            remedy="start the relay with more --rooms or --peers",
        )

    def _read(self) -> tuple[KeptRoom, ...]:
        content = self._state.read(ROOM_FILE, secret=True)
        if content is None:
            return ()
        try:
            return parse_rooms(content, clock_offset=_clock_offset())
        except RoomDocumentError as error:
            self._log.warning(
                "rooms made ahead can't be read",
                kept_as=str(self._state.set_aside(ROOM_FILE)),
                reason=str(error),
                effect="they have to be made again",
            )
            return ()

    def _without_expired(self, rooms: tuple[KeptRoom, ...]) -> tuple[KeptRoom, ...]:
        """Leave out whose time was over before this start: they must not be in others' way."""
        now = time.monotonic()
        expired = [room for room in rooms if room.expires_at is not None and room.expires_at <= now]
        for room in expired:
            self._log.info("room made ahead has expired", room=room.room_id)
            self._is_changed = True
        return tuple(room for room in rooms if room not in expired)

    def _change(self) -> None:
        self._is_changed = True
        self._file.hurry()

    def _changed_content(self) -> bytes | None:
        if not self._is_changed:
            return None
        self._is_changed = False
        rooms = (*self._rooms.values(), *self._without_place.values())
        return render_rooms(rooms, clock_offset=_clock_offset())


def _clock_offset() -> float:
    """Return what Unix time is ahead of the relay's clock; a clock that was set is heeded."""
    return time.time() - time.monotonic()
