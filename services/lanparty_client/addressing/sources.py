"""Where addresses come from, side by side: the relay, DHCP, the player, and the machine itself."""

from collections.abc import Iterable
from ipaddress import IPv4Interface, IPv4Network

from lanparty_client.addressing import notices
from lanparty_client.addressing.choice import AddressChoice, AddressMode
from lanparty_client.addressing.collisions import collision
from lanparty_client.addressing.lan_address import LanAddress
from lanparty_client.addressing.link_local import LinkLocal
from lanparty_client.addressing.randomness import Randomness
from lanparty_client.addressing.room_leases import RoomLeases
from lanparty_client.addressing.static_address import StaticAddress
from lanparty_ethernet import LINK_LOCAL_NETWORK, ArpPacket
from lanparty_proto import MacAddress

__all__ = ["Sources"]


class Sources:
    """The sources that a choice of addresses calls for; `steer` says how the world is now."""

    def __init__(self, choice: AddressChoice, *, mac: MacAddress, random: Randomness) -> None:
        self._mode = choice.mode
        self.lan = LanAddress(mac=mac, random=random)
        self.static = (
            None if choice.static is None else StaticAddress(choice.static, mac=mac, random=random)
        )
        self._leases = RoomLeases(mac=mac, random=random)
        self._link_local = LinkLocal(mac=mac, random=random)
        self._prefixes: tuple[IPv4Network, ...] = ()
        self._room: IPv4Network | None = None
        """What the relay leases from."""
        self._lan_wanted = False

    def give_lease(self, lease: IPv4Interface | None, *, now: float) -> None:
        """Take what the relay leases; only `AUTO` uses it, but it tells where the others are."""
        self._room = None if lease is None else lease.network
        if self._mode is AddressMode.AUTO:
            self._leases.give(lease, now=now)

    def start_again(self, *, now: float) -> None:
        """Begin, or go on after the segment was away."""
        self._leases.start_again(now=now)
        self._link_local.start_again(now=now)
        self.lan.start_again(now=now)
        if self.static is not None:
            self.static.start(now=now)

    def steer(self, *, prefixes: Iterable[IPv4Network], has_lan: bool, now: float) -> None:
        """Start and stop what is called for.

        `prefixes` are the machine's own networks; `has_lan`: behind the room's gateway is a LAN
        that the machine isn't on.
        """
        self._prefixes = tuple(prefixes)
        self._leases.drop_colliding(self._prefixes)
        self._lan_wanted = self._mode is AddressMode.DHCP or (
            self._mode is AddressMode.AUTO and has_lan
        )
        self.lan.steer(wanted=self._lan_wanted, prefixes=self._prefixes, now=now)
        if not self._may_be_link_local():
            self._link_local.stop()
        elif not self._lan_wanted or self.lan.is_silent_around:
            self._link_local.start(now=now)

    def addresses(self) -> tuple[IPv4Interface, ...]:
        """Return the addresses that can be used now, the primary one first."""
        found = list(self._leases.usable(self._prefixes))
        if self.lan.lease is not None:
            found.append(self.lan.lease.address)
        if self.static is not None:
            found += self.static.usable(self._prefixes)
        if self._link_local.address is not None:
            found.append(self._link_local.address)
        return tuple(dict.fromkeys(found))

    def notices(self) -> list[str]:
        """Return what a player should know about them."""
        told = [
            notices.address_disputed(address.ip, rival) for address, rival in self._leases.rivals()
        ]
        newest = self._leases.newest
        if newest is not None and (prefix := collision(newest.network, self._prefixes)):
            told.append(notices.lease_collides(newest, prefix))
        told += self._notices_of_lan()
        if newest is None and self._mode is AddressMode.AUTO and self._link_local.address:
            told.append(notices.no_lease(self._link_local.address))
        if self.static is not None:
            told += self.static.notices(self._prefixes, room=self._room)
        return told

    def receive_arp(self, packet: ArpPacket, *, now: float) -> None:
        """Take any ARP packet of the segment."""
        self._leases.receive_arp(packet, now=now)
        self._link_local.receive_arp(packet, now=now)
        self.lan.receive_arp(packet, now=now)
        if self.static is not None:
            self.static.receive_arp(packet, now=now)

    def packets_to_send(self, *, now: float) -> list[ArpPacket]:
        """Take the ARP packets that are due; each goes to the broadcast address."""
        packets = self._leases.packets_to_send(now=now)
        packets += self._link_local.packets_to_send(now=now)
        packets += self.lan.packets_to_send(now=now)
        if self.static is not None:
            packets += self.static.packets_to_send(now=now)
        return packets

    def next_deadline(self) -> float | None:
        """When there is something to send."""
        deadlines = [
            self._leases.next_deadline(),
            self._link_local.next_deadline(),
            self.lan.next_deadline(),
        ]
        if self.static is not None:
            deadlines.append(self.static.next_deadline())
        return min((at for at in deadlines if at is not None), default=None)

    def _may_be_link_local(self) -> bool:
        return (
            self._mode in (AddressMode.AUTO, AddressMode.DHCP)
            and not self._leases.usable(self._prefixes)
            and self.lan.lease is None
            and collision(LINK_LOCAL_NETWORK, self._prefixes) is None
        )

    def _notices_of_lan(self) -> list[str]:
        if not self._lan_wanted or self.lan.lease is not None:
            return []
        if self.lan.avoided is not None:
            return [notices.lan_avoided(self.lan.avoided)]
        if not self.lan.is_silent_around:
            return []
        if self._mode is AddressMode.DHCP:
            if self._link_local.address is None and self._may_be_link_local():
                return []  # it comes in a moment, and belongs into the same sentence
            return [notices.no_dhcp_server(self._link_local.address)]
        return [notices.lan_silent()]
