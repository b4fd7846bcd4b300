"""Rooms and peers as they are, and what changes them."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import Field

from lanparty_ctrl import Role
from lanparty_ctrl.fields import Counters
from lanparty_relay.admin_link.message import LinkMessage

__all__ = [
    "InventoryChange",
    "PeerGone",
    "PeerMoved",
    "PeerRecord",
    "PeerReported",
    "Report",
    "RoomChange",
    "RoomGone",
    "RoomMoved",
    "RoomRecord",
    "RoomStandbys",
]


class Report(LinkMessage):
    """What an endpoint says that it counted: its own claim."""

    counters: Counters
    round_trip_seconds: float | None
    reported_at: float


class RoomRecord(LinkMessage):
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
    peers_limit: int | None = None
    """Its own limit, below the relay's; None if it has none."""
    expires_at: float | None = None
    """When it is closed by itself."""


class RoomChange(LinkMessage):
    """A room that was made ahead has another limit or another end."""

    type: Literal["room_change"] = "room_change"
    room_id: str
    peers_limit: int | None
    expires_at: float | None


class RoomMoved(LinkMessage):
    """A room has another network, and its members other leases, by peer id."""

    type: Literal["room_moved"] = "room_moved"
    room_id: str
    network: str
    leases: Mapping[int, str | None]


class RoomStandbys(LinkMessage):
    """Another number of gateways waits for the place of a room's gateway."""

    type: Literal["room_standbys"] = "room_standbys"
    room_id: str
    waiting: int


class RoomGone(LinkMessage):
    """A room was closed."""

    type: Literal["room_gone"] = "room_gone"
    room_id: str


class PeerRecord(LinkMessage):
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


class PeerGone(LinkMessage):
    """A member left."""

    type: Literal["peer_gone"] = "peer_gone"
    room_id: str
    peer_id: int


class PeerMoved(LinkMessage):
    """A member has another address now."""

    type: Literal["peer_moved"] = "peer_moved"
    room_id: str
    peer_id: int
    address: str


class PeerReported(LinkMessage):
    """A member said what it counted."""

    type: Literal["peer_reported"] = "peer_reported"
    room_id: str
    peer_id: int
    report: Report


InventoryChange: TypeAlias = (
    RoomRecord
    | RoomChange
    | RoomMoved
    | RoomStandbys
    | RoomGone
    | PeerRecord
    | PeerGone
    | PeerMoved
    | PeerReported
)
"""What changes the inventory; a change about what isn't there (any more) means nothing."""
