"""What an endpoint allows: bounds on connections, queues and time, one value for each engine."""

from dataclasses import dataclass, field
from typing import Final

__all__ = [
    "DEFAULT_DATAGRAM_BUDGET",
    "DEFAULT_PACKET_SIZE",
    "LARGEST_PACKET_SIZE",
    "MAXIMUM_PACKET_SIZE",
    "EndpointLimits",
    "QueueLimits",
]

DEFAULT_PACKET_SIZE: Final = 1200
"""UDP payload that every QUIC path carries (RFC 9000 section 14)."""

DEFAULT_DATAGRAM_BUDGET: Final = 1170
"""What one DATAGRAM frame carries in such a packet, with 8-byte connection ids."""

LARGEST_PACKET_SIZE: Final = 1472
"""UDP payload in an IPv4 packet of 1,500 bytes: what Ethernet carries."""

MAXIMUM_PACKET_SIZE: Final = 1500
"""UDP payload that the engines send at most, whatever a path carries."""

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
    maximum_handshakes: int = 256
    """Accepted handshakes at once that are not complete: 17 MB. Which of them gives way to a new
    one, if any, is said in `handshakes`."""
    handshakes_per_source: int = 64
    """Of these from one IPv4 address or IPv6 /64: a whole party behind one router may come at once,
    and a handshake takes no longer than a round trip."""
    handshakes_without_retry: int = 128
    """Unfinished accepted handshakes from which on each new client proves its address first."""
    handshakes_per_source_without_retry: int = 16
    """Of these from one source, from which on new clients from there prove their address."""
    arrivals_without_retry: int = 100
    """First packets in a second, from which on each new client proves its address: a tenth of the
    second's work if each were answered."""
    newcomer_packets: int = 1024
    """Packets that may wait of clients without a connection; for those that claim to have proven
    their address, and for unfinished handshakes, as many again each."""
    newcomer_work_per_turn: int = 32
    """Work for those without a finished handshake before others get their turn again: a refusal or
    a Retry counts 1, a flight of TLS 50 (about a millisecond)."""
    handshake_timeout: float = 10.0
    """Time for a handshake to complete, dialed or accepted."""
    idle_timeout: float = 30.0
    """Silence after which a connection is lost (RFC 9000 section 10.1)."""
    keep_alive: float = 10.0
    """Longest silence that this side leaves on an open connection."""
    packet_size: int = DEFAULT_PACKET_SIZE
    """Largest UDP payload sent before the path is known to carry more; 1,200 at least."""
    largest_packet_size: int | None = None
    """Largest UDP payload that is tried on a path (RFC 8899), at most `MAXIMUM_PACKET_SIZE`. None:
    what Ethernet's 1,500 bytes carry, 1,472 over IPv4 and 1,452 over IPv6. No more than
    `packet_size`: none is tried."""
    stream_window: int = 65_536
    """Control bytes that a peer may send ahead of what was taken (RFC 9000 section 4.1)."""
    ingress_packets: int = 256
    """Packets that may wait for one connection before they are decrypted."""
    ingress_packets_in_all: int = 8192
    """Packets that may wait for all connections: 12 MiB of the largest."""
    work_per_turn: int = 64
    """Work taken in before sending gets its turn, so that receiving can't starve it: a packet is
    one, a copy that it causes another. Two to five milliseconds; twice as much would bring a fifth
    more through at saturation and have everybody wait twice as long."""
    queued_bytes_in_all: int = 32 * 1024 * 1024
    """Payload bytes, each copy's counted, that may wait for all destinations together."""
    packets_in_flight: int = 1024
    """Packets under way to one peer without an acknowledgement: 100 Mbit/s at 100 ms. What is kept
    of each costs 400 bytes, and a peer can make the congestion window as large as it likes."""
    packets_in_flight_in_all: int = 65_536
    """The same for all peers: 26 MB."""
    queue: QueueLimits = field(default_factory=QueueLimits)
    """Bounds of each destination's send queue."""

    def packet_size_to_reach(self, host: str) -> int:
        """Return the largest UDP payload to try on the way to a numeric address."""
        if self.largest_packet_size is not None:
            return self.largest_packet_size
        return LARGEST_PACKET_SIZE - (_FURTHER_HEADER_OF_IPV6 if ":" in host else 0)
