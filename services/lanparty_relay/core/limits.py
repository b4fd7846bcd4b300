"""What the relay allows, as one value that the shell makes from its settings."""

from dataclasses import dataclass
from typing import Final

from lanparty_proto import (
    DEFAULT_ROOM_MTU,
    MAXIMUM_ROOM_MTU,
    MINIMUM_DATAGRAM_BUDGET,
    MINIMUM_ROOM_MTU,
    budget_for_mtu,
)

__all__ = [
    "CONTROL_BACKLOG_LIMIT",
    "CONTROL_BURST",
    "CONTROL_BYTES_IN_ALL",
    "CONTROL_BYTES_PER_SECOND",
    "CONTROL_STALL_SECONDS",
    "HEARTBEAT_SECONDS",
    "LARGEST_DATAGRAM",
    "PEERS_PER_ROOM_CEILING",
    "PEER_ID_REST_SECONDS",
    "PROBE_SECONDS",
    "RelayLimits",
]

PEERS_PER_ROOM_CEILING: Final = 250
"""A broadcast costs a copy for each member, and the room's addresses are a /24."""

CONTROL_BACKLOG_LIMIT: Final = 256 * 1024
"""Control bytes that may wait for a peer's acknowledgement before its session is `too_slow`."""

CONTROL_BYTES_IN_ALL: Final = 32 * 1024 * 1024
"""Control bytes that may wait in all, for peers to acknowledge or for messages to be complete. When
much of it is taken each peer may have less, so those who read least end first."""

CONTROL_BURST: Final = 512 * 1024
"""Control bytes that a peer may say at once: a tenth of a second's work. More than
`CONTROL_BACKLOG_LIMIT`, so that whoever asks much and reads nothing is told that."""

CONTROL_BYTES_PER_SECOND: Final = 8 * 1024
"""Control bytes that a peer may say in the long run: ten times what an endpoint does that tells its
networks every second. Reading a kilobyte of them costs as much as forwarding five frames."""

CONTROL_STALL_SECONDS: Final = 10.0
"""How long none of the waiting control bytes may be acknowledged before it is `too_slow`."""

HEARTBEAT_SECONDS: Final = 10
"""How often both sides send `stats`."""

PROBE_SECONDS: Final = 1.0
"""How long the holder of a MAC or of the gateway's place has to answer a newcomer's ping."""

PEER_ID_REST_SECONDS: Final = 60.0
"""How long a peer id isn't given again: frames of its last holder may still be on their way."""

LARGEST_DATAGRAM: Final = budget_for_mtu(MAXIMUM_ROOM_MTU, tagged=True)
"""A tagged frame of the largest room whole: no room has a larger one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayLimits:
    """Limits of one relay. Raises `ValueError` for one that could never work."""

    rooms: int = 1_000
    peers_per_room: int = 64
    joins_per_minute: int | None = 60
    """Hellos of one source (an IPv4 address, an IPv6 /64); None switches the limit off."""
    hello_timeout: float = 5.0
    """Seconds from the handshake to the hello."""
    room_mtu: int = DEFAULT_ROOM_MTU
    """Effective MTU of new rooms, unless their maker's port carries less."""
    largest_datagram: int = LARGEST_DATAGRAM
    """Bytes of the largest overlay datagram that endpoints are asked for in their welcome."""
    allow_universal_macs: bool = False
    """Admit client MACs that are not locally administered."""

    def __post_init__(self) -> None:
        if self.rooms < 1:
            raise ValueError("rooms must be at least 1")
        if not 1 <= self.peers_per_room <= PEERS_PER_ROOM_CEILING:
            raise ValueError(f"peers_per_room must be 1 to {PEERS_PER_ROOM_CEILING}")
        if self.joins_per_minute is not None and self.joins_per_minute < 1:
            raise ValueError("joins_per_minute must be at least 1, or None for no limit")
        if self.hello_timeout <= 0:
            raise ValueError("hello_timeout must be positive")
        if not MINIMUM_ROOM_MTU <= self.room_mtu <= MAXIMUM_ROOM_MTU:
            raise ValueError(f"room_mtu must be {MINIMUM_ROOM_MTU} to {MAXIMUM_ROOM_MTU}")
        if self.largest_datagram < MINIMUM_DATAGRAM_BUDGET:
            raise ValueError(f"largest_datagram must be at least {MINIMUM_DATAGRAM_BUDGET}")

    def peers_in(self, own_limit: int | None) -> int:
        """How many peers a room may have that perhaps has a limit of its own."""
        return self.peers_per_room if own_limit is None else min(own_limit, self.peers_per_room)
