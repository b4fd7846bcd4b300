"""Who counts as one, of those of whom nothing is known but an address."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, TypeAlias

from lanparty_quic.endpoint import Address

__all__ = ["Source", "source_of"]

Source: TypeAlias = IPv4Address | IPv6Address

_IPV6_SITE_BITS: Final = 64
"""One home usually has a whole /64 (RFC 6177), so a single address says nothing."""


def source_of(address: Address) -> Source:
    """Who counts as one source: an IPv4 address, or the /64 of an IPv6 address.

    A scope id (`fe80::1%eth0`) is ignored.
    """
    parsed = ip_address(address[0].partition("%")[0])
    if isinstance(parsed, IPv4Address):
        return parsed
    host_bits = 128 - _IPV6_SITE_BITS
    return IPv6Address(int(parsed) >> host_bits << host_bits)
