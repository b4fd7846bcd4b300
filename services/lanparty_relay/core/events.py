"""What happened to rooms, members and sessions, for inventory and logs: taken by `lifecycle()`.

Every event says all that its reader needs: nobody has to look into a room. Times are those of the
core's clock. For each room `RoomOpened` comes first and `RoomClosed` last; in between, each
`MemberJoined` has one `MemberLeft` later, and what comes between the two is about that member.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import TypeAlias

from lanparty_ctrl import RoomCode, Stats
from lanparty_ctrl.messages import Role
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MacAddress
from lanparty_quic.endpoint import Address

__all__ = [
    "HelloRejected",
    "Lifecycle",
    "LifecycleEvent",
    "MemberJoined",
    "MemberLeft",
    "MemberMoved",
    "MemberReported",
    "RoomChanged",
    "RoomClosed",
    "RoomEnd",
    "RoomOpened",
    "RoomRenumbered",
    "SessionFault",
    "SessionFaulted",
    "StandbysChanged",
]


class SessionFault(StrEnum):
    """What a peer did against the protocol's rules; each has one answer and one counter."""

    MALFORMED_CONTROL = "malformed_control"
    """Control bytes that are no message: the session ends as `protocol_error`."""
    UNEXPECTED_MESSAGE = "unexpected_message"
    """A message for which the session's state has no place: `protocol_error`."""
    SECOND_HELLO = "second_hello"
    """`protocol_error`."""
    EXTRA_STREAM = "extra_stream"
    """A second stream, or the end of the control stream: `protocol_error`."""
    TRANSPORT_VIOLATION = "transport_violation"
    """What QUIC itself forbids, such as a stream beyond the allowed ones: the transport closes."""
    HELLO_TIMEOUT = "hello_timeout"
    """No hello in time: rejected as `hello_timeout`."""
    CONTROL_FLOOD = "control_flood"
    """More control bytes than any endpoint has reason for: `protocol_error`."""
    CONTROL_NOT_READ = "control_not_read"
    """Control bytes that the peer doesn't take: the session ends as `too_slow`."""
    DATAGRAM_BEFORE_WELCOME = "datagram_before_welcome"
    """Dropped; the session goes on."""


class RoomEnd(StrEnum):
    """Why a room went."""

    EMPTY = "empty"
    """Its last member left."""
    CLOSED = "closed"
    """The operator closed it."""
    EXPIRED = "expired"
    """It was made ahead for a time, which is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOpened:
    """A room was made."""

    room_id: str
    code: RoomCode = field(repr=False)
    """The join secret: for the one API field, never for a log."""
    mtu: int
    network: IPv4Network
    """Of the addresses that are leased to its clients."""
    lasting: bool
    opened_at: float
    block: int
    """Index of the room's counter block."""
    serial: int
    """Of that block, for telling it from a later use."""
    peers_limit: int | None = None
    """Its own, if it has one: at most the relay's."""
    expires_at: float | None = None
    """When it is closed by itself, if it is."""


@dataclass(frozen=True, slots=True)
class RoomClosed:
    """A room went, and its counts with it to the relay's block."""

    room_id: str
    reason: RoomEnd


@dataclass(frozen=True, slots=True)
class RoomChanged:
    """A room that was made ahead has another limit or another end."""

    room_id: str
    peers_limit: int | None
    expires_at: float | None


@dataclass(frozen=True, slots=True)
class RoomRenumbered:
    """A room got another network, because the one before was in the way of a member's machine."""

    room_id: str
    network: IPv4Network
    leases: Mapping[int, IPv4Address | None]
    """What each member has now, by peer id; None for a gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberJoined:
    """An endpoint was admitted and welcomed."""

    room_id: str
    peer_id: int
    role: Role
    mac: MacAddress | None
    name: str
    address: Address
    lease: IPv4Address | None
    """The address that is leased to a client; None for a gateway."""
    joined_at: float
    resumed: bool
    """It took over its own earlier session, whose `MemberLeft` came just before."""
    block: int
    serial: int


@dataclass(frozen=True, slots=True)
class MemberLeft:
    """A member left its room, and its counts went to the room's block."""

    room_id: str
    peer_id: int
    reason: SessionEnd


@dataclass(frozen=True, slots=True)
class MemberMoved:
    """A member's packets come from another address now."""

    room_id: str
    peer_id: int
    address: Address


@dataclass(frozen=True, slots=True)
class MemberReported:
    """A member told what it counted: its own claim, not to be added to the relay's counters."""

    room_id: str
    peer_id: int
    stats: Stats


@dataclass(frozen=True, slots=True)
class StandbysChanged:
    """Another number of gateways waits for the place of a room's gateway."""

    room_id: str
    waiting: int


@dataclass(frozen=True, slots=True)
class HelloRejected:
    """An endpoint was not admitted."""

    address: Address
    code: SessionEnd


@dataclass(frozen=True, slots=True)
class SessionFaulted:
    """A peer broke a rule and its session ended for it."""

    address: Address
    fault: SessionFault
    room_id: str | None
    """None if it wasn't a member."""
    peer_id: int | None
    text: str
    """For a log line; may quote what the peer sent."""


LifecycleEvent: TypeAlias = (
    RoomOpened
    | RoomChanged
    | RoomRenumbered
    | RoomClosed
    | MemberJoined
    | MemberLeft
    | MemberMoved
    | MemberReported
    | StandbysChanged
    | HelloRejected
    | SessionFaulted
)


class Lifecycle:
    """Collects the events of a turn, in order."""

    def __init__(self) -> None:
        self._events: list[LifecycleEvent] = []

    def note(self, event: LifecycleEvent) -> None:
        """Add what happened."""
        self._events.append(event)

    def take(self) -> list[LifecycleEvent]:
        """Take all that happened since the last time."""
        events, self._events = self._events, []
        return events
