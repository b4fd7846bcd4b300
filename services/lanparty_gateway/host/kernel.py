"""The changes that setup-host makes, one call each, by pyroute2: a shell. They need root."""

import errno
import sys
from typing import Any, Final

from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkError

from lanparty_gateway.host.picture import (
    BRIDGE,
    BRIDGE_PORT,
    FOREVER,
    GATEWAY_INTERFACE,
    HostAddress,
    HostPicture,
    HostRoute,
)
from lanparty_gateway.host.tables import names_of, read_addresses, read_picture, read_routes

__all__ = ["Kernel"]

_THERE_ALREADY: Final = (errno.EEXIST,)
_GONE_ALREADY: Final = (errno.EADDRNOTAVAIL, errno.ENODEV, errno.ESRCH, errno.ENOENT)


class Kernel:
    """One network namespace. Every method raises NetlinkError if the kernel refuses."""

    def __init__(self, netlink: AsyncIPRoute) -> None:
        self._netlink = netlink

    async def picture(self, interface: str) -> HostPicture | None:
        """Look at an interface and all that hangs on it; None if there is none."""
        return await read_picture(self._netlink, interface)

    async def names(self) -> list[str]:
        """Name every interface."""
        return await names_of(self._netlink)

    async def addresses(self, interface: str) -> tuple[HostAddress, ...]:
        """Read an interface's addresses."""
        return await read_addresses(self._netlink, await self._index(interface))

    async def routes(self, interface: str) -> tuple[HostRoute, ...]:
        """Read the routes by an interface, in the order in which they can be added."""
        routes, _ = await read_routes(self._netlink, await self._index(interface))
        return routes

    async def add_bridge(self, *, mac: str, mtu: int) -> None:
        """Make the bridge, down. It speaks no spanning tree, and floods every multicast."""
        await self.change(
            "link",
            "add",
            ifname=BRIDGE,
            kind="bridge",
            address=mac,
            mtu=mtu,
            br_stp_state=0,
            br_forward_delay=0,
            br_mcast_snooping=0,
        )

    async def add_cable(self, *, mtu: int) -> None:
        """Make the virtual cable, down at both ends."""
        await self.change(
            "link",
            "add",
            ifname=GATEWAY_INTERFACE,
            kind="veth",
            mtu=mtu,
            peer={"ifname": BRIDGE_PORT, "mtu": mtu},
        )

    async def delete_link(self, interface: str) -> None:
        """Delete an interface; one that is gone already is no error."""
        if interface in await self.names():
            await self.change("link", "del", index=await self._index(interface))

    async def take_up(self, interface: str) -> None:
        """Set an interface up."""
        await self.change("link", "set", index=await self._index(interface), state="up")

    async def join_bridge(self, interface: str) -> None:
        """Make an interface a port of the bridge."""
        bridge = await self._index(BRIDGE)
        await self.change("link", "set", index=await self._index(interface), master=bridge)

    async def leave_bridge(self, interface: str) -> None:
        """Make an interface a port of nothing."""
        await self.change("link", "set", index=await self._index(interface), master=0)

    async def add_address(self, interface: str, address: HostAddress) -> None:
        """Add an address; one that is there already is no error."""
        request: dict[str, Any] = {
            "address": address.address,
            "prefixlen": address.prefix_length,
            "scope": address.scope,
            "flags": address.flags,
        }
        if address.peer is not None:
            request |= {"address": address.peer, "local": address.address}
        if address.broadcast is not None:
            request["broadcast"] = address.broadcast
        if address.label is not None:
            request["label"] = address.label
        if address.priority is not None:
            request["rt_priority"] = address.priority
        if address.valid != FOREVER:
            request |= {"preferred_lft": address.preferred, "valid_lft": address.valid}
        index = await self._index(interface)
        await self.change("addr", "add", forgive=_THERE_ALREADY, index=index, **request)

    async def delete_address(self, interface: str, address: HostAddress) -> None:
        """Delete an address; one that is gone already is no error."""
        index = await self._index(interface)
        request = {"address": address.address, "prefixlen": address.prefix_length}
        if address.peer is not None:
            request |= {"address": address.peer, "local": address.address}
        await self.change("addr", "del", forgive=_GONE_ALREADY, index=index, **request)

    async def add_route(self, interface: str, route: HostRoute) -> None:
        """Add a route; one that is there already is no error."""
        request: dict[str, Any] = {
            "family": route.family,
            "dst": route.destination,
            "oif": await self._index(interface),
            "table": route.table,
            "proto": route.protocol,
            "scope": route.scope,
            "type": route.kind,
            "tos": route.service,
            "flags": route.flags,
        }
        optional: dict[str, Any] = {
            "gateway": route.gateway,
            "priority": route.metric,
            "prefsrc": route.preferred_source,
            "pref": route.preference,
            # A u32 of the kernel's; pyroute2 has it as octets.
            "expires": route.expires and route.expires.to_bytes(4, sys.byteorder),
            "metrics": dict(route.metrics) or None,
        }
        request |= {name: value for name, value in optional.items() if value is not None}
        await self.change("route", "add", forgive=_THERE_ALREADY, **request)

    async def change(
        self,
        what: str,
        command: str,
        *,
        forgive: tuple[int, ...] = (),
        **request: Any,  # the fields of pyroute2's requests
    ) -> None:
        """Ask the kernel for a change; every other method does so by this one."""
        try:
            await getattr(self._netlink, what)(command, **request)
        except NetlinkError as error:
            if error.code not in forgive:
                raise

    async def _index(self, interface: str) -> int:
        found: list[int] = await self._netlink.link_lookup(ifname=interface)
        if not found:
            raise NetlinkError(errno.ENODEV, f"{interface} is gone")
        return found[0]
