"""The received frames that a packet socket's kernel side and this program share the memory of.

One slot of the ring (networking/packet_mmap.rst, TPACKET_V2):

    0        32      52        M - 10      M
    +--------+-------+---------+-----------+---------------------
    | struct | struct|         | what is   | the frame, without
    | tpacket| sock- |         | unfinished| the VLAN tag that the
    | 2_hdr  | addr  |         | (virtio)  | first header tells of
    +--------+-------+---------+-----------+---------------------

The kernel fills a slot and then says so in its first word, and takes the slot back when this
program has written a zero there. Processors, an ARM's above all, may do in another order what
is written one after the other here, so the words are read, and written, apart from all the rest.
"""

import mmap
import struct
from threading import Lock
from typing import Final

__all__ = ["SLOTS", "SLOT_SIZE", "ReceiveRing"]

SLOT_SIZE: Final = 2_048
"""Bytes; 1,972 of them for a frame, so that every ordinary one fits."""

SLOTS: Final = 2_048
"""Frames that wait: 100 ms at 20,000 frames a second, in 4 MiB."""

_BLOCK_SIZE: Final = 1 << 16
_REQUEST: Final = struct.Struct("=4I")  # struct tpacket_req: block size, blocks, slot size, slots
_READY: Final = 1 << 0  # TP_STATUS_USER
_WORDS: Final = SLOT_SIZE // 4


class ReceiveRing:
    """Which slots are this program's, and their memory."""

    REQUEST: Final = _REQUEST.pack(_BLOCK_SIZE, SLOT_SIZE * SLOTS // _BLOCK_SIZE, SLOT_SIZE, SLOTS)
    """What PACKET_RX_RING is asked for; blocks fit pages of up to 64 KiB, as some ARMs have."""

    def __init__(self, descriptor: int) -> None:
        """Share the memory of a socket that was given `REQUEST`. Raises `OSError`."""
        self.memory: Final = mmap.mmap(descriptor, SLOT_SIZE * SLOTS)
        self._bytes: Final = memoryview(self.memory)
        self._words: Final = self._bytes.cast("I")
        self._order: Final = Lock()
        self._order.acquire()
        self.first: int = 0
        """The slot that is to be read next."""

    def close(self) -> None:
        """Give the memory back; it holds a descriptor of the socket."""
        self._words.release()
        self._bytes.release()
        self.memory.close()

    def count_ready(self, most: int) -> int:
        """Count the slots, at most so many, that can be read now, from `first` on."""
        words, first, ready = self._words, self.first, 0
        while ready < most and words[(first + ready) % SLOTS * _WORDS] & _READY:
            ready += 1
        self._keep_order()
        return ready

    def free(self, count: int) -> None:
        """Leave the first so many slots to the kernel again."""
        words, first = self._words, self.first
        self._keep_order()
        for slot in range(first, first + count):
            words[slot % SLOTS * _WORDS] = 0  # TP_STATUS_KERNEL
        self.first = (first + count) % SLOTS

    def _keep_order(self) -> None:
        """Let nothing before this happen after it, nor the other way round.

        To release a lock and then take it again is what orders memory in this language.
        """
        self._order.release()
        self._order.acquire()
