import random
from ipaddress import IPv4Address

import pytest

from lanparty_ethernet import (
    ETHERTYPE_ARP,
    ETHERTYPE_IPV4,
    ETHERTYPE_IPV6,
    ArpPacket,
    HeaderFields,
    Ipv4Packet,
    PacketFields,
    UdpDatagram,
    read_header_fields,
)
from lanparty_proto import BROADCAST, MacAddress, VlanTag, encode_ethernet

ANN = MacAddress.parse("02:00:5e:10:00:01")
BEN = MacAddress.parse("02:00:5e:10:00:02")
A = IPv4Address("10.9.8.1")
B = IPv4Address("10.9.8.2")
TAG = VlanTag(0x8100, 0x2005)


def udp(**changes: object) -> bytes:
    datagram = UdpDatagram(6112, 6113, b"game").encode(source=A, destination=B)
    given = {"source": A, "destination": B, "protocol": 17, "payload": datagram}
    return Ipv4Packet(**given | changes).encode()  # type: ignore[arg-type]  # fields by name


def ipv6(next_header: int, payload: bytes, *, length: int | None = None) -> bytes:
    length = len(payload) if length is None else length
    header = b"\x60\0\0\0" + length.to_bytes(2) + bytes((next_header, 64))
    return header + bytes.fromhex("fe80" + 13 * "00" + "01" + "fe80" + 13 * "00" + "02") + payload


def frame(ethertype: int, payload: bytes, tag: VlanTag | None = None) -> bytes:
    return encode_ethernet(BEN, ANN, ethertype, payload, tag=tag)


def packet_in(ethertype: int, payload: bytes) -> PacketFields:
    return read_header_fields(frame(ethertype, payload)).packet


def test_a_udp_datagram_shows_addresses_and_ports() -> None:
    assert read_header_fields(frame(ETHERTYPE_IPV4, udp())) == HeaderFields(
        destination=str(BEN),
        source=str(ANN),
        ethertype=ETHERTYPE_IPV4,
        vlan=None,
        packet=PacketFields("10.9.8.1", "10.9.8.2", 17, 6112, 6113),
    )


def test_a_tag_shows_its_vlan_and_what_is_behind_it() -> None:
    fields = read_header_fields(frame(ETHERTYPE_IPV4, udp(), TAG))
    assert (fields.vlan, fields.ethertype) == (5, ETHERTYPE_IPV4)
    assert fields.packet.destination_port == 6113


def test_arp_shows_who_asks_for_whom() -> None:
    asked = ArpPacket.request(sender_mac=ANN, sender_ip=A, target=B)
    sent = encode_ethernet(BROADCAST, ANN, ETHERTYPE_ARP, asked.encode())
    assert read_header_fields(sent).packet == PacketFields("10.9.8.1", "10.9.8.2", arp="request")
    answer = asked.reply(BEN).encode()
    assert packet_in(ETHERTYPE_ARP, answer) == PacketFields("10.9.8.2", "10.9.8.1", arp="reply")


def test_a_later_fragment_has_no_ports() -> None:
    fields = packet_in(ETHERTYPE_IPV4, udp(fragment_offset=8, dont_fragment=False))
    assert fields == PacketFields("10.9.8.1", "10.9.8.2", 17)


def test_the_first_piece_of_a_frame_shows_what_the_frame_would() -> None:
    whole = frame(ETHERTYPE_IPV4, udp(payload=bytes.fromhex("0035 0036 05dc 0000") + bytes(1400)))
    assert read_header_fields(whole[:600]) == read_header_fields(whole)


def test_a_later_piece_shows_its_ethernet_header_alone() -> None:
    fields = read_header_fields(frame(ETHERTYPE_IPV4, udp()), has_packet=False)
    assert (fields.source, fields.ethertype, fields.packet) == (
        str(ANN),
        ETHERTYPE_IPV4,
        PacketFields(),
    )


@pytest.mark.parametrize(
    ("payload", "protocol", "ports"),
    [
        (ipv6(6, bytes.fromhex("01bb01bc")), 6, (443, 444)),
        (ipv6(17, bytes.fromhex("01bb01bc"), length=1400), 17, (443, 444)),
        (ipv6(58, bytes(8)), 58, (None, None)),
        (ipv6(0, bytes.fromhex("1100000000000000 01bb01bc")), 17, (443, 444)),
        (ipv6(44, bytes.fromhex("1100000800000000 01bb01bc")), 17, (None, None)),
        (ipv6(0, b"\x11"), None, (None, None)),
    ],
    ids=["tcp", "udp, cut off", "icmp", "behind options", "later fragment", "cut in its options"],
)
def test_ipv6_shows_addresses_and_what_can_be_read_behind_them(
    payload: bytes, protocol: int | None, ports: tuple[int | None, int | None]
) -> None:
    assert packet_in(ETHERTYPE_IPV6, payload) == PacketFields(
        "fe80::1", "fe80::2", protocol, *ports
    )


@pytest.mark.parametrize("length", range(14))
def test_less_than_a_header_shows_nothing(length: int) -> None:
    assert read_header_fields(bytes(length)) == HeaderFields(None, None, None, None, PacketFields())


def test_a_tag_that_is_cut_off_shows_the_addresses() -> None:
    fields = read_header_fields(frame(ETHERTYPE_IPV4, b"", TAG)[:17])
    assert fields == HeaderFields(str(BEN), str(ANN), None, None, PacketFields())


def test_another_ethertype_shows_nothing_inside() -> None:
    assert packet_in(0x88B5, bytes(50)) == PacketFields()


def test_no_octets_are_too_strange_to_be_looked_at() -> None:
    randomly = random.Random(7)
    for _ in range(3000):
        kind = randomly.choice([ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, 0x8100])
        start = randomly.choice([b"", b"\x45", b"\x4f", b"\x60\0\0\0\0\0\0"])
        payload = start + randomly.randbytes(randomly.randrange(90))
        read_header_fields(frame(kind, payload, randomly.choice([None, TAG])))
