"""The machine's other networks: what it uses of addresses, and which way leads out; pure.

Read at one moment, without the room's interface and without softlan's own routes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address
from typing import Final

from lanparty_client.linux.kernel_values import MAIN_TABLE, InterfaceAddress, Link, Route
from lanparty_client.wanted import PhysicalWay

__all__ = ["MOST_PREFIXES", "Surroundings"]

MOST_PREFIXES: Final = 64
"""As many as a hello carries."""

_WIDEST_PREFIX: Final = 8
"""A wider route (a VPN's 0.0.0.0/1) is a way out, no network that the machine is in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Links, addresses and routes but for the room's."""

    links: tuple[Link, ...]
    addresses: tuple[InterfaceAddress, ...]
    routes: tuple[Route, ...]

    def prefixes_in_use(self) -> tuple[IPv4Network, ...]:
        """Return the IPv4 networks that the machine is in or has routes to, nearest first.

        At most `MOST_PREFIXES`; without default routes, loopback, link-local and multicast.
        """
        networks = [
            entry.address.network
            for entry in self.addresses
            if isinstance(entry.address, IPv4Interface)
        ]
        networks += [
            route.destination for route in self.routes if isinstance(route.destination, IPv4Network)
        ]
        ordinary = (network for network in networks if _is_ordinary(network))
        return tuple(dict.fromkeys(ordinary))[:MOST_PREFIXES]

    def default_route(self) -> Route | None:
        """Return the IPv4 default route that counts: usable, with a router, of least metric."""
        return _best(
            route
            for route in self.routes
            if route.destination == IPv4Network("0.0.0.0/0") and route.gateway is not None
        )

    def way_to(self, address: IPv4Address | IPv6Address) -> PhysicalWay | None:
        """Return where the main table would send `address` if there were no room."""
        route = _best(
            route
            for route in self.routes
            if route.table == MAIN_TABLE
            and route.destination.version == address.version
            and address in route.destination
        )
        return None if route is None else self.way_by(route)

    def ways_out(self) -> frozenset[object]:
        """Return what a connection can depend on; it differs when another way may be better."""
        working = {link.index for link in self.links if link.up and link.carrier}
        return frozenset(
            [entry for entry in self.addresses if entry.usable and entry.device in working]
            + [route for route in self.routes if route.usable and route.device in working]
        )

    def way_by(self, route: Route) -> PhysicalWay | None:
        """Name the interface and router of a route; None if the interface isn't here."""
        name = next((link.name for link in self.links if link.index == route.device), None)
        return None if name is None else PhysicalWay(device=name, gateway=route.gateway)


def _best(routes: Iterable[Route]) -> Route | None:
    """Pick as the kernel does: the longest prefix, then the least metric; with a carrier first."""
    return min(
        routes,
        key=lambda route: (not route.usable, -route.destination.prefixlen, route.metric),
        default=None,
    )


def _is_ordinary(network: IPv4Network) -> bool:
    return network.prefixlen >= _WIDEST_PREFIX and not (
        network.is_loopback or network.is_link_local or network.is_multicast
    )
