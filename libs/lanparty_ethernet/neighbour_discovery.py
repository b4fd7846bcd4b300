"""Neighbour discovery over Ethernet (RFC 4861 section 4): who has this IPv6 address, and routers.

The messages are ICMPv6. What tells a MAC address is an option behind the fixed part:

0      1      2          4            8
+------+------+----------+------------+---------------------------------+------------------
| type | code | checksum | 4 or more  | target: 16, not in router msgs  | options ...
+------+------+----------+------------+---------------------------------+------------------
option: type, length / 8, value: the source's (1) or the target's (2) MAC address
"""

from enum import IntEnum
from typing import Final, NamedTuple

from lanparty_ethernet.errors import PacketError, PacketFault
from lanparty_ethernet.ipv6 import PROTOCOL_ICMPV6, Ipv6Place

__all__ = ["NeighbourKind", "NeighbourMessage", "find_neighbour_message"]


class NeighbourKind(IntEnum):
    """The ICMPv6 type of a message."""

    ROUTER_SOLICITATION = 133
    ROUTER_ADVERTISEMENT = 134
    SOLICITATION = 135
    ADVERTISEMENT = 136
    REDIRECT = 137


_KINDS: Final = frozenset(map(int, NeighbourKind))
_FIXED_LENGTHS: Final = {
    NeighbourKind.ROUTER_SOLICITATION: 8,
    NeighbourKind.ROUTER_ADVERTISEMENT: 16,
    NeighbourKind.SOLICITATION: 24,
    NeighbourKind.ADVERTISEMENT: 24,
    NeighbourKind.REDIRECT: 40,
}
_TARGETED: Final = frozenset(
    {NeighbourKind.SOLICITATION, NeighbourKind.ADVERTISEMENT, NeighbourKind.REDIRECT}
)
_SHORTEST: Final = 4
_LINK_ADDRESSES: Final = frozenset({1, 2})
_OPTION_UNIT: Final = 8


class NeighbourMessage(NamedTuple):
    """A message, and where in its frame there is what a bridge may have to rewrite."""

    kind: NeighbourKind
    checksum_at: int
    target: bytes | None
    """The 16 octets of the address that it is about; None in what routers and hosts ask."""
    link_addresses: tuple[int, ...]
    """Where the MAC addresses of its options begin, 6 octets each."""


def find_neighbour_message(frame: bytes | memoryview, place: Ipv6Place) -> NeighbourMessage | None:
    """Read the payload at `place`; None if it is no neighbour discovery.

    The checksum isn't looked at. Raises `PacketError`: `TRUNCATED`, `LENGTH` for an option without
    length or beyond the message, or one for a link address that isn't Ethernet's (RFC 2464 section
    6), `KIND` for a fragment, which hosts throw away (RFC 6980).
    """
    if place.protocol != PROTOCOL_ICMPV6 or not place.is_first:
        return None
    start, end = place.start, place.end
    if start + _SHORTEST > end:
        raise PacketError(PacketFault.TRUNCATED)
    if frame[start] not in _KINDS:
        return None
    if place.is_fragment:
        raise PacketError(PacketFault.KIND)
    kind = NeighbourKind(frame[start])
    at = start + _FIXED_LENGTHS[kind]
    if at > end:
        raise PacketError(PacketFault.TRUNCATED)
    target = bytes(frame[start + 8 : start + 24]) if kind in _TARGETED else None
    link_addresses: list[int] = []
    while at < end:
        length = frame[at + 1] * _OPTION_UNIT if at + 1 < end else 0
        if not length or at + length > end:
            raise PacketError(PacketFault.LENGTH)
        if frame[at] in _LINK_ADDRESSES:
            if length != _OPTION_UNIT:
                raise PacketError(PacketFault.LENGTH)
            link_addresses.append(at + 2)
        at += length
    return NeighbourMessage(kind, start + 2, target, tuple(link_addresses))
