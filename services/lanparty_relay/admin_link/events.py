"""What happened, for those who follow the relay's events: as the API shows it.

The relay numbers its events from 1, without gaps. Whoever misses a number has missed an event.
Neither room codes nor tokens stand in one.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from lanparty_ctrl import Role
from lanparty_ctrl.fields import PublicRoomId
from lanparty_obs.codes import SessionEnd
from lanparty_relay.admin_link.message import LinkMessage
from lanparty_relay.core import RoomEnd, SessionFault

__all__ = [
    "AdminStartedEvent",
    "Event",
    "EventTold",
    "EventType",
    "HelloRejectedEvent",
    "PeerJoinedEvent",
    "PeerLeftEvent",
    "PeerMovedEvent",
    "RelayStartedEvent",
    "RelayStoppingEvent",
    "RoomChangedEvent",
    "RoomClosedEvent",
    "RoomOpenedEvent",
    "RoomRenumberedEvent",
    "SessionFaultedEvent",
    "StandbysChangedEvent",
]


class EventType(StrEnum):
    """What happened."""

    RELAY_STARTED = "relay_started"
    RELAY_STOPPING = "relay_stopping"
    ADMIN_STARTED = "admin_started"
    ROOM_OPENED = "room_opened"
    ROOM_CHANGED = "room_changed"
    ROOM_RENUMBERED = "room_renumbered"
    ROOM_CLOSED = "room_closed"
    PEER_JOINED = "peer_joined"
    PEER_MOVED = "peer_moved"
    PEER_LEFT = "peer_left"
    STANDBYS_CHANGED = "standbys_changed"
    HELLO_REJECTED = "hello_rejected"
    SESSION_FAULTED = "session_faulted"


RoomId = Annotated[PublicRoomId, Field(description="Its room.", examples=["9f86d081884c"])]
PeerId = Annotated[int, Field(ge=1, le=65_535, description="Its id there.", examples=[1])]
PeersLimit = Annotated[
    int | None,
    Field(description="Most peers, of its own; null for the relay's limit alone.", examples=[16]),
]
Expiry = Annotated[datetime | None, Field(description="When it is closed by itself, if it is.")]
Address = Annotated[
    str, Field(description="Where its packets come from.", examples=["198.51.100.7:50123"])
]
Times = Annotated[
    int,
    Field(
        ge=1,
        description="How often it happened. Above 1 where it happened too often to be told each "
        "time.",
    ),
]


class _Happened(LinkMessage):
    at: Annotated[datetime, Field(description="When it happened.")]


class RelayStartedEvent(_Happened):
    """The relay began to serve: the first event."""

    type: Literal[EventType.RELAY_STARTED] = EventType.RELAY_STARTED
    version: Annotated[str, Field(description="Of softlan.", examples=["0.1.0"])]


class RelayStoppingEvent(_Happened):
    """The relay sends everybody away and ends."""

    type: Literal[EventType.RELAY_STOPPING] = EventType.RELAY_STOPPING


class AdminStartedEvent(_Happened):
    """A process for this API was started."""

    type: Literal[EventType.ADMIN_STARTED] = EventType.ADMIN_STARTED
    restarts: Annotated[int, Field(ge=0, description="How many there were before.")]


class RoomOpenedEvent(_Happened):
    """A room was made."""

    type: Literal[EventType.ROOM_OPENED] = EventType.ROOM_OPENED
    room_id: RoomId
    mtu: Annotated[int, Field(description="Effective MTU of the segment.", examples=[1500])]
    network: Annotated[
        str, Field(description="Of its players' addresses.", examples=["10.171.5.0/24"])
    ]
    lasting: Annotated[bool, Field(description="Whether it stays without players.")]
    peers_limit: PeersLimit
    expires_at: Expiry


class RoomChangedEvent(_Happened):
    """A room that was made ahead has another limit of peers, or expires at another time."""

    type: Literal[EventType.ROOM_CHANGED] = EventType.ROOM_CHANGED
    room_id: RoomId
    peers_limit: PeersLimit
    expires_at: Expiry


class RoomRenumberedEvent(_Happened):
    """A room has another network: the former was in the way of a player's own."""

    type: Literal[EventType.ROOM_RENUMBERED] = EventType.ROOM_RENUMBERED
    room_id: RoomId
    network: Annotated[
        str, Field(description="Of its players' addresses.", examples=["10.171.5.0/24"])
    ]


class RoomClosedEvent(_Happened):
    """A room went."""

    type: Literal[EventType.ROOM_CLOSED] = EventType.ROOM_CLOSED
    room_id: RoomId
    reason: Annotated[RoomEnd, Field(description="Why it went.")]


class PeerJoinedEvent(_Happened):
    """An endpoint was admitted to a room."""

    type: Literal[EventType.PEER_JOINED] = EventType.PEER_JOINED
    room_id: RoomId
    peer_id: PeerId
    role: Annotated[Role, Field(description="A player is a `client`.")]
    mac: Annotated[str | None, Field(description="A client's MAC address.")]
    name: Annotated[str, Field(description="Display name, chosen by itself.", examples=["Ada"])]
    address: Address
    lease: Annotated[str | None, Field(description="IPv4 address in the room, for a client.")]
    resumed: Annotated[
        bool, Field(description="Whether it took over its own earlier session, which has left.")
    ]


class PeerMovedEvent(_Happened):
    """An endpoint's packets come from another address."""

    type: Literal[EventType.PEER_MOVED] = EventType.PEER_MOVED
    room_id: RoomId
    peer_id: PeerId
    address: Address
    count: Times = 1


class PeerLeftEvent(_Happened):
    """An endpoint left its room."""

    type: Literal[EventType.PEER_LEFT] = EventType.PEER_LEFT
    room_id: RoomId
    peer_id: PeerId
    reason: Annotated[SessionEnd, Field(description="Why its session ended.")]


class StandbysChangedEvent(_Happened):
    """Another number of gateways waits for the place of a room's gateway."""

    type: Literal[EventType.STANDBYS_CHANGED] = EventType.STANDBYS_CHANGED
    room_id: RoomId
    waiting: Annotated[int, Field(ge=0, description="How many wait now.")]


class HelloRejectedEvent(_Happened):
    """An endpoint, or several, was not admitted."""

    type: Literal[EventType.HELLO_REJECTED] = EventType.HELLO_REJECTED
    reason: Annotated[SessionEnd, Field(description="Why not.")]
    address: Annotated[
        str | None, Field(description="Where its packets came from; null if it were several.")
    ]
    count: Times = 1


class SessionFaultedEvent(_Happened):
    """An endpoint, or several, broke a rule of the protocol, and its session ended for it."""

    type: Literal[EventType.SESSION_FAULTED] = EventType.SESSION_FAULTED
    fault: Annotated[SessionFault, Field(description="Which rule.")]
    room_id: Annotated[
        PublicRoomId | None, Field(description="Its room; null if it was in none, or several.")
    ]
    peer_id: Annotated[int | None, Field(description="Its id there.")]
    address: Annotated[
        str | None, Field(description="Where its packets came from; null if it were several.")
    ]
    count: Times = 1


Event: TypeAlias = Annotated[
    RelayStartedEvent
    | RelayStoppingEvent
    | AdminStartedEvent
    | RoomOpenedEvent
    | RoomChangedEvent
    | RoomRenumberedEvent
    | RoomClosedEvent
    | PeerJoinedEvent
    | PeerMovedEvent
    | PeerLeftEvent
    | StandbysChangedEvent
    | HelloRejectedEvent
    | SessionFaultedEvent,
    Field(discriminator="type"),
]


class EventTold(LinkMessage):
    """An event with its number."""

    type: Literal["event"] = "event"
    number: int
    event: Event
