"""Frames before and after the clamp, judged by scapy: another reader of the same RFCs."""

from dataclasses import dataclass

import pytest
from scapy.layers.inet import IP, TCP, UDP, IPOption_Router_Alert
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.ipsec import AH
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether
from scapy.packet import Packet, Raw

from lanparty_ethernet import clamp_mss

BUDGET = 1166
"""Of whole frames in 1,200-byte packets."""

ETHER = Ether(dst="02:00:5e:00:00:02", src="02:00:5e:00:00:01")
IPV4 = IP(src="10.77.0.1", dst="10.77.0.2")
IPV6 = IPv6(src="fd00::1", dst="fd00::2")


def syn(*options: object, flags: str = "S") -> TCP:
    return TCP(sport=50000, dport=80, flags=flags, seq=0x12345678, options=list(options))


OFFER = ("MSS", 1460)


def checksum_of(frame: bytes) -> int:
    return int(Ether(frame)[TCP].chksum)


def right_checksum(frame: bytes) -> int:
    again = Ether(frame)
    del again[TCP].chksum
    return checksum_of(bytes(again))


@dataclass(frozen=True)
class Clamped:
    frame: Packet
    mss: int


CLAMPED = {
    "IPv4": Clamped(ETHER / IPV4 / syn(OFFER), 1112),
    "an answer to a SYN": Clamped(ETHER / IPV4 / syn(OFFER, flags="SA"), 1112),
    "IPv4 with options": Clamped(
        ETHER
        / IP(src="10.77.0.1", dst="10.77.0.2", options=[IPOption_Router_Alert()])
        / syn(OFFER),
        1112,
    ),
    "behind other options": Clamped(
        ETHER / IPV4 / syn(("SAckOK", b""), ("Timestamp", (1, 2)), OFFER), 1112
    ),
    "at an odd place": Clamped(ETHER / IPV4 / syn(("NOP", None), OFFER), 1112),
    "at an odd place, IPv6": Clamped(ETHER / IPV6 / syn(("WScale", 7), OFFER), 1092),
    "with data": Clamped(ETHER / IPV4 / syn(OFFER) / Raw(b"fast open!"), 1112),
    "IPv6": Clamped(ETHER / IPV6 / syn(OFFER), 1092),
    "a tag": Clamped(ETHER / Dot1Q(vlan=7) / IPV4 / syn(OFFER), 1108),
    "a service tag, IPv6": Clamped(
        Ether(dst=ETHER.dst, src=ETHER.src, type=0x88A8) / Dot1AD(vlan=7) / IPV6 / syn(OFFER), 1088
    ),
    "hop-by-hop options": Clamped(ETHER / IPV6 / IPv6ExtHdrHopByHop() / syn(OFFER), 1092),
    "three extension headers": Clamped(
        ETHER
        / IPV6
        / IPv6ExtHdrHopByHop()
        / IPv6ExtHdrRouting(addresses=["fd00::3"], segleft=0)
        / IPv6ExtHdrDestOpt()
        / syn(OFFER),
        1092,
    ),
    "the first fragment of IPv4": Clamped(
        ETHER / IP(src="10.77.0.1", dst="10.77.0.2", flags="MF") / syn(OFFER), 1112
    ),
}


@pytest.mark.parametrize("name", CLAMPED)
def test_a_syn_offers_what_fits_and_its_checksum_follows(name: str) -> None:
    before = bytes(CLAMPED[name].frame)
    after = clamp_mss(before, budget=BUDGET)
    mss = dict(Ether(after)[TCP].options)["MSS"]
    assert mss == CLAMPED[name].mss
    assert checksum_of(after) == right_checksum(after)


@pytest.mark.parametrize("name", CLAMPED)
def test_nothing_else_of_a_syn_changes(name: str) -> None:
    before = bytes(CLAMPED[name].frame)
    after = clamp_mss(before, budget=BUDGET)
    assert len(after) == len(before)
    changed = [place for place in range(len(before)) if before[place] != after[place]]
    tcp = before.index(bytes.fromhex("c3500050"))
    option = before.index(bytes.fromhex("020405b4"), tcp)
    assert set(changed) <= {tcp + 16, tcp + 17, option + 2, option + 3}


def test_the_largest_segment_of_an_offer_fills_the_budget_exactly() -> None:
    for ip in (IPV4, IPV6):
        for header in (ETHER, ETHER / Dot1Q(vlan=7)):
            offer = clamp_mss(bytes(header / ip / syn(OFFER)), budget=BUDGET)
            mss = dict(Ether(offer)[TCP].options)["MSS"]
            segment = header / ip / TCP(flags="A") / Raw(bytes(mss))
            assert len(bytes(segment)) == BUDGET


UNCHANGED = {
    "an offer that fits": ETHER / IPV4 / syn(("MSS", 1112)),
    "a SYN without an offer": ETHER / IPV4 / syn(("SAckOK", b"")),
    "no SYN": ETHER / IPV4 / syn(OFFER, flags="A"),
    "UDP": ETHER / IPV4 / UDP(sport=1, dport=2) / Raw(bytes(40)),
    "UDP over IPv6": ETHER / IPV6 / UDP(sport=1, dport=2) / Raw(bytes(40)),
    "ARP": ETHER / ARP() / Raw(bytes(18)),
    "a later fragment of IPv4": ETHER
    / IP(dst="10.77.0.2", frag=100, proto=6)
    / Raw(bytes(syn(OFFER))),
    "a fragment of IPv6": ETHER / IPV6 / IPv6ExtHdrFragment(m=1) / syn(OFFER),
    "an authenticated packet": ETHER / IPV6 / AH(icv=bytes(12)) / syn(OFFER),
    "two tags": ETHER / Dot1Q(vlan=7) / Dot1Q(vlan=8) / IPV4 / syn(OFFER),
    "an ethertype beside a tag's": Ether(type=0x8101) / Raw(bytes(60)),
    "IPX": Ether(type=0x8137) / Raw(bytes(60)),
}


@pytest.mark.parametrize("name", UNCHANGED)
def test_what_is_nothing_to_change_comes_back_as_the_same_object(name: str) -> None:
    frame = bytes(UNCHANGED[name])
    assert clamp_mss(frame, budget=BUDGET) is frame


def patched(frame: Packet, place: int, octets: str) -> bytes:
    changed = bytearray(bytes(frame))
    changed[place : place + len(octets) // 2] = bytes.fromhex(octets)
    return bytes(changed)


PLAIN = ETHER / IPV4 / syn(OFFER)
BROKEN = {
    "another version of IP": patched(PLAIN, 14, "65"),
    "another version of IPv6": patched(ETHER / IPV6 / syn(OFFER), 14, "45"),
    "an IP header that is too short": patched(PLAIN, 14, "44"),
    "an IP header beyond the frame": patched(PLAIN, 14, "4f"),
    "a TCP header that is too short": patched(PLAIN, 46, "40"),
    "a TCP header beyond the frame": patched(PLAIN, 46, "f0"),
    "a packet that ends before the option": patched(PLAIN, 16, "0028"),
    "an option of no length": patched(PLAIN, 54, "0200"),
    "an option of length 1": patched(PLAIN, 54, "0201"),
    "an offer of another length": patched(PLAIN, 54, "0203"),
    "an option beyond the header": patched(PLAIN, 54, "0205"),
    "an offer behind the end of options": patched(
        ETHER / IPV4 / syn(("NOP", None), OFFER), 54, "00"
    ),
    "an extension header beyond the frame": patched(
        ETHER / IPV6 / IPv6ExtHdrHopByHop() / syn(OFFER), 55, "ff"
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_packet_stays_as_it_is(name: str) -> None:
    frame = BROKEN[name]
    assert clamp_mss(frame, budget=BUDGET) is frame


def test_a_frame_cut_anywhere_stays_as_it_is() -> None:
    for whole in (bytes(PLAIN), bytes(CLAMPED["three extension headers"].frame)):
        for length in range(len(whole)):
            frame = whole[:length]
            assert clamp_mss(frame, budget=BUDGET) is frame


def test_of_two_offers_both_are_lowered() -> None:
    after = clamp_mss(bytes(ETHER / IPV4 / syn(OFFER, ("MSS", 1400))), budget=BUDGET)
    assert [value for name, value in Ether(after)[TCP].options if name == "MSS"] == [1112, 1112]
    assert checksum_of(after) == right_checksum(after)


@pytest.mark.parametrize("ip", [IPV4, IPV6])
def test_no_offer_is_lowered_below_what_every_host_takes(ip: Packet) -> None:
    after = clamp_mss(bytes(ETHER / ip / syn(OFFER)), budget=100)
    assert dict(Ether(after)[TCP].options)["MSS"] == 536


def test_a_wrong_checksum_stays_wrong() -> None:
    wrong = patched(PLAIN, 50, "dead")
    after = clamp_mss(wrong, budget=BUDGET)
    assert after != wrong
    assert checksum_of(after) != right_checksum(after)
