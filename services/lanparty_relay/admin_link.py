"""What relay and admin process say to each other over their socket pair, and how it is framed.

    relay -> admin   Configuration, then every RoomRecord and PeerRecord, then Synchronised;
                     from then on what changes, as it happens, a Heartbeat each second, and an
                     Answer to each command, after the changes that it caused; Configuration
                     again when the relay has a new token or pin
    admin -> relay   Serving once it answers HTTP, HeartbeatSeen, and commands

Each message is a 4-byte big-endian length and that many bytes of JSON. Both ends are of one
version, so whatever doesn't fit is a fault of ours, and the link ends. Times are seconds of the
system's monotonic clock, which both processes share.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from lanparty_ctrl import Role
from lanparty_ctrl.fields import Counters
from lanparty_obs.reasons import PacketDrop
from lanparty_relay.core import SessionCounts

__all__ = [
    "HEARTBEAT_SECONDS",
    "Answer",
    "CloseRoom",
    "Command",
    "Configuration",
    "FromAdmin",
    "Heartbeat",
    "HeartbeatSeen",
    "InventoryChange",
    "KickPeer",
    "LimitsRecord",
    "LinkBroken",
    "LinkDecoder",
    "PeerGone",
    "PeerMoved",
    "PeerRecord",
    "PeerReported",
    "Report",
    "RoomGone",
    "RoomMoved",
    "RoomRecord",
    "RoomStandbys",
    "Serving",
    "Synchronised",
    "ToAdmin",
    "encode",
]

HEARTBEAT_SECONDS: Final = 1.0

_LENGTH_BYTES: Final = 4
_LONGEST: Final = 1_048_576
"""Bytes of one message: far above the largest, so that a fault can't take memory."""


class LinkBroken(Exception):  # noqa: N818  named after what happened
    """The other end said what can't be read. The decoder is of no use afterwards."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LimitsRecord(_Message):
    """What the relay allows."""

    rooms: int
    peers: int
    peers_per_room: int
    joins_per_minute: int | None
    hello_timeout_seconds: float
    idle_timeout_seconds: float
    room_mtu: int


class Configuration(_Message):
    """The first message to an admin process: all that it has to know."""

    type: Literal["configuration"] = "configuration"
    version: str
    listen: str
    """The address that serves QUIC, with the port that was bound."""
    pin: str
    token: str = Field(repr=False)
    limits: LimitsRecord
    started_at: float
    wall_clock_offset: float
    """Seconds to add to the monotonic clock for Unix time, as it was when the relay started."""
    counter_slots: int
    """Length of the shared counter memory in 64-bit slots."""
    admin_restarts: int
    log_json: bool
    log_level: str


class Report(_Message):
    """What an endpoint says that it counted: its own claim."""

    counters: Counters
    round_trip_seconds: float | None
    reported_at: float


class RoomRecord(_Message):
    """A room as it is."""

    type: Literal["room"] = "room"
    room_id: str
    code: str = Field(repr=False)
    mtu: int
    network: str
    lasting: bool
    opened_at: float
    block: int
    serial: int
    standby_gateways: int = 0


class RoomMoved(_Message):
    """A room has another network, and its members other leases, by peer id."""

    type: Literal["room_moved"] = "room_moved"
    room_id: str
    network: str
    leases: Mapping[int, str | None]


class RoomStandbys(_Message):
    """Another number of gateways waits for the place of a room's gateway."""

    type: Literal["room_standbys"] = "room_standbys"
    room_id: str
    waiting: int


class RoomGone(_Message):
    """A room was closed."""

    type: Literal["room_gone"] = "room_gone"
    room_id: str


class PeerRecord(_Message):
    """A member of a room as it is."""

    type: Literal["peer"] = "peer"
    room_id: str
    peer_id: int
    role: Role
    mac: str | None
    name: str
    address: str
    lease: str | None
    joined_at: float
    block: int
    serial: int
    report: Report | None = None


class PeerGone(_Message):
    """A member left."""

    type: Literal["peer_gone"] = "peer_gone"
    room_id: str
    peer_id: int


class PeerMoved(_Message):
    """A member has another address now."""

    type: Literal["peer_moved"] = "peer_moved"
    room_id: str
    peer_id: int
    address: str


class PeerReported(_Message):
    """A member said what it counted."""

    type: Literal["peer_reported"] = "peer_reported"
    room_id: str
    peer_id: int
    report: Report


InventoryChange: TypeAlias = (
    RoomRecord
    | RoomMoved
    | RoomStandbys
    | RoomGone
    | PeerRecord
    | PeerGone
    | PeerMoved
    | PeerReported
)
"""What changes the inventory; a change about what isn't there (any more) means nothing."""


class Synchronised(_Message):
    """Every room and peer has been told once."""

    type: Literal["synchronised"] = "synchronised"


class Heartbeat(_Message):
    """The relay's loop turns, and what isn't in the shared counters."""

    type: Literal["heartbeat"] = "heartbeat"
    number: int
    connections: int
    packets_received: int
    packets_routed: int
    packets_sent: int
    packets_dropped: Mapping[PacketDrop, int]
    socket_overflows: int
    sessions: SessionCounts
    cpu_seconds: float
    leases: int


class Answer(_Message):
    """What became of a command."""

    type: Literal["answer"] = "answer"
    command_id: int
    done: bool
    """False: there was no such room or peer."""


class Serving(_Message):
    """The admin process answers HTTP from now on."""

    type: Literal["serving"] = "serving"


class HeartbeatSeen(_Message):
    """The admin process's loop turns."""

    type: Literal["heartbeat_seen"] = "heartbeat_seen"
    number: int


class KickPeer(_Message):
    """End a member's session as `kicked`."""

    type: Literal["kick_peer"] = "kick_peer"
    command_id: int
    room_id: str
    peer_id: int


class CloseRoom(_Message):
    """End every session of a room as `room_closed`."""

    type: Literal["close_room"] = "close_room"
    command_id: int
    room_id: str


ToAdmin: TypeAlias = Configuration | InventoryChange | Synchronised | Heartbeat | Answer
Command: TypeAlias = KickPeer | CloseRoom
FromAdmin: TypeAlias = Serving | HeartbeatSeen | Command

_ANY: Final[TypeAdapter[ToAdmin | FromAdmin]] = TypeAdapter(
    Annotated[ToAdmin | FromAdmin, Field(discriminator="type")]
)


def encode(message: ToAdmin | FromAdmin) -> bytes:
    """Frame a message."""
    body = message.model_dump_json().encode()
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


class LinkDecoder:
    """Takes bytes in any cut and gives whole messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def receive_bytes(self, data: bytes) -> list[ToAdmin | FromAdmin]:
        """Return the messages that `data` completes, in order. Raises `LinkBroken`."""
        self._buffer += data
        messages = []
        while (body := self._next_body()) is not None:
            try:
                messages.append(_ANY.validate_json(body))
            except ValidationError as error:
                raise LinkBroken(f"a message that can't be read: {error}") from error
        return messages

    def _next_body(self) -> bytes | None:
        if len(self._buffer) < _LENGTH_BYTES:
            return None
        length = int.from_bytes(self._buffer[:_LENGTH_BYTES], "big")
        if length > _LONGEST:
            raise LinkBroken(f"a message of {length} bytes")
        end = _LENGTH_BYTES + length
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[_LENGTH_BYTES:end])
        del self._buffer[:end]
        return body
