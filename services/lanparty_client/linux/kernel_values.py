"""What the kernel's tables say of links, addresses and routes, as values; pure."""

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from typing import Final

__all__ = [
    "LOCAL_TABLE",
    "MAIN_TABLE",
    "ROUTER_ADVERTISEMENT_PROTOCOL",
    "SOFTLAN_PROTOCOL",
    "InterfaceAddress",
    "Link",
    "Route",
]

MAIN_TABLE: Final = 254
LOCAL_TABLE: Final = 255

ROUTER_ADVERTISEMENT_PROTOCOL: Final = 9
"""RTPROT_RA of linux/rtnetlink.h."""

SOFTLAN_PROTOCOL: Final = 0x4C
"""Who made a route: marks softlan's own, so that nobody else's is ever removed. 76 is free in
linux/rtnetlink.h and in iproute2's rt_protos."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One network interface."""

    index: int
    name: str
    mac: str
    mtu: int
    up: bool
    carrier: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceAddress:
    """One address of an interface, in the kernel's order."""

    device: int
    address: IPv4Interface | IPv6Interface
    usable: bool
    """Duplicate address detection is over and found nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One unicast or multicast route; of several next hops the first."""

    destination: IPv4Network | IPv6Network
    device: int
    """Index of the interface."""
    gateway: IPv4Address | IPv6Address | None = None
    preferred_source: IPv4Address | IPv6Address | None = None
    metric: int = 0
    protocol: int = SOFTLAN_PROTOCOL
    table: int = MAIN_TABLE
    usable: bool = True
    """Its link has a carrier, as far as the kernel says."""
