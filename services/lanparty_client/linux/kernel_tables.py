"""The kernel's links, addresses and routes as values (rtnetlink(7), by pyroute2)."""

import contextlib
import errno
from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface, ip_network
from socket import AF_INET, AF_INET6
from typing import Any, Final

from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkDumpInterrupted, NetlinkError

from lanparty_client.linux.kernel_values import InterfaceAddress, Link, Route

__all__ = [
    "add_route",
    "delete_route",
    "find_route",
    "read_addresses",
    "read_links",
    "read_neighbour",
    "read_routes",
]

_MOST_INTERRUPTIONS: Final = 4

_UNICAST: Final = 1  # RTN_UNICAST
_MULTICAST: Final = 5  # RTN_MULTICAST
_SCOPE_LINK: Final = 253  # RT_SCOPE_LINK
_SCOPE_UNIVERSE: Final = 0
_CLONED: Final = 0x200  # RTM_F_CLONED: a cache entry, no route
_FIB_MATCH: Final = 0x2000  # RTM_F_FIB_MATCH: the matching entry instead of a made-up host route
_DEAD_OR_LINKDOWN: Final = 0x1 | 0x10  # RTNH_F_DEAD, RTNH_F_LINKDOWN
_UP: Final = 0x1  # IFF_UP
_LOWER_UP: Final = 0x10000  # IFF_LOWER_UP
_NOT_YET: Final = 0x40 | 0x08  # IFA_F_TENTATIVE, IFA_F_DADFAILED


async def read_links(netlink: AsyncIPRoute) -> list[Link]:
    """Read every interface of the namespace."""
    return [
        Link(
            index=message["index"],
            name=message.get_attr("IFLA_IFNAME") or "",
            mac=message.get_attr("IFLA_ADDRESS") or "",
            mtu=message.get_attr("IFLA_MTU") or 0,
            up=bool(message["flags"] & _UP),
            carrier=bool(message["flags"] & _LOWER_UP),
        )
        for message in await _dump(netlink.get_links)
    ]


async def read_addresses(netlink: AsyncIPRoute) -> list[InterfaceAddress]:
    """Read the IPv4 and IPv6 addresses of every interface."""
    found = []
    for message in await _dump(netlink.get_addr):
        text = message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS")
        if text is None or message["family"] not in {AF_INET, AF_INET6}:
            continue
        flags = message.get_attr("IFA_FLAGS") or message["flags"]
        usable = message["family"] == AF_INET or not flags & _NOT_YET
        address = ip_interface(f"{text}/{message['prefixlen']}")
        found.append(InterfaceAddress(device=message["index"], address=address, usable=usable))
    return found


async def read_routes(netlink: AsyncIPRoute) -> list[Route]:
    """Read the unicast and multicast routes of all tables."""
    found = []
    for message in await _dump(netlink.get_routes):
        route = _route_of(message)
        if route is not None:
            found.append(route)
    return found


async def find_route(netlink: AsyncIPRoute, address: IPv4Address | IPv6Address) -> Route | None:
    """Ask by which route the kernel would send to `address` now; None: by none, or it is local."""
    try:
        answer = await netlink.route("get", dst=str(address), flags=_FIB_MATCH)
    except NetlinkError:
        return None
    return _route_of(answer[0])


async def read_neighbour(netlink: AsyncIPRoute, address: IPv4Address, *, device: int) -> str | None:
    """Look up the MAC address of a neighbour in the kernel's table."""
    for message in await _dump(netlink.get_neighbours):
        if message["ifindex"] == device and message.get_attr("NDA_DST") == str(address):
            mac: str | None = message.get_attr("NDA_LLADDR")
            return mac
    return None


async def add_route(netlink: AsyncIPRoute, route: Route) -> None:
    """Add a route; raises NetlinkError, with EEXIST if its destination and metric are taken."""
    await netlink.route("add", **_request(route))


async def delete_route(netlink: AsyncIPRoute, route: Route) -> None:
    """Delete exactly this route; one that is gone already is no error."""
    try:
        await netlink.route("del", **_request(route))
    except NetlinkError as error:
        if error.code not in {errno.ESRCH, errno.ENOENT, errno.ENODEV}:
            raise


async def _dump(ask: Callable[[], Awaitable[AsyncIterator[Any]]]) -> list[Any]:
    """Read a whole table, again if it changed meanwhile (NLM_F_DUMP_INTR of linux/netlink.h)."""
    for _ in range(_MOST_INTERRUPTIONS):
        with contextlib.suppress(NetlinkDumpInterrupted):
            return [message async for message in await ask()]
    return [message async for message in await ask()]


def _request(route: Route) -> dict[str, Any]:
    version = route.destination.version
    multicast = version == 6 and route.destination.is_multicast
    request: dict[str, Any] = {
        "family": AF_INET if version == 4 else AF_INET6,
        "dst": str(route.destination),
        "oif": route.device,
        "proto": route.protocol,
        "table": route.table,
        "type": _MULTICAST if multicast else _UNICAST,
        "priority": route.metric,
        "scope": _SCOPE_LINK if version == 4 and route.gateway is None else _SCOPE_UNIVERSE,
    }
    if route.gateway is not None:
        request["gateway"] = str(route.gateway)
    if route.preferred_source is not None:
        request["prefsrc"] = str(route.preferred_source)
    return request


def _route_of(message: Any) -> Route | None:  # pyroute2's messages have no types
    if message["family"] not in {AF_INET, AF_INET6} or message["flags"] & _CLONED:
        return None
    if message["type"] not in {_UNICAST, _MULTICAST}:
        return None
    hop = next(iter(message.get_attr("RTA_MULTIPATH") or ()), message)
    device = message.get_attr("RTA_OIF") or hop.get("oif")
    if device is None:
        return None
    any_address = "0.0.0.0" if message["family"] == AF_INET else "::"  # noqa: S104 - a prefix
    destination = message.get_attr("RTA_DST") or any_address
    gateway, source = hop.get_attr("RTA_GATEWAY"), message.get_attr("RTA_PREFSRC")
    return Route(
        destination=ip_network(f"{destination}/{message['dst_len']}"),
        device=device,
        gateway=ip_address(gateway) if gateway else None,
        preferred_source=ip_address(source) if source else None,
        metric=message.get_attr("RTA_PRIORITY") or 0,
        protocol=message["proto"],
        table=message.get_attr("RTA_TABLE") or message["table"],
        usable=not (message["flags"] | hop["flags"]) & _DEAD_OR_LINKDOWN,
    )
