"""When this side acknowledges: often enough for the peer's window, seldom enough to be cheap.

aioquic acknowledges a millisecond after the first packet that asks for it. At a game's rates that
is a packet, and a wake-up at either end, for nearly each that came. Here acknowledgements keep a
distance, unless several packets have come (RFC 9000 section 13.2.2) or datagrams leave in a packet
that has room for one. After a silence the first one still comes at once, so that round trips are
measured well.
"""

import math
from typing import Final

from aioquic.quic.connection import QuicConnection

from lanparty_quic.aioquic_engine import private

__all__ = ["AcknowledgementPace"]

_SHORTEST_DELAY: Final = 0.001
"""Seconds for more packets of the same burst to come; aioquic's own value."""

_DISTANCE: Final = 0.01
"""Seconds between two acknowledgements. It adds to the time in which a window that is nearly
closed opens again, and stays well under the 25 ms that aioquic announces as its `max_ack_delay`."""

_PACKETS: Final = 4
"""Packets that are acknowledged at once: well below the ten of a first window (RFC 9002 section
7.2), and few enough that a window that losses have cut is not left to wait for long."""

_FRAME_SIZE: Final = 32
"""Bytes of an ACK frame with several gaps."""


class AcknowledgementPace:
    """Moves the time of one connection's next acknowledgement."""

    def __init__(self, quic: QuicConnection) -> None:
        self._quic = quic
        self._sent_at = -math.inf
        self._packets = 0

    @property
    def waits(self) -> bool:
        """Something came that must be acknowledged."""
        return private.acknowledgement_waits(self._quic)

    @property
    def is_due(self) -> bool:
        """So much came that it must be acknowledged now."""
        return self._packets >= _PACKETS and self.waits

    def expect_packet(self, *, now: float) -> None:
        """Decide when the coming packet is acknowledged, if it is the first that asks for it."""
        self._packets += 1
        delay = max(_SHORTEST_DELAY, self._sent_at + _DISTANCE - now)
        private.set_acknowledgement_delay(self._quic, delay)

    def hasten(self, *, room: int, now: float) -> None:
        """Let it go with the next packet if it is due, or if that packet has `room` for it."""
        if self.waits and (self._packets >= _PACKETS or room >= _FRAME_SIZE):
            private.acknowledge_by(self._quic, now)

    def sent(self, *, now: float) -> None:
        """Note that an acknowledgement has left."""
        self._sent_at = now
        self._packets = 0
