from lanparty_obs.reasons import PacketDrop
from lanparty_quic import EndpointHolds, HandshakeStatistics
from lanparty_quic.packet_counts import PacketCounts


def test_a_copy_names_every_reason_and_stays_as_it_was() -> None:
    counts = PacketCounts()
    counts.received, counts.routed, counts.sent = 5, 4, 3
    counts.dropped[PacketDrop.MALFORMED] += 1
    handshakes = HandshakeStatistics(pending=1)
    copy = counts.statistics(connections=2, handshakes=handshakes, holds=EndpointHolds())
    counts.received += 1
    counts.dropped[PacketDrop.MALFORMED] += 1
    assert (copy.packets_received, copy.packets_routed, copy.packets_sent) == (5, 4, 3)
    assert copy.packets_dropped == {**dict.fromkeys(PacketDrop, 0), PacketDrop.MALFORMED: 1}
    assert (copy.connections, copy.socket_overflows) == (2, 0)
    assert copy.handshakes is handshakes
