"""The header fields of a frame that a log shows: who to whom, and what kind. Never its payload.

Made for looking, not for deciding: no checksum is verified, no length has to be right, and what
can't be read is left out. So it reads the first piece of a cut frame too.
"""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple

from lanparty_ethernet.arp import ETHERTYPE_ARP, ArpPacket
from lanparty_ethernet.errors import PacketError
from lanparty_ethernet.ipv4 import ETHERTYPE_IPV4, PROTOCOL_TCP, PROTOCOL_UDP
from lanparty_ethernet.ipv6 import (
    ETHERTYPE_IPV6,
    IPV6_HEADER_LENGTH,
    PROTOCOL_ICMPV6,
    find_ipv6_payload,
)
from lanparty_ethernet.network_place import find_network_header
from lanparty_proto import CUSTOMER_TAG, ETHERNET_HEADER_LENGTH, SERVICE_TAG, MacAddress

__all__ = ["HeaderFields", "PacketFields", "read_header_fields"]

_SHORTEST_IPV4_HEADER: Final = 20
_OFFSET_MASK: Final = 0x1FFF
_WITH_PORTS: Final = frozenset({PROTOCOL_TCP, PROTOCOL_UDP})
_PORTS_LENGTH: Final = 4


class PacketFields(NamedTuple):
    """What an ARP, IPv4 or IPv6 packet says of itself; None for what it doesn't."""

    source_address: str | None = None
    destination_address: str | None = None
    """In ARP the address that is asked for or answered to."""
    protocol: int | None = None
    """IANA's protocol number."""
    source_port: int | None = None
    destination_port: int | None = None
    arp: str | None = None
    """`request` or `reply`."""


_NOTHING_INSIDE: Final = PacketFields()


class HeaderFields(NamedTuple):
    """What a frame says of itself; None for what it ends before."""

    destination: str | None
    """MAC address."""
    source: str | None
    """MAC address."""
    ethertype: int | None
    """Behind VLAN tags; up to 1,500 it is a length (IEEE 802.3)."""
    vlan: int | None
    """VLAN identifier of the outer tag; None without a tag."""
    packet: PacketFields


_NO_FRAME: Final = HeaderFields(None, None, None, None, _NOTHING_INSIDE)


def read_header_fields(frame: bytes | memoryview, *, has_packet: bool = True) -> HeaderFields:
    """Read what can be read of a frame, or of its beginning. Raises nothing.

    Without `has_packet` what follows the Ethernet header isn't looked at: it is a later piece.
    """
    if len(frame) < ETHERNET_HEADER_LENGTH:
        return _NO_FRAME
    destination = str(MacAddress(bytes(frame[0:6])))
    source = str(MacAddress(bytes(frame[6:12])))
    try:
        ethertype, at = find_network_header(frame)
    except PacketError:
        return HeaderFields(destination, source, None, None, _NOTHING_INSIDE)
    is_tagged = _number(frame, 12) in (CUSTOMER_TAG, SERVICE_TAG)
    vlan = _number(frame, 14) & 0x0FFF if is_tagged else None
    packet = _read_packet(frame, ethertype, at) if has_packet else _NOTHING_INSIDE
    return HeaderFields(destination, source, ethertype, vlan, packet)


def _read_packet(frame: bytes | memoryview, ethertype: int, at: int) -> PacketFields:
    reader = _READERS.get(ethertype)
    return _NOTHING_INSIDE if reader is None else reader(frame, at)


def _read_arp(frame: bytes | memoryview, at: int) -> PacketFields:
    try:
        packet = ArpPacket.parse(memoryview(frame)[at:])
    except PacketError:
        return _NOTHING_INSIDE
    return PacketFields(
        source_address=str(packet.sender_ip),
        destination_address=str(packet.target_ip),
        arp=packet.operation.name.lower(),
    )


def _read_ipv4(frame: bytes | memoryview, at: int) -> PacketFields:
    if len(frame) < at + _SHORTEST_IPV4_HEADER or frame[at] >> 4 != 4:
        return _NOTHING_INSIDE
    protocol = frame[at + 9]
    is_first = not _number(frame, at + 6) & _OFFSET_MASK
    behind = at + (frame[at] & 0x0F) * 4
    source_port, destination_port = _ports(frame, behind, protocol if is_first else None)
    return PacketFields(
        source_address=str(IPv4Address(bytes(frame[at + 12 : at + 16]))),
        destination_address=str(IPv4Address(bytes(frame[at + 16 : at + 20]))),
        protocol=protocol,
        source_port=source_port,
        destination_port=destination_port,
    )


def _read_ipv6(frame: bytes | memoryview, at: int) -> PacketFields:
    behind = at + IPV6_HEADER_LENGTH
    if len(frame) < behind or frame[at] >> 4 != 6:
        return _NOTHING_INSIDE
    protocol: int | None = frame[at + 6]
    if protocol not in _WITH_PORTS and protocol != PROTOCOL_ICMPV6:
        try:
            place = find_ipv6_payload(frame, at)
        except PacketError:
            protocol = None
        else:
            protocol, behind = place.protocol, place.start
            if not place.is_first:
                behind = len(frame)
    source_port, destination_port = _ports(frame, behind, protocol)
    return PacketFields(
        source_address=str(IPv6Address(bytes(frame[at + 8 : at + 24]))),
        destination_address=str(IPv6Address(bytes(frame[at + 24 : at + 40]))),
        protocol=protocol,
        source_port=source_port,
        destination_port=destination_port,
    )


_READERS: Final[Mapping[int, Callable[[bytes | memoryview, int], PacketFields]]] = {
    ETHERTYPE_ARP: _read_arp,
    ETHERTYPE_IPV4: _read_ipv4,
    ETHERTYPE_IPV6: _read_ipv6,
}


def _ports(
    frame: bytes | memoryview, at: int, protocol: int | None
) -> tuple[int, int] | tuple[None, None]:
    if protocol not in _WITH_PORTS or len(frame) < at + _PORTS_LENGTH:
        return None, None
    return _number(frame, at), _number(frame, at + 2)


def _number(frame: bytes | memoryview, at: int) -> int:
    return frame[at] << 8 | frame[at + 1]
