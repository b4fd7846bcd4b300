"""MAC-NAT: the LAN sees the interface's MAC alone, and what comes back finds its player."""

from ipaddress import IPv4Address

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.layers.l2 import ARP, LLC, SNAP, Dot1Q, Ether
from scapy.packet import Packet, Raw

from lanparty_gateway.mac_nat import MacNat
from lanparty_proto import MacAddress

OWN = "00:11:22:33:44:55"
ANN = "02:00:5e:00:00:01"
BEN = "02:00:5e:00:00:02"
HOST = "00:aa:bb:cc:dd:ee"
EVERYBODY = "ff:ff:ff:ff:ff:ff"
ANNS, BENS, HOSTS = "192.168.50.101", "192.168.50.102", "192.168.50.7"
ANNS6, HOSTS6 = "fd50::101", "fd50::7"


@pytest.fixture
def nat() -> MacNat:
    return MacNat(MacAddress.parse(OWN))


def to_lan(nat: MacNat, packet: Packet, now: float = 0.0) -> Packet | None:
    frames = nat.from_room(bytes(packet), now)
    assert len(frames) <= 1
    return Ether(frames[0]) if frames else None


def to_room(nat: MacNat, packet: Packet, now: float = 0.0) -> Packet | None:
    frames = nat.from_lan(bytes(packet), now)
    assert len(frames) <= 1
    return Ether(frames[0]) if frames else None


def has_right_checksums(packet: Packet) -> bool:
    again = Ether(bytes(packet))
    for layer in (IP, UDP, TCP, ICMPv6ND_NS, ICMPv6ND_NA):
        if layer in again:
            again[layer].delfieldval("chksum" if layer in (IP, UDP, TCP) else "cksum")
    return bytes(again) == bytes(packet)


def arp(source: str, sender: str, target: str, *, reply_to: str = "") -> Packet:
    return Ether(src=source, dst=reply_to or EVERYBODY) / ARP(
        op=2 if reply_to else 1, hwsrc=source, psrc=sender, hwdst=reply_to or None, pdst=target
    )


def ip(source: str, sender: str, target: str, *, to: str = HOST) -> Packet:
    return Ether(src=source, dst=to) / IP(src=sender, dst=target) / UDP() / Raw(b"hello")


def test_what_a_player_sends_has_the_interfaces_mac_and_is_else_unchanged(nat: MacNat) -> None:
    sent = ip(ANN, ANNS, HOSTS)
    seen = to_lan(nat, sent)
    assert seen is not None
    assert seen.src == OWN
    assert bytes(seen)[:6] == bytes(sent)[:6]
    assert bytes(seen)[12:] == bytes(sent)[12:]


def test_answers_go_to_the_player_whose_address_it_is(nat: MacNat) -> None:
    to_lan(nat, ip(ANN, ANNS, HOSTS))
    to_lan(nat, ip(BEN, BENS, HOSTS))
    to_lan(nat, ip(ANN, "10.77.0.5", HOSTS))
    for address, mac in ((ANNS, ANN), (BENS, BEN), ("10.77.0.5", ANN)):
        got = to_room(nat, ip(HOST, HOSTS, address, to=OWN))
        assert got is not None
        assert (got.dst, got.src) == (mac, HOST)


def test_what_is_for_the_machine_itself_does_not_go_into_the_room(nat: MacNat) -> None:
    to_lan(nat, ip(ANN, ANNS, HOSTS))
    assert to_room(nat, ip(HOST, HOSTS, "192.168.50.2", to=OWN)) is None
    assert to_room(nat, arp(HOST, HOSTS, "192.168.50.2", reply_to=OWN)) is None
    assert nat.counters.not_players == 2


def test_arp_requests_and_replies_name_the_interface_and_their_answers_the_player(
    nat: MacNat,
) -> None:
    asked = to_lan(nat, arp(ANN, ANNS, HOSTS))
    assert asked is not None
    assert (asked.src, asked[ARP].hwsrc, asked[ARP].psrc) == (OWN, OWN, ANNS)
    answered = to_room(nat, arp(HOST, HOSTS, ANNS, reply_to=OWN))
    assert answered is not None
    assert (answered.dst, answered[ARP].hwdst, answered[ARP].hwsrc) == (ANN, ANN, HOST)
    replied = to_lan(nat, arp(ANN, ANNS, HOSTS, reply_to=HOST))
    assert replied is not None
    assert (replied[ARP].hwsrc, replied[ARP].hwdst) == (OWN, HOST)


def test_the_answer_to_an_arp_probe_finds_who_probed(nat: MacNat) -> None:
    probed = to_lan(nat, arp(ANN, "0.0.0.0", HOSTS))
    assert probed is not None
    assert (probed[ARP].hwsrc, probed[ARP].psrc) == (OWN, "0.0.0.0")
    answered = to_room(nat, arp(HOST, HOSTS, "0.0.0.0", reply_to=OWN), now=1.0)
    assert answered is not None
    assert answered.dst == ANN
    assert to_room(nat, arp(HOST, HOSTS, "0.0.0.0", reply_to=OWN), now=9.0) is None


def test_an_address_that_the_lan_uses_is_never_taken_over(nat: MacNat) -> None:
    assert to_room(nat, arp(HOST, HOSTS, "192.168.50.9")) is not None
    assert to_lan(nat, arp(ANN, HOSTS, HOSTS)) is None
    assert to_lan(nat, ip(ANN, HOSTS, "192.168.50.9")) is None
    assert nat.counters.lan_conflicts == 2
    assert to_lan(nat, arp(ANN, HOSTS, HOSTS), now=1_201.0) is not None


def test_the_lans_word_wins_over_the_players(nat: MacNat) -> None:
    to_lan(nat, ip(ANN, ANNS, HOSTS))
    to_room(nat, arp(HOST, ANNS, ANNS))
    assert to_room(nat, ip(HOST, HOSTS, ANNS, to=OWN)) is None
    assert to_lan(nat, ip(ANN, ANNS, HOSTS)) is None


def test_the_second_player_with_an_address_is_refused_until_the_first_leaves(nat: MacNat) -> None:
    to_lan(nat, ip(ANN, ANNS, HOSTS))
    assert to_lan(nat, ip(BEN, ANNS, HOSTS)) is None
    assert nat.counters.player_conflicts == 1
    nat.set_members(frozenset({bytes.fromhex(BEN.replace(":", ""))}))
    assert to_lan(nat, ip(BEN, ANNS, HOSTS)) is not None


def test_nobody_gets_the_machines_own_address(nat: MacNat) -> None:
    nat.set_host_addresses([IPv4Address("192.168.50.2")])
    assert to_lan(nat, ip(ANN, "192.168.50.2", HOSTS)) is None


def test_who_names_another_mac_in_arp_is_refused(nat: MacNat) -> None:
    frame = arp(BEN, BENS, HOSTS)
    frame.src = ANN
    assert to_lan(nat, frame) is None
    assert nat.counters.not_own_mac == 1


def test_neighbour_discovery_is_rewritten_with_right_checksums(nat: MacNat) -> None:
    ether = Ether(src=ANN, dst="33:33:ff:00:00:07")
    asked = to_lan(
        nat,
        ether
        / IPv6(src=ANNS6, dst="ff02::1:ff00:7", hlim=255)
        / ICMPv6ND_NS(tgt=HOSTS6)
        / ICMPv6NDOptSrcLLAddr(lladdr=ANN),
    )
    assert asked is not None
    assert (asked.src, asked[ICMPv6NDOptSrcLLAddr].lladdr) == (OWN, OWN)
    assert has_right_checksums(asked)
    answer = (
        Ether(src=HOST, dst=OWN)
        / IPv6(src=HOSTS6, dst=ANNS6, hlim=255)
        / ICMPv6ND_NA(tgt=HOSTS6)
        / ICMPv6NDOptDstLLAddr(lladdr=HOST)
    )
    got = to_room(nat, answer)
    assert got is not None
    assert (got.dst, got[ICMPv6NDOptDstLLAddr].lladdr) == (ANN, HOST)
    told = to_lan(
        nat,
        Ether(src=ANN, dst=HOST)
        / IPv6(src=ANNS6, dst=HOSTS6, hlim=255)
        / ICMPv6ND_NA(tgt=ANNS6)
        / ICMPv6NDOptDstLLAddr(lladdr=ANN),
    )
    assert told is not None
    assert told[ICMPv6NDOptDstLLAddr].lladdr == OWN
    assert has_right_checksums(told)


def test_a_neighbours_address_of_the_lan_is_not_taken_over(nat: MacNat) -> None:
    claim = (
        Ether(dst="33:33:00:00:00:01")
        / IPv6(src=HOSTS6, dst="ff02::1", hlim=255)
        / ICMPv6ND_NA(tgt=HOSTS6, S=0)
    )
    for source in (HOST, ANN):
        claim.src = source
        claim[ICMPv6ND_NA].remove_payload()
        claim = claim / ICMPv6NDOptDstLLAddr(lladdr=source)
        if source == HOST:
            assert to_room(nat, claim) is not None
    assert to_lan(nat, claim) is None
    assert nat.counters.lan_conflicts == 1


def dhcp(operation: int, kind: str, *, source: str, to: str, given: str = "0.0.0.0") -> Packet:
    ports = (68, 67) if operation == 1 else (67, 68)
    return (
        Ether(src=source, dst=to)
        / IP(src="0.0.0.0" if operation == 1 else HOSTS, dst="255.255.255.255")
        / UDP(sport=ports[0], dport=ports[1])
        / BOOTP(op=operation, xid=7, yiaddr=given, chaddr=bytes.fromhex(ANN.replace(":", "")))
        / DHCP(options=[("message-type", kind), "end"])
    )


def test_a_dhcp_client_is_answered_by_broadcast_or_by_its_hardware_address(nat: MacNat) -> None:
    asked = to_lan(nat, dhcp(1, "discover", source=ANN, to=EVERYBODY))
    assert asked is not None
    assert asked[BOOTP].flags == "B"
    assert asked[BOOTP].chaddr[:6] == bytes.fromhex(ANN.replace(":", ""))
    assert has_right_checksums(asked)
    for to, arrives_at in ((EVERYBODY, EVERYBODY), (OWN, ANN), (ANN, ANN)):
        got = to_room(nat, dhcp(2, "offer", source=HOST, to=to, given=ANNS))
        assert got is not None
        assert got.dst == arrives_at


def test_the_address_of_a_lease_is_the_players_at_once(nat: MacNat) -> None:
    to_room(nat, arp(HOST, ANNS, HOSTS))  # who had the address before
    to_lan(nat, dhcp(1, "request", source=ANN, to=EVERYBODY))
    to_room(nat, dhcp(2, "ack", source=HOST, to=EVERYBODY, given=ANNS), now=1.0)
    got = to_room(nat, ip(HOST, HOSTS, ANNS, to=OWN), now=2.0)
    assert got is not None
    assert got.dst == ANN


def test_broadcasts_pass_unchanged_but_not_the_interfaces_own(nat: MacNat) -> None:
    frame = bytes(ip(HOST, HOSTS, "192.168.50.255", to=EVERYBODY))
    assert nat.from_lan(frame, 0.0) == [frame]
    assert nat.from_lan(bytes(ip(OWN, ANNS, "192.168.50.255", to=EVERYBODY)), 0.0) == []
    assert nat.counters.own_reflected == 1


def test_an_access_point_that_answers_for_its_station_is_not_believed(nat: MacNat) -> None:
    to_lan(nat, arp(ANN, "0.0.0.0", ANNS))
    answer = arp(OWN, ANNS, "0.0.0.0", reply_to=OWN)
    answer.src = HOST
    assert to_room(nat, answer) is None
    assert to_lan(nat, arp(ANN, ANNS, ANNS)) is not None


def test_multicast_that_became_unicast_on_the_air_gets_its_group_back(nat: MacNat) -> None:
    got = to_room(nat, ip(HOST, HOSTS, "239.255.255.250", to=OWN))
    assert got is not None
    assert got.dst == "01:00:5e:7f:ff:fa"


def test_vlan_tags_are_carried_through(nat: MacNat) -> None:
    tagged = Ether(src=ANN, dst=HOST) / Dot1Q(vlan=7) / IP(src=ANNS, dst=HOSTS) / UDP()
    seen = to_lan(nat, tagged)
    assert seen is not None
    assert (seen.src, seen[Dot1Q].vlan) == (OWN, 7)
    back = Ether(src=HOST, dst=OWN) / Dot1Q(vlan=7) / IP(src=HOSTS, dst=ANNS) / UDP()
    got = to_room(nat, back)
    assert got is not None
    assert (got.dst, got[Dot1Q].vlan) == (ANN, 7)


def test_what_is_not_ip_goes_out_as_broadcast_alone(nat: MacNat) -> None:
    ipx = Ether(src=ANN, dst=EVERYBODY, type=0x8137) / Raw(bytes(46))
    assert to_lan(nat, ipx) is not None
    assert to_lan(nat, Ether(src=ANN, dst=HOST, type=0x8137) / Raw(bytes(46))) is None
    assert (nat.counters.not_ip_broadcasts, nat.counters.not_ip_unicast) == (1, 1)


def test_nobody_speaks_to_the_access_point_in_the_interfaces_name(nat: MacNat) -> None:
    assert to_lan(nat, Ether(src=ANN, dst=EVERYBODY, type=0x888E) / Raw(b"\x01\x02\0\0")) is None


@pytest.mark.parametrize(
    "hidden",
    [
        Ether(src=ANN, dst=EVERYBODY, type=60) / LLC(ctrl=3) / SNAP(code=0x0806),
        Ether(src=ANN, dst=EVERYBODY, type=60) / LLC(ctrl=3) / SNAP(OUI=0xF8, code=0x888E),
        Ether(src=ANN, dst=EVERYBODY, type=0x05FF) / LLC(ctrl=3) / SNAP(code=0x0800),
        Ether(src=ANN, dst=EVERYBODY) / Dot1Q() / Dot1Q(type=60) / LLC(ctrl=3) / SNAP(code=0x0806),
        Ether(src=ANN, dst=EVERYBODY) / Dot1Q() / Dot1Q() / Dot1Q(type=0x0806),
    ],
)
def test_what_a_receiver_would_unwrap_into_an_arp_packet_does_not_go_out_unread(
    nat: MacNat, hidden: Packet
) -> None:
    # On the air every frame is LLC and SNAP, so the access point makes ordinary ARP of it.
    assert to_lan(nat, hidden / ARP(op=2, hwsrc=BEN, psrc=HOSTS)) is None
    assert nat.counters.not_ip_wrapped == 1


def test_an_address_is_its_players_for_half_an_hour_after_its_last_use(nat: MacNat) -> None:
    to_lan(nat, ip(ANN, ANNS, HOSTS), now=0.0)
    to_lan(nat, ip(ANN, ANNS, HOSTS), now=100.0)
    assert to_room(nat, ip(HOST, HOSTS, ANNS, to=OWN), now=1_899.0) is not None
    assert to_room(nat, ip(HOST, HOSTS, ANNS, to=OWN), now=1_900.0) is None
