"""Finds IPv6 router advertisements (RFC 4861 section 4.2) among frames; pure."""

from typing import Final

from lanparty_proto import EthernetError, ethernet_header_length

__all__ = ["is_router_advertisement"]

_IPV6: Final = b"\x86\xdd"
_IPV6_HEADER_LENGTH: Final = 40
_NEXT_HEADER: Final = 6
_ICMPV6: Final = 58
_ROUTER_ADVERTISEMENT: Final = b"\x86"
_EXTENSIONS: Final = frozenset({0, 43, 60})
"""Hop-by-hop options, routing, destination options (RFC 8200 section 4): length in units of 8
octets, the first not counted. A host ignores an advertisement in fragments (RFC 6980)."""
_MOST_EXTENSIONS: Final = 8
"""More than any sender has reason for; a longer chain is taken for an advertisement."""


def is_router_advertisement(frame: bytes) -> bool:
    """Whether a host would read `frame` as a router advertisement; when unclear, yes."""
    try:
        start = ethernet_header_length(frame)
    except EthernetError:
        return False
    if frame[start - 2 : start] != _IPV6 or len(frame) < start + _IPV6_HEADER_LENGTH:
        return False
    protocol = frame[start + _NEXT_HEADER]
    offset = start + _IPV6_HEADER_LENGTH
    for _ in range(_MOST_EXTENSIONS):
        if protocol not in _EXTENSIONS:
            return protocol == _ICMPV6 and frame[offset : offset + 1] == _ROUTER_ADVERTISEMENT
        if len(frame) < offset + 2:
            return False
        protocol, offset = frame[offset], offset + 8 * (frame[offset + 1] + 1)
    return True
