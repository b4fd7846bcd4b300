"""ICMP echo: what is written and read, and that scapy agrees."""

import pytest
from scapy.layers.inet import ICMP

from lanparty_ethernet import EchoKind, IcmpEcho, PacketError, PacketFault, internet_checksum

REQUEST = IcmpEcho(EchoKind.REQUEST, 0x1234, 7, b"softlan!!")


def test_a_request_is_written_with_its_checksum() -> None:
    octets = REQUEST.encode()
    assert octets[:2] == b"\x08\x00"
    assert octets[4:] == bytes.fromhex("12340007") + b"softlan!!"
    assert internet_checksum(octets) == 0


def test_a_reply_returns_what_the_request_brought() -> None:
    reply = REQUEST.reply()
    assert reply == IcmpEcho(EchoKind.REPLY, 0x1234, 7, b"softlan!!")
    assert IcmpEcho.parse(memoryview(reply.encode())) == reply


def test_scapy_reads_what_was_written() -> None:
    message = ICMP(REQUEST.encode())
    assert (message.type, message.code, message.id, message.seq) == (8, 0, 0x1234, 7)
    written = message.chksum
    del message.chksum
    assert ICMP(bytes(message)).chksum == written


def test_what_scapy_wrote_is_read() -> None:
    octets = bytes(ICMP(type=8, id=0x1234, seq=7) / b"softlan!!")
    assert IcmpEcho.parse(octets) == REQUEST


@pytest.mark.parametrize("length", range(8))
def test_a_message_without_its_header_is_truncated(length: int) -> None:
    with pytest.raises(PacketError) as refused:
        IcmpEcho.parse(REQUEST.encode()[:length])
    assert refused.value.reason is PacketFault.TRUNCATED


def test_a_changed_bit_is_noticed() -> None:
    octets = bytearray(REQUEST.encode())
    octets[-1] ^= 1
    with pytest.raises(PacketError) as refused:
        IcmpEcho.parse(bytes(octets))
    assert refused.value.reason is PacketFault.CHECKSUM


@pytest.mark.parametrize(("kind", "code"), [(3, 0), (13, 0), (8, 1)])
def test_other_messages_are_not_read(kind: int, code: int) -> None:
    with pytest.raises(PacketError) as refused:
        IcmpEcho.parse(bytes(ICMP(type=kind, code=code) / bytes(8)))
    assert refused.value.reason is PacketFault.KIND
