"""The gateway's LAN: the interface, the bridge on it, and what both must know of the room."""

import random
import secrets
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Protocol, TypeAlias

from lanparty_client_core.port import FRAMES_PER_READ, FramePort
from lanparty_gateway.bridge import Bridge
from lanparty_gateway.bridged_port import BridgedPort
from lanparty_gateway.mac_nat import MacNat
from lanparty_gateway.own_addresses import OwnAddress
from lanparty_gateway.packet import FilterWish, LinkState, PortCounters
from lanparty_gateway.wish import GatewayWish
from lanparty_proto import MacAddress

__all__ = ["LanInterface", "LanSide"]

RelayPlace: TypeAlias = tuple[IPv4Address | IPv6Address, int]

_MOST_DROPPED: Final = 4_096
"""More frames than wait in the kernel; a flood's go on coming."""

_RELAYS_KEPT: Final = 8
"""As many as the kernel's filter takes."""


class LanInterface(FramePort, Protocol):
    """The interface as a port: `packet.PacketPort`."""

    @property
    def mac(self) -> MacAddress:
        """The interface's own address."""
        ...

    @property
    def link(self) -> LinkState:
        """Whether frames can pass."""
        ...

    def admit(self, wish: FilterWish) -> None:
        """Let the kernel pass what the wish names, and group frames."""
        ...

    def set_room_mtu(self, mtu: int) -> None:
        """Cut superframes to `mtu` bytes of payload."""
        ...

    def counters(self) -> PortCounters:
        """Return a copy of what was counted."""
        ...


class LanSide:
    """Keeps the kernel's filter and the bridge in step with the room and the interface."""

    def __init__(
        self,
        wish: GatewayWish,
        port: LanInterface,
        *,
        own_mac: MacAddress,
        on_turn: Callable[[], None],
        wake: Callable[[], None],
    ) -> None:
        """`own_mac` is random and local; `on_turn` and `wake` are `BridgedPort`'s."""
        self.interface: Final[LanInterface] = port
        self.own_mac: Final = own_mac
        self.mac_nat: Final = MacNat(port.mac) if wish.mac_nat else None
        self.bridge: Final = Bridge(
            wish.policy,
            instance=secrets.randbits(64),
            room_secret=secrets.randbits(64),
            own_mac=own_mac,
            interface_mac=port.mac,
            jitter=random.SystemRandom().random,
            mac_nat=self.mac_nat,
        )
        self.port: Final = BridgedPort(port, self.bridge, on_turn=on_turn, wake=wake)
        self._vlan = wish.vlan
        self._mac = port.mac
        self._members: frozenset[bytes] = frozenset()
        self._relays: tuple[RelayPlace, ...] = ()
        self._admit()

    def set_members(self, macs: Iterable[MacAddress | None]) -> None:
        """Name the players' addresses: before their frames come."""
        members = frozenset(bytes(mac) for mac in macs if mac is not None)
        if members != self._members:
            self._members = members
            self.bridge.set_members(members)
            if self.mac_nat is not None:
                self.mac_nat.set_members(members)
            self._admit()

    def add_relays(self, addresses: Iterable[tuple[str, int]]) -> None:
        """Keep the tunnel to these addresses of the relay out of itself."""
        relays = dict.fromkeys((*map(_place, addresses), *self._relays))
        latest = tuple(relays)[:_RELAYS_KEPT]
        if set(latest) != set(self._relays):
            self._relays = latest
            self.bridge.set_relays(latest)
            self._admit()

    def set_joined(self, joined: bool, *, now: float) -> None:
        """Say whether frames may cross: there is a room, and the preflight is over."""
        if joined:
            self._drop_what_waits()
        self.bridge.set_joined(joined, now=now)
        self.port.turn()

    def set_own_addresses(self, addresses: Iterable[OwnAddress]) -> None:
        """Name the addresses of this machine, which the room can't reach through the port."""
        hosts = [address.ip for address in addresses]
        self.bridge.set_host_addresses([host for host in hosts if isinstance(host, IPv4Address)])
        if self.mac_nat is not None:
            self.mac_nat.set_host_addresses(hosts)

    def follow_interface(self, *, now: float) -> None:
        """Take note that its link or address has changed."""
        self.bridge.set_interface_mac(self.interface.mac)
        if self.mac_nat is not None and self.interface.mac != self._mac:
            self.mac_nat.set_interface_mac(self.interface.mac)
        self._mac = self.interface.mac
        self.bridge.set_link(self.interface.link is LinkState.UP, now=now)
        self._admit()
        self.port.turn()

    def _drop_what_waits(self) -> None:
        """Take the frames from before.

        A standby's may be its players' own, sent by the gateway for which it has waited: now they
        would look like a loop.
        """
        for _ in range(_MOST_DROPPED // FRAMES_PER_READ):
            if not self.interface.read_frames():
                return

    def _admit(self) -> None:
        own = {bytes(self.own_mac)}
        if self.mac_nat is not None:
            own.add(bytes(self.interface.mac))
        self.interface.admit(
            FilterWish(
                destinations=self._members | own,
                sources=self._members,
                relays=frozenset(self._relays),
                vlan=self._vlan,
            )
        )


def _place(address: tuple[str, int]) -> RelayPlace:
    """Read an address as a socket of both families shows it (RFC 4291 section 2.5.5)."""
    found = ip_address(address[0].partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return found if mapped is None else mapped, address[1]
