"""UDP datagrams: what is written and read, and that scapy agrees."""

from ipaddress import IPv4Address

import pytest
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

from lanparty_ethernet import PacketError, PacketFault, UdpDatagram

SOURCE = IPv4Address("10.77.0.1")
DESTINATION = IPv4Address("10.77.0.2")
DATAGRAM = UdpDatagram(68, 67, b"hello")


def written(datagram: UdpDatagram = DATAGRAM) -> bytes:
    return datagram.encode(source=SOURCE, destination=DESTINATION)


def read(octets: bytes) -> UdpDatagram:
    return UdpDatagram.parse(octets, source=SOURCE, destination=DESTINATION)


def by_scapy(payload: bytes, length: int | None = None) -> bytes:
    packet = IP(src=str(SOURCE), dst=str(DESTINATION)) / UDP(sport=68, dport=67, len=length)
    return bytes(packet / Raw(payload))[20:]


@pytest.mark.parametrize("payload", [b"", b"x", b"hello", bytes(999), b"\xff" * 1000])
def test_scapy_writes_the_same(payload: bytes) -> None:
    assert written(UdpDatagram(68, 67, payload)) == by_scapy(payload)


def test_what_was_written_is_read_and_what_follows_is_left_out() -> None:
    assert read(written() + bytes(9)) == DATAGRAM


def test_a_sum_of_zero_is_written_as_all_ones() -> None:
    # The payload that makes the sum come out as zero: RFC 768 keeps 0 for "no checksum".
    complement = int.from_bytes(written(UdpDatagram(68, 67, b"\0\0"))[6:8], "big")
    octets = written(UdpDatagram(68, 67, complement.to_bytes(2, "big")))
    assert octets[6:8] == b"\xff\xff"
    assert read(octets).payload == complement.to_bytes(2, "big")


def test_a_datagram_without_a_checksum_is_taken() -> None:
    octets = bytearray(written())
    octets[6:8] = bytes(2)
    assert read(bytes(octets)) == DATAGRAM


@pytest.mark.parametrize("at", [0, 3, 7, 9, 12])
def test_a_changed_datagram_is_not(at: int) -> None:
    octets = bytearray(written())
    octets[at] ^= 0x40
    with pytest.raises(PacketError) as refused:
        read(bytes(octets))
    assert refused.value.reason is PacketFault.CHECKSUM


@pytest.mark.parametrize("length", range(13))
def test_a_shorter_datagram_is_truncated(length: int) -> None:
    with pytest.raises(PacketError) as refused:
        read(written()[:length])
    assert refused.value.reason is PacketFault.TRUNCATED


def test_a_length_under_that_of_the_header_is_none() -> None:
    with pytest.raises(PacketError) as refused:
        read(by_scapy(b"hello", length=7))
    assert refused.value.reason is PacketFault.LENGTH
