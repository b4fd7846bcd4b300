"""New Reno as aioquic has it, with a count of the packets that were declared lost."""

from collections.abc import Iterable
from typing import Final

from aioquic.quic.congestion.base import register_congestion_control
from aioquic.quic.congestion.reno import RenoCongestionControl
from aioquic.quic.packet_builder import QuicSentPacket

__all__ = ["CONGESTION_CONTROL", "CountingReno"]

CONGESTION_CONTROL: Final = "reno-counting"
"""The name for `QuicConfiguration.congestion_control_algorithm`."""


class CountingReno(RenoCongestionControl):
    """Counts losses; decides nothing else than Reno does (RFC 9002 section 7)."""

    packets_lost = 0

    def on_packets_lost(self, *, now: float, packets: Iterable[QuicSentPacket]) -> None:
        """Count the packets and pass them on."""
        lost = tuple(packets)
        self.packets_lost += len(lost)
        super().on_packets_lost(now=now, packets=lost)


register_congestion_control(CONGESTION_CONTROL, CountingReno)
