"""What a packet costs beyond that of any packet: a peer may ask for much with a little."""

from typing import Final

from aioquic.quic.connection import QuicConnection

from lanparty_quic.aioquic_engine.bounding import count_frames

__all__ = ["PacketWork"]

_PACKET_OVERHEAD: Final = 64
"""Bytes of a packet for its header, its tag and an acknowledgement."""

_EMPTY_BYTES_OF_WORK: Final = 48
"""Bytes of a packet beyond those, and what it brought, that cost as much as a packet: in the worst
case they are frames of two bytes that say nothing."""

_CONTROL_BYTES_OF_WORK: Final = 256
"""Control bytes that cost as much: read as a message, checked, and perhaps answered."""


class PacketWork:
    """Follows one connection's packets, one after the other, from `begin` to `further`."""

    __slots__ = ("_control", "_empty", "_frames")

    def __init__(self, quic: QuicConnection) -> None:
        """Refuse packets of too many frames from now on (`bounding.count_frames`)."""
        self._frames = count_frames(quic)
        self._control = 0
        self._empty = 0

    def begin(self) -> None:
        """Forget the packet before: another is taken in. Unopened, it costs nothing further."""
        self._frames.handled = self._control = self._empty = 0

    def opened(self, size: int) -> None:
        """Note that the packet is genuine, and its bytes."""
        self._empty = size - _PACKET_OVERHEAD

    def brought_payload(self, size: int) -> None:
        """Note a datagram in it, whose work is counted where it is handed on."""
        self._empty -= size

    def brought_control(self, size: int) -> None:
        """Note bytes of the control stream in it."""
        self._empty -= size
        self._control += size

    def further(self) -> float:
        """Return the work beyond that of any packet."""
        empty = max(0, self._empty) / _EMPTY_BYTES_OF_WORK
        return empty + self._control / _CONTROL_BYTES_OF_WORK
