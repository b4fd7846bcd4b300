"""An interface's addresses and routes, read from the kernel's tables (rtnetlink(7)): a shell.

Reading needs no capability.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkDumpInterrupted

from lanparty_gateway.host.kernel_settings import read_settings
from lanparty_gateway.host.picture import IPV4, IPV6, HostAddress, HostPicture, HostRoute
from lanparty_gateway.preflight.sysfs import SysFiles

__all__ = ["names_of", "read_addresses", "read_picture", "read_routes"]

_ETHERNET: Final = 1  # ARPHRD_ETHER
_UP: Final = 0x1  # IFF_UP
_NO_PORT: Final = ("macvlan", "macvtap", "ipvlan", "ipvtap")
"""Kinds that take the frames of the interface below them, as a bridge does."""

_ASKABLE: Final = 0x02 | 0x04 | 0x100 | 0x200 | 0x400
"""IFA_F_NODAD, OPTIMISTIC, MANAGETEMPADDR, NOPREFIXROUTE, MCAUTOJOIN: the kernel's other flags
tell a state."""
_NO_DUPLICATE_CHECK: Final = 0x02
_STABLE: Final = 0x800  # IFA_F_STABLE_PRIVACY
_LINK_SCOPE: Final = 253

_KERNEL: Final = 2  # RTPROT_KERNEL: comes with an address
_LOCAL_TABLE: Final = 255
_CLONED: Final = 0x200  # RTM_F_CLONED
_ONLINK: Final = 0x4  # RTNH_F_ONLINK
_CLOCK_TICKS: Final = 100  # USER_HZ, in which rta_expires counts
_ODD: Final = ("RTA_MULTIPATH", "RTA_VIA", "RTA_ENCAP", "RTA_NH_ID", "RTA_SRC", "RTA_FLOW")
_MOST_INTERRUPTIONS: Final = 4

_Message = Any  # pyroute2's messages have no types


async def names_of(netlink: AsyncIPRoute) -> list[str]:
    """Name every interface."""
    links = await _dump(netlink.get_links)
    return [link.get_attr("IFLA_IFNAME") or "" for link in links]


async def read_picture(netlink: AsyncIPRoute, name: str) -> HostPicture | None:
    """Look at an interface and all that hangs on it; None if there is none of this name."""
    links = await _dump(netlink.get_links)
    names = {link["index"]: link.get_attr("IFLA_IFNAME") or "" for link in links}
    link = next((each for each in links if names[each["index"]] == name), None)
    if link is None:
        return None
    index = link["index"]
    routes, odd = await read_routes(netlink, index)
    return HostPicture(
        name=name,
        mac=link.get_attr("IFLA_ADDRESS") or "",
        mtu=link.get_attr("IFLA_MTU") or 0,
        is_ethernet=link["ifi_type"] == _ETHERNET,
        is_up=bool(link["flags"] & _UP),
        is_wireless=SysFiles().is_wireless(name, index=index),
        master=names.get(link.get_attr("IFLA_MASTER")),
        in_the_way=tuple(
            names[each["index"]]
            for each in links
            if each.get_attr("IFLA_LINK") == index
            and each.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND") in _NO_PORT
        ),
        addresses=await read_addresses(netlink, index),
        routes=routes,
        odd_routes=odd,
        settings=read_settings(name),
    )


async def read_addresses(netlink: AsyncIPRoute, index: int) -> tuple[HostAddress, ...]:
    """Read an interface's addresses, but for those that it makes again by itself."""
    found = []
    for message in await _dump(netlink.get_addr):
        flags = message.get_attr("IFA_FLAGS") or message["flags"]
        made_of_secret = message["scope"] == _LINK_SCOPE and flags & _STABLE
        if message["index"] == index and message["family"] in (IPV4, IPV6) and not made_of_secret:
            found.append(_address_of(message, flags))
    return tuple(found)


def _address_of(message: _Message, flags: int) -> HostAddress:
    local, address = message.get_attr("IFA_LOCAL"), message.get_attr("IFA_ADDRESS")
    times = message.get_attr("IFA_CACHEINFO")
    is_ipv6 = message["family"] == IPV6
    return HostAddress(
        family=message["family"],
        address=local or address,
        prefix_length=message["prefixlen"],
        peer=address if local and local != address else None,
        broadcast=message.get_attr("IFA_BROADCAST"),
        label=message.get_attr("IFA_LABEL"),
        scope=message["scope"],
        flags=flags & _ASKABLE | (_NO_DUPLICATE_CHECK if is_ipv6 else 0),
        preferred=times["ifa_preferred"],
        valid=times["ifa_valid"],
        priority=message.get_attr("IFA_RT_PRIORITY"),
    )


async def read_routes(
    netlink: AsyncIPRoute, index: int
) -> tuple[tuple[HostRoute, ...], tuple[str, ...]]:
    """Read the routes by an interface that don't come with an address.

    First those without a gateway: the others need them. The second part names the destinations of
    routes that these values can't hold.
    """
    routes, odd = [], []
    for message in await _dump(netlink.get_routes):
        if message["family"] not in (IPV4, IPV6) or not _is_by(message, index):
            continue
        table = message.get_attr("RTA_TABLE") or message["table"]
        made_by_kernel = message["proto"] == _KERNEL or table == _LOCAL_TABLE
        if made_by_kernel or message["flags"] & _CLONED:
            continue
        if any(message.get_attr(name) for name in _ODD) or message["src_len"]:
            odd.append(_destination(message))
        else:
            routes.append(_route_of(message, table))
    routes.sort(key=lambda route: (route.gateway is not None, -route.scope))
    return tuple(routes), tuple(odd)


def _is_by(message: _Message, index: int) -> bool:
    hops = message.get_attr("RTA_MULTIPATH") or ()
    return message.get_attr("RTA_OIF") == index or any(hop["oif"] == index for hop in hops)


def _destination(message: _Message) -> str:
    address = message.get_attr("RTA_DST")
    if address is None and not message["dst_len"]:
        return "default"
    return f"{address}/{message['dst_len']}"


def _route_of(message: _Message, table: int) -> HostRoute:
    metrics = message.get_attr("RTA_METRICS")
    times = message.get_attr("RTA_CACHEINFO")
    expires = times["rta_expires"] // _CLOCK_TICKS if times is not None else 0
    is_ipv6 = message["family"] == IPV6
    return HostRoute(
        family=message["family"],
        destination=_destination(message),
        gateway=message.get_attr("RTA_GATEWAY"),
        table=table,
        protocol=message["proto"],
        scope=message["scope"],
        kind=message["type"],
        metric=message.get_attr("RTA_PRIORITY"),
        preferred_source=message.get_attr("RTA_PREFSRC"),
        service=message["tos"],
        flags=message["flags"] & _ONLINK,
        metrics=tuple((name, value) for name, value in metrics["attrs"]) if metrics else (),
        preference=message.get_attr("RTA_PREF") if is_ipv6 else None,
        expires=max(expires, 1) if times is not None and times["rta_expires"] else None,
    )


async def _dump(ask: Callable[[], Awaitable[AsyncIterator[_Message]]]) -> list[_Message]:
    """Read a whole table, again if it changed meanwhile (NLM_F_DUMP_INTR of linux/netlink.h)."""
    for _ in range(_MOST_INTERRUPTIONS):
        with contextlib.suppress(NetlinkDumpInterrupted):
            return [message async for message in await ask()]
    return [message async for message in await ask()]
