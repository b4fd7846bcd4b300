"""Neighbour discovery: every kind, its target, and where it names MAC addresses."""

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_Redirect,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptMTU,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrFragment,
)
from scapy.packet import Packet

from lanparty_ethernet import (
    NeighbourKind,
    NeighbourMessage,
    PacketError,
    PacketFault,
    find_ipv6_payload,
    find_neighbour_message,
)

MAC = "02:00:5e:00:00:01"
TARGET = "fd00::7"


def read(packet: bytes) -> NeighbourMessage | None:
    return find_neighbour_message(packet, find_ipv6_payload(packet, 0))


@pytest.mark.parametrize(
    ("message", "kind", "has_target"),
    [
        (ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr=MAC), "ROUTER_SOLICITATION", False),
        (
            ICMPv6ND_RA() / ICMPv6NDOptMTU() / ICMPv6NDOptSrcLLAddr(lladdr=MAC),
            "ROUTER_ADVERTISEMENT",
            False,
        ),
        (ICMPv6ND_NS(tgt=TARGET) / ICMPv6NDOptSrcLLAddr(lladdr=MAC), "SOLICITATION", True),
        (ICMPv6ND_NA(tgt=TARGET) / ICMPv6NDOptDstLLAddr(lladdr=MAC), "ADVERTISEMENT", True),
        (ICMPv6ND_Redirect(tgt=TARGET) / ICMPv6NDOptDstLLAddr(lladdr=MAC), "REDIRECT", True),
    ],
)
def test_a_message_says_its_kind_its_target_and_where_its_mac_address_is(
    message: Packet, kind: str, has_target: bool
) -> None:
    packet = bytes(IPv6() / message)
    found = read(packet)
    assert found is not None
    assert found.kind is NeighbourKind[kind]
    assert (found.target is not None) == has_target
    assert [packet[at : at + 6].hex(":") for at in found.link_addresses] == [MAC]
    assert found.checksum_at == 42


def test_what_is_no_neighbour_discovery_is_none() -> None:
    assert read(bytes(IPv6() / ICMPv6EchoRequest())) is None
    assert read(bytes(IPv6() / UDP())) is None
    assert read(bytes(IPv6() / IPv6ExtHdrFragment(nh=58, offset=1) / b"12345678")) is None


def test_a_fragment_and_broken_options_are_refused() -> None:
    fragment = IPv6() / IPv6ExtHdrFragment(m=1) / ICMPv6ND_NS(tgt=TARGET)
    assert refusal(bytes(fragment)) == PacketFault.KIND
    whole = IPv6() / ICMPv6ND_NS(tgt=TARGET)
    too_long_for_a_mac = b"\x02\x02" + bytes(14)
    for option in (b"\x01\x00" + bytes(6), b"\x01\x02" + bytes(6), b"\x01", too_long_for_a_mac):
        assert refusal(bytes(whole / option)) == PacketFault.LENGTH
    assert refusal(bytes(IPv6(nh=58) / b"\x87\0\0\0" / bytes(10))) == PacketFault.TRUNCATED
    assert refusal(bytes(IPv6(nh=58) / b"\x87")) == PacketFault.TRUNCATED


def refusal(packet: bytes) -> PacketFault:
    with pytest.raises(PacketError) as refused:
        read(packet)
    return refused.value.reason
