"""The room's network interface and the machine's other networks around it, on Linux.

Everything of the platform that a membership needs, opened in the right order and taken away in the
reverse one.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from typing import Final

from lanparty_client.addressing import Neighbour
from lanparty_client.discovery_routes import with_relay_routes
from lanparty_client.linux.interface import Interface
from lanparty_client.linux.leave_alone import leave_alone, take_back
from lanparty_client.linux.leftovers import remove_leftovers
from lanparty_client.linux.surroundings import default_gateway, route_to
from lanparty_client.linux.tap import TapPort
from lanparty_client.linux.watching import NetworkWatch
from lanparty_client.wanted import PhysicalWay, WantedState

__all__ = ["Ground"]


class Ground:
    """Where the room meets the machine. `open` makes it; its stack takes it away."""

    def __init__(self, port: TapPort, interface: Interface, watch: NetworkWatch) -> None:
        self.port: Final = port
        self._interface = interface
        self._watch = watch
        self._applied: tuple[WantedState, IPv4Address | IPv6Address | None] | None = None

    @classmethod
    async def open(
        cls, name: str, stack: AsyncExitStack, *, tell: Callable[[str], None]
    ) -> "Ground":
        """Make the interface, still down; `tell` gets sentences on what could not be done.

        Raises `PortError`.
        """
        await remove_leftovers()
        for notice in await leave_alone(name):
            tell(notice)
        stack.push_async_callback(take_back, name)
        port = TapPort.open(name)
        stack.callback(port.close)
        interface = Interface(port)
        stack.push_async_callback(interface.aclose)
        return cls(port, interface, NetworkWatch(room=port.index))

    async def watch(
        self, stack: AsyncExitStack, *, on_change: Callable[[], None], on_lost: Callable[[], None]
    ) -> None:
        """Say when the machine's other networks change, or the interface is deleted."""
        self.port.on_lost(on_lost)
        stack.callback(self.port.on_lost, None)
        stack.push_async_callback(self._watch.aclose)
        await self._watch.start(self._forgetting(on_change))

    def _forgetting(self, on_change: Callable[[], None]) -> Callable[[], None]:
        def changed() -> None:
            self._applied = None  # What was right may not be there any more.
            on_change()

        return changed

    def prefixes_in_use(self) -> tuple[IPv4Network, ...]:
        """Return the networks that the machine is in, the room's aside."""
        return self._watch.surroundings.prefixes_in_use()

    async def router(self) -> Neighbour | None:
        """Find the machine's own router; None without one whose MAC the machine knows."""
        gateway = await default_gateway(room=self.port.index)
        if gateway is None or gateway.mac is None:
            return None
        return Neighbour(gateway.address, gateway.mac)

    async def shape(self, wanted: WantedState, *, relay: str | None) -> tuple[str, ...]:
        """Make the interface look as wanted, with a way around it to the `relay` that is dialed.

        Returns sentences on what could not be done, each once; raises `PortError`.
        """
        address = None if relay is None else _plain(ip_address(relay.partition("%")[0]))
        if self._applied == (wanted, address):
            return ()
        self._applied = (wanted, address)
        ways: dict[IPv4Address | IPv6Address, PhysicalWay] = {}
        if address is not None:
            way = await route_to(address, room=self.port.index)
            if way is not None:
                ways[address] = way
        return await self._interface.apply(with_relay_routes(wanted, ways))


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Undo the mapping into IPv6 that a socket of both families shows (RFC 4291 section 2.5.5)."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped
