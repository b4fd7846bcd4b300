"""Invariant: whatever comes from a LAN or a room, a gateway's bridge counts each frame once.

The input is a row of steps: frames of many protocols, bent in places, from either side, and time.
Nothing escapes, tables stay bounded, no frame crosses that came from the other side, and nothing
is sent whose length a room can't carry.
"""

import random
from ipaddress import ip_address
from typing import Final

from choices import Choices
from target import Target

from lanparty_ethernet import Probe, ProbeDirection, ProbeKind
from lanparty_gateway.bridge import Bridge, BridgePolicy
from lanparty_gateway.bridge.lan_table import TABLE_LIMIT
from lanparty_proto import BROADCAST, MacAddress

__all__ = ["TARGET", "TEMPLATES"]

_PLAYER: Final = MacAddress(b"\2\0\x5e\x10\0\1")
_OWN: Final = MacAddress(b"\2\0\x5e\x10\0\xfe")
_INTERFACE: Final = MacAddress(b"\xd8\x3a\xdd\0\0\x10")
_HOSTS: Final = (
    MacAddress(b"\0\x1f\xc5\0\0\1"),
    MacAddress(b"\0\x1f\xc5\0\0\2"),
    _PLAYER,
    _OWN,
    _INTERFACE,
    BROADCAST,
)
_WAITS: Final = (0.0, 0.001, 0.1, 1.0, 3.0, 61.0)
_LARGEST: Final = 1518

_IPV4: Final = bytes.fromhex("4500003c000040004011 0000 0a4d0001 ffffffff")
_IPV6: Final = bytes.fromhex("6000000000203aff fe80" + "00" * 13 + "01 ff02" + "00" * 13 + "01")
TEMPLATES: Final = (
    bytes.fromhex("0806 0001080006040001 001fc5000001 0a4d0001 000000000000 0a4d0002"),
    b"\x08\0" + _IPV4 + bytes.fromhex("69876987 0028 0000") + bytes(32),
    b"\x08\0" + _IPV4 + bytes.fromhex("00430044 0128 0000 0201060000000007") + bytes(228)
    + bytes.fromhex("63825363 350102 ff"),
    b"\x08\0" + _IPV4 + bytes.fromhex("14e914e9 0028 0000") + bytes(32),
    b"\x86\xdd" + _IPV6 + bytes.fromhex("86000000 40000708") + bytes(24),
    b"\x86\xdd" + _IPV6 + bytes.fromhex("87000000 00000000 fe80") + bytes(14)
    + bytes.fromhex("0101 001fc5000001"),
    b"\x86\xdd" + _IPV6[:6] + b"\x11" + _IPV6[7:] + bytes.fromhex("02230222 0020 0000 02")
    + bytes(23),
    b"\0\x26" + bytes.fromhex("424203") + bytes(35),
    b"\x81\0\0\1\x08\0" + _IPV4 + bytes(40),
    *(
        Probe(kind=ProbeKind.LOOP, nonce=nonce, direction=direction).frame(BROADCAST, _OWN)[12:]
        for nonce in (2, 3)
        for direction in ProbeDirection
    ),
)  # fmt: skip
"""From the ethertype on: ARP, a game, a DHCP offer, mDNS, a router advertisement, a neighbour
solicitation, DHCPv6, a bridge's BPDU, a tagged frame, softlan's loop probes."""


def frame(choices: Choices) -> bytes:
    """Return a frame of some protocol, bent in up to seven places, or any bytes."""
    kind = choices.byte()
    if kind >= 0xF0:
        return choices.piece()
    whole = bytearray(choices.of(_HOSTS) + choices.of(_HOSTS) + choices.of(TEMPLATES))
    for _ in range(kind % 8):
        place = choices.byte() % (len(whole) + 1)
        match choices.byte() % 4:
            case 0 | 1:
                whole[place : place + 1] = choices.take(1)
            case 2:
                del whole[place:]
            case _:
                whole[place:place] = choices.take(choices.byte())
    return bytes(whole[:_LARGEST])


def feed(data: bytes) -> None:
    """Take the steps."""
    choices = Choices(data)
    bridge = Bridge(
        BridgePolicy(),
        instance=2,
        room_secret=1,
        own_mac=_OWN,
        interface_mac=_INTERFACE,
        jitter=random.Random(3).random,
    )
    bridge.set_members(frozenset({_PLAYER}))
    bridge.set_relays([(ip_address("127.0.0.1"), 27_015)])
    bridge.set_joined(True, now=0.0)
    now = 2.0
    given = out = 0
    while choices.left:
        kind = choices.byte()
        match kind % 8:
            case 0 | 1 | 2:
                octets = frame(choices)
                given += 1
                crossed = bridge.from_lan([octets], now=now)
            case 3 | 4 | 5:
                octets = frame(choices)
                bridge.station.receive_frame(octets, source=7, now=now)
                given += 1
                crossed = bridge.from_room([octets], now=now)
            case 6:
                now += choices.of(_WAITS)
                crossed = []
            case _:
                bridge.set_joined(bool(choices.byte() & 1), now=now)
                crossed = []
        out += len(crossed)
        assert all(len(octets) <= _LARGEST for octets in crossed)
        bridge.handle_timer(now=now)
        bridge.frames_for_lan(now=now)
        bridge.station.frames_to_send(now=now)
        assert len(bridge.events()) <= 64
        deadline = bridge.next_deadline()
        assert deadline is None or deadline > now - 1e-6
    counters = bridge.counters()
    ways = (counters.lan_to_room, counters.room_to_lan)
    assert sum(way.received for way in ways) == given
    assert sum(way.forwarded for way in ways) == out
    assert all(way.received == way.forwarded + sum(way.dropped.values()) for way in ways)
    assert counters.lan_hosts <= TABLE_LIMIT


TARGET = Target(
    name="gateway_bridge",
    subject="the gateway's bridge: frames of a LAN and of a room, in time",
    largest_input=640,
    begin=lambda: feed,
)
