"""The packets of a connection that are on their way, bounded for it and for all together."""

from typing import Final

from aioquic.quic.connection import QuicConnection

from lanparty_quic.aioquic_engine import private
from lanparty_quic.pool import Pool

__all__ = ["Flight"]

_MOST_ANSWERS: Final = 1024
"""Packets that a peer may still answer, as far as it matters whose work the answer is."""


class Flight:
    """Each packet in flight is remembered until it is acknowledged, so they are bounded."""

    __slots__ = ("_all", "_answers_left", "_counted", "_most", "_quic")

    def __init__(self, quic: QuicConnection, *, most: int, all_flights: Pool) -> None:
        """`most` packets of this connection; `all_flights` counts those of the endpoint."""
        self._quic = quic
        self._most = most
        self._all = all_flights
        self._counted = 0
        self._answers_left = 0

    def packets_left(self) -> int:
        """Return how many packets of datagrams may follow now."""
        return min(self._most, self._all.left) - private.packets_in_flight(self._quic)

    def sent(self, packets: int) -> None:
        """Note packets of datagrams that leave, each of which may be answered once."""
        self._answers_left = min(_MOST_ANSWERS, self._answers_left + packets)

    def take_answer(self) -> bool:
        """Use up one of the answers that are still to come; False when there is none."""
        if not self._answers_left:
            return False
        self._answers_left -= 1
        return True

    def count(self) -> None:
        """Bring the count of all up to date; after each write."""
        self._count(private.packets_in_flight(self._quic))

    def end(self) -> None:
        """Count none any more."""
        self._count(0)

    def _count(self, packets: int) -> None:
        self._all.used += packets - self._counted
        self._counted = packets
