"""What a network card would have done is done, or counted when it can't be."""

import struct

import pytest

from lanparty_ethernet import internet_checksum
from lanparty_gateway.packet.counters import PortCounters
from lanparty_gateway.packet.finishing import MOST_SEGMENTS, finish
from lanparty_gateway.packet.virtio_header import VirtioHeader, VirtioKind

ADDRESSES = bytes.fromhex("02005e10000202005e100001")


def datagram(size: int) -> bytes:
    """Return a UDP frame, as the kernel leaves it: the checksum is the pseudo header's."""
    pseudo = bytes((10, 0, 0, 1, 10, 0, 0, 2)) + struct.pack("!BBH", 0, 17, 8 + size)
    partial = internet_checksum(pseudo) ^ 0xFFFF
    head = struct.pack("!BBHHHBBH", 0x45, 0, 28 + size, 1, 0, 64, 17, 0) + pseudo[:8]
    return (
        ADDRESSES + b"\x08\x00" + head + struct.pack("!HHHH", 5, 6, 8 + size, partial) + bytes(size)
    )


def header(
    kind: int = VirtioKind.SINGLE, *, segment_size: int = 0, start: int = 34, offset: int = 6
) -> VirtioHeader:
    return VirtioHeader(True, kind, segment_size, start, offset)


def test_a_finished_frame_is_left_alone() -> None:
    counters, frame = PortCounters(), datagram(10)
    assert finish(frame, VirtioHeader(False, 0, 0, 0, 0), mtu=1_500, counters=counters) == [frame]
    assert counters == PortCounters()


def test_a_checksum_is_completed_and_counted() -> None:
    counters, frame = PortCounters(), datagram(11)
    (whole,) = finish(frame, header(), mtu=1_500, counters=counters)
    assert internet_checksum(frame[26:34] + b"\0\x11\0\x13" + whole[34:]) == 0
    assert counters == PortCounters(completed_checksums=1)


def test_a_superframe_is_cut_and_counted() -> None:
    counters = PortCounters()
    offload = header(VirtioKind.UDP_SEGMENTS, segment_size=1_000)
    frames = finish(datagram(2_500), offload, mtu=1_500, counters=counters)
    assert [len(frame) for frame in frames] == [1_042, 1_042, 542]
    assert counters == PortCounters(superframes=1, segments=3)


@pytest.mark.parametrize(
    "offload",
    [
        pytest.param(header(start=2_000), id="a checksum beyond the frame"),
        pytest.param(header(start=54, offset=65_535), id="its field beyond the frame"),
        pytest.param(header(VirtioKind.UDP_FRAGMENTS, segment_size=500), id="IP fragments"),
        pytest.param(header(2, segment_size=500), id="an unknown kind"),
        pytest.param(header(127, segment_size=500), id="another unknown kind"),
        pytest.param(header(VirtioKind.TCP4, segment_size=500), id="TCP that isn't TCP"),
        pytest.param(header(VirtioKind.TCP6, segment_size=500), id="IPv6 that isn't IPv6"),
        pytest.param(header(VirtioKind.UDP_SEGMENTS), id="segments of nothing"),
        pytest.param(header(VirtioKind.UDP_SEGMENTS, segment_size=1_501), id="too large for it"),
    ],
)
def test_what_makes_no_sense_is_counted_and_dropped(offload: VirtioHeader) -> None:
    counters = PortCounters()
    frame = datagram(1_700)
    if offload.segment_size == 1_501:
        frame = datagram(3_002)
    assert finish(frame, offload, mtu=1_500, counters=counters) == []
    assert counters == PortCounters(unreadable=1)


def test_a_superframe_of_countless_segments_is_dropped() -> None:
    counters, frame = PortCounters(), datagram(2 * MOST_SEGMENTS)
    offload = header(VirtioKind.UDP_SEGMENTS, segment_size=2)
    assert finish(frame, offload, mtu=1_500, counters=counters) == []
    assert counters.unreadable == 1
