"""A tunnel never carries itself: what goes to or comes from a relay crosses neither way."""

from ipaddress import ip_address

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Packet, Raw

from lanparty_gateway.bridge import Bridge, BridgePolicy, LanDrop, RoomDrop
from lanparty_proto import MacAddress

PLAYER = MacAddress.parse("02:00:5e:10:00:01")
HOST = MacAddress.parse("00:1f:c5:00:00:01")
RELAY4, RELAY6, PORT = "203.0.113.7", "2001:db8::7", 443
LATER = 10.0


def open_bridge() -> Bridge:
    bridge = Bridge(
        BridgePolicy(),
        instance=1,
        room_secret=2,
        own_mac=MacAddress.parse("02:00:5e:10:00:fe"),
        interface_mac=MacAddress.parse("d8:3a:dd:00:00:10"),
        jitter=lambda: 0.0,
    )
    bridge.set_members(frozenset({PLAYER}))
    bridge.set_relays([(ip_address(RELAY4), PORT), (ip_address(RELAY6), PORT)])
    bridge.set_joined(True, now=0.0)
    bridge.handle_timer(now=2.0)
    return bridge


def both_ways(packet: Packet) -> tuple[bytes, bytes]:
    """Return the packet as a host of the LAN and as a player sends it."""
    from_lan = Ether(src=str(HOST), dst=str(PLAYER)) / packet
    from_room = Ether(src=str(PLAYER), dst=str(HOST)) / packet
    return bytes(from_lan), bytes(from_room)


TUNNEL: dict[str, Packet] = {
    "to the relay": IP(dst=RELAY4) / UDP(sport=50_000, dport=PORT) / Raw(bytes(1_200)),
    "from the relay": IP(src=RELAY4) / UDP(sport=PORT, dport=50_000) / Raw(bytes(1_200)),
    "tagged": Dot1Q(vlan=5) / IP(dst=RELAY4) / UDP(sport=50_000, dport=PORT),
    "IPv6 to the relay": IPv6(dst=RELAY6) / UDP(sport=50_000, dport=PORT),
    "IPv6 from the relay": IPv6(src=RELAY6) / UDP(sport=PORT, dport=50_000),
    "a first fragment": IP(dst=RELAY4, flags="MF") / UDP(dport=PORT) / Raw(bytes(64)),
    "a later fragment": IP(dst=RELAY4, frag=9, proto=17) / Raw(bytes(64)),
}


@pytest.mark.parametrize("packet", TUNNEL.values(), ids=TUNNEL)
def test_the_tunnels_own_packets_cross_neither_way(packet: Packet) -> None:
    bridge = open_bridge()
    from_lan, from_room = both_ways(packet)
    assert not bridge.from_lan([from_lan], now=LATER)
    assert not bridge.from_room([from_room], now=LATER)
    assert bridge.counters().lan_to_room.dropped == {LanDrop.TUNNEL: 1}
    assert bridge.counters().room_to_lan.dropped == {RoomDrop.TUNNEL: 1}


OTHERS: dict[str, Packet] = {
    "another port of the relay": IP(dst=RELAY4) / UDP(sport=50_000, dport=8_443),
    "another's port 443": IP(dst="203.0.113.8") / UDP(sport=50_000, dport=PORT),
    "TCP to the relay": IP(dst=RELAY4) / TCP(dport=PORT),
    "the relay's port at this end": IP(dst=RELAY4) / UDP(sport=PORT, dport=50_000),
}


@pytest.mark.parametrize("packet", OTHERS.values(), ids=OTHERS)
def test_what_only_looks_like_it_crosses(packet: Packet) -> None:
    bridge = open_bridge()
    from_lan, from_room = both_ways(packet)
    assert bridge.from_lan([from_lan], now=LATER) == [from_lan]
    assert bridge.from_room([from_room], now=LATER) == [from_room]


def test_relays_that_are_not_dialed_any_more_are_forgotten() -> None:
    bridge = open_bridge()
    bridge.set_relays([])
    from_lan, _ = both_ways(TUNNEL["to the relay"])
    assert bridge.from_lan([from_lan], now=LATER) == [from_lan]
