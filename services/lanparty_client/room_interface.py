"""The interface in the room: where the machine's ground and the rules for addresses meet."""

import random
from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Final

from lanparty_client.addressing import Addressing
from lanparty_client.discovery_routes import discovery_routes
from lanparty_client.ground import Ground
from lanparty_client.wanted import WantedState
from lanparty_client.wish import JoinWish
from lanparty_command import CommandFailed
from lanparty_proto import MacAddress

__all__ = ["RoomInterface"]


class RoomInterface:
    """Knows how the interface should look, and makes it look so."""

    def __init__(
        self, wish: JoinWish, ground: Ground, *, mac: MacAddress, on_change: Callable[[], None]
    ) -> None:
        """`on_change` is called when `shape` has something to do; it only takes note."""
        self.ground: Final = ground
        self.mac: Final = mac
        self.addressing: Final = Addressing(
            wish.address,
            mac=mac,
            random=random.SystemRandom(),
            force=wish.force,
            use_lan_gateway=wish.use_lan_gateway,
            on_change=on_change,
        )
        self._wish = wish

    @property
    def addresses(self) -> tuple[str, ...]:
        """The IPv4 addresses with their prefixes, the primary one first."""
        return tuple(map(str, self.addressing.addresses))

    async def look_around(self, *, now: float) -> tuple[IPv4Network, ...]:
        """Look which networks the machine is in, tell the rules, and return them."""
        prefixes = self.ground.prefixes_in_use()
        router = await self.ground.router()
        self.addressing.machine_changed(prefixes=prefixes, router=router, now=now)
        return prefixes

    async def prepare(self) -> None:
        """Give the interface its MAC, and leave it down; raises `PortError`."""
        wanted = WantedState(mac=self.mac, mtu=self.ground.port.mtu, up=False)
        await self.ground.shape(wanted, relay=None)

    async def shape(self, *, mtu: int, relay: str | None) -> tuple[str, ...]:
        """Make it look as it should now, with a way around it to the address of the `relay`.

        Returns sentences on what could not be done, each once; raises `PortError`.
        """
        addresses = self.addressing.addresses
        routes = self.addressing.routes
        if self._wish.discovery_routes:
            routes += discovery_routes(self.addressing.discovery_source)
        wanted = WantedState(
            mac=self.mac,
            mtu=mtu,
            addresses=addresses,
            routes=routes,
            accept_room_router=self._wish.use_lan_gateway,
        )
        return await self.ground.shape(wanted, relay=relay)

    def require_health(self) -> None:
        """Raise `PortError` if it was deleted, `CommandFailed` if it may not be in this room."""
        if self.ground.port.lost:
            raise self.ground.port.lost_error()
        if self.addressing.refusal is not None:
            raise CommandFailed(self.addressing.refusal.sentence)
