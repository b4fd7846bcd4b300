"""IPv6's headers: where the payload begins, whatever stands before it."""

import pytest
from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.packet import Packet, Raw

from lanparty_ethernet import PacketError, PacketFault, find_ipv6_payload


def fault(octets: bytes) -> PacketFault:
    with pytest.raises(PacketError) as refused:
        find_ipv6_payload(octets, 0)
    return refused.value.reason


@pytest.mark.parametrize(
    ("packet", "protocol", "start"),
    [
        (IPv6() / UDP(), 17, 40),
        (IPv6() / IPv6ExtHdrHopByHop() / TCP(), 6, 48),
        (IPv6() / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / UDP(), 17, 56),
        (IPv6() / IPv6ExtHdrRouting(addresses=["fd00::1"], segleft=0) / UDP(), 17, 64),
    ],
)
def test_the_payload_stands_behind_the_extension_headers(
    packet: Packet, protocol: int, start: int
) -> None:
    octets = bytes(packet)
    place = find_ipv6_payload(b"before" + octets + bytes(5), 6)
    assert (place.protocol, place.start, place.end) == (protocol, 6 + start, 6 + len(octets))
    assert (place.is_fragment, place.is_first, place.is_routed) == (False, True, False)


def test_a_fragment_says_whether_it_is_the_first() -> None:
    for offset, more, is_fragment, is_first in (
        (0, 0, False, True),
        (0, 1, True, True),
        (3, 1, True, False),
        (3, 0, True, False),
    ):
        octets = bytes(IPv6() / IPv6ExtHdrFragment(nh=17, offset=offset, m=more) / Raw(bytes(16)))
        place = find_ipv6_payload(octets, 0)
        assert (place.is_fragment, place.is_first) == (is_fragment, is_first)
        assert (place.protocol, place.start) == (17, 48)


def test_a_routing_header_with_stations_ahead_is_said() -> None:
    packet = IPv6() / IPv6ExtHdrRouting(addresses=["fd00::1"], segleft=1) / UDP()
    assert find_ipv6_payload(bytes(packet), 0).is_routed


def test_what_is_no_packet_is_refused() -> None:
    whole = bytes(IPv6() / IPv6ExtHdrHopByHop() / UDP())
    assert {fault(whole[:length]) for length in range(len(whole))} == {PacketFault.TRUNCATED}
    assert fault(b"\x45" + whole[1:]) == PacketFault.VERSION
    assert fault(whole[:41] + b"\xff" + whole[42:]) == PacketFault.LENGTH


def test_an_endless_row_of_extension_headers_is_refused() -> None:
    packet = IPv6()
    for _ in range(9):
        packet = packet / IPv6ExtHdrDestOpt()
    assert fault(bytes(packet / UDP())) == PacketFault.KIND
