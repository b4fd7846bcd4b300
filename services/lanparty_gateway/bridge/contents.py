"""What a frame carries, as far as the bridge's policies ask: DHCP, router advertisements, tunnels.

It looks past VLAN tags (802.1Q, 802.1ad), LLC/SNAP headers (RFC 1042), IPv4 options and IPv6
extension headers. The first fragment of a packet decides, since the others are worth nothing
without it; one that ends before what decides is unreadable (RFC 1858, RFC 3128, RFC 7112), and so
is a packet whose headers end early. Checksums aren't looked at: a receiver throws away what has a
wrong one, and what is thrown away there may as well be dropped here.
"""

from collections.abc import Iterable
from enum import Enum, auto
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from lanparty_ethernet import (
    DHCP_CLIENT_PORT,
    DHCP_SERVER_PORT,
    ETHERTYPE_IPV4,
    ETHERTYPE_PROBE,
    PROTOCOL_UDP,
    PacketError,
    Probe,
    ProbeDirection,
    ProbeKind,
)
from lanparty_proto import CUSTOMER_TAG, ETHERNET_HEADER_LENGTH, SERVICE_TAG

__all__ = ["Content", "ContentReader"]

_IPV4: Final = ETHERTYPE_IPV4.to_bytes(2)
_IPV6: Final = b"\x86\xdd"
_PROBE: Final = ETHERTYPE_PROBE.to_bytes(2)
_TAGS: Final = frozenset(tag.to_bytes(2) for tag in (CUSTOMER_TAG, SERVICE_TAG))
_SNAP: Final = frozenset((bytes.fromhex("aaaa03000000"), bytes.fromhex("aaaa030000f8")))
"""RFC 1042, and the bridge tunnel encapsulation of IEEE 802.1H for what RFC 1042 can't carry."""
_LARGEST_LENGTH: Final = 1_500

_MOST_TAGS: Final = 4
"""A host strips one or two."""
_MOST_EXTENSIONS: Final = 8
"""More extension headers than any packet has use for."""

_IPV4_HEADER: Final = 20
_IPV6_HEADER: Final = 40
_UDP_HEADER: Final = 8
_OFFSET_MASK: Final = 0x1FFF
_OFFSET6_MASK: Final = 0xFFF8

_ICMPV6: Final = 58
_ROUTER_ADVERTISEMENT: Final = 134
_REDIRECT: Final = 137
_FRAGMENT: Final = 44
_AUTHENTICATION: Final = 51
_EXTENSIONS: Final = frozenset((0, 43, 60, 135, 139, 140))
"""Hop-by-hop, routing and destination options, mobility, host identity, shim6 (RFC 7045)."""

_BOOT_REPLY: Final = 2
_DHCP6_CLIENT_PORT: Final = 546
_DHCP6_SERVER_PORT: Final = 547
_DHCP6_OF_SERVERS: Final = frozenset((2, 7, 10, 13))
"""Advertise, reply, reconfigure and relay-reply (RFC 8415 section 7.3)."""


class Content(Enum):
    """What a frame carries."""

    PLAIN = auto()
    """Nothing that a policy asks about."""
    TUNNEL = auto()
    """UDP from or to a relay of softlan's."""
    DHCP_SERVER = auto()
    """A message that a DHCP or DHCPv6 server or relay agent sends, or one that looks like it."""
    DHCP_CLIENT = auto()
    ROUTER_ADVERTISEMENT = auto()
    """Or a redirect: both say where other packets go."""
    ROOM_PROBE = auto()
    """A gateway's search of its room for loops."""
    LAN_PROBE = auto()
    """A gateway's search of its LAN, with its id."""
    UNREADABLE = auto()


class ContentReader:
    """Reads frames; it knows the relays whose packets are a tunnel's."""

    def __init__(self) -> None:
        self._endpoints: frozenset[tuple[bytes, int]] = frozenset()
        self._hosts: frozenset[bytes] = frozenset()

    def set_relays(self, relays: Iterable[tuple[IPv4Address | IPv6Address, int]]) -> None:
        """Name the addresses and UDP ports of the relays that are dialed."""
        self._endpoints = frozenset((address.packed, port) for address, port in relays)
        self._hosts = frozenset(host for host, _ in self._endpoints)

    def read(self, frame: bytes) -> Content:
        """Say what a frame of at least 14 bytes carries."""
        kind = frame[12:14]
        at = ETHERNET_HEADER_LENGTH
        if kind in _TAGS:
            for _ in range(_MOST_TAGS):
                kind = frame[at + 2 : at + 4]
                at += 4
                if kind not in _TAGS:
                    break
            if len(kind) < 2 or kind in _TAGS:
                return Content.UNREADABLE
        if int.from_bytes(kind) <= _LARGEST_LENGTH and frame[at : at + 6] in _SNAP:
            kind = frame[at + 6 : at + 8]
            at += 8
        if kind == _IPV4:
            return self._read_ipv4(frame, at)
        if kind == _IPV6:
            return self._read_ipv6(frame, at)
        return _read_probe(frame, at) if kind == _PROBE else Content.PLAIN

    def _read_ipv4(self, frame: bytes, at: int) -> Content:
        if len(frame) < at + _IPV4_HEADER:
            return Content.UNREADABLE
        if frame[at + 9] != PROTOCOL_UDP:
            return Content.PLAIN
        end = min(len(frame), at + int.from_bytes(frame[at + 2 : at + 4]))
        source, destination = frame[at + 12 : at + 16], frame[at + 16 : at + 20]
        offset = int.from_bytes(frame[at + 6 : at + 8]) & _OFFSET_MASK
        if offset == 1:
            return Content.UNREADABLE  # It could overwrite what the first fragment said.
        if offset:
            return self._read_later_fragment(source, destination)
        start = at + (frame[at] & 0x0F) * 4
        if start < at + _IPV4_HEADER or start + _UDP_HEADER > end:
            return Content.UNREADABLE
        from_port = frame[start] << 8 | frame[start + 1]
        to_port = frame[start + 2] << 8 | frame[start + 3]
        if self._is_tunnel(source, from_port, destination, to_port):
            return Content.TUNNEL
        if from_port == DHCP_SERVER_PORT or to_port == DHCP_CLIENT_PORT:
            return Content.DHCP_SERVER
        if to_port == DHCP_SERVER_PORT or from_port == DHCP_CLIENT_PORT:
            if start + _UDP_HEADER == end:
                return Content.UNREADABLE
            is_reply = frame[start + _UDP_HEADER] == _BOOT_REPLY
            return Content.DHCP_SERVER if is_reply else Content.DHCP_CLIENT
        return Content.PLAIN

    def _read_ipv6(self, frame: bytes, at: int) -> Content:
        start = at + _IPV6_HEADER
        if len(frame) < start:
            return Content.UNREADABLE
        end = min(len(frame), start + int.from_bytes(frame[at + 4 : at + 6]))
        source, destination = frame[at + 8 : at + 24], frame[at + 24 : start]
        header = frame[at + 6]
        for _ in range(_MOST_EXTENSIONS):
            if header in _EXTENSIONS or header == _AUTHENTICATION:
                if start + 8 > end:
                    return Content.UNREADABLE
                length = frame[start + 1]
                # In units of 4 and without 2 of them (RFC 4302 section 2.2), or of 8 without 1.
                start_of_next = (length + 2) * 4 if header == _AUTHENTICATION else (length + 1) * 8
                header = frame[start]
                start += start_of_next
            elif header == _FRAGMENT:
                if start + 8 > end:
                    return Content.UNREADABLE
                header = frame[start]
                if int.from_bytes(frame[start + 2 : start + 4]) & _OFFSET6_MASK:
                    return self._read_later_fragment(source, destination)
                start += 8
            else:
                break
        else:
            return Content.UNREADABLE
        if header == _ICMPV6:
            return _read_icmpv6(frame, start, end)
        if header != PROTOCOL_UDP:
            return Content.PLAIN if start <= end else Content.UNREADABLE
        if start + _UDP_HEADER > end:
            return Content.UNREADABLE
        from_port = frame[start] << 8 | frame[start + 1]
        to_port = frame[start + 2] << 8 | frame[start + 3]
        if self._is_tunnel(source, from_port, destination, to_port):
            return Content.TUNNEL
        if from_port == _DHCP6_SERVER_PORT or to_port == _DHCP6_CLIENT_PORT:
            return Content.DHCP_SERVER
        if to_port == _DHCP6_SERVER_PORT or from_port == _DHCP6_CLIENT_PORT:
            if start + _UDP_HEADER == end:
                return Content.UNREADABLE
            is_servers = frame[start + _UDP_HEADER] in _DHCP6_OF_SERVERS
            return Content.DHCP_SERVER if is_servers else Content.DHCP_CLIENT
        return Content.PLAIN

    def _is_tunnel(self, source: bytes, from_port: int, destination: bytes, to_port: int) -> bool:
        endpoints = self._endpoints
        return (source, from_port) in endpoints or (destination, to_port) in endpoints

    def _read_later_fragment(self, source: bytes, destination: bytes) -> Content:
        """Judge by the addresses alone: QUIC's packets are never cut, so none is missed."""
        is_tunnel = source in self._hosts or destination in self._hosts
        return Content.TUNNEL if is_tunnel else Content.PLAIN


def _read_icmpv6(frame: bytes, start: int, end: int) -> Content:
    if start >= end:
        return Content.UNREADABLE
    is_routing = frame[start] in (_ROUTER_ADVERTISEMENT, _REDIRECT)
    return Content.ROUTER_ADVERTISEMENT if is_routing else Content.PLAIN


def _read_probe(frame: bytes, at: int) -> Content:
    try:
        probe = Probe.parse(frame[at:])
    except PacketError:
        return Content.PLAIN
    if probe.kind is not ProbeKind.LOOP:
        return Content.PLAIN
    is_rooms = probe.direction is ProbeDirection.INTO_ROOM
    return Content.ROOM_PROBE if is_rooms else Content.LAN_PROBE
