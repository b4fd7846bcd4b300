"""Multicast routers: none in the room makes switches send the streams of the LAN to the gateway."""

import pytest
from scapy.layers.igmp import IGMP
from scapy.layers.inet import IP, UDP, IPOption_Router_Alert
from scapy.layers.inet6 import (
    ICMPv6MLDMultAddrRec,
    ICMPv6MLQuery,
    ICMPv6MLReport2,
    ICMPv6MRD_Advertisement,
    IPv6,
    IPv6ExtHdrHopByHop,
    RouterAlert,
)
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Packet, Raw

from lanparty_gateway.bridge import Bridge, BridgePolicy, RoomDrop
from lanparty_proto import MacAddress

PLAYER = MacAddress.parse("02:00:5e:10:00:01")
HOST = MacAddress.parse("00:1f:c5:00:00:01")
LATER = 10.0


@pytest.fixture
def bridge() -> Bridge:
    bridge = Bridge(
        BridgePolicy(),
        instance=1,
        room_secret=2,
        own_mac=MacAddress.parse("02:00:5e:10:00:fe"),
        interface_mac=MacAddress.parse("d8:3a:dd:00:00:10"),
        jitter=lambda: 0.0,
    )
    bridge.set_members(frozenset({PLAYER}))
    bridge.set_joined(True, now=0.0)
    bridge.handle_timer(now=2.0)
    return bridge


def sent_by(source: MacAddress, packet: Packet) -> bytes:
    return bytes(Ether(dst="33:33:00:00:00:01", src=str(source)) / packet)


ALERTED = IP(dst="224.0.0.1", ttl=1, proto=2, options=[IPOption_Router_Alert()])
ALERTED6 = IPv6(src="fe80::66", dst="ff02::1", hlim=1) / IPv6ExtHdrHopByHop(options=[RouterAlert()])
ROUTERS: dict[str, Packet] = {
    "IGMP query": ALERTED / IGMP(type=0x11),
    "IGMPv1 query": IP(dst="224.0.0.1", ttl=1, proto=2) / IGMP(type=0x11, mrcode=0),
    "IGMP query behind a tag": Dot1Q(vlan=0) / ALERTED / IGMP(type=0x11),
    "multicast router": IP(dst="224.0.0.106", ttl=1, proto=2) / Raw(b"\x30\x14" + bytes(6)),
    "PIM": IP(dst="224.0.0.13", ttl=1, proto=103) / Raw(b"\x20\x00" + bytes(10)),
    "PIM over IPv6": IPv6(dst="ff02::d", nh=103) / Raw(b"\x20\x00" + bytes(10)),
    "MLD query": ALERTED6 / ICMPv6MLQuery(),
    "IPv6 multicast router": ALERTED6 / ICMPv6MRD_Advertisement(),
}


@pytest.mark.parametrize("packet", ROUTERS.values(), ids=ROUTERS)
def test_a_multicast_router_in_the_room_is_never_heard_on_the_lan(
    bridge: Bridge, packet: Packet
) -> None:
    assert not bridge.from_room([sent_by(PLAYER, packet)], now=LATER)
    assert bridge.counters().room_to_lan.dropped == {RoomDrop.MULTICAST_ROUTER: 1}


@pytest.mark.parametrize("packet", ROUTERS.values(), ids=ROUTERS)
def test_the_lans_asks_the_players_what_they_listen_to(bridge: Bridge, packet: Packet) -> None:
    sent = [sent_by(HOST, packet)]
    assert bridge.from_lan(sent, now=LATER) == sent


REPORTS: dict[str, Packet] = {
    "IGMPv2 report": IP(dst="239.1.2.3", ttl=1, proto=2) / IGMP(type=0x16, gaddr="239.1.2.3"),
    "IGMP leave": IP(dst="224.0.0.2", ttl=1, proto=2) / IGMP(type=0x17, gaddr="239.1.2.3"),
    "IGMPv3 report": ALERTED / Raw(b"\x22\x00" + bytes(6)),
    "MLD report": ALERTED6 / ICMPv6MLReport2(records=[ICMPv6MLDMultAddrRec()]),
    "a stream": IP(dst="239.1.2.3") / UDP(sport=9, dport=9) / Raw(bytes(40)),
}


@pytest.mark.parametrize("packet", REPORTS.values(), ids=REPORTS)
def test_players_tell_the_lans_switches_what_they_listen_to(bridge: Bridge, packet: Packet) -> None:
    sent = [sent_by(PLAYER, packet)]
    assert bridge.from_room(sent, now=LATER) == sent


def test_an_igmp_packet_without_a_message_is_not_let_onto_the_lan(bridge: Bridge) -> None:
    assert not bridge.from_room([sent_by(PLAYER, IP(proto=2, dst="224.0.0.1"))], now=LATER)
    assert bridge.counters().room_to_lan.dropped == {RoomDrop.UNREADABLE: 1}
