"""IPv4 packets (RFC 791 section 3.1).

0                   1                   2                   3
0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
+-------+-------+---------------+-------------------------------+
|   4   |  IHL  | type of serv. |         total length          |
+-------+-------+---------------+-----+-------------------------+
|        identification         |0|D|M|     fragment offset     |
+---------------+---------------+-----+-------------------------+
| time to live  |   protocol    |        header checksum        |
+---------------+---------------+-------------------------------+
|                            source                             |
+---------------------------------------------------------------+
|                          destination                          |
+---------------------------------------------------------------+
|  options, 0 to 40 bytes ...   |  payload ...
"""

from dataclasses import dataclass
from ipaddress import IPv4Address
from struct import Struct
from typing import Final, Self

from lanparty_ethernet.checksum import internet_checksum
from lanparty_ethernet.errors import PacketError, PacketFault

__all__ = ["ETHERTYPE_IPV4", "PROTOCOL_ICMP", "PROTOCOL_TCP", "PROTOCOL_UDP", "Ipv4Packet"]

ETHERTYPE_IPV4: Final = 0x0800

PROTOCOL_ICMP: Final = 1
PROTOCOL_TCP: Final = 6
PROTOCOL_UDP: Final = 17

_LAYOUT: Final = Struct("!BBHHHBBH4s4s")
_SHORTEST_HEADER: Final = _LAYOUT.size
_LONGEST_HEADER: Final = 60
_LARGEST_PACKET: Final = 0xFFFF
_DONT_FRAGMENT: Final = 0x4000
_MORE_FRAGMENTS: Final = 0x2000
_OFFSET_MASK: Final = 0x1FFF
_OFFSET_UNIT: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Ipv4Packet:
    """A packet, or one fragment of a packet, without the Ethernet header around it."""

    source: IPv4Address
    destination: IPv4Address
    protocol: int
    payload: bytes | memoryview
    time_to_live: int = 64
    type_of_service: int = 0
    """Differentiated services and congestion bits (RFC 2474, RFC 3168)."""
    identification: int = 0
    """Means nothing unless the packet is or may be fragmented (RFC 6864 section 4.1)."""
    dont_fragment: bool = True
    more_fragments: bool = False
    fragment_offset: int = 0
    """In bytes, a multiple of 8."""
    options: bytes = b""
    """0 to 40 bytes, a multiple of 4."""

    @property
    def is_fragment(self) -> bool:
        """The payload is a part of the packet's."""
        return self.more_fragments or self.fragment_offset > 0

    @classmethod
    def parse(cls, octets: memoryview) -> Self:
        """Read the payload of an Ethernet frame; padding after the packet is left out.

        The packet's payload is a view, not a copy. Raises `PacketError`: `TRUNCATED`, `VERSION`,
        `LENGTH`, `CHECKSUM`.
        """
        header_length = _checked_header_length(octets)
        _, service, total, identification, place, ttl, protocol, _, source, destination = (
            _LAYOUT.unpack_from(octets)
        )
        if total < header_length:
            raise PacketError(PacketFault.LENGTH)
        if total > len(octets):
            raise PacketError(PacketFault.TRUNCATED)
        return cls(
            source=IPv4Address(source),
            destination=IPv4Address(destination),
            protocol=protocol,
            payload=octets[header_length:total],
            time_to_live=ttl,
            type_of_service=service,
            identification=identification,
            dont_fragment=bool(place & _DONT_FRAGMENT),
            more_fragments=bool(place & _MORE_FRAGMENTS),
            fragment_offset=(place & _OFFSET_MASK) * _OFFSET_UNIT,
            options=bytes(octets[_SHORTEST_HEADER:header_length]),
        )

    def encode(self) -> bytes:
        """Return the packet with its lengths and checksum.

        `ValueError` for options or a payload that no packet can have: the caller's mistake.
        """
        header_length = _SHORTEST_HEADER + len(self.options)
        total = header_length + len(self.payload)
        if header_length > _LONGEST_HEADER or header_length % 4 or total > _LARGEST_PACKET:
            raise ValueError("these options or this payload fit no IPv4 packet")
        if self.fragment_offset % _OFFSET_UNIT:
            raise ValueError("a fragment's offset is a multiple of 8")
        place = self.fragment_offset // _OFFSET_UNIT
        place |= _DONT_FRAGMENT * self.dont_fragment | _MORE_FRAGMENTS * self.more_fragments
        header = bytearray(
            _LAYOUT.pack(
                4 << 4 | header_length // 4,
                self.type_of_service,
                total,
                self.identification,
                place,
                self.time_to_live,
                self.protocol,
                0,
                self.source.packed,
                self.destination.packed,
            )
        )
        header += self.options
        header[10:12] = internet_checksum(bytes(header)).to_bytes(2, "big")
        return bytes(header) + self.payload


def _checked_header_length(octets: memoryview) -> int:
    if not octets:
        raise PacketError(PacketFault.TRUNCATED)
    if octets[0] >> 4 != 4:
        raise PacketError(PacketFault.VERSION)
    header_length = (octets[0] & 0x0F) * 4
    if header_length < _SHORTEST_HEADER:
        raise PacketError(PacketFault.LENGTH)
    if len(octets) < header_length:
        raise PacketError(PacketFault.TRUNCATED)
    if internet_checksum(octets[:header_length]):
        raise PacketError(PacketFault.CHECKSUM)
    return header_length
