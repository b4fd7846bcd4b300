"""Invariant: no frame makes a player's addressing raise, and it never has more than two addresses.

The input is a row of steps: DHCP answers with the transaction that the player asks with, ARP, any
of them bent in places, and time. What it sends stays bounded, whatever comes.
"""

import random
from functools import cache
from ipaddress import IPv4Address
from typing import Final

from choices import Choices
from target import Target

from lanparty_client.addressing import Addressing, parse_address_choice
from lanparty_ethernet import (
    ETHERTYPE_ARP,
    ETHERTYPE_IPV4,
    PROTOCOL_UDP,
    ArpPacket,
    DhcpKind,
    DhcpMessage,
    DhcpOption,
    Ipv4Packet,
    UdpDatagram,
    link_local_candidate,
)
from lanparty_proto import BROADCAST, MacAddress, encode_ethernet

__all__ = ["TARGET"]

_GATEWAY: Final = 9
_MAC: Final = MacAddress(b"\2\0\x5e\x10\0\1")
_RIVAL: Final = MacAddress(b"\2\0\x5e\x10\0\2")
_SERVER: Final = IPv4Address("192.168.50.1")
_OFFERED: Final = IPv4Address("192.168.50.100")
_CLAIMED: Final = (_OFFERED, _SERVER, *(link_local_candidate(_MAC, attempt=n) for n in range(4)))
_KINDS: Final = (DhcpKind.OFFER, DhcpKind.ACK, DhcpKind.NAK, DhcpKind.DISCOVER)
_WAITS: Final = (0.0, 0.1, 1.0, 5.0, 61.0, 3600.0)
_FRAMES_AN_INPUT_BYTE: Final = 64
_TRANSACTION: Final = 46
"""Where it is in a frame."""
_BEHIND_THE_HEADERS: Final = 42


@cache
def answer(kind: DhcpKind) -> bytes:
    """Return a frame of the LAN's DHCP server, without a UDP checksum: it is bent later."""
    message = DhcpMessage(
        kind=kind,
        transaction=0,
        client_mac=_MAC,
        from_server=True,
        your_address=_OFFERED,
        options={
            DhcpOption.SERVER: _SERVER.packed,
            DhcpOption.LEASE_SECONDS: (600).to_bytes(4, "big"),
            DhcpOption.SUBNET_MASK: b"\xff\xff\xff\0",
            DhcpOption.ROUTERS: _SERVER.packed,
        },
    ).encode()
    datagram = UdpDatagram(67, 68, message).encode(source=_SERVER, destination=_OFFERED)
    packet = Ipv4Packet(
        source=_SERVER,
        destination=_OFFERED,
        protocol=PROTOCOL_UDP,
        payload=datagram[:6] + b"\0\0" + message,
    )
    return encode_ethernet(_MAC, _RIVAL, ETHERTYPE_IPV4, packet.encode())


@cache
def claim(address: IPv4Address) -> bytes:
    """Return the ARP of somebody who has, or wants, an address that the player may take."""
    packet = ArpPacket.announcement(mac=_RIVAL, address=address)
    return encode_ethernet(BROADCAST, _RIVAL, ETHERTYPE_ARP, packet.encode())


def bent(choices: Choices, whole: bytes, count: int) -> bytes:
    """Change a frame in so many places, behind its IPv4 header's checksum."""
    changed = bytearray(whole)
    for _ in range(count):
        place = _BEHIND_THE_HEADERS + choices.number(2) % 300
        match choices.byte() % 4:
            case 0 | 1:
                changed[place : place + 1] = choices.take(1)
            case 2:
                changed[place:place] = choices.take(choices.byte() % 32)
            case _:
                del changed[place:]
    return bytes(changed)


def feed(data: bytes) -> None:
    """Take the steps."""
    choices = Choices(data)
    now = 0.0
    sent = 0
    transaction = bytes(4)
    player = Addressing(
        parse_address_choice("auto"), mac=_MAC, random=random.Random(3), on_change=lambda: None
    )
    player.joined(lease=None, gateway=_GATEWAY, now=now)
    while choices.left:
        for frame in player.frames_to_send(now=now):
            sent += 1
            if frame[12:14] == ETHERTYPE_IPV4.to_bytes(2, "big"):
                transaction = frame[_TRANSACTION : _TRANSACTION + 4]
        kind = choices.byte()
        match kind % 8:
            case 0 | 1 | 2 | 3:
                octets = answer(_KINDS[kind % 4])
                octets = octets[:_TRANSACTION] + transaction + octets[_TRANSACTION + 4 :]
                octets = bent(choices, octets, (kind >> 3) % 4)
            case 4 | 5:
                octets = claim(choices.of(_CLAIMED))
            case 6:
                octets = choices.piece()
            case _:
                now += choices.of(_WAITS)
                continue
        source = _GATEWAY if kind < 0xE0 else 3
        player.receive_frame(octets, source=source, now=now)
        assert len(player.addresses) <= 2
    assert sent <= _FRAMES_AN_INPUT_BYTE * len(data)


TARGET = Target(
    name="player_addressing",
    subject="a player's addressing: DHCP answers and ARP, in time",
    largest_input=640,
    begin=lambda: feed,
)
