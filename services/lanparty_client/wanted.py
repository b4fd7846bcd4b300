"""How the room's network interface should look: said by the rules, carried out by the platform.

Whoever decides (addressing, discovery, the session) makes these values; a platform's `Interface`
changes whatever differs from them and nothing else.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Network

from lanparty_proto import MacAddress

__all__ = ["PhysicalWay", "WantedRoute", "WantedState"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhysicalWay:
    """A way out of this machine that isn't the room's."""

    device: str
    """The name of a network interface."""
    gateway: IPv4Address | IPv6Address | None = None
    """The router on it, or None where the destination is on the link itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRoute:
    """One route of the machine's main table."""

    destination: IPv4Network | IPv6Network
    gateway: IPv4Address | IPv6Address | None = None
    """The router to hand the packets to; None: the destination is on the segment itself."""
    way: PhysicalWay | None = None
    """None: by the room's interface. Otherwise around it; its `gateway` is the one that counts."""
    preferred_source: IPv4Address | IPv6Address | None = None
    """The address that a program sends from if it hasn't bound one; one of the interface's own."""
    metric: int | None = None
    """Lower wins among equal destinations. None: the kernel's default (0 and 1,024)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedState:
    """All that softlan has a say in; what isn't named here is the kernel's."""

    mac: MacAddress
    mtu: int
    """Largest Ethernet payload, in bytes."""
    addresses: tuple[IPv4Interface, ...] = ()
    """The primary one first. The IPv6 link-local address is the kernel's own, made of the MAC."""
    routes: tuple[WantedRoute, ...] = ()
    """The networks of `addresses` need no route here: the kernel adds them."""
    accept_room_router: bool = False
    """Let IPv6 router advertisements from the room install addresses and a default route."""
    up: bool = True
