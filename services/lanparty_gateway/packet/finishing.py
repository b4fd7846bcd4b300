"""Finishes what the kernel left to the network card: checksums, and the cutting of superframes."""

from typing import Final

from lanparty_ethernet import OffloadKind, PacketError, complete_checksum, segment
from lanparty_gateway.packet.counters import PortCounters
from lanparty_gateway.packet.virtio_header import VirtioHeader, VirtioKind

__all__ = ["MOST_SEGMENTS", "finish"]

MOST_SEGMENTS: Final = 2_048
"""Of one superframe, so that 64 KiB in segments of an octet don't stop the program."""

_CUT: Final = {
    VirtioKind.TCP4: OffloadKind.TCP4,
    VirtioKind.TCP6: OffloadKind.TCP6,
    VirtioKind.UDP_SEGMENTS: OffloadKind.UDP_SEGMENTS,
}


def finish(frame: bytes, header: VirtioHeader, *, mtu: int, counters: PortCounters) -> list[bytes]:
    """Return the frames as they would be on a cable, superframes cut to `mtu` bytes of payload.

    Empty, and counted, if the header doesn't fit to what is in the frame.
    """
    try:
        if header.kind == VirtioKind.SINGLE:
            if not header.needs_checksum:
                return [frame]
            whole = complete_checksum(
                frame, start=header.checksum_start, offset=header.checksum_offset
            )
            counters.completed_checksums += 1
            return [whole]
        kind = _CUT.get(VirtioKind(header.kind))
        if kind is None or header.segment_size * MOST_SEGMENTS < len(frame):
            counters.unreadable += 1
            return []
        segments = segment(frame, kind=kind, segment_size=header.segment_size, mtu=mtu)
    except (PacketError, ValueError):  # ValueError: a kind that this program doesn't know
        counters.unreadable += 1
        return []
    counters.superframes += 1
    counters.segments += len(segments)
    return segments
