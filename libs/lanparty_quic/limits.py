"""What an endpoint allows: bounds on connections, queues and time, one value for each engine."""

from dataclasses import dataclass, field
from typing import Final

__all__ = [
    "DEFAULT_DATAGRAM_BUDGET",
    "DEFAULT_PACKET_SIZE",
    "LARGEST_PACKET_SIZE",
    "EndpointLimits",
    "QueueLimits",
]

DEFAULT_PACKET_SIZE: Final = 1200
"""UDP payload that every QUIC path carries (RFC 9000 section 14)."""

DEFAULT_DATAGRAM_BUDGET: Final = 1170
"""What one DATAGRAM frame carries in such a packet, with 8-byte connection ids."""

LARGEST_PACKET_SIZE: Final = 1472
"""UDP payload in an IPv4 packet of 1,500 bytes: what Ethernet carries."""

_FURTHER_HEADER_OF_IPV6: Final = 20


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Bounds of the queue in front of one destination."""

    maximum_bytes: int = 262_144
    """Payload bytes in all sub-queues together. 50 ms at 40 Mbit/s: time binds before that."""
    maximum_wait: float = 0.05
    """Seconds after which a waiting copy is worth nothing to a game."""


@dataclass(frozen=True, slots=True)
class EndpointLimits:
    """Bounds of one endpoint. Times in seconds, sizes in bytes."""

    maximum_connections: int = 4096
    """Accepted connections at once, handshakes included."""
    handshakes_without_retry: int = 256
    """Unfinished accepted handshakes beyond which each new client proves its address first."""
    handshake_timeout: float = 10.0
    """Time for a handshake to complete, dialed or accepted."""
    idle_timeout: float = 30.0
    """Silence after which a connection is lost (RFC 9000 section 10.1)."""
    keep_alive: float = 10.0
    """Longest silence that this side leaves on an open connection."""
    packet_size: int = DEFAULT_PACKET_SIZE
    """Largest UDP payload sent before the path is known to carry more; 1,200 at least."""
    largest_packet_size: int = LARGEST_PACKET_SIZE
    """Largest UDP payload that is tried on a path (RFC 8899), at most 1,500: the engine takes no
    more. Over IPv6, whose header is longer, 20 bytes less. No more than `packet_size`: none is
    tried."""
    stream_window: int = 65_536
    """Control bytes that a peer may send ahead of what was taken (RFC 9000 section 4.1)."""
    ingress_packets: int = 256
    """Packets that may wait for one connection before they are decrypted."""
    ingress_packets_in_all: int = 8192
    """Packets that may wait for all connections: 12 MiB of the largest."""
    packets_per_turn: int = 64
    """Packets taken in before sending gets its turn, so that receiving can't starve it."""
    queue: QueueLimits = field(default_factory=QueueLimits)
    """Bounds of each destination's send queue."""

    def packet_size_to_reach(self, host: str) -> int:
        """Return the largest UDP payload to try on the way to a numeric address."""
        return self.largest_packet_size - (_FURTHER_HEADER_OF_IPV6 if ":" in host else 0)
