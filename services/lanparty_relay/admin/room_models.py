"""Rooms and lists of them and of peers, as the API takes and answers them."""

from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from lanparty_ctrl.fields import RoomCodeField, RoomMtu
from lanparty_ctrl.room_codes import ROOM_CODE_TEXT_LIMIT
from lanparty_relay.admin.models import Peer, RoomSummary
from lanparty_relay.admin.paging import NextPage
from lanparty_relay.core import PEERS_PER_ROOM_CEILING

__all__ = ["NewRoom", "PeerList", "RoomChanges", "RoomList"]

_LONGEST_LIFE: Final = 366 * 86_400
"""Seconds."""

_CodeAsTyped = Annotated[
    RoomCodeField,
    WithJsonSchema(
        {
            "type": "string",
            # As `RoomCode` reads it: 4 to 32 letters and digits, whatever dashes are between.
            "pattern": "^[ -]*([0-9A-Za-z][ -]*){4,32}$",
            "maxLength": ROOM_CODE_TEXT_LIMIT,
        }
    ),
]


def _read_number(value: object) -> object:
    """Take the numbers of JSON alone, and not all that pydantic takes for an int."""
    if isinstance(value, str | bool):
        raise ValueError("Input should be a valid integer")
    return value


_Number = BeforeValidator(_read_number)


_PeersLimit = Annotated[int, Field(ge=1, le=PEERS_PER_ROOM_CEILING), _Number]
_Lifetime = Annotated[int, Field(ge=1, le=_LONGEST_LIFE), _Number]


class NewRoom(BaseModel):
    """A room to make ahead. All of it may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[
        _CodeAsTyped | None,
        Field(
            description="A code of your own, as players type it: 4 to 32 letters and digits; "
            "dashes, spaces and capitals don't count, I and L are 1, O is 0. With one, asking "
            "again can't make a second room. Without, the relay makes one that nobody guesses.",
            examples=["GAMES-NIGHT"],
        ),
    ] = None
    mtu: Annotated[
        Annotated[RoomMtu, _Number] | None,
        Field(description="Effective MTU; without it that of the relay's setting."),
    ] = None
    peers_limit: Annotated[
        _PeersLimit | None,
        Field(
            description="Most endpoints at a time, a gateway included. The relay's own limit "
            "holds as well.",
            examples=[16],
        ),
    ] = None
    expires_in_seconds: Annotated[
        _Lifetime | None,
        Field(
            description="Then the room is closed as by a `DELETE`. Without it the room stays "
            "until somebody deletes it.",
            examples=[172_800],
        ),
    ] = None


class RoomChanges(BaseModel):
    """What is to be another of a room that was made ahead; what is left out stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    peers_limit: Annotated[
        _PeersLimit | None,
        Field(
            description="Most endpoints from now on; nobody is sent away. Null for the relay's "
            "limit alone.",
            examples=[24],
        ),
    ] = None
    expires_in_seconds: Annotated[
        _Lifetime | None,
        Field(description="From now until the room is closed; null for never.", examples=[86_400]),
    ] = None


class RoomList(BaseModel):
    """A page of rooms."""

    rooms: list[RoomSummary]
    next: NextPage = None


class PeerList(BaseModel):
    """A page of endpoints."""

    peers: list[Peer]
    next: NextPage = None
