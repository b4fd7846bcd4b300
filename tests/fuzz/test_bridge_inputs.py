"""Invariant: whatever comes from either side, the bridge never raises, every frame is counted once,
no DHCP server's message or router advertisement of the room crosses, and nothing grows."""

import random
from collections import Counter
from ipaddress import ip_address

from scapy.layers.dhcp import BOOTP
from scapy.layers.dhcp6 import DHCP6_Advertise
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_RA, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment
from scapy.layers.l2 import LLC, SNAP, Dot1Q, Dot3, Ether

from lanparty_ethernet import Probe, ProbeDirection, ProbeKind
from lanparty_gateway.bridge import Bridge, BridgePolicy, Phase
from lanparty_gateway.bridge.lan_table import TABLE_LIMIT
from lanparty_proto import BROADCAST, MacAddress

INPUTS = 100_000
PLAYER = MacAddress.parse("02:00:5e:10:00:01")
HOST = MacAddress.parse("00:1f:c5:00:00:01")
OWN = MacAddress.parse("02:00:5e:10:00:fe")
INTERFACE = MacAddress.parse("d8:3a:dd:00:00:10")


def forbidden(source: MacAddress) -> list[bytes]:
    """Return what a server or router in the room may try."""
    ethernet = Ether(dst="ff:ff:ff:ff:ff:ff", src=str(source))
    offer = IP(dst="255.255.255.255") / UDP(sport=67, dport=68) / BOOTP(op=2)
    advertise = UDP(sport=547, dport=546) / DHCP6_Advertise()
    whole = IPv6(dst="ff02::1")
    snap = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x0800)
    return [
        bytes(packet)
        for packet in (
            ethernet / offer,
            ethernet / Dot1Q(vlan=1) / offer,
            Dot3(dst="ff:ff:ff:ff:ff:ff", src=str(source)) / snap / offer,
            ethernet / whole / advertise,
            ethernet / whole / IPv6ExtHdrDestOpt() / IPv6ExtHdrFragment(m=1) / advertise,
            ethernet / whole / ICMPv6ND_RA(),
            ethernet / whole / IPv6ExtHdrDestOpt() / ICMPv6ND_RA(),
        )
    ]


def ordinary(source: MacAddress) -> list[bytes]:
    ethernet = Ether(dst="ff:ff:ff:ff:ff:ff", src=str(source))
    game = UDP(sport=27_015, dport=27_015) / bytes(30)
    probes = [
        Probe(kind=ProbeKind.LOOP, nonce=nonce, direction=direction).frame(BROADCAST, source)
        for nonce in (0, 1, 2, 3)
        for direction in ProbeDirection
    ]
    return [bytes(ethernet / IP() / game), bytes(ethernet / IPv6() / game), *probes]


def mutated(dice: random.Random, octets: bytes, *, first: int) -> bytes:
    """Change a few octets from `first` on, cut some out, or put some in."""
    changed = bytearray(octets)
    for _ in range(dice.randint(0, 3)):
        place = dice.randrange(min(first, len(changed)), len(changed) + 1)
        match dice.randrange(4):
            case 0:
                changed[place : place + 1] = dice.randbytes(1)
            case 1:
                del changed[place : place + dice.randint(1, 10)]
            case 2:
                changed[place:place] = dice.randbytes(dice.randint(1, 10))
            case _:
                del changed[place:]
    return bytes(changed)


def make_bridge() -> Bridge:
    bridge = Bridge(
        BridgePolicy(),
        instance=2,
        room_secret=1,
        own_mac=OWN,
        interface_mac=INTERFACE,
        jitter=random.Random(3).random,
    )
    bridge.set_members(frozenset({PLAYER}))
    bridge.set_relays([(ip_address("127.0.0.1"), 27_015)])
    bridge.set_joined(True, now=0.0)
    return bridge


def test_any_frame_from_either_side_is_counted_once_and_nothing_grows() -> None:
    dice = random.Random(1)
    bridge = make_bridge()
    of_lan = ordinary(HOST) + forbidden(HOST) + ordinary(OWN)
    of_room = ordinary(PLAYER) + forbidden(PLAYER)
    phases: Counter[Phase] = Counter()
    out = 0
    for number in range(INPUTS):
        now = number / 100
        if dice.random() < 0.5:
            frame = mutated(dice, dice.choice(of_lan), first=0)
            out += len(bridge.from_lan([frame], now=now))
        else:
            frame = mutated(dice, dice.choice(of_room), first=0)
            bridge.station.receive_frame(frame, source=7, now=now)
            out += len(bridge.from_room([frame], now=now))
        bridge.handle_timer(now=now)
        bridge.frames_for_lan(now=now)
        bridge.station.frames_to_send(now=now)
        assert len(bridge.events()) <= 64
        phases[bridge.state.phase] += 1
    counters = bridge.counters()
    ways = (counters.lan_to_room, counters.room_to_lan)
    assert sum(way.received for way in ways) == INPUTS
    assert sum(way.forwarded for way in ways) == out
    for way in ways:
        assert way.received == way.forwarded + sum(way.dropped.values())
    assert counters.lan_hosts <= TABLE_LIMIT
    assert counters.loops
    assert counters.second_gateways
    assert phases[Phase.STOPPED] > 1_000


def test_no_server_or_router_of_the_room_gets_through_with_its_ports_or_type_in_place() -> None:
    """Mutations begin behind what decides, so each frame still is a server's or a router's."""
    dice = random.Random(2)
    bridge = make_bridge()
    bridge.handle_timer(now=2.0)
    frames = [(frame, decisive_length(frame)) for frame in forbidden(PLAYER)]
    for number in range(INPUTS // 5):
        frame, decisive = dice.choice(frames)
        assert not bridge.from_room([mutated(dice, frame, first=decisive)], now=2.0 + number / 100)


def decisive_length(frame: bytes) -> int:
    """Return how much of the frame says what it is: to the UDP header's end and the operation."""
    for ports in (b"\x00\x43\x00\x44", b"\x02\x23\x02\x22"):
        if ports in frame:
            return frame.index(ports) + 9
    return frame.rindex(b"\x86\x00") + 1
