"""What a network card finishes for the kernel: checksums left open, and cutting large packets.

A host with transmit offloads hands its card, and so a packet socket on the same machine, TCP
packets of up to 64 KiB and checksums of which only the pseudo-header's part is there
(`struct virtio_net_hdr` in linux/virtio_net.h). What goes on through a tunnel has to be as the
card would have sent it:

    | frame and IP header | TCP header | data of up to 64 KiB                              |
    | frame and IP header | TCP header | data | frame and IP header | TCP header | data | ...

Identification (IPv4), lengths, sequence numbers and checksums are each segment's own; FIN and PSH
stay with the last one, CWR with the first (RFC 3168 section 6.1.2); all other headers and options
are repeated.
"""

from enum import Enum
from struct import Struct
from typing import Final, NamedTuple

from lanparty_ethernet.checksum import internet_checksum
from lanparty_ethernet.errors import PacketError, PacketFault
from lanparty_ethernet.ipv4 import ETHERTYPE_IPV4, PROTOCOL_TCP, PROTOCOL_UDP
from lanparty_ethernet.ipv6 import ETHERTYPE_IPV6, find_ipv6_payload
from lanparty_ethernet.network_place import find_network_header

__all__ = ["OffloadKind", "complete_checksum", "segment"]

_ALL_ONES: Final = 0xFFFF
_UDP_CHECKSUM: Final = 6
_UDP_HEADER: Final = 8
_TCP_HEADER: Final = 20
_IPV4_HEADER: Final = 20
_IPV6_HEADER: Final = 40
_NOT_WHOLE: Final = 0x3FFF
"""More-fragments bit and fragment offset."""

_FIN_AND_PUSH: Final = 0x09
_CWR: Final = 0x80

_NUMBER: Final = Struct("!H")
_LENGTH_AND_IDENTIFICATION: Final = Struct("!HH")
_SEQUENCE: Final = Struct("!I")
_PSEUDO_END: Final = Struct("!II")


class OffloadKind(Enum):
    """What a large packet is cut into."""

    TCP4 = "tcp4"
    TCP6 = "tcp6"
    UDP_SEGMENTS = "udp_segments"
    """Datagrams of one flow one after the other, over IPv4 or IPv6 (UDP_SEGMENT in udp(7))."""


def complete_checksum(frame: bytes, *, start: int, offset: int) -> bytes:
    """Return `frame` with the checksum that its sender left to the network card.

    It is over everything from `start` on (csum_start) and goes to `start + offset`, where the
    pseudo-header's sum stands already. A UDP sum of 0 becomes all ones: 0 would mean that there is
    none (RFC 768). Raises `PacketError` (`LENGTH`) for places outside of the frame.
    """
    at = start + offset
    if start < 0 or offset < 0 or at + 2 > len(frame):
        raise PacketError(PacketFault.LENGTH)
    checksum = internet_checksum(frame[start:])
    if not checksum and offset == _UDP_CHECKSUM:
        checksum = _ALL_ONES
    return b"".join((frame[:at], _NUMBER.pack(checksum), frame[at + 2 :]))


def segment(frame: bytes, *, kind: OffloadKind, segment_size: int, mtu: int) -> list[bytes]:
    """Cut a packet into finished frames of at most `segment_size` bytes of data each.

    No IP packet gets larger than `mtu` bytes: TCP is cut into smaller segments where it would, and
    a datagram, which can't be, is refused. Up to two VLAN tags and IPv6 extension headers are
    kept. Checksums are computed from the data; what stands in the frame doesn't matter. Raises
    `PacketError`: what a header announces isn't there (`TRUNCATED`, `LENGTH`, `VERSION`), no such
    packet, or a fragment of one (`KIND`), no room within the MTU (`TOO_LARGE`).
    """
    if segment_size < 1:
        raise PacketError(PacketFault.LENGTH)
    ethertype, at = find_network_header(frame)
    protocol = PROTOCOL_UDP if kind is OffloadKind.UDP_SEGMENTS else PROTOCOL_TCP
    if ethertype == ETHERTYPE_IPV4 and kind is not OffloadKind.TCP6:
        found = _place_over_ipv4(frame, at, protocol)
    elif ethertype == ETHERTYPE_IPV6 and kind is not OffloadKind.TCP4:
        found = _place_over_ipv6(frame, at, protocol)
    else:
        raise PacketError(PacketFault.KIND)
    if protocol == PROTOCOL_TCP:
        return _tcp_segments(frame, found, segment_size, mtu)
    return _datagrams(frame, found, segment_size, mtu)


class _Place(NamedTuple):
    """Where the headers are, and what all segments share."""

    network: int
    transport: int
    end: int
    is_ipv4: bool
    addresses: bytes
    protocol: int
    identification: int


def _place_over_ipv4(frame: bytes, at: int, protocol: int) -> _Place:
    if at + _IPV4_HEADER > len(frame):
        raise PacketError(PacketFault.TRUNCATED)
    if frame[at] >> 4 != 4:
        raise PacketError(PacketFault.VERSION)
    transport = at + (frame[at] & 0x0F) * 4
    total = _NUMBER.unpack_from(frame, at + 2)[0]
    # A packet of over 64 KiB has a length of 0 until it is cut (BIG TCP, iph_totlen in linux/ip.h).
    end = at + total if total else len(frame)
    if transport < at + _IPV4_HEADER or end < transport:
        raise PacketError(PacketFault.LENGTH)
    if end > len(frame):
        raise PacketError(PacketFault.TRUNCATED)
    if frame[at + 9] != protocol or _NUMBER.unpack_from(frame, at + 6)[0] & _NOT_WHOLE:
        raise PacketError(PacketFault.KIND)
    (identification,) = _NUMBER.unpack_from(frame, at + 4)
    return _Place(at, transport, end, True, frame[at + 12 : at + 20], protocol, identification)


def _place_over_ipv6(frame: bytes, at: int, protocol: int) -> _Place:
    found = find_ipv6_payload(frame, at)
    if found.protocol != protocol or found.is_fragment or found.is_routed:
        raise PacketError(PacketFault.KIND)
    return _Place(at, found.start, found.end, False, frame[at + 8 : at + 40], protocol, 0)


def _tcp_segments(frame: bytes, place: _Place, segment_size: int, mtu: int) -> list[bytes]:
    transport = place.transport
    if transport + _TCP_HEADER > place.end:
        raise PacketError(PacketFault.LENGTH)
    data = transport + (frame[transport + 12] >> 4) * 4
    if not transport + _TCP_HEADER <= data <= place.end:
        raise PacketError(PacketFault.LENGTH)
    size = min(segment_size, mtu - (data - place.network))
    if size < 1:
        raise PacketError(PacketFault.TOO_LARGE)
    header = bytearray(frame[transport:data])
    before = bytearray(frame[:transport])
    (sequence,) = _SEQUENCE.unpack_from(header, 4)
    flags = header[13]
    cut: list[bytes] = []
    # Without data there is one segment all the same.
    for number, at in enumerate(range(data, max(place.end, data + 1), size)):
        after = min(at + size, place.end)
        _SEQUENCE.pack_into(header, 4, (sequence + at - data) & 0xFFFFFFFF)
        header[13] = flags
        if number:
            header[13] &= ~_CWR & 0xFF
        if after < place.end:
            header[13] &= ~_FIN_AND_PUSH & 0xFF
        cut.append(_finished(before, place, number, header, 16, frame[at:after]))
    return cut


def _datagrams(frame: bytes, place: _Place, segment_size: int, mtu: int) -> list[bytes]:
    data = place.transport + _UDP_HEADER
    if data > place.end:
        raise PacketError(PacketFault.LENGTH)
    if data - place.network + min(segment_size, place.end - data) > mtu:
        raise PacketError(PacketFault.TOO_LARGE)
    header = bytearray(frame[place.transport : data])
    before = bytearray(frame[: place.transport])
    cut: list[bytes] = []
    for number, at in enumerate(range(data, max(place.end, data + 1), segment_size)):
        payload = frame[at : min(at + segment_size, place.end)]
        _NUMBER.pack_into(header, 4, _UDP_HEADER + len(payload))
        cut.append(_finished(before, place, number, header, _UDP_CHECKSUM, payload))
    return cut


def _finished(
    before: bytearray,
    place: _Place,
    number: int,
    header: bytearray,
    checksum_at: int,
    data: bytes,
) -> bytes:
    """Put the segment together whose headers are `before` and `header`, and finish both.

    `before` ends where `header` begins; what they have from the segment before is overwritten.
    """
    length = len(header) + len(data)
    network = place.network
    if place.is_ipv4:
        identification = (place.identification + number) & 0xFFFF
        _LENGTH_AND_IDENTIFICATION.pack_into(
            before, network + 2, place.transport - network + length, identification
        )
        _NUMBER.pack_into(before, network + 10, 0)
        _NUMBER.pack_into(before, network + 10, internet_checksum(before[network:]))
    else:
        _NUMBER.pack_into(before, network + 4, place.transport - network - _IPV6_HEADER + length)
    _NUMBER.pack_into(header, checksum_at, 0)
    pseudo_end = _PSEUDO_END.pack(length, place.protocol)
    checksum = internet_checksum(b"".join((place.addresses, pseudo_end, header, data)))
    if not checksum and place.protocol == PROTOCOL_UDP:
        checksum = _ALL_ONES
    _NUMBER.pack_into(header, checksum_at, checksum)
    return b"".join((before, header, data))
