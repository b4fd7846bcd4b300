"""What a frame carries, as far as the bridge's policies ask: DHCP, routers' words, tunnels.

It looks past VLAN tags (802.1Q, 802.1ad), LLC/SNAP headers (RFC 1042), IPv4 options and IPv6
extension headers. The first fragment of a packet decides, since the others are worth nothing
without it; one that ends before what decides is unreadable (RFC 1858, RFC 3128, RFC 7112), and so
is a packet whose headers end early. Checksums aren't looked at: a receiver throws away what has a
wrong one, and what is thrown away there may as well be dropped here.
"""

from collections.abc import Iterable
from enum import Enum, auto
from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple

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
_SMALLEST_TYPE: Final = 0x0600
"""A smaller number is a length (IEEE 802.3 clause 3.2.6): to most devices up to here, not 1,500."""

_MOST_WRAPPERS: Final = 4
"""Tags and SNAP headers, in any order. A host takes off one or two, an access point one."""
_MOST_EXTENSIONS: Final = 8
"""More extension headers than any packet has use for."""

_IPV4_HEADER: Final = 20
_IPV6_HEADER: Final = 40
_UDP_HEADER: Final = 8
_OFFSET_MASK: Final = 0x1FFF
_OFFSET6_MASK: Final = 0xFFF8

_IGMP: Final = 2
_IGMP_OF_ROUTERS: Final = frozenset((0x11, 0x30))
"""A query (RFC 3376 section 4.1), and a multicast router's advertisement (RFC 4286 section 3)."""
_PIM: Final = 103
_ICMPV6: Final = 58
_ICMPV6_OF_MULTICAST_ROUTERS: Final = frozenset((130, 151))
"""The same two (RFC 3810 section 5.1, RFC 4286 section 3)."""
_ROUTER_ADVERTISEMENT: Final = 134
_REDIRECT: Final = 137
_FRAGMENT: Final = 44
_AUTHENTICATION: Final = 51
_EXTENSIONS: Final = frozenset((0, 43, 60, 135, 139, 140))
"""Hop-by-hop, routing and destination options, mobility, host identity, shim6 (RFC 7045)."""


class _Dhcp(NamedTuple):
    client: int
    server: int
    """Both are UDP ports."""
    of_servers: frozenset[int]
    """First octets of what servers and relay agents say, whatever the ports."""


_DHCP: Final = _Dhcp(DHCP_CLIENT_PORT, DHCP_SERVER_PORT, frozenset((2,)))
"""BOOTREPLY (RFC 2131 section 2)."""
_DHCP6: Final = _Dhcp(546, 547, frozenset((2, 7, 10, 13)))
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
    MULTICAST_ROUTER = auto()
    """A question who listens to which group, or what else makes a port a multicast router's: from
    then on switches send their streams there (RFC 4541 section 2.1.1)."""
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
        for _ in range(_MOST_WRAPPERS + 1):
            if kind in _TAGS:
                kind = frame[at + 2 : at + 4]
                at += 4
            elif int.from_bytes(kind) < _SMALLEST_TYPE and frame[at : at + 6] in _SNAP:
                kind = frame[at + 6 : at + 8]
                at += 8
            else:
                break
        else:
            return Content.UNREADABLE
        if len(kind) < 2:
            return Content.UNREADABLE
        if kind == _IPV4:
            return self._read_ipv4(frame, at)
        if kind == _IPV6:
            return self._read_ipv6(frame, at)
        return _read_probe(frame, at) if kind == _PROBE else Content.PLAIN

    def _read_ipv4(self, frame: bytes, at: int) -> Content:
        if len(frame) < at + _IPV4_HEADER:
            return Content.UNREADABLE
        protocol = frame[at + 9]
        end = min(len(frame), at + int.from_bytes(frame[at + 2 : at + 4]))
        if protocol != PROTOCOL_UDP:
            if protocol == _IGMP:
                return _read_igmp(frame, at + (frame[at] & 0x0F) * 4, end)
            return Content.MULTICAST_ROUTER if protocol == _PIM else Content.PLAIN
        source, destination = frame[at + 12 : at + 16], frame[at + 16 : at + 20]
        offset = int.from_bytes(frame[at + 6 : at + 8]) & _OFFSET_MASK
        if offset == 1:
            return Content.UNREADABLE  # It could overwrite what the first fragment said.
        if offset:
            return self._read_later_fragment(source, destination)
        start = at + (frame[at] & 0x0F) * 4
        if start < at + _IPV4_HEADER or start + _UDP_HEADER > end:
            return Content.UNREADABLE
        return self._read_udp(frame, start, end, source, destination, _DHCP)

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
        if header == _PIM:
            return Content.MULTICAST_ROUTER
        if header != PROTOCOL_UDP:
            return Content.PLAIN if start <= end else Content.UNREADABLE
        if start + _UDP_HEADER > end:
            return Content.UNREADABLE
        return self._read_udp(frame, start, end, source, destination, _DHCP6)

    def _read_udp(
        self, frame: bytes, start: int, end: int, source: bytes, destination: bytes, dhcp: _Dhcp
    ) -> Content:
        from_port = frame[start] << 8 | frame[start + 1]
        to_port = frame[start + 2] << 8 | frame[start + 3]
        endpoints = self._endpoints
        if (source, from_port) in endpoints or (destination, to_port) in endpoints:
            return Content.TUNNEL
        client, server, of_servers = dhcp
        if from_port == server or to_port == client:
            return Content.DHCP_SERVER
        if to_port == server or from_port == client:
            if start + _UDP_HEADER == end:
                return Content.UNREADABLE
            is_servers = frame[start + _UDP_HEADER] in of_servers
            return Content.DHCP_SERVER if is_servers else Content.DHCP_CLIENT
        return Content.PLAIN

    def _read_later_fragment(self, source: bytes, destination: bytes) -> Content:
        """Judge by the addresses alone: QUIC's packets are never cut, so none is missed."""
        is_tunnel = source in self._hosts or destination in self._hosts
        return Content.TUNNEL if is_tunnel else Content.PLAIN


def _read_igmp(frame: bytes, start: int, end: int) -> Content:
    if start >= end:
        return Content.UNREADABLE
    return Content.MULTICAST_ROUTER if frame[start] in _IGMP_OF_ROUTERS else Content.PLAIN


def _read_icmpv6(frame: bytes, start: int, end: int) -> Content:
    if start >= end:
        return Content.UNREADABLE
    if frame[start] in _ICMPV6_OF_MULTICAST_ROUTERS:
        return Content.MULTICAST_ROUTER
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
