"""DHCP across the bridge: no server of the room is heard on the LAN, however it hides."""

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import (
    DHCP6_Advertise,
    DHCP6_RelayReply,
    DHCP6_Reply,
    DHCP6_Request,
    DHCP6_Solicit,
)
from scapy.layers.inet import IP, UDP, IPOption_RR
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.ipsec import AH
from scapy.layers.l2 import LLC, SNAP, Dot1AD, Dot1Q, Dot3, Ether
from scapy.packet import Packet, Raw

from lanparty_gateway.bridge import Bridge, BridgePolicy, DhcpPolicy, LanDrop, RoomDrop
from lanparty_proto import MacAddress

PLAYER = "02:00:5e:10:00:01"
HOST = "00:1f:c5:00:00:01"
EVERYBODY = "ff:ff:ff:ff:ff:ff"
LATER = 10.0


def open_bridge(dhcp: DhcpPolicy = DhcpPolicy.LAN_TO_ROOM) -> Bridge:
    bridge = Bridge(
        BridgePolicy(dhcp=dhcp),
        instance=1,
        room_secret=2,
        own_mac=MacAddress.parse("02:00:5e:10:00:fe"),
        interface_mac=MacAddress.parse("d8:3a:dd:00:00:10"),
        jitter=lambda: 0.0,
    )
    bridge.set_members(frozenset({MacAddress.parse(PLAYER)}))
    bridge.set_joined(True, now=0.0)
    bridge.handle_timer(now=2.0)
    return bridge


def ethernet(source: str) -> Packet:
    return Ether(dst=EVERYBODY, src=source)


def broken(kind: int, payload: bytes) -> Packet:
    """Return a frame that only says that it is of `kind`."""
    return Ether(dst=EVERYBODY, src=PLAYER, type=kind) / Raw(payload)


def server_message(kind: str = "offer") -> Packet:
    return BOOTP(op=2) / DHCP(options=[("message-type", kind), "end"])


OFFER = UDP(sport=67, dport=68) / server_message()
DISCOVER = (
    IP(src="0.0.0.0", dst="255.255.255.255")
    / UDP(sport=68, dport=67)
    / BOOTP(op=1)
    / DHCP(options=[("message-type", "discover"), "end"])
)
TO_ALL = IP(src="192.168.1.66", dst="255.255.255.255")
FROM6 = IPv6(src="fe80::66", dst="fe80::1")
ADVERTISE = UDP(sport=547, dport=546) / DHCP6_Advertise()


def first_of(packet: Packet, size: int) -> Packet:
    """Return a first fragment with `size` bytes behind its IPv4 header."""
    return IP(src="192.168.1.66", dst="255.255.255.255", flags="MF", proto=17) / Raw(
        bytes(packet)[:size]
    )


SERVERS: dict[str, Packet] = {
    "plain": ethernet(PLAYER) / TO_ALL / OFFER,
    "acknowledgement": ethernet(PLAYER) / TO_ALL / UDP(sport=67, dport=68) / server_message("ack"),
    "from another port": ethernet(PLAYER) / TO_ALL / UDP(sport=4_000, dport=68) / server_message(),
    "to another port": ethernet(PLAYER) / TO_ALL / UDP(sport=67, dport=4_000) / server_message(),
    "as a relay agent's": ethernet(PLAYER) / TO_ALL / UDP(sport=67, dport=67) / server_message(),
    "a reply to a relay agent": ethernet(PLAYER)
    / TO_ALL
    / UDP(sport=4_000, dport=67)
    / server_message(),
    "a reply from the client's port": ethernet(PLAYER)
    / TO_ALL
    / UDP(sport=68, dport=67)
    / server_message(),
    "priority tag": ethernet(PLAYER) / Dot1Q(vlan=0, prio=6) / TO_ALL / OFFER,
    "tag": ethernet(PLAYER) / Dot1Q(vlan=5) / TO_ALL / OFFER,
    "service tag": ethernet(PLAYER) / Dot1AD(vlan=5) / TO_ALL / OFFER,
    "two tags": ethernet(PLAYER) / Dot1AD(vlan=5) / Dot1Q(vlan=6) / TO_ALL / OFFER,
    "SNAP": Dot3(dst=EVERYBODY, src=PLAYER)
    / LLC(dsap=0xAA, ssap=0xAA, ctrl=3)
    / SNAP(OUI=0, code=0x0800)
    / TO_ALL
    / OFFER,
    "bridge tunnel": Dot3(dst=EVERYBODY, src=PLAYER)
    / LLC(dsap=0xAA, ssap=0xAA, ctrl=3)
    / SNAP(OUI=0xF8, code=0x0800)
    / TO_ALL
    / OFFER,
    # No 802.3 frame is as long, but an access point hands it on as it does a shorter one.
    "SNAP behind a length over 1,500": Dot3(dst=EVERYBODY, src=PLAYER, len=0x05FF)
    / LLC(dsap=0xAA, ssap=0xAA, ctrl=3)
    / SNAP(OUI=0, code=0x0800)
    / TO_ALL
    / OFFER,
    "tag behind SNAP": Dot3(dst=EVERYBODY, src=PLAYER)
    / LLC(dsap=0xAA, ssap=0xAA, ctrl=3)
    / SNAP(OUI=0, code=0x8100)
    / Dot1Q(vlan=0)
    / TO_ALL
    / OFFER,
    "IPv4 options": ethernet(PLAYER)
    / IP(src="192.168.1.66", dst="255.255.255.255", options=[IPOption_RR()])
    / OFFER,
    "first fragment": ethernet(PLAYER) / first_of(OFFER, 64),
    "DHCPv6": ethernet(PLAYER) / FROM6 / ADVERTISE,
    "DHCPv6 reply": ethernet(PLAYER) / FROM6 / UDP(sport=547, dport=546) / DHCP6_Reply(),
    "DHCPv6 from another port": ethernet(PLAYER) / FROM6 / UDP(sport=9, dport=546) / DHCP6_Reply(),
    "DHCPv6 to a relay agent": ethernet(PLAYER)
    / FROM6
    / UDP(sport=9, dport=547)
    / DHCP6_RelayReply(),
    "DHCPv6 behind options": ethernet(PLAYER)
    / FROM6
    / IPv6ExtHdrHopByHop()
    / IPv6ExtHdrDestOpt()
    / IPv6ExtHdrRouting()
    / ADVERTISE,
    "DHCPv6 behind authentication": ethernet(PLAYER)
    / FROM6
    / AH(nh=17, payloadlen=3, icv=b"12345678")
    / ADVERTISE,
    "DHCPv6 in a fragment": ethernet(PLAYER) / FROM6 / IPv6ExtHdrFragment(m=1, nh=17) / ADVERTISE,
    "DHCPv6 in a whole fragment": ethernet(PLAYER) / FROM6 / IPv6ExtHdrFragment(nh=17) / ADVERTISE,
}


def octets(packet: Packet) -> bytes:
    return bytes(packet)


@pytest.mark.parametrize("policy", DhcpPolicy)
@pytest.mark.parametrize("message", SERVERS.values(), ids=SERVERS)
def test_a_dhcp_server_in_the_room_is_never_heard_on_the_lan(
    message: Packet, policy: DhcpPolicy
) -> None:
    bridge = open_bridge(policy)
    assert not bridge.from_room([octets(message)], now=LATER)
    assert bridge.counters().room_to_lan.dropped == {RoomDrop.DHCP: 1}


HIDDEN: dict[str, Packet] = {
    "a first fragment without the ports": ethernet(PLAYER) / first_of(OFFER, 0),
    "a first fragment without the whole UDP header": ethernet(PLAYER) / first_of(DISCOVER[UDP], 4),
    "a first fragment without the operation": ethernet(PLAYER) / first_of(DISCOVER[UDP], 8),
    "a fragment that overwrites the operation": ethernet(PLAYER)
    / IP(src="192.168.1.66", dst="255.255.255.255", frag=1, proto=17)
    / Raw(bytes(64)),
    "a header length that is too small": broken(0x0800, b"\x44" + bytes(TO_ALL / OFFER)[1:]),
    "a header length beyond the packet": broken(
        0x0800, b"\x4f" + bytes(TO_ALL / UDP(sport=9, dport=9))[1:]
    ),
    "half an IPv4 header": broken(0x0800, b"\x45" + bytes(10)),
    "more tags than anybody reads": ethernet(PLAYER)
    / Dot1Q()
    / Dot1Q()
    / Dot1Q()
    / Dot1Q()
    / Dot1Q()
    / TO_ALL
    / OFFER,
    "half an IPv6 header": broken(0x86DD, bytes(FROM6 / ADVERTISE)[:30]),
    "IPv6 options that end early": ethernet(PLAYER)
    / IPv6(src="fe80::66", dst="fe80::1", nh=60, plen=4)
    / Raw(b"\x11\x00\x00\x00"),
    "IPv6 options beyond the first fragment": ethernet(PLAYER)
    / FROM6
    / IPv6ExtHdrFragment(m=1, nh=60)
    / Raw(b"\x11\x10" + bytes(14)),
    "a first IPv6 fragment without the ports": ethernet(PLAYER)
    / FROM6
    / IPv6ExtHdrFragment(m=1, nh=17),
    "more IPv6 headers than anybody reads": ethernet(PLAYER)
    / FROM6
    / Raw(b"\x3c\0\0\0\0\0\0\0" * 8 + b"\x11\0\0\0\0\0\0\0" + bytes(ADVERTISE)),
}
HIDDEN["more IPv6 headers than anybody reads"][IPv6].nh = 60


@pytest.mark.parametrize("message", HIDDEN.values(), ids=HIDDEN)
def test_what_hides_its_ports_is_not_let_onto_the_lan(message: Packet) -> None:
    bridge = open_bridge()
    assert not bridge.from_room([octets(message)], now=LATER)
    assert bridge.counters().room_to_lan.dropped == {RoomDrop.UNREADABLE: 1}


CLIENTS: dict[str, Packet] = {
    "discover": ethernet(PLAYER) / DISCOVER,
    "solicit": ethernet(PLAYER)
    / IPv6(src="fe80::66", dst="ff02::1:2")
    / UDP(sport=546, dport=547)
    / DHCP6_Solicit(),
    "request": ethernet(PLAYER) / FROM6 / UDP(sport=546, dport=547) / DHCP6_Request(),
}


@pytest.mark.parametrize("message", CLIENTS.values(), ids=CLIENTS)
def test_players_may_ask_the_lans_server_unless_dhcp_is_blocked(message: Packet) -> None:
    sent = [octets(message)]
    assert open_bridge().from_room(sent, now=LATER) == sent
    blocking = open_bridge(DhcpPolicy.BLOCK)
    assert not blocking.from_room(sent, now=LATER)
    assert blocking.counters().room_to_lan.dropped == {RoomDrop.DHCP: 1}


@pytest.mark.parametrize(
    "message", [SERVERS["plain"], SERVERS["DHCPv6"], *CLIENTS.values()], ids=str
)
def test_the_lans_dhcp_reaches_the_room_unless_it_is_blocked(message: Packet) -> None:
    sent = [octets(message).replace(bytes.fromhex(PLAYER.replace(":", "")), b"\0\x1f\xc5\0\0\1")]
    assert open_bridge().from_lan(sent, now=LATER) == sent
    blocking = open_bridge(DhcpPolicy.BLOCK)
    assert not blocking.from_lan(sent, now=LATER)
    assert blocking.counters().lan_to_room.dropped == {LanDrop.DHCP: 1}


OTHERS: dict[str, Packet] = {
    "a game": ethernet(PLAYER) / TO_ALL / UDP(sport=27_015, dport=27_015) / Raw(bytes(40)),
    "an empty datagram": ethernet(PLAYER) / TO_ALL / UDP(sport=9, dport=9),
    "an empty IPv6 datagram": ethernet(PLAYER) / FROM6 / UDP(sport=9, dport=9),
    "a later fragment": ethernet(PLAYER)
    / IP(src="192.168.1.66", dst="255.255.255.255", frag=8, proto=17)
    / Raw(bytes(OFFER)[64:]),
    "IPX in LLC": Dot3(dst=EVERYBODY, src=PLAYER) / LLC(dsap=0xE0, ssap=0xE0) / Raw(bytes(40)),
    "an unknown ethertype": Ether(dst=EVERYBODY, src=PLAYER, type=0x9999) / Raw(bytes(40)),
    "IPv6 without a next header": ethernet(PLAYER) / IPv6(nh=59),
    "OSPF": ethernet(PLAYER) / IP(dst="224.0.0.5", proto=89) / Raw(bytes(20)),
}


@pytest.mark.parametrize("message", OTHERS.values(), ids=OTHERS)
def test_everything_else_crosses_both_ways(message: Packet) -> None:
    bridge = open_bridge(DhcpPolicy.BLOCK)
    sent = octets(message)
    assert bridge.from_room([sent], now=LATER) == [sent]
    from_lan = sent[:6] + bytes.fromhex(HOST.replace(":", "")) + sent[12:]
    assert bridge.from_lan([from_lan], now=LATER) == [from_lan]
