"""What an endpoint counts of its packets; each engine has one of these."""

from collections import Counter

from lanparty_obs.reasons import PacketDrop
from lanparty_quic.endpoint import EndpointHolds, EndpointStatistics, HandshakeStatistics

__all__ = ["PacketCounts"]


class PacketCounts:
    """Counts since the endpoint was made: received = routed + dropped + those that wait."""

    __slots__ = ("dropped", "received", "routed", "sent")

    def __init__(self) -> None:
        self.received = 0
        self.routed = 0
        self.sent = 0
        self.dropped: Counter[PacketDrop] = Counter()

    def statistics(
        self, *, connections: int, handshakes: HandshakeStatistics, holds: EndpointHolds
    ) -> EndpointStatistics:
        """Copy the counts, every reason included; a socket's overflows are its owner's to add."""
        return EndpointStatistics(
            packets_received=self.received,
            packets_routed=self.routed,
            packets_sent=self.sent,
            packets_dropped={reason: self.dropped[reason] for reason in PacketDrop},
            socket_overflows=0,
            connections=connections,
            handshakes=handshakes,
            holds=holds,
        )
