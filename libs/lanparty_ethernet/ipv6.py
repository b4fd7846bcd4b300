"""Where the parts of an IPv6 packet are (RFC 8200): its header and the extension headers behind.

0                   1                   2                   3
0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
+-------+---------------+---------------------------------------+
|   6   | traffic class |              flow label               |
+-------+---------------+-------+---------------+---------------+
|        payload length         |  next header  |   hop limit   |
+-------------------------------+---------------+---------------+
|                     source: 16, destination: 16
+---------------------------------------------------------------+
|  extension headers: next header, length / 8 - 1, ...  |  payload ...
"""

from struct import Struct
from typing import Final, NamedTuple

from lanparty_ethernet.errors import PacketError, PacketFault

__all__ = [
    "ETHERTYPE_IPV6",
    "IPV6_HEADER_LENGTH",
    "PROTOCOL_ICMPV6",
    "Ipv6Place",
    "find_ipv6_payload",
]

ETHERTYPE_IPV6: Final = 0x86DD
PROTOCOL_ICMPV6: Final = 58
IPV6_HEADER_LENGTH: Final = 40

_ROUTING: Final = 43
_FRAGMENT: Final = 44
_EXTENSION_HEADERS: Final = frozenset({0, _ROUTING, _FRAGMENT, 60, 135, 139, 140})
"""Hop-by-hop options, routing, fragment, destination options, mobility, host identity, shim6
(RFC 7045 section 4). Not authentication, which a change behind it would break."""

_MOST_EXTENSION_HEADERS: Final = 8
"""RFC 8200 section 4.1 names one of each and two of destination options; no host sends more."""

_LENGTH: Final = Struct("!H")
_PLACE_MASK: Final = 0xFFF8
_MORE_FRAGMENTS: Final = 0x0001


class Ipv6Place(NamedTuple):
    """Where in a frame the payload behind the last extension header is."""

    protocol: int
    """The next-header number of the payload."""
    start: int
    end: int
    """Where the packet ends; what follows in the frame is padding."""
    is_fragment: bool
    """The payload is a part of the packet's: an atomic fragment (RFC 6946) is none."""
    is_first: bool
    """The payload's beginning is here: true of what is no fragment."""
    is_routed: bool
    """A routing header names stations still ahead, so the destination isn't the last one, which
    the pseudo-header's checksum is over (RFC 8200 section 8.1)."""


def find_ipv6_payload(frame: bytes | memoryview, at: int) -> Ipv6Place:
    """Walk over the extension headers of the packet that begins at `at` in `frame`.

    Behind a fragment header of a later fragment the walk ends: what follows is any part of the
    packet. Raises `PacketError`: `TRUNCATED`, `VERSION`, `LENGTH` for a header that goes beyond
    the packet or for a jumbogram, `KIND` for more than 8 extension headers.
    """
    start = at + IPV6_HEADER_LENGTH
    if len(frame) < start:
        raise PacketError(PacketFault.TRUNCATED)
    if frame[at] >> 4 != 6:
        raise PacketError(PacketFault.VERSION)
    end = start + _LENGTH.unpack_from(frame, at + 4)[0]
    if end > len(frame):
        raise PacketError(PacketFault.TRUNCATED)
    protocol, is_fragment, is_first, is_routed = frame[at + 6], False, True, False
    walked = 0
    while protocol in _EXTENSION_HEADERS and is_first:
        walked += 1
        if walked > _MOST_EXTENSION_HEADERS:
            raise PacketError(PacketFault.KIND)
        if start + 8 > end:
            raise PacketError(PacketFault.LENGTH)
        length = 8
        if protocol == _FRAGMENT:
            (place,) = _LENGTH.unpack_from(frame, start + 2)
            is_first = not place & _PLACE_MASK
            is_fragment = is_fragment or bool(place & (_PLACE_MASK | _MORE_FRAGMENTS))
        else:
            length = (frame[start + 1] + 1) * 8
            is_routed = is_routed or (protocol == _ROUTING and frame[start + 3] > 0)
        protocol, start = frame[start], start + length
        if start > end:
            raise PacketError(PacketFault.LENGTH)
    return Ipv6Place(protocol, start, end, is_fragment, is_first, is_routed)
