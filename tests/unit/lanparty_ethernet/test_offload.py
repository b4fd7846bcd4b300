"""What a network card would have done: what is refused, and the few cases that need a sentence."""

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrRouting
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Packet, Raw

from lanparty_ethernet import (
    OffloadKind,
    PacketError,
    PacketFault,
    complete_checksum,
    segment,
)

HEAD = Ether(dst="02:00:5e:00:00:02", src="02:00:5e:00:00:01")
IPV4 = HEAD / IP(src="10.77.0.1", dst="10.77.0.2")
IPV6 = HEAD / IPv6(src="fd00::1", dst="fd00::2")


def refusal(frame: bytes, kind: OffloadKind, *, size: int = 1_000, mtu: int = 1_500) -> PacketFault:
    with pytest.raises(PacketError) as refused:
        segment(frame, kind=kind, segment_size=size, mtu=mtu)
    return refused.value.reason


def written(packet: Packet) -> bytes:
    return bytes(packet)


def test_segments_shrink_to_the_mtu_and_a_tag_does_not_count() -> None:
    frame = written(HEAD / Dot1Q(vlan=7) / IP() / TCP() / Raw(bytes(5_000)))
    cut = segment(frame, kind=OffloadKind.TCP4, segment_size=1_460, mtu=1_280)
    assert max(map(len, cut)) == 1_280 + 18
    assert len(cut) == 5


def test_a_datagram_over_the_mtu_is_refused() -> None:
    frame = written(IPV4 / UDP() / Raw(bytes(3_000)))
    kind = OffloadKind.UDP_SEGMENTS
    assert refusal(frame, kind, size=1_473) == PacketFault.TOO_LARGE
    assert len(segment(frame, kind=kind, segment_size=1_472, mtu=1_500)) == 3


def test_an_mtu_without_room_for_data_is_refused() -> None:
    assert refusal(written(IPV4 / TCP() / b"x"), OffloadKind.TCP4, mtu=40) == PacketFault.TOO_LARGE


@pytest.mark.parametrize(
    ("packet", "kind"),
    [
        (IPV4 / TCP(), OffloadKind.TCP6),
        (IPV6 / TCP(), OffloadKind.TCP4),
        (IPV4 / UDP(), OffloadKind.TCP4),
        (IPV6 / TCP(), OffloadKind.UDP_SEGMENTS),
        (HEAD / IP(flags="MF") / TCP(), OffloadKind.TCP4),
        (HEAD / IP(frag=1) / TCP(), OffloadKind.TCP4),
        (IPV6 / IPv6ExtHdrRouting(segleft=1, addresses=["fd00::3"]) / TCP(), OffloadKind.TCP6),
    ],
)
def test_what_is_no_whole_packet_of_the_kind_is_refused(packet: Packet, kind: OffloadKind) -> None:
    assert refusal(written(packet), kind) == PacketFault.KIND


@pytest.mark.parametrize("packet", [IPV4 / TCP() / b"data", IPV6 / TCP() / b"data"])
def test_every_early_end_is_refused(packet: Packet) -> None:
    frame = written(packet)
    kind = OffloadKind.TCP4 if IP in packet else OffloadKind.TCP6
    for length in range(len(frame)):
        assert refusal(frame[:length], kind) in (PacketFault.TRUNCATED, PacketFault.LENGTH)


def test_a_length_of_0_stands_for_a_packet_of_over_64_kib() -> None:
    frame = bytearray(written(IPV4 / TCP() / Raw(bytes(60_000))))
    frame[16:18] = bytes(2)
    frame += bytes(40_000)
    cut = segment(bytes(frame), kind=OffloadKind.TCP4, segment_size=1_000, mtu=1_500)
    assert len(cut) == 100


def test_a_segment_size_of_0_is_refused() -> None:
    assert refusal(written(IPV4 / TCP() / b"x"), OffloadKind.TCP4, size=0) == PacketFault.LENGTH


def test_a_sum_of_0_is_written_as_all_ones_for_udp_alone() -> None:
    frame = bytes(20) + b"\xff\xff" + bytes(18)  # sums up to all ones: the checksum is 0
    assert complete_checksum(frame, start=20, offset=6)[26:28] == b"\xff\xff"
    assert complete_checksum(frame, start=20, offset=16)[36:38] == b"\0\0"


@pytest.mark.parametrize(("start", "offset"), [(-1, 6), (0, -1), (34, 5), (0, 39), (65_535, 6)])
def test_a_checksum_outside_of_the_frame_is_refused(start: int, offset: int) -> None:
    with pytest.raises(PacketError):
        complete_checksum(bytes(40), start=start, offset=offset)
