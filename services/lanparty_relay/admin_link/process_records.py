"""What the two processes say of themselves: settings, signs of life, figures of the relay."""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from lanparty_obs.reasons import PacketDrop
from lanparty_quic import HandshakeStatistics
from lanparty_relay.admin_link.message import LinkMessage
from lanparty_relay.core import SessionCounts
from lanparty_relay.memory_budget import MemoryPart

__all__ = [
    "HEARTBEAT_SECONDS",
    "Configuration",
    "Heartbeat",
    "HeartbeatSeen",
    "LimitsRecord",
    "Serving",
    "Synchronised",
]

HEARTBEAT_SECONDS: Final = 1.0


class LimitsRecord(LinkMessage):
    """What the relay allows."""

    rooms: int
    peers: int
    peers_per_room: int
    joins_per_minute: int | None
    hello_timeout_seconds: float
    idle_timeout_seconds: float
    room_mtu: int


class Configuration(LinkMessage):
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
    memory: Mapping[MemoryPart, int] = Field(default_factory=dict)
    """The most bytes that each part may take, by the settings."""
    peer_metrics: bool
    """Whether /metrics has series of each peer."""
    log_json: bool
    log_level: str


class Synchronised(LinkMessage):
    """Every room and peer has been told once."""

    type: Literal["synchronised"] = "synchronised"


class Heartbeat(LinkMessage):
    """The relay's loop turns, and what isn't in the shared counters."""

    type: Literal["heartbeat"] = "heartbeat"
    number: int
    connections: int
    packets_received: int
    packets_routed: int
    packets_sent: int
    packets_dropped: Mapping[PacketDrop, int]
    socket_overflows: int
    handshakes: HandshakeStatistics
    sessions: SessionCounts
    cpu_seconds: float
    leases: int
    memory: Mapping[MemoryPart, int] = Field(default_factory=dict)
    """Bytes that each part takes now."""
    resident_bytes: int | None = None


class Serving(LinkMessage):
    """The admin process answers HTTP from now on."""

    type: Literal["serving"] = "serving"


class HeartbeatSeen(LinkMessage):
    """The admin process's loop turns."""

    type: Literal["heartbeat_seen"] = "heartbeat_seen"
    number: int
