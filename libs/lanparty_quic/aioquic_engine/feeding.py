"""Handing datagrams to aioquic: exactly those that may leave now.

What is handed over can't be taken back, and aioquic's own queue is unbounded and first in, first
out. So the queue in front keeps everything that congestion control or pacing would hold there.
"""

from aioquic.quic.connection import QuicConnection

from lanparty_quic.aioquic_engine import private
from lanparty_quic.send_queue import SendQueue

__all__ = ["feed"]


def feed(
    quic: QuicConnection, queue: SendQueue, *, packet_size: int, most_packets: int, now: float
) -> int | None:
    """Fill the packets that may leave now from the queue, whose budget is that of a packet.

    No more than `most_packets`, whatever congestion control allows. Returns the bytes that are left
    in the first of them, None when nothing was handed over.
    """
    if not len(queue) or private.datagrams_pending(quic):
        return None
    overhead = packet_size - private.packet_room(quic)
    window = private.congestion_room(quic)
    packets = min(most_packets, private.packets_allowed_by_pacing(quic, now=now))
    first_room: int | None = None
    room = 0
    opened = 0
    while (size := queue.next_size(now=now)) is not None:
        size += private.DATAGRAM_OVERHEAD
        if size > room:
            if opened == 1:
                first_room = room
            room = min(packet_size, window) - overhead
            if opened >= packets or size > room:
                return first_room
            window -= packet_size
            opened += 1
        room -= size
        payload = queue.pop(now=now)
        assert payload is not None
        quic.send_datagram_frame(payload)
    return room if opened == 1 else first_room
