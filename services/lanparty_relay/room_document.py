"""What the file of rooms made ahead says: JSON with a version, whose times are Unix seconds.

    {"version": 1, "rooms": [
      {"room_id": "9f86d081884c", "code": "GAMESN1GHT", "mtu": 1500, "peers_limit": 16,
       "opened_at": 1790000000.125, "expires_at": 1790172800.125}, ...]}

`peers_limit` and `expires_at` are null where a room has none. The codes are secrets, and so is the
file.
"""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lanparty_ctrl.fields import PublicRoomId, RoomCodeField, RoomMtu
from lanparty_relay.core import PEERS_PER_ROOM_CEILING, KeptRoom

__all__ = ["RoomDocumentError", "parse_rooms", "render_rooms"]


class RoomDocumentError(ValueError):
    """The content is none that this version writes. The message says why, without secrets."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


_Time = Annotated[float, Field(ge=0, lt=253_402_300_800, allow_inf_nan=False)]
"""Up to the year 9999: beyond it there is no date to tell."""


class _Room(_Model):
    room_id: PublicRoomId
    code: RoomCodeField = Field(repr=False)
    mtu: RoomMtu
    peers_limit: Annotated[int, Field(ge=1, le=PEERS_PER_ROOM_CEILING)] | None
    opened_at: _Time
    expires_at: _Time | None


class _Document(_Model):
    version: Literal[1] = 1
    rooms: tuple[_Room, ...]

    @model_validator(mode="after")
    def _has_each_once(self) -> Self:
        for names in ([room.room_id for room in self.rooms], [room.code for room in self.rooms]):
            if len(set(names)) != len(names):
                raise ValueError("two rooms have the same id or code")
        return self


def parse_rooms(content: bytes, *, clock_offset: float) -> tuple[KeptRoom, ...]:
    """Read a file's content; `clock_offset` is Unix time less the core's clock, in seconds.

    Raises `RoomDocumentError`.
    """
    try:
        document = _Document.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise RoomDocumentError(first["msg"]) from None
    return tuple(
        KeptRoom(
            room_id=room.room_id,
            code=room.code,
            mtu=room.mtu,
            peers_limit=room.peers_limit,
            opened_at=room.opened_at - clock_offset,
            expires_at=None if room.expires_at is None else room.expires_at - clock_offset,
        )
        for room in document.rooms
    )


def render_rooms(rooms: Iterable[KeptRoom], *, clock_offset: float) -> bytes:
    """Return the document of these rooms."""
    document = _Document(rooms=tuple(_rendered(room, clock_offset) for room in rooms))
    return document.model_dump_json().encode() + b"\n"


def _rendered(room: KeptRoom, clock_offset: float) -> _Room:
    return _Room(
        room_id=room.room_id,
        code=room.code,
        mtu=room.mtu,
        peers_limit=room.peers_limit,
        opened_at=_unix(room.opened_at, clock_offset),
        expires_at=None if room.expires_at is None else _unix(room.expires_at, clock_offset),
    )


def _unix(moment: float, clock_offset: float) -> float:
    return max(0.0, round(moment + clock_offset, 3))
