"""What the kernel left unfinished in a frame (struct virtio_net_hdr; virtio 1.2, 5.1.6).

    0       1      2          4          6            8             10
    +-------+------+----------+----------+------------+-------------+
    | flags | kind | header   | segment  | checksum   | checksum    |   in the machine's own
    |       |      | length   | size     | start      | offset      |   byte order
    +-------+------+----------+----------+------------+-------------+

Offsets count from the frame's beginning as it is in memory: without a VLAN tag that the kernel
keeps beside it.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

__all__ = ["FINISHED", "ORDINARY", "VIRTIO_HEADER_LENGTH", "VirtioHeader", "VirtioKind"]

VIRTIO_HEADER_LENGTH: Final = 10

FINISHED: Final = bytes(VIRTIO_HEADER_LENGTH)
"""The header of an ordinary frame."""

ORDINARY: Final = frozenset((FINISHED, b"\x02" + FINISHED[1:]))
"""What is before a frame that needs nothing. The second one is a network card's that has found the
checksum right (VIRTIO_NET_HDR_F_DATA_VALID), as most do."""

_LAYOUT: Final = struct.Struct("=BBHHHH")
_NEEDS_CHECKSUM: Final = 0x01  # VIRTIO_NET_HDR_F_NEEDS_CSUM
_CONGESTION_BIT: Final = 0x80  # VIRTIO_NET_HDR_GSO_ECN, added to the kind


class VirtioKind(IntEnum):
    """VIRTIO_NET_HDR_GSO_* of linux/virtio_net.h; the kernel may know more."""

    SINGLE = 0
    TCP4 = 1
    UDP_FRAGMENTS = 3
    """One datagram to be cut into IP fragments (UFO), not made by Linux since 4.14."""
    TCP6 = 4
    UDP_SEGMENTS = 5
    """Many datagrams of one size (VIRTIO_NET_HDR_GSO_UDP_L4)."""


@dataclass(frozen=True, slots=True)
class VirtioHeader:
    """The parsed header."""

    needs_checksum: bool
    """The Internet checksum of all from `checksum_start` on belongs at `checksum_offset` there."""
    kind: int
    """A `VirtioKind`, or a number that this program doesn't know."""
    segment_size: int
    """Bytes of transport payload in each segment but the last."""
    checksum_start: int
    checksum_offset: int

    @classmethod
    def parse(cls, octets: bytes | memoryview) -> Self:
        """Take exactly `VIRTIO_HEADER_LENGTH` octets; nothing in them is checked."""
        flags, kind, _, segment_size, start, offset = _LAYOUT.unpack(octets)
        return cls(
            bool(flags & _NEEDS_CHECKSUM), kind & ~_CONGESTION_BIT, segment_size, start, offset
        )
