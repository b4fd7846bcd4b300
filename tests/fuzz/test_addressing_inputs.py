"""Invariant: no frame makes the addressing raise, and none but a real lease gives an address."""

import random

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from lanparty_client.addressing import Addressing, parse_address_choice
from lanparty_ethernet import (
    ArpPacket,
    DhcpMessage,
    PacketError,
    UdpDatagram,
    link_local_candidate,
)
from lanparty_proto import BROADCAST, MacAddress, encode_ethernet

INPUTS = 100_000
GATEWAY = 9
MAC = MacAddress.parse("02:00:5e:10:00:01")
RIVAL = MacAddress.parse("02:00:5e:10:00:02")


def dhcp_frame(transaction: int) -> bytes:
    return bytes(
        Ether(src=str(RIVAL), dst=str(MAC))
        / IP(src="192.168.50.1", dst="192.168.50.100")
        / UDP(sport=67, dport=68, chksum=0)
        / BOOTP(op=2, xid=transaction, yiaddr="192.168.50.100", chaddr=MAC)
        / DHCP(
            options=[
                ("message-type", "offer"),
                ("server_id", "192.168.50.1"),
                ("lease_time", 600),
                ("subnet_mask", "255.255.255.0"),
                ("router", "192.168.50.1"),
                "end",
            ]
        )
    )


def arp_frame() -> bytes:
    packet = ArpPacket.announcement(mac=RIVAL, address=link_local_candidate(MAC, attempt=0))
    return encode_ethernet(BROADCAST, RIVAL, 0x0806, packet.encode())


def mutated(dice: random.Random, octets: bytes, *, spare: int) -> bytes:
    """Change anything behind the first `spare` bytes."""
    changed = bytearray(octets)
    for _ in range(dice.randint(0, 4)):
        place = dice.randrange(spare, len(changed) + 1)
        match dice.randrange(4):
            case 0:
                changed[place : place + 1] = dice.randbytes(1)
            case 1:
                changed[place:place] = dice.randbytes(dice.randint(1, 8))
            case 2:
                del changed[place : place + dice.randint(1, 8)]
            case _:
                del changed[dice.randrange(spare, len(changed) + 1) :]
    return bytes(changed)


def test_no_frame_breaks_the_addressing() -> None:
    dice = random.Random(2131)
    now = 0.0
    player = Addressing(
        parse_address_choice("auto"), mac=MAC, random=random.Random(3927), on_change=lambda: None
    )
    player.joined(lease=None, gateway=GATEWAY, now=now)
    transaction = 0
    kept = sent = 0
    for number in range(INPUTS // 2):
        for frame in player.frames_to_send(now=now):
            sent += 1
            if frame[12:14] == b"\x08\x00":
                transaction = int.from_bytes(frame[46:50], "big")
        whole = dhcp_frame_with(transaction) if number % 3 else arp_frame()
        # The IPv4 header has a checksum: what is behind it would hardly ever be reached.
        frame = mutated(dice, whole, spare=42 if dice.random() < 0.8 and number % 3 else 12)
        kept += player.receive_frame(frame, source=GATEWAY, now=now)
        assert len(player.addresses) <= 2
        now += dice.choice([0.0, 0.0, 0.1, 5.0])
    assert kept > 100
    assert sent < INPUTS / 2


_TEMPLATE = bytearray(dhcp_frame(0))


def dhcp_frame_with(transaction: int) -> bytes:
    _TEMPLATE[46:50] = transaction.to_bytes(4, "big")
    return bytes(_TEMPLATE)


def test_no_payload_breaks_the_parsers() -> None:
    dice = random.Random(768)
    message = dhcp_frame(7)[42:]
    datagram = dhcp_frame(7)[34:]
    source, destination = link_local_candidate(MAC, attempt=0), link_local_candidate(MAC, attempt=1)
    read = 0
    for _ in range(INPUTS // 2):
        try:
            DhcpMessage.parse(mutated(dice, message, spare=0))
            read += 1
            UdpDatagram.parse(
                mutated(dice, datagram, spare=0), source=source, destination=destination
            )
        except PacketError:
            continue
    assert read > INPUTS / 20
