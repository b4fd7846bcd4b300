"""Asks the kernel about the machine's other networks, whatever the room's interface adds."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from pyroute2 import AsyncIPRoute

from lanparty_client.linux.kernel_tables import (
    find_route,
    read_addresses,
    read_links,
    read_neighbour,
    read_routes,
)
from lanparty_client.linux.kernel_values import LOCAL_TABLE, SOFTLAN_PROTOCOL
from lanparty_client.linux.networks import Surroundings
from lanparty_client.wanted import PhysicalWay
from lanparty_proto import MacAddress, MacAddressError

__all__ = ["Gateway", "Surroundings", "default_gateway", "read", "route_to"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The router of the default route."""

    address: IPv4Address
    mac: MacAddress | None
    """As the kernel's neighbour table knows it; None if nothing was sent there yet."""


async def read(*, room: int | None) -> Surroundings:
    """Read them from the kernel; `room` is the index of the room's interface, to leave out."""
    async with AsyncIPRoute() as netlink:
        return await _read(netlink, room=room)


async def default_gateway(*, room: int | None) -> Gateway | None:
    """Find the machine's own router and its MAC address; None without an IPv4 default route."""
    async with AsyncIPRoute() as netlink:
        route = (await _read(netlink, room=room)).default_route()
        if route is None or not isinstance(route.gateway, IPv4Address):
            return None
        text = await read_neighbour(netlink, route.gateway, device=route.device)
    try:
        mac = None if text is None else MacAddress.parse(text)
    except MacAddressError:  # no Ethernet
        mac = None
    return Gateway(address=route.gateway, mac=mac)


async def route_to(address: IPv4Address | IPv6Address, *, room: int | None) -> PhysicalWay | None:
    """Find the physical way to `address`, whatever the room's routes say; None if there is none.

    The kernel is asked first, so that policy rules (VPNs) count. None, too, for an address of the
    machine itself.
    """
    async with AsyncIPRoute() as netlink:
        around = await _read(netlink, room=room)
        route = await find_route(netlink, address)
    if route is None:
        return None
    by_softlan = route.device == room or route.protocol == SOFTLAN_PROTOCOL
    return around.way_to(address) if by_softlan else around.way_by(route)


async def _read(netlink: AsyncIPRoute, *, room: int | None) -> Surroundings:
    return Surroundings(
        links=tuple(link for link in await read_links(netlink) if link.index != room),
        addresses=tuple(entry for entry in await read_addresses(netlink) if entry.device != room),
        routes=tuple(
            route
            for route in await read_routes(netlink)
            if route.device != room
            and route.protocol != SOFTLAN_PROTOCOL
            and route.table != LOCAL_TABLE
        ),
    )
