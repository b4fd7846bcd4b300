"""IPv4: what is written and read, and that scapy agrees."""

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest
from scapy.layers.inet import IP, IPOption_Router_Alert

from lanparty_ethernet import (
    PROTOCOL_ICMP,
    PROTOCOL_UDP,
    Ipv4Packet,
    PacketError,
    PacketFault,
    internet_checksum,
)

PACKET = Ipv4Packet(
    source=IPv4Address("192.168.0.1"),
    destination=IPv4Address("192.168.0.199"),
    protocol=PROTOCOL_UDP,
    payload=bytes(95),
)
OCTETS = bytes.fromhex("45000073000040004011b861c0a80001c0a800c7") + bytes(95)
ODD_ONE = replace(
    PACKET,
    type_of_service=0xB8,
    identification=0xBEEF,
    dont_fragment=False,
    more_fragments=True,
    fragment_offset=1480,
    time_to_live=1,
    options=bytes.fromhex("94040000"),
    payload=bytes(range(64)),
)


def with_checksum(header: bytearray, *, header_length: int) -> bytearray:
    header[10:12] = bytes(2)
    header[10:12] = internet_checksum(bytes(header[:header_length])).to_bytes(2, "big")
    return header


def test_a_packet_is_written_with_lengths_and_checksum() -> None:
    assert PACKET.encode() == OCTETS


@pytest.mark.parametrize("packet", [PACKET, ODD_ONE], ids=["plain", "odd"])
def test_what_is_written_is_read_and_padding_is_left_out(packet: Ipv4Packet) -> None:
    parsed = Ipv4Packet.parse(memoryview(packet.encode() + b"padding"))
    assert replace(parsed, payload=bytes(parsed.payload)) == packet


def test_a_fragment_is_known_as_one() -> None:
    assert not PACKET.is_fragment
    assert replace(PACKET, more_fragments=True).is_fragment
    assert replace(PACKET, fragment_offset=8).is_fragment


def test_scapy_reads_what_was_written() -> None:
    packet = IP(ODD_ONE.encode())
    written = packet.chksum
    del packet.chksum
    assert IP(bytes(packet)).chksum == written
    assert (packet.src, packet.dst, packet.proto) == ("192.168.0.1", "192.168.0.199", 17)
    assert (packet.tos, packet.id, packet.flags, packet.frag) == (0xB8, 0xBEEF, "MF", 185)
    assert (packet.ttl, packet.ihl, packet.len) == (1, 6, 88)


def test_what_scapy_wrote_is_read() -> None:
    octets = bytes(
        IP(src="10.0.0.1", dst="10.0.0.2", proto=1, options=IPOption_Router_Alert()) / b"data"
    )
    parsed = Ipv4Packet.parse(memoryview(octets))
    assert (str(parsed.source), str(parsed.destination)) == ("10.0.0.1", "10.0.0.2")
    assert (parsed.protocol, bytes(parsed.payload)) == (PROTOCOL_ICMP, b"data")
    assert parsed.options == bytes.fromhex("94040000")


def test_the_payload_is_a_view() -> None:
    buffer = bytearray(OCTETS)
    payload = Ipv4Packet.parse(memoryview(buffer)).payload
    buffer[20] = 0xEE
    assert payload[0] == 0xEE


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", PacketFault.TRUNCATED),
        (OCTETS[:1], PacketFault.TRUNCATED),
        (OCTETS[:19], PacketFault.TRUNCATED),
        (OCTETS[:-1], PacketFault.TRUNCATED),
        (b"\x65" + OCTETS[1:], PacketFault.VERSION),
        (b"\x05" + OCTETS[1:], PacketFault.VERSION),
        (b"\x44" + OCTETS[1:], PacketFault.LENGTH),
        (b"\x40" + OCTETS[1:], PacketFault.LENGTH),
        (b"\x46" + OCTETS[1:], PacketFault.CHECKSUM),
        (OCTETS[:8] + b"\x3f" + OCTETS[9:], PacketFault.CHECKSUM),
        (
            with_checksum(bytearray(OCTETS[:2] + b"\x00\x13" + OCTETS[4:]), header_length=20),
            PacketFault.LENGTH,
        ),
    ],
)
def test_what_is_no_packet_is_refused_with_its_reason(octets: bytes, reason: PacketFault) -> None:
    with pytest.raises(PacketError) as refused:
        Ipv4Packet.parse(memoryview(octets))
    assert refused.value.reason is reason


@pytest.mark.parametrize(
    "changes",
    [
        {"options": bytes(3)},
        {"options": bytes(44)},
        {"payload": bytes(65516)},
        {"fragment_offset": 4},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_fits_no_packet_is_the_callers_mistake(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        replace(PACKET, **changes).encode()
