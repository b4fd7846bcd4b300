"""DHCP messages: what is written and read, and that scapy agrees."""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from scapy.layers.dhcp import BOOTP, DHCP

from lanparty_ethernet import (
    DhcpKind,
    DhcpMessage,
    DhcpOption,
    PacketError,
    PacketFault,
    address_option,
    addresses_option,
    prefix_length_option,
    seconds_option,
)
from lanparty_proto import MacAddress

MAC = MacAddress.parse("02:00:5e:10:00:01")
REQUEST = DhcpMessage(
    kind=DhcpKind.REQUEST,
    transaction=0x12345678,
    client_mac=MAC,
    seconds=3,
    client_address=IPv4Address("10.0.0.5"),
    options={
        DhcpOption.CLIENT_IDENTIFIER: b"\x01" + MAC,
        DhcpOption.SERVER: bytes((10, 0, 0, 1)),
    },
)


def answer(*options: object) -> bytes:
    """A server's message, written by scapy."""
    return bytes(
        BOOTP(op=2, xid=7, yiaddr="10.0.0.5", chaddr=MAC)
        / DHCP(options=[("message-type", "offer"), *options, "end"])
    )


def with_options(octets: str, *, name: str = "", file: str = "") -> bytes:
    """A server's message with these octets as its options."""
    message = bytes(BOOTP(op=2, xid=7, chaddr=MAC)) + bytes.fromhex("63825363" + octets)
    filled = bytearray(message)
    filled[44:108] = bytes.fromhex(name).ljust(64, b"\0")
    filled[108:236] = bytes.fromhex(file).ljust(128, b"\0")
    return bytes(filled)


def test_a_client_may_want_to_be_answered_by_broadcast() -> None:
    wanted = replace(REQUEST, broadcast=True)
    assert (BOOTP(wanted.encode()).flags, BOOTP(REQUEST.encode()).flags) == (0x8000, 0)
    assert DhcpMessage.parse(wanted.encode()).broadcast
    assert not DhcpMessage.parse(REQUEST.encode()).broadcast


def test_scapy_reads_what_was_written() -> None:
    packet = BOOTP(REQUEST.encode())
    assert (packet.op, packet.htype, packet.hlen, packet.xid) == (1, 1, 6, 0x12345678)
    assert (packet.secs, packet.ciaddr, packet.yiaddr) == (3, "10.0.0.5", "0.0.0.0")
    assert packet.chaddr[:6] == MAC
    assert packet[DHCP].options[:3] == [
        ("message-type", 3),
        ("client_id", b"\x01" + MAC),
        ("server_id", "10.0.0.1"),
    ]


def test_a_message_is_as_long_as_relay_agents_want_it() -> None:
    assert len(REQUEST.encode()) == 300


def test_what_was_written_is_read() -> None:
    assert DhcpMessage.parse(REQUEST.encode()) == REQUEST


def test_what_scapy_wrote_is_read() -> None:
    message = DhcpMessage.parse(
        answer(
            ("server_id", "10.0.0.1"),
            ("subnet_mask", "255.255.254.0"),
            ("router", "10.0.0.1", "10.0.0.2"),
            ("lease_time", 3600),
        )
    )
    assert message.kind is DhcpKind.OFFER
    assert message.from_server
    assert message.your_address == IPv4Address("10.0.0.5")
    assert address_option(message.options, DhcpOption.SERVER) == IPv4Address("10.0.0.1")
    assert prefix_length_option(message.options) == 23
    assert seconds_option(message.options, DhcpOption.LEASE_SECONDS) == 3600
    assert addresses_option(message.options, DhcpOption.ROUTERS) == (
        IPv4Address("10.0.0.1"),
        IPv4Address("10.0.0.2"),
    )


def test_options_continue_in_the_fields_that_option_52_opens() -> None:
    message = DhcpMessage.parse(
        with_options("350105 340103 ff", file="3304 00000e10 ff", name="0104 ffffff00 ff")
    )
    assert seconds_option(message.options, DhcpOption.LEASE_SECONDS) == 3600
    assert prefix_length_option(message.options) == 24


def test_the_fields_stay_closed_without_it() -> None:
    message = DhcpMessage.parse(with_options("350105 ff", file="3304 00000e10 ff"))
    assert seconds_option(message.options, DhcpOption.LEASE_SECONDS) is None


def test_an_option_in_pieces_is_put_together() -> None:
    message = DhcpMessage.parse(with_options("350105 0302 0a00 00 0302 0001 ff"))
    assert addresses_option(message.options, DhcpOption.ROUTERS) == (IPv4Address("10.0.0.1"),)


def test_options_may_end_without_an_end() -> None:
    assert DhcpMessage.parse(with_options("350105")).kind is DhcpKind.ACK


@pytest.mark.parametrize("options", ["350105 33", "350105 3304 00", "350105 3304000000"])
def test_an_option_that_ends_in_the_middle_is_malformed(options: str) -> None:
    with pytest.raises(PacketError) as refused:
        DhcpMessage.parse(with_options(options))
    assert refused.value.reason is PacketFault.LENGTH


@pytest.mark.parametrize("length", range(240))
def test_a_shorter_message_is_truncated(length: int) -> None:
    with pytest.raises(PacketError) as refused:
        DhcpMessage.parse(REQUEST.encode()[:length])
    assert refused.value.reason is PacketFault.TRUNCATED


@pytest.mark.parametrize("options", ["ff", "350100 ff", "350109 ff", "35020505 ff"])
def test_plain_bootp_and_unknown_kinds_are_not_read(options: str) -> None:
    with pytest.raises(PacketError) as refused:
        DhcpMessage.parse(with_options(options))
    assert refused.value.reason is PacketFault.KIND


@pytest.mark.parametrize(("at", "octet"), [(0, 3), (1, 6), (2, 16), (236, 0)])
def test_other_hardware_and_protocols_are_not_read(at: int, octet: int) -> None:
    changed = bytearray(REQUEST.encode())
    changed[at] = octet
    with pytest.raises(PacketError) as refused:
        DhcpMessage.parse(bytes(changed))
    assert refused.value.reason is PacketFault.KIND


@pytest.mark.parametrize("mask", ["ff00ff00", "00ffffff", "fffffe01", "ffff", ""])
def test_a_mask_whose_ones_do_not_stand_in_front_is_none(mask: str) -> None:
    assert prefix_length_option({DhcpOption.SUBNET_MASK: bytes.fromhex(mask)}) is None


def test_a_value_too_long_for_an_option_is_the_callers_mistake() -> None:
    message = DhcpMessage(
        kind=DhcpKind.DISCOVER, transaction=1, client_mac=MAC, options={61: bytes(256)}
    )
    with pytest.raises(ValueError, match="255"):
        message.encode()
