"""Makes the room's network interface look as wanted, through netlink."""

import asyncio
import errno
import os
import socket
from collections.abc import Sequence
from ipaddress import IPv4Interface
from typing import Final, NoReturn

from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkError

from lanparty_client.linux.kernel_settings import Unchanged, apply_kernel_settings, has_ipv6
from lanparty_client.linux.kernel_tables import (
    add_route,
    delete_route,
    read_addresses,
    read_links,
    read_routes,
)
from lanparty_client.linux.kernel_values import Route
from lanparty_client.linux.reconciling import address_steps, is_around, route_for, route_steps
from lanparty_client.linux.tap import TapPort
from lanparty_client.wanted import WantedState
from lanparty_client_core.port_error import PortError, PortFault

__all__ = ["Interface"]

_LARGEST_POINT_TO_POINT: Final = 31
"""Prefixes from this length on have no broadcast address (RFC 3021)."""


class Interface:
    """Reconciles a TAP interface with a `WantedState`; only what differs is touched.

    Addresses and routes that the player or another program gave the interface stay.

    What hangs on the interface goes with it. Routes around it (`WantedRoute.way`) don't: `aclose`
    removes them, and `leftovers` those of a process that was killed.
    """

    def __init__(self, port: TapPort) -> None:
        """Look after the interface of an open port, which stays its opener's to close."""
        self._port = port
        self._one_at_a_time = asyncio.Lock()
        self._told: frozenset[str] = frozenset()
        self._own: set[IPv4Interface] = set()

    async def apply(self, wanted: WantedState) -> tuple[str, ...]:
        """Change what differs from `wanted`. Returns sentences on what could not be done.

        A sentence is returned once, and again only after it was no longer true. Raises `PortError`
        if the interface is gone, permission is missing, or the kernel refuses MAC, MTU or address;
        the interface may then be half changed, and a later call goes on from there.
        """
        async with self._one_at_a_time, AsyncIPRoute() as netlink:
            try:
                notices = self._apply_settings(wanted)
                await self._apply_link(netlink, wanted)
                if wanted.up:  # first the ways around: an address may already swallow the relay
                    notices += await self._apply_routes(netlink, wanted, around=True)
                await self._apply_addresses(netlink, wanted.addresses)
                if wanted.up:
                    notices += await self._apply_routes(netlink, wanted, around=False)
            except NetlinkError as error:
                self._explain(error)
        fresh = tuple(notice for notice in notices if notice not in self._told)
        self._told = frozenset(notices)
        return fresh

    async def aclose(self) -> None:
        """Remove the routes around the interface; what hangs on it goes when the port closes."""
        async with self._one_at_a_time, AsyncIPRoute() as netlink:
            for route in await read_routes(netlink):
                if is_around(route, index=self._port.index):
                    await delete_route(netlink, route)

    def _apply_settings(self, wanted: WantedState) -> list[str]:
        """Before the interface goes up: it asks for router advertisements at that moment."""
        unchanged = apply_kernel_settings(
            self._port.name, accept_room_router=wanted.accept_room_router
        )
        refuse = unchanged.router_advertisements and not wanted.accept_room_router
        self._port.refuse_router_advertisements = refuse
        return [_unchanged_notice(self._port.name, unchanged, refuse=refuse)] if unchanged else []

    async def _apply_link(self, netlink: AsyncIPRoute, wanted: WantedState) -> None:
        index = self._port.index
        links = await read_links(netlink)
        link = next((link for link in links if link.index == index), None)
        if link is None:
            raise self._port.lost_error()
        if link.mac != str(wanted.mac):
            if link.up:  # the IPv6 link-local address is made of the MAC when the link comes up
                await netlink.link("set", index=index, state="down")
            await netlink.link("set", index=index, address=str(wanted.mac))
        if link.mtu != wanted.mtu:
            await netlink.link("set", index=index, mtu=wanted.mtu)
        if not wanted.up or not link.up or link.mac != str(wanted.mac):
            await netlink.link("set", index=index, state="up" if wanted.up else "down")

    async def _apply_addresses(
        self, netlink: AsyncIPRoute, wanted: Sequence[IPv4Interface]
    ) -> None:
        removed, added = address_steps(await self._read_addresses(netlink, wanted), wanted)
        for address in removed:
            await self._change_address(netlink, "del", address)
        for address in added:
            await self._change_address(netlink, "add", address)
        if removed:  # the kernel takes the secondaries of a network along with its primary
            _, missing = address_steps(await self._read_addresses(netlink, wanted), wanted)
            for address in missing:
                await self._change_address(netlink, "add", address)
        self._own = set(wanted)

    async def _read_addresses(
        self, netlink: AsyncIPRoute, wanted: Sequence[IPv4Interface]
    ) -> list[IPv4Interface]:
        """Read the interface's addresses but for those that somebody else gave it."""
        self._own.update(wanted)
        return [
            entry.address
            for entry in await read_addresses(netlink)
            if entry.device == self._port.index
            and entry.address in self._own
            and isinstance(entry.address, IPv4Interface)
        ]

    async def _change_address(
        self, netlink: AsyncIPRoute, command: str, address: IPv4Interface
    ) -> None:
        request = {"address": str(address.ip), "prefixlen": address.network.prefixlen}
        if address.network.prefixlen < _LARGEST_POINT_TO_POINT:
            request["broadcast"] = str(address.network.broadcast_address)
        try:
            await netlink.addr(command, index=self._port.index, **request)
        except NetlinkError as error:
            there_already = command == "add" and error.code == errno.EEXIST
            gone_already = command == "del" and error.code == errno.EADDRNOTAVAIL
            if not there_already and not gone_already:
                raise

    async def _apply_routes(
        self, netlink: AsyncIPRoute, wanted: WantedState, *, around: bool
    ) -> list[str]:
        failed: dict[str, list[str]] = {}
        routes: list[Route] = []
        ipv6 = has_ipv6(self._port.name)
        for route in wanted.routes:
            if around is (route.way is None):
                continue
            if route.way is None and route.destination.version == 6 and not ipv6:
                continue
            try:
                found = route_for(route, index=self._port.index, index_of=socket.if_nametoindex)
            except OSError:  # the physical interface has just gone: the watch will tell
                failed.setdefault("the network interface is gone", []).append(
                    str(route.destination)
                )
                continue
            routes.append(found)
        deleted, added = route_steps(
            await read_routes(netlink),
            routes,
            index=self._port.index,
            accept_room_router=wanted.accept_room_router,
        )
        for old in deleted:
            if is_around(old, index=self._port.index) is around:
                await delete_route(netlink, old)
        for new in added:
            try:
                await add_route(netlink, new)
            except NetlinkError as error:
                if error.code == errno.EPERM:
                    raise
                reason = os.strerror(error.code)
                if error.code == errno.EEXIST:
                    reason = "another program, or another room, has that already"
                failed.setdefault(reason, []).append(str(new.destination))
        return [_route_notice(reason, destinations) for reason, destinations in failed.items()]

    def _explain(self, error: NetlinkError) -> NoReturn:
        if error.code == errno.ENODEV:
            raise self._port.lost_error() from error
        if error.code == errno.EPERM:
            raise PortError(
                PortFault.NOT_PERMITTED,
                f"{self._port.name} can't be set up: the right CAP_NET_ADMIN is missing. "
                "Run this command as root, or run `lanparty-client setup` as root once.",
            ) from error
        raise PortError(
            PortFault.REFUSED,
            f"the kernel refuses the setup of {self._port.name}: {os.strerror(error.code)}.",
        ) from error


def _route_notice(reason: str, destinations: Sequence[str]) -> str:
    return f"What goes to {', '.join(destinations)} can't be sent into the room: {reason}."


def _unchanged_notice(interface: str, unchanged: Unchanged, *, refuse: bool) -> str:
    consequence = (
        " IPv6 router advertisements from the room are kept from this machine instead."
        if refuse
        else ""
    )
    return (
        f"These settings of {interface} can't be changed here: {', '.join(unchanged)}."
        f"{consequence} In a container, set them for net.*.conf.default when it is started."
    )
