"""Invariant: whatever a LAN or a room sends, the preflight takes it without an error, asks no more
than it would have asked in silence, and keeps a bounded number of facts."""

import random
from ipaddress import IPv4Address

from lanparty_ethernet import (
    DHCP_CLIENT_PORT,
    DHCP_SERVER_PORT,
    ETHERTYPE_ARP,
    ETHERTYPE_IPV4,
    ETHERTYPE_PROBE,
    PROTOCOL_UDP,
    ArpPacket,
    DhcpKind,
    DhcpMessage,
    DhcpOption,
    Ipv4Packet,
    Probe,
    ProbeKind,
    UdpDatagram,
)
from lanparty_gateway.preflight import RoomDhcpStation, Wish
from lanparty_gateway.preflight.examination import judge
from lanparty_gateway.preflight.facts import InterfaceFacts, LanFacts
from lanparty_gateway.preflight.survey import Survey
from lanparty_proto import BROADCAST, CUSTOMER_TAG, MacAddress, VlanTag, encode_ethernet

INPUTS = 60_000
OWN = MacAddress.parse("3c:52:82:10:00:01")
NOBODY = MacAddress.parse("02:00:5e:10:00:77")
STRANGER = MacAddress.parse("02:00:5e:10:00:02")
ETH0 = InterfaceFacts(index=2, name="eth0", mac=OWN, hardware_type=1)
MOST_SENT = 2 + 3 * 2 * 3
"""Two DISCOVERs; three tries, of two addresses, at three hosts."""


def offer(dice: random.Random) -> bytes:
    server = IPv4Address(dice.randbytes(4))
    message = DhcpMessage(
        kind=DhcpKind.OFFER,
        transaction=7,
        client_mac=NOBODY,
        from_server=True,
        options={DhcpOption.SERVER: server.packed, DhcpOption.ROUTERS: dice.randbytes(4)},
    )
    datagram = UdpDatagram(DHCP_SERVER_PORT, DHCP_CLIENT_PORT, message.encode())
    packet = Ipv4Packet(
        source=server,
        destination=IPv4Address("255.255.255.255"),
        protocol=PROTOCOL_UDP,
        payload=datagram.encode(source=server, destination=IPv4Address("255.255.255.255")),
    )
    return encode_ethernet(BROADCAST, STRANGER, ETHERTYPE_IPV4, packet.encode())


def valid(dice: random.Random) -> bytes:
    match dice.randrange(5):
        case 0:
            return offer(dice)
        case 1:
            asked = ArpPacket.request(
                sender_mac=STRANGER,
                sender_ip=IPv4Address(dice.randbytes(4)),
                target=IPv4Address(dice.randbytes(4)),
            )
            packet = dice.choice([asked, asked.reply(NOBODY)])
            return encode_ethernet(BROADCAST, STRANGER, ETHERTYPE_ARP, packet.encode())
        case 2:
            probe = Probe(kind=ProbeKind.LOOP, nonce=dice.getrandbits(64))
            return encode_ethernet(BROADCAST, STRANGER, ETHERTYPE_PROBE, probe.encode())
        case 3:
            tag = VlanTag(CUSTOMER_TAG, dice.getrandbits(16))
            return encode_ethernet(BROADCAST, STRANGER, ETHERTYPE_ARP, bytes(46), tag=tag)
        case _:
            bpdu = bytes.fromhex("4242030000") + dice.randbytes(dice.randrange(4))
            return encode_ethernet(bytes.fromhex("0180c2000000"), STRANGER, len(bpdu), bpdu)


def mutated(dice: random.Random, octets: bytes) -> bytes:
    changed = bytearray(octets)
    for _ in range(dice.randint(0, 3)):
        place = dice.randrange(len(changed))
        match dice.randrange(3):
            case 0:
                changed[place] = dice.randrange(256)
            case 1:
                del changed[place : place + dice.randint(1, 20)]
            case _:
                changed[place:place] = dice.randbytes(dice.randint(1, 20))
        changed = changed or bytearray(b"\0")
    return bytes(changed)


def any_frame(dice: random.Random) -> bytes:
    return dice.randbytes(dice.randrange(80)) if dice.random() < 0.1 else mutated(dice, valid(dice))


def test_a_hostile_lan_neither_stops_the_survey_nor_makes_it_talk() -> None:
    dice = random.Random(1)
    answered = 0
    for number in range(INPUTS // 1_000):
        vlan = 20 if number % 5 == 4 else None
        survey = Survey(OWN, nobody=NOBODY, transaction=7, vlan=vlan, now=0.0)
        sent = 0
        for step in range(1_000):
            now = step * 0.0032
            survey.receive([any_frame(dice)])
            sent += len(survey.frames_to_send(now=now))
        facts = survey.report(LanFacts(permitted=True, interface=ETH0), now=3.2)
        assert sent <= MOST_SENT
        assert facts.heard is not None
        assert facts.foreign_mac is not None
        assert len(facts.dhcp_servers) <= 16
        assert len(facts.heard.gateways) <= 16
        assert len(facts.heard.vlans) <= 4_095
        assert len(facts.foreign_mac.asked) <= 3
        answered += len(facts.dhcp_servers) + len(facts.heard.gateways)
        told = judge(Wish(interface="eth0", vlan=vlan), facts)
        assert all(len(result.figure) < 100 for result in told.results)
    assert answered > 1_000


def test_a_hostile_room_neither_stops_the_station_nor_makes_it_talk() -> None:
    dice = random.Random(2)
    station = RoomDhcpStation(NOBODY, transaction=7)
    kept = sent = 0
    for number in range(INPUTS):
        now = number / INPUTS * 4
        kept += station.receive_frame(any_frame(dice), source=dice.randrange(1, 400), now=now)
        sent += len(station.frames_to_send(now=now))
    assert sent == 2
    assert kept > 1_000
    assert 0 < len(station.servers) <= 16
