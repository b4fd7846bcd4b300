"""New Reno as aioquic has it, which also tells what became of packets.

aioquic has no other place that hears of every packet that was acknowledged or lost.
"""

from collections.abc import Iterable
from typing import Final

from aioquic.quic.congestion.base import register_congestion_control
from aioquic.quic.congestion.reno import RenoCongestionControl
from aioquic.quic.packet_builder import QuicSentPacket

from lanparty_quic.path_mtu import PathMtu

__all__ = ["CONGESTION_CONTROL", "CountingReno"]

CONGESTION_CONTROL: Final = "reno-counting"
"""The name for `QuicConfiguration.congestion_control_algorithm`."""

_NO_PACKET: Final = -1


class CountingReno(RenoCongestionControl):
    """Counts losses, and tells a path of its probes and of packets that are larger than the base.

    Decides nothing else than Reno does (RFC 9002 section 7), but for one thing: the loss of a probe
    is no sign of congestion (RFC 9000 section 14.4).
    """

    packets_lost = 0
    path: PathMtu | None = None
    base_size = 0
    """Packets of more bytes than this are told to the path."""
    probe = _NO_PACKET
    """The number of the last probe."""

    def on_packet_sent(self, *, packet: QuicSentPacket) -> None:
        """Tell the path, and pass it on."""
        if packet.sent_bytes > self.base_size and self.path is not None:
            sent_at = packet.sent_time
            assert sent_at is not None
            self.path.packet_sent(packet.sent_bytes, now=sent_at)
        super().on_packet_sent(packet=packet)

    def on_packet_acked(self, *, now: float, packet: QuicSentPacket) -> None:
        """Tell the path, and pass it on."""
        if packet.sent_bytes > self.base_size and self.path is not None:
            if packet.packet_number == self.probe:
                self.path.probe_arrived(packet.packet_number)
            else:
                self.path.packet_arrived(packet.packet_number, packet.sent_bytes)
        super().on_packet_acked(now=now, packet=packet)

    def on_packets_lost(self, *, now: float, packets: Iterable[QuicSentPacket]) -> None:
        """Count the packets and pass them on, without the probe among them."""
        lost = tuple(packets)
        self._tell_of_lost(lost)
        if any(packet.packet_number == self.probe for packet in lost):
            super().on_packets_expired(
                packets=[packet for packet in lost if packet.packet_number == self.probe]
            )
            lost = tuple(packet for packet in lost if packet.packet_number != self.probe)
        if lost:
            self.packets_lost += len(lost)
            super().on_packets_lost(now=now, packets=lost)

    def on_packets_expired(self, *, packets: Iterable[QuicSentPacket]) -> None:
        """Tell the path: on a timeout aioquic gives up a packet without calling it lost."""
        expired = tuple(packets)
        self._tell_of_lost(expired)
        super().on_packets_expired(packets=expired)

    def _tell_of_lost(self, packets: tuple[QuicSentPacket, ...]) -> None:
        if self.path is None:
            return
        for packet in packets:
            if packet.packet_number == self.probe:
                self.path.probe_lost(packet.packet_number)
            elif packet.sent_bytes > self.base_size:
                self.path.packet_lost(packet.packet_number, packet.sent_bytes)


register_congestion_control(CONGESTION_CONTROL, CountingReno)
