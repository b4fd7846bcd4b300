"""A lease as a DHCP server gives it, if it is one that a player's machine may take."""

import math
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Final

from lanparty_ethernet import (
    DhcpMessage,
    DhcpOption,
    address_option,
    addresses_option,
    prefix_length_option,
    seconds_option,
)
from lanparty_proto import MacAddress

__all__ = ["DhcpLease", "read_lease"]

_FOREVER: Final = 0xFFFFFFFF
_SHORTEST_SECONDS: Final = 30
"""Renewing a shorter lease would be a stream of its own."""
_SHORTEST_PREFIX: Final = 16
_SHORTEST_PRIVATE_PREFIX: Final = 8
"""Nobody's LAN has more of the public internet than a /16: a shorter mask would lead the machine's
own traffic into the room."""
_LONGEST_PREFIX: Final = 30
_ADDRESSES_LIMIT: Final = 3
_RENEWAL_SHARE: Final = 0.5
_REBINDING_SHARE: Final = 0.875


@dataclass(frozen=True, slots=True, kw_only=True)
class DhcpLease:
    """An offer, or what was acknowledged; times are on the caller's clock."""

    address: IPv4Interface
    server: IPv4Address
    server_mac: MacAddress
    """Where the server's frames came from, which is where to send it some."""
    routers: tuple[IPv4Address, ...]
    """Routers that are on the network itself, the preferred one first."""
    dns_servers: tuple[IPv4Address, ...]
    renew_at: float
    rebind_at: float
    expires_at: float


def read_lease(
    message: DhcpMessage, *, server_mac: MacAddress, asked_at: float
) -> DhcpLease | None:
    """Return the lease in an offer or acknowledgement, or None if none can be taken from it.

    Its times begin when it was asked for (RFC 2131 section 4.4.1).
    """
    options = message.options
    server = address_option(options, DhcpOption.SERVER)
    seconds = seconds_option(options, DhcpOption.LEASE_SECONDS)
    address = _host_address(message.your_address, prefix_length_option(options))
    if server is None or seconds is None or seconds < _SHORTEST_SECONDS or address is None:
        return None
    length = math.inf if seconds == _FOREVER else float(seconds)
    renewal, rebinding = _times(
        seconds_option(options, DhcpOption.RENEWAL_SECONDS),
        seconds_option(options, DhcpOption.REBINDING_SECONDS),
        length=length,
    )
    routers = addresses_option(options, DhcpOption.ROUTERS)
    return DhcpLease(
        address=address,
        server=server,
        server_mac=server_mac,
        routers=tuple(
            router for router in routers if router in address.network and router != address.ip
        )[:_ADDRESSES_LIMIT],
        dns_servers=addresses_option(options, DhcpOption.DNS_SERVERS)[:_ADDRESSES_LIMIT],
        renew_at=asked_at + renewal,
        rebind_at=asked_at + rebinding,
        expires_at=asked_at + length,
    )


def _host_address(address: IPv4Address, prefix_length: int | None) -> IPv4Interface | None:
    if prefix_length is None:
        return None
    interface = IPv4Interface((address, prefix_length))
    network: IPv4Network = interface.network
    shortest = _SHORTEST_PRIVATE_PREFIX if network.is_private else _SHORTEST_PREFIX
    if not shortest <= prefix_length <= _LONGEST_PREFIX:
        return None
    if address in (network.network_address, network.broadcast_address):
        return None
    if address.is_multicast or address.is_loopback or address.is_reserved or address.is_unspecified:
        return None
    return interface


def _times(renewal: int | None, rebinding: int | None, *, length: float) -> tuple[float, float]:
    """Return T1 and T2; those of the server only if they are in order and leave time to renew."""
    if (
        renewal is not None
        and rebinding is not None
        and _SHORTEST_SECONDS * _RENEWAL_SHARE <= renewal < rebinding < length
    ):
        return float(renewal), float(rebinding)
    return _RENEWAL_SHARE * length, _REBINDING_SHARE * length
