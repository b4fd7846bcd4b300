"""What the kernel's tables say of the interface, and whom of the LAN it knows (rtnetlink(7)).

A shell; reading needs no capability.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from socket import AF_INET
from typing import Any, Final

from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkDumpInterrupted

from lanparty_gateway.preflight.facts import ETHERNET_TYPE, InterfaceFacts, Upper
from lanparty_gateway.preflight.nl80211 import read_wireless
from lanparty_gateway.preflight.sysfs import SysFiles
from lanparty_proto import MacAddress, MacAddressError

__all__ = ["KernelFacts", "read_kernel"]

_MOST_INTERRUPTIONS: Final = 4
_UP: Final = 0x1  # IFF_UP
_LOWER_UP: Final = 0x10000  # IFF_LOWER_UP
_UNICAST: Final = 1  # RTN_UNICAST
_KNOWN: Final = 0x02 | 0x04 | 0x08 | 0x10 | 0x80  # NUD_REACHABLE, STALE, DELAY, PROBE, PERMANENT
_REACHABLE: Final = 0x02
_MADE_ON: Final = ("vlan", "macvlan", "macvtap", "ipvlan", "ipvtap")
"""Kinds whose IFLA_LINK is the interface that they are made on; a veth's is its other end."""

_Message = Any  # pyroute2's messages have no types


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelFacts:
    """What the tables say."""

    interface: InterfaceFacts | None
    """None: there is no such interface."""
    others: tuple[str, ...]
    """The Ethernet interfaces beside it."""
    hosts: tuple[IPv4Address, ...] = ()
    """Hosts of the LAN: the default gateway first, then the neighbours that are known."""


async def read_kernel(name: str, *, vlan: int | None, files: SysFiles) -> KernelFacts:
    """Look up an interface by its name; `vlan` is the one whose hosts are meant."""
    async with AsyncIPRoute() as netlink:
        links = await _dump(netlink.get_links)
        message = next((each for each in links if _name(each) == name), None)
        others = tuple(
            _name(each)
            for each in links
            if each["ifi_type"] == ETHERNET_TYPE and each is not message
        )
        if message is None:
            return KernelFacts(interface=None, others=others)
        devices = _devices(message["index"], links, vlan=vlan)
        routes = await _dump(lambda: netlink.get_routes(family=AF_INET))
        neighbours = await _dump(lambda: netlink.get_neighbours(family=AF_INET))
    return KernelFacts(
        interface=await _interface_of(message, links, files),
        others=others,
        hosts=tuple(dict.fromkeys([*_gateways(routes, devices), *_known(neighbours, devices)])),
    )


async def _interface_of(
    message: _Message, links: list[_Message], files: SysFiles
) -> InterfaceFacts:
    names = {each["index"]: each for each in links}
    name, index, kind = _name(message), message["index"], _kind(message)
    master = names.get(message.get_attr("IFLA_MASTER"))
    lower = names.get(message.get_attr("IFLA_LINK")) if kind in _MADE_ON else None
    elsewhere = message.get_attr("IFLA_LINK_NETNSID") is not None
    return InterfaceFacts(
        index=index,
        name=name,
        mac=_mac(message.get_attr("IFLA_ADDRESS")),
        hardware_type=message["ifi_type"],
        kind=kind,
        mode=str(_data(message, "IFLA_MACVLAN_MODE") or ""),
        lower=None if lower is None or elsewhere else _name(lower),
        upper=None if master is None else Upper(name=_name(master), kind=_kind(master)),
        up=bool(message["flags"] & _UP),
        carrier=bool(message["flags"] & _LOWER_UP),
        mtu=message.get_attr("IFLA_MTU") or 0,
        wireless=await read_wireless(index) if files.is_wireless(name, index=index) else None,
        forwards=files.forwards(name),
    )


def _devices(index: int, links: list[_Message], *, vlan: int | None) -> set[int]:
    """Return the interfaces of this machine whose neighbours are on the LAN that is meant."""
    if vlan is None:
        return {index}
    return {
        each["index"]
        for each in links
        if _kind(each) == "vlan"
        and each.get_attr("IFLA_LINK") == index
        and _data(each, "IFLA_VLAN_ID") == vlan
    }


def _gateways(routes: list[_Message], devices: set[int]) -> list[IPv4Address]:
    return [
        IPv4Address(gateway)
        for route in routes
        if route["dst_len"] == 0 and route["type"] == _UNICAST
        for hop in (route.get_attr("RTA_MULTIPATH") or [route])
        if (hop.get_attr("RTA_OIF") or hop.get("oif")) in devices
        and (gateway := hop.get_attr("RTA_GATEWAY")) is not None
    ]


def _known(neighbours: list[_Message], devices: set[int]) -> list[IPv4Address]:
    known = [
        each
        for each in neighbours
        if each["ifindex"] in devices
        and each["state"] & _KNOWN
        and each.get_attr("NDA_LLADDR")
        and each.get_attr("NDA_DST")
    ]
    known.sort(key=lambda each: each["state"] != _REACHABLE)
    return [IPv4Address(each.get_attr("NDA_DST")) for each in known]


async def _dump(ask: Callable[[], Awaitable[AsyncIterator[_Message]]]) -> list[_Message]:
    """Read a whole table, again if it changed meanwhile (NLM_F_DUMP_INTR of linux/netlink.h)."""
    for _ in range(_MOST_INTERRUPTIONS):
        with contextlib.suppress(NetlinkDumpInterrupted):
            return [message async for message in await ask()]
    return [message async for message in await ask()]


def _name(link: _Message) -> str:
    return link.get_attr("IFLA_IFNAME") or ""


def _kind(link: _Message) -> str:
    return link.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND") or ""


def _data(link: _Message, attribute: str) -> object:
    return link.get_nested("IFLA_LINKINFO", "IFLA_INFO_DATA", attribute)


def _mac(text: str | None) -> MacAddress | None:
    try:
        return MacAddress.parse(text or "")
    except MacAddressError:
        return None
