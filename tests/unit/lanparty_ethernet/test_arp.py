"""ARP: what is written and read, and that scapy agrees."""

from ipaddress import IPv4Address

import pytest
from scapy.layers.l2 import ARP

from lanparty_ethernet import ArpOperation, ArpPacket, PacketError, PacketFault
from lanparty_proto import MacAddress

ASKING = MacAddress.parse("02:00:5e:10:00:01")
ASKED = MacAddress.parse("02:00:5e:10:00:02")
REQUEST = ArpPacket.request(
    sender_mac=ASKING, sender_ip=IPv4Address("10.77.0.1"), target=IPv4Address("10.77.0.2")
)
REQUEST_OCTETS = bytes.fromhex("000108000604000102005e1000010a4d00010000000000000a4d0002")


def test_a_request_is_written_as_rfc_826_says() -> None:
    assert REQUEST.encode() == REQUEST_OCTETS


def test_a_request_is_read_and_padding_is_ignored() -> None:
    assert ArpPacket.parse(memoryview(REQUEST_OCTETS + bytes(18))) == REQUEST


def test_a_reply_answers_who_asked() -> None:
    reply = REQUEST.reply(ASKED)
    assert reply == ArpPacket(
        ArpOperation.REPLY, ASKED, IPv4Address("10.77.0.2"), ASKING, IPv4Address("10.77.0.1")
    )
    assert ArpPacket.parse(memoryview(reply.encode())) == reply


def test_scapy_reads_what_was_written() -> None:
    packet = ARP(REQUEST.reply(ASKED).encode())
    assert (packet.op, packet.hwsrc, packet.psrc) == (2, str(ASKED), "10.77.0.2")
    assert (packet.hwdst, packet.pdst) == (str(ASKING), "10.77.0.1")


def test_what_scapy_wrote_is_read() -> None:
    octets = bytes(
        ARP(op=1, hwsrc=str(ASKING), psrc="10.77.0.1", hwdst="00:00:00:00:00:00", pdst="10.77.0.2")
    )
    assert ArpPacket.parse(memoryview(octets)) == REQUEST


@pytest.mark.parametrize("length", range(28))
def test_a_shorter_packet_is_truncated(length: int) -> None:
    with pytest.raises(PacketError) as refused:
        ArpPacket.parse(memoryview(REQUEST_OCTETS[:length]))
    assert refused.value.reason is PacketFault.TRUNCATED


@pytest.mark.parametrize(
    ("at", "octets"),
    [(0, "0006"), (2, "86dd"), (4, "08"), (5, "10"), (6, "0000"), (6, "0003"), (6, "0008")],
)
def test_other_hardware_protocols_and_operations_are_not_read(at: int, octets: str) -> None:
    changed = bytearray(REQUEST_OCTETS)
    new = bytes.fromhex(octets)
    changed[at : at + len(new)] = new
    with pytest.raises(PacketError) as refused:
        ArpPacket.parse(memoryview(changed))
    assert refused.value.reason is PacketFault.KIND


def test_a_probe_asks_without_saying_who_asks() -> None:
    probe = ArpPacket.probe(sender_mac=ASKING, target=IPv4Address("10.77.0.2"))
    assert probe.is_probe
    assert probe.encode() == bytes.fromhex(
        "000108000604000102005e100001000000000000000000000a4d0002"
    )


def test_an_announcement_names_the_address_twice() -> None:
    announcement = ArpPacket.announcement(mac=ASKING, address=IPv4Address("10.77.0.1"))
    assert not announcement.is_probe
    assert announcement.encode() == bytes.fromhex(
        "000108000604000102005e1000010a4d00010000000000000a4d0001"
    )
