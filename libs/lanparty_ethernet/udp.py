"""UDP over IPv4 (RFC 768).

0               2                  4        6          8
+---------------+------------------+--------+----------+--------------
|  source port  | destination port | length | checksum | payload ...
+---------------+------------------+--------+----------+--------------
"""

from dataclasses import dataclass
from ipaddress import IPv4Address
from struct import Struct
from typing import Final, Self

from lanparty_ethernet.checksum import internet_checksum
from lanparty_ethernet.errors import PacketError, PacketFault
from lanparty_ethernet.ipv4 import PROTOCOL_UDP

__all__ = ["UdpDatagram"]

_LAYOUT: Final = Struct("!HHHH")
_PSEUDO_HEADER: Final = Struct("!4s4sBBH")
_NO_CHECKSUM: Final = 0
_ALL_ONES: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class UdpDatagram:
    """A datagram without the IPv4 header around it."""

    source_port: int
    destination_port: int
    payload: bytes | memoryview

    @classmethod
    def parse(
        cls, octets: bytes | memoryview, *, source: IPv4Address, destination: IPv4Address
    ) -> Self:
        """Read the payload of an IPv4 packet; what follows the datagram is left out.

        The addresses are the packet's, which the checksum covers; a datagram without a checksum is
        taken. Raises `PacketError`: `TRUNCATED`, `LENGTH`, `CHECKSUM`.
        """
        if len(octets) < _LAYOUT.size:
            raise PacketError(PacketFault.TRUNCATED)
        source_port, destination_port, length, checksum = _LAYOUT.unpack_from(octets)
        if length < _LAYOUT.size:
            raise PacketError(PacketFault.LENGTH)
        if length > len(octets):
            raise PacketError(PacketFault.TRUNCATED)
        octets = octets[:length]
        pseudo_header = _pseudo_header(source, destination, length)
        if checksum != _NO_CHECKSUM and internet_checksum(pseudo_header + bytes(octets)):
            raise PacketError(PacketFault.CHECKSUM)
        return cls(source_port, destination_port, octets[_LAYOUT.size :])

    def encode(self, *, source: IPv4Address, destination: IPv4Address) -> bytes:
        """Return the datagram with its length and checksum. The payload fits an IPv4 packet."""
        length = _LAYOUT.size + len(self.payload)
        pseudo_header = _pseudo_header(source, destination, length)
        header = _LAYOUT.pack(self.source_port, self.destination_port, length, _NO_CHECKSUM)
        # A sum of 0 is written as all ones, which means the same; 0 would mean that there is none.
        checksum = internet_checksum(pseudo_header + header + self.payload) or _ALL_ONES
        return header[:6] + checksum.to_bytes(2, "big") + self.payload


def _pseudo_header(source: IPv4Address, destination: IPv4Address, length: int) -> bytes:
    return _PSEUDO_HEADER.pack(source.packed, destination.packed, 0, PROTOCOL_UDP, length)
