"""Invariant: whatever is in a frame is read, or refused as `PacketError` or `EthernetError`.

What was read is written and read again as it was; what changes a frame keeps its length. The
input's first byte chooses the reader and whether checksums are mended first, because mutations
would hardly ever get one right.
"""

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Final

from choices import Choices
from target import Target

from lanparty_ethernet import (
    PROTOCOL_ICMP,
    PROTOCOL_UDP,
    ArpPacket,
    DhcpMessage,
    DhcpOption,
    IcmpEcho,
    Ipv4Packet,
    OffloadKind,
    PacketError,
    Probe,
    UdpDatagram,
    address_option,
    addresses_option,
    clamp_mss,
    complete_checksum,
    find_ipv6_payload,
    find_neighbour_message,
    find_network_header,
    internet_checksum,
    prefix_length_option,
    read_header_fields,
    seconds_option,
    segment,
)
from lanparty_proto import EthernetError, encode_ethernet, ethernet_header_length, parse_ethernet

__all__ = ["TARGET"]

_LONGEST_OPTION: Final = 255
_BUDGETS: Final = (0, 1146, 1166, 1400, 9000)
_SEGMENT_SIZES: Final = (0, 1, 8, 536, 1448, 65_535)
_ADDRESS: Final = IPv4Address("10.77.0.1")


def frame_header(choices: Choices) -> None:
    frame = choices.rest()
    fields = read_header_fields(frame)
    assert read_header_fields(memoryview(frame)) == fields
    try:
        ethertype, at = find_network_header(frame)
    except PacketError:
        assert len(frame) < 22
    else:
        assert 14 <= at <= 22
        assert ethertype == frame[at - 2] << 8 | frame[at - 1]
    try:
        header = parse_ethernet(memoryview(frame))
    except EthernetError:
        assert len(frame) < 18
        return
    assert ethernet_header_length(frame) == header.header_length
    written = encode_ethernet(
        header.destination,
        header.source,
        header.type_or_length,
        header.payload,
        tag=header.tag,
    )
    assert written == frame


def arp(choices: Choices) -> None:
    packet = ArpPacket.parse(memoryview(choices.rest()))
    assert ArpPacket.parse(memoryview(packet.encode())) == packet


def with_header_checksum(octets: bytes) -> bytes:
    length = (octets[0] & 0x0F) * 4 if octets else 0
    if not 20 <= length <= len(octets):
        return octets
    header = octets[:10] + b"\0\0" + octets[12:length]
    return octets[:10] + internet_checksum(header).to_bytes(2, "big") + octets[12:]


def ipv4(choices: Choices, *, mended: bool) -> None:
    octets = choices.rest()
    packet = Ipv4Packet.parse(memoryview(with_header_checksum(octets) if mended else octets))
    assert Ipv4Packet.parse(memoryview(packet.encode())) == packet
    if packet.protocol == PROTOCOL_ICMP:
        echo(bytes(packet.payload), mended=mended)
    elif packet.protocol == PROTOCOL_UDP:
        udp(bytes(packet.payload), packet.source, packet.destination, mended=mended)


def echo(payload: bytes, *, mended: bool) -> None:
    if mended and len(payload) >= 4:
        checksum = internet_checksum(payload[:2] + b"\0\0" + payload[4:])
        payload = payload[:2] + checksum.to_bytes(2, "big") + payload[4:]
    message = IcmpEcho.parse(payload)
    assert IcmpEcho.parse(message.encode()) == message
    assert IcmpEcho.parse(message.reply().encode()).data == message.data


def udp(payload: bytes, source: IPv4Address, destination: IPv4Address, *, mended: bool) -> None:
    if mended:
        payload = payload[:6] + b"\0\0" + payload[8:]
    datagram = UdpDatagram.parse(payload, source=source, destination=destination)
    written = datagram.encode(source=source, destination=destination)
    assert UdpDatagram.parse(written, source=source, destination=destination) == datagram
    dhcp(bytes(datagram.payload))


def dhcp(payload: bytes) -> None:
    message = DhcpMessage.parse(payload)
    for option in DhcpOption:
        address_option(message.options, option)
        addresses_option(message.options, option)
        seconds_option(message.options, option)
    prefix = prefix_length_option(message.options)
    assert prefix is None or 0 <= prefix <= 32
    # Overload announces parts that a written message doesn't use; 0 and 255 are no options.
    rewritable = {DhcpOption.OVERLOAD, 0, 255}.isdisjoint(message.options)
    if rewritable and all(len(value) <= _LONGEST_OPTION for value in message.options.values()):
        assert DhcpMessage.parse(message.encode()) == message


def ipv6(choices: Choices) -> None:
    at = choices.of((14, 18, 0, 22))
    frame = choices.rest()
    place = find_ipv6_payload(frame, at)
    assert at + 40 <= place.start <= place.end <= len(frame)
    message = find_neighbour_message(frame, place)
    if message is not None:
        assert all(
            place.start < where and where + 6 <= place.end for where in message.link_addresses
        )


def mss(choices: Choices) -> None:
    budget = choices.of(_BUDGETS)
    frame = choices.rest()
    after = clamp_mss(frame, budget=budget)
    assert len(after) == len(frame)
    assert clamp_mss(after, budget=budget) is after, "what is clamped stays as it is"


def offload(choices: Choices) -> None:
    kind = choices.of(tuple(OffloadKind))
    size = choices.of(_SEGMENT_SIZES)
    frame = choices.rest()
    cut = segment(frame, kind=kind, segment_size=size, mtu=1500)
    assert 1 <= len(cut) <= len(frame)
    assert all(octets[:12] == frame[:12] and len(octets) <= 1522 for octets in cut)


def checksum(choices: Choices) -> None:
    start, offset = choices.byte() - 4, choices.byte() - 4
    frame = choices.rest()
    try:
        assert len(complete_checksum(frame, start=start, offset=offset)) == len(frame)
    except PacketError:
        assert start < 0 or offset < 0 or start + offset + 2 > len(frame)


def probe(choices: Choices) -> None:
    read = Probe.parse(choices.rest())
    assert Probe.parse(read.encode()) == read


_READERS: Final[tuple[Callable[[Choices], None], ...]] = (
    frame_header,
    arp,
    lambda choices: ipv4(choices, mended=True),
    lambda choices: ipv4(choices, mended=False),
    lambda choices: dhcp(choices.rest()),
    lambda choices: echo(choices.rest(), mended=True),
    lambda choices: udp(choices.rest(), _ADDRESS, _ADDRESS, mended=False),
    ipv6,
    mss,
    offload,
    checksum,
    probe,
)


def feed(data: bytes) -> None:
    """Read with one reader."""
    choices = Choices(data)
    try:
        choices.of(_READERS)(choices)
    except PacketError as error:
        assert error.reason


TARGET = Target(
    name="ethernet",
    subject="frames: Ethernet, ARP, IPv4, IPv6, ICMP, UDP, DHCP, MSS, offloads, probes",
    largest_input=1600,
    begin=lambda: feed,
)
