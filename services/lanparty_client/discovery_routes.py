"""Which routes make games look for each other in the room, and keep the relay out of it; pure.

Without them the kernel sends a broadcast to 255.255.255.255, and multicast, where the default
route leads: into the home network, where no friend listens.
"""

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

from lanparty_client.wanted import PhysicalWay, WantedRoute, WantedState

__all__ = ["discovery_routes", "with_relay_routes"]

_LIMITED_BROADCAST: Final = IPv4Network("255.255.255.255/32")  # RFC 919 section 7
_MULTICAST: Final = IPv4Network("224.0.0.0/4")  # RFC 1112 section 4
_IPV6_MULTICAST: Final = IPv6Network("ff00::/8")  # RFC 4291 section 2.7


def discovery_routes(source: IPv4Address | None) -> tuple[WantedRoute, ...]:
    """Return the routes for broadcast and multicast by the room's interface.

    `source` is the address of the interface from which programs then send; None where softlan
    sets no address: the kernel takes one that the interface has.
    """
    return (
        WantedRoute(destination=_LIMITED_BROADCAST, preferred_source=source),
        WantedRoute(destination=_MULTICAST, preferred_source=source),
        WantedRoute(destination=_IPV6_MULTICAST),
    )


def with_relay_routes(
    wanted: WantedState, ways: Mapping[IPv4Address | IPv6Address, PhysicalWay]
) -> WantedState:
    """Add a host route to each relay address that `wanted` would lead into the room.

    `ways` has the physical way to each relay address in use, as it is without the room.
    """
    around = tuple(
        WantedRoute(destination=ip_network(relay), way=way)
        for relay, way in ways.items()
        if _leads_into_room(wanted, relay)
    )
    return replace(wanted, routes=wanted.routes + around)


def _leads_into_room(wanted: WantedState, relay: IPv4Address | IPv6Address) -> bool:
    if relay.is_link_local or relay.is_loopback:
        return False  # such an address means one link, and the kernel keeps to it
    if relay.version == 6 and wanted.accept_room_router:
        return True
    led = [route.destination for route in wanted.routes if route.way is None]
    led += [address.network for address in wanted.addresses]
    return any(network.version == relay.version and relay in network for network in led)
