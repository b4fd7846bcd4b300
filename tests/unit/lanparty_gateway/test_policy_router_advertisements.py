"""IPv6 routers: the room's are never heard on the LAN, the LAN's in the room only if wanted."""

import pytest
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_Redirect,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Packet, Raw

from lanparty_gateway.bridge import (
    Bridge,
    BridgePolicy,
    LanDrop,
    RoomDrop,
    RouterAdvertisementPolicy,
)
from lanparty_proto import MacAddress

PLAYER = MacAddress.parse("02:00:5e:10:00:01")
HOST = MacAddress.parse("00:1f:c5:00:00:01")
LATER = 10.0


def open_bridge(ipv6_ra: RouterAdvertisementPolicy) -> Bridge:
    bridge = Bridge(
        BridgePolicy(ipv6_ra=ipv6_ra),
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


TO_ALL = IPv6(src="fe80::66", dst="ff02::1", hlim=255)
ROUTERS: dict[str, Packet] = {
    "advertisement": TO_ALL / ICMPv6ND_RA(),
    "withdrawal": TO_ALL / ICMPv6ND_RA(routerlifetime=0),
    "redirect": TO_ALL / ICMPv6ND_Redirect(),
    "tagged": Dot1Q(vlan=0) / TO_ALL / ICMPv6ND_RA(),
    "behind options": TO_ALL / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / ICMPv6ND_RA(),
    "in a first fragment": TO_ALL / IPv6ExtHdrFragment(m=1, nh=58) / ICMPv6ND_RA(),
    "in a whole fragment": TO_ALL / IPv6ExtHdrFragment(nh=58) / ICMPv6ND_RA(),
    "options in a fragment": TO_ALL
    / IPv6ExtHdrFragment(m=1, nh=60)
    / IPv6ExtHdrDestOpt()
    / ICMPv6ND_RA(),
}


@pytest.mark.parametrize("policy", RouterAdvertisementPolicy)
@pytest.mark.parametrize("packet", ROUTERS.values(), ids=ROUTERS)
def test_a_router_in_the_room_is_never_heard_on_the_lan(
    packet: Packet, policy: RouterAdvertisementPolicy
) -> None:
    bridge = open_bridge(policy)
    assert not bridge.from_room([sent_by(PLAYER, packet)], now=LATER)
    assert bridge.counters().room_to_lan.dropped == {RoomDrop.ROUTER_ADVERTISEMENT: 1}


@pytest.mark.parametrize("packet", ROUTERS.values(), ids=ROUTERS)
def test_the_lans_router_is_heard_in_the_room_only_if_allowed(packet: Packet) -> None:
    sent = [sent_by(HOST, packet)]
    blocking = open_bridge(RouterAdvertisementPolicy.BLOCK)
    assert not blocking.from_lan(sent, now=LATER)
    assert blocking.counters().lan_to_room.dropped == {LanDrop.ROUTER_ADVERTISEMENT: 1}
    assert open_bridge(RouterAdvertisementPolicy.ALLOW).from_lan(sent, now=LATER) == sent


HIDDEN: dict[str, Packet] = {
    "a first fragment without the message": TO_ALL / IPv6ExtHdrFragment(m=1, nh=58),
    "options without the message": TO_ALL
    / IPv6ExtHdrFragment(m=1, nh=60)
    / IPv6ExtHdrDestOpt(nh=58),
}


@pytest.mark.parametrize("packet", HIDDEN.values(), ids=HIDDEN)
def test_a_message_that_hides_in_a_later_fragment_crosses_neither_way(packet: Packet) -> None:
    bridge = open_bridge(RouterAdvertisementPolicy.BLOCK)
    assert not bridge.from_room([sent_by(PLAYER, packet)], now=LATER)
    assert not bridge.from_lan([sent_by(HOST, packet)], now=LATER)
    assert bridge.counters().room_to_lan.dropped == {RoomDrop.UNREADABLE: 1}
    assert bridge.counters().lan_to_room.dropped == {LanDrop.UNREADABLE: 1}


OTHERS: dict[str, Packet] = {
    "neighbour solicitation": TO_ALL / ICMPv6ND_NS(),
    "echo": TO_ALL / ICMPv6EchoRequest(),
    "a later fragment": TO_ALL / IPv6ExtHdrFragment(offset=10, nh=58) / Raw(b"\x86" * 40),
}


@pytest.mark.parametrize("packet", OTHERS.values(), ids=OTHERS)
def test_other_ipv6_crosses_both_ways(packet: Packet) -> None:
    bridge = open_bridge(RouterAdvertisementPolicy.BLOCK)
    for crossing, source in ((bridge.from_room, PLAYER), (bridge.from_lan, HOST)):
        sent = [sent_by(source, packet)]
        assert crossing(sent, now=LATER) == sent
