"""Lowering the maximum segment size that TCP announces, so that bulk data needs no fragments.

A host offers in its SYN how much data one segment to it may carry (RFC 9293 section 3.7.1): 1,460
bytes on a room's MTU of 1,500. A frame of that size is over most datagram budgets, and each would
travel in two pieces. So the offer is lowered on its way:

    frame header | IP header, 20 or 40 | TCP header, 20 | data, at most the MSS
    <--------------------------- at most the budget -------------------------->

The MSS counts no options, neither those of IP nor those of TCP: who sends options, as timestamps
in every segment (12 bytes), sends that much less data (RFC 9293 section 3.7.1, RFC 6691). So the
fixed headers alone are taken off here, and a full segment with options is no longer.

A SYN without the option stays as it is: its sender gets the default of 536 bytes (IPv4) or 1,220
(IPv6). What can't be read to its end, as a fragment or a broken option, stays as it is too.
"""

from struct import Struct
from typing import Final

from lanparty_ethernet.checksum import mended_checksum
from lanparty_ethernet.ipv4 import PROTOCOL_TCP

__all__ = ["clamp_mss"]

_SHORTEST: Final = 14 + 20 + 20 + 4
"""An untagged IPv4 SYN with nothing but the MSS option."""

_IPV4_HEADER: Final = 20
_IPV6_HEADER: Final = 40
_TCP_HEADER: Final = 20

_SMALLEST: Final = 536
"""What every host takes, and IPv4 sends without the option (RFC 9293 section 3.7.1). No budget of
the protocol asks for less."""

_SYN: Final = 0x02
_FRAGMENT_OFFSET: Final = 0x1FFF

_END_OF_OPTIONS: Final = 0
_NO_OPERATION: Final = 1
_MSS: Final = 2
_MSS_LENGTH: Final = 4

_EXTENSION_HEADERS: Final = frozenset({0, 43, 60, 135, 139, 140})
"""Next-header numbers behind which TCP may stand (RFC 7045 section 4): hop-by-hop options, routing,
destination options, mobility, host identity, shim6. Not the fragment header, because of a
fragmented SYN no part can be judged alone; and not authentication, which a change would break."""

_NUMBER: Final = Struct("!H")


def clamp_mss(frame: bytes, *, budget: int) -> bytes:
    """Return `frame` with an MSS that lets full segments fit frames of `budget` bytes.

    `budget` is the largest whole Ethernet frame, header included, that goes in one datagram. Only
    a TCP SYN, or its answer, over IPv4 or IPv6 with at most one VLAN tag is ever changed: its MSS
    option is lowered if it is larger, and its checksum follows (RFC 1624). Everything else comes
    back as the same object, after a few comparisons. Nothing raises.
    """
    if len(frame) < _SHORTEST:
        return frame
    at = 14
    if frame[12] == 0x81 or frame[12] == 0x88:  # a tag of 802.1Q or 802.1ad
        if frame[13] != (0x00 if frame[12] == 0x81 else 0xA8):
            return frame
        at = 18
    if frame[at - 2] == 0x08 and frame[at - 1] == 0x00:
        if frame[at + 9] != PROTOCOL_TCP:
            return frame
        tcp = at + (frame[at] & 0x0F) * 4
    elif frame[at - 2] == 0x86 and frame[at - 1] == 0xDD:
        tcp = at + _IPV6_HEADER
        if frame[at + 6] != PROTOCOL_TCP:
            tcp = _tcp_behind_extensions(frame, frame[at + 6], tcp)
    else:
        return frame
    if tcp + _TCP_HEADER > len(frame) or not frame[tcp + 13] & _SYN:
        return frame
    return _clamp_syn(frame, at, tcp, budget)


def _tcp_behind_extensions(frame: bytes, kind: int, at: int) -> int:
    """Return where TCP begins behind IPv6 extension headers; beyond the frame if it doesn't."""
    while kind in _EXTENSION_HEADERS and at + 1 < len(frame):
        kind, at = frame[at], at + (frame[at + 1] + 1) * 8  # RFC 8200 section 4.2
    return at if kind == PROTOCOL_TCP else len(frame)


def _clamp_syn(frame: bytes, at: int, tcp: int, budget: int) -> bytes:
    """Lower the options of the SYN whose IP header begins at `at` and TCP header at `tcp`."""
    version = frame[at] >> 4
    if version != (4 if frame[at - 2] == 0x08 else 6):
        return frame
    if version == 4:
        (place,) = _NUMBER.unpack_from(frame, at + 6)
        if place & _FRAGMENT_OFFSET or tcp < at + _IPV4_HEADER:
            return frame
        end = at + _NUMBER.unpack_from(frame, at + 2)[0]
        maximum = max(budget - at - _IPV4_HEADER - _TCP_HEADER, _SMALLEST)
    else:
        end = at + _IPV6_HEADER + _NUMBER.unpack_from(frame, at + 4)[0]
        maximum = max(budget - at - _IPV6_HEADER - _TCP_HEADER, _SMALLEST)
    options_end = tcp + (frame[tcp + 12] >> 4) * 4
    if options_end > min(end, len(frame)):
        return frame
    changed: bytearray | None = None
    for value in _mss_values(frame, tcp + _TCP_HEADER, options_end):
        (mss,) = _NUMBER.unpack_from(frame, value)
        if mss > maximum:
            changed = changed or bytearray(frame)
            (checksum,) = _NUMBER.unpack_from(changed, tcp + 16)
            mended = mended_checksum(checksum, mss, maximum, odd=bool((value - tcp) % 2))
            _NUMBER.pack_into(changed, value, maximum)
            _NUMBER.pack_into(changed, tcp + 16, mended)
    return frame if changed is None else bytes(changed)


def _mss_values(frame: bytes, at: int, end: int) -> list[int]:
    """Return where the MSS options have their values; none at and behind a broken option.

    Hosts differ in which of two they believe, so all are returned.
    """
    values: list[int] = []
    while at < end and frame[at] != _END_OF_OPTIONS:
        if frame[at] == _NO_OPERATION:
            at += 1
            continue
        if at + 1 >= end or frame[at + 1] < 2 or at + frame[at + 1] > end:
            break
        if frame[at] == _MSS and frame[at + 1] == _MSS_LENGTH:
            values.append(at + 2)
        at += frame[at + 1]
    return values
