"""Which addresses the room's interface should have at this moment: all sources in one machine."""

from collections.abc import Callable, Iterable
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Final

from lanparty_client.addressing import notices
from lanparty_client.addressing.choice import AddressChoice, AddressMode
from lanparty_client.addressing.dhcp_frames import answer_in
from lanparty_client.addressing.dhcp_lease import DhcpLease
from lanparty_client.addressing.gateway import GatewayPresence
from lanparty_client.addressing.lan_routes import lan_routes
from lanparty_client.addressing.outcome import Outcome
from lanparty_client.addressing.own_lan import Neighbour, OwnLanResult, OwnLanWatch
from lanparty_client.addressing.randomness import Randomness
from lanparty_client.addressing.refusal import Refusal, RefusalKind
from lanparty_client.addressing.sources import Sources
from lanparty_client.wanted import WantedRoute
from lanparty_ctrl import AddressLease
from lanparty_ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV4, ArpPacket, PacketError
from lanparty_proto import BROADCAST, ETHERNET_HEADER_LENGTH, MacAddress, encode_ethernet

__all__ = ["Addressing"]

_NOTHING: Final[frozenset[int]] = frozenset()
_ARP: Final = frozenset({ETHERTYPE_ARP})
_ARP_AND_IPV4: Final = frozenset({ETHERTYPE_ARP, ETHERTYPE_IPV4})
_ARP_TYPE: Final = ETHERTYPE_ARP.to_bytes(2, "big")
_IPV4_TYPE: Final = ETHERTYPE_IPV4.to_bytes(2, "big")


class _Presence(Enum):
    AWAY = "away"
    HERE = "here"
    LEAVING = "leaving"


class Addressing:
    """Decides the addresses of the room's interface; a `Station` that speaks ARP and DHCP.

        addressing = Addressing(choice, mac=mac, random=Random(), on_change=look_again)
        addressing.machine_changed(prefixes=own_networks, router=own_router, now=now)
        if addressing.refusal: ...                             # a static address that can't be
        running = join_relay(..., stations=[addressing])
        addressing.joined(lease=..., gateway=..., now=now)     # each time that it is joined
        addressing.members_changed(gateway=..., now=now)       # the gateway has come or gone
        addressing.lease_changed(lease, now=now)               # the relay gives another
        replace(wanted, addresses=addressing.addresses, routes=addressing.routes)
        addressing.leave(now=now)                              # let the session send, then leave

    `on_change` is called when one of the properties has changed; from within a call, so it only
    takes note. All times are of one monotonic clock. Nothing that arrives makes it raise.
    """

    def __init__(
        self,
        choice: AddressChoice,
        *,
        mac: MacAddress,
        random: Randomness,
        force: bool = False,
        use_lan_gateway: bool = False,
        on_change: Callable[[], None],
    ) -> None:
        self._mode = choice.mode
        self._mac = mac
        self._force = force
        self._use_lan_gateway = use_lan_gateway
        self._on_change = on_change
        self._sources = Sources(choice, mac=mac, random=random)
        self._own_lan = OwnLanWatch(mac=mac)
        self._gateway = GatewayPresence()
        self._prefixes: tuple[IPv4Network, ...] = ()
        self._router: Neighbour | None = None
        self._presence = _Presence.AWAY
        self._outcome = Outcome()
        self._due_at: float | None = None
        """Kept at hand, because it is asked for with every batch of frames."""

    # What it says.

    @property
    def addresses(self) -> tuple[IPv4Interface, ...]:
        """The addresses that the interface should have, the primary one first."""
        return self._outcome.addresses

    @property
    def discovery_source(self) -> IPv4Address | None:
        """The address that broadcasts come from if a program has bound none.

        The one of the gateway's LAN while there is one: players who have one too can answer any,
        the hosts of the LAN can't answer the room's own network.
        """
        lan = self._sources.lan.lease
        if lan is not None and lan.address in self.addresses:
            return lan.address.ip
        return self.addresses[0].ip if self.addresses else None

    @property
    def routes(self) -> tuple[WantedRoute, ...]:
        """The way into the internet by the gateway's LAN; empty unless that was asked for."""
        return self._outcome.routes

    @property
    def notices(self) -> tuple[str, ...]:
        """What the player should know, in sentences that hold now."""
        return self._outcome.notices

    @property
    def refusal(self) -> Refusal | None:
        """Why the machine should leave, or not join. It stays."""
        return self._outcome.refusal

    @property
    def own_lan(self) -> OwnLanResult:
        """Whether this machine is on the gateway's LAN already."""
        return self._outcome.own_lan

    # What happens.

    def machine_changed(
        self, *, prefixes: Iterable[IPv4Network], router: Neighbour | None, now: float
    ) -> None:
        """Take the networks that the machine is on without the room, and its default router."""
        self._prefixes = tuple(prefixes)
        self._router = router
        self._settle(now=now)

    def joined(self, *, lease: AddressLease | None, gateway: int | None, now: float) -> None:
        """Begin, or go on after an outage. `gateway` is the peer id of the room's, if any."""
        self._presence = _Presence.HERE
        self._gateway.follow(gateway, now=now)
        self._sources.give_lease(_interface_of(lease), now=now)
        self._sources.start_again(now=now)
        self._settle(now=now)

    def lease_changed(self, lease: AddressLease | None, *, now: float) -> None:
        """Take another lease from the relay; the older ones stay as long as they do no harm."""
        self._sources.give_lease(_interface_of(lease), now=now)
        self._settle(now=now)

    def members_changed(self, *, gateway: int | None, now: float) -> None:
        """Take who is the room's gateway now."""
        if self._gateway.follow(gateway, now=now):
            self._sources.lan.start_again(now=now)
        self._settle(now=now)

    def disconnected(self, *, now: float) -> None:
        """Stand still until `joined`; the addresses stay."""
        self._presence = _Presence.AWAY
        self._own_lan.interrupt()
        self._settle(now=now)

    def leave(self, *, now: float) -> None:
        """Give a DHCP lease back: the message is among the next frames, and they are the last."""
        self._presence = _Presence.LEAVING
        self._sources.lan.release(now=now)
        self._settle(now=now)

    # The station.

    @property
    def ethertypes(self) -> frozenset[int]:
        """ARP while it has anything to look after; IPv4 only while a DHCP server may answer."""
        if self._sources.lan.is_listening:
            return _ARP_AND_IPV4
        is_idle = self._mode is AddressMode.NONE and self.own_lan is OwnLanResult.UNKNOWN
        return _NOTHING if is_idle else _ARP

    def receive_frame(self, frame: bytes, *, source: int, now: float) -> bool:
        """Take a frame from peer `source`; True for a DHCP server's answer to this station."""
        kind = frame[12:14]
        if kind == _ARP_TYPE:
            self._receive_arp(frame, source=source, now=now)
            return False
        if kind != _IPV4_TYPE or not self._believes_dhcp_of(source):
            return False
        message = answer_in(frame, mac=self._mac)
        if message is None:
            return False
        server_mac = MacAddress(frame[6:12])
        is_own = self._sources.lan.receive_message(message, server_mac=server_mac, now=now)
        self._settle(now=now)
        return is_own

    def frames_to_send(self, *, now: float) -> list[bytes]:
        """Take the frames that are due; time passes here."""
        if self._due_at is None or now < self._due_at:
            return []
        self._settle(now=now)
        frames = self._sources.lan.frames_to_send(now=now)
        packets: list[ArpPacket] = []
        if self._is_active:
            packets += self._own_lan.packets_to_send(now=now)
            packets += self._sources.packets_to_send(now=now)
        self._settle(now=now)
        return frames + [
            encode_ethernet(BROADCAST, self._mac, ETHERTYPE_ARP, packet.encode())
            for packet in packets
        ]

    def next_deadline(self) -> float | None:
        """When `frames_to_send` has something to do."""
        return self._due_at

    # How it decides.

    @property
    def _is_active(self) -> bool:
        return self._presence is _Presence.HERE and self.refusal is None

    @property
    def _is_leaving(self) -> bool:
        return self._presence is _Presence.LEAVING

    def _receive_arp(self, frame: bytes, *, source: int, now: float) -> None:
        try:
            packet = ArpPacket.parse(memoryview(frame)[ETHERNET_HEADER_LENGTH:])
        except PacketError:
            return
        self._own_lan.receive_arp(packet, source=source)
        self._sources.receive_arp(packet, now=now)
        self._settle(now=now)

    def _believes_dhcp_of(self, source: int) -> bool:
        """In `AUTO` only what comes through the gateway: the LAN's server is behind it."""
        return self._mode is AddressMode.DHCP or source == self._gateway.peer

    def _settle(self, *, now: float) -> None:
        """Steer by what is known now, and tell if something has changed."""
        if self.refusal is None and not self._is_leaving:
            if self._presence is _Presence.HERE:
                self._own_lan.follow(router=self._router, gateway=self._gateway.peer, now=now)
            has_lan = self._gateway.counts(now=now) and self._own_lan.found is None
            self._sources.steer(prefixes=self._prefixes, has_lan=has_lan, now=now)
        outcome = self._current_outcome()
        has_changed = outcome != self._outcome
        self._outcome = outcome
        self._due_at = self._next_deadline()
        if has_changed:
            self._on_change()

    def _next_deadline(self) -> float | None:
        if not self._is_active:
            return self._sources.lan.next_deadline() if self._is_leaving else None
        deadlines = (
            self._sources.next_deadline(),
            self._own_lan.next_deadline(),
            self._gateway.next_deadline(),
        )
        return min((at for at in deadlines if at is not None), default=None)

    def _current_outcome(self) -> Outcome:
        own_lan = self._own_lan.result
        refusal = self.refusal or self._current_refusal()
        if refusal is not None:
            return Outcome(refusal=refusal, own_lan=own_lan)
        # On one's own LAN no address may be used. Who has some already keeps them meanwhile.
        is_withheld = own_lan is OwnLanResult.CHECKING and not self.addresses
        return Outcome(
            addresses=() if is_withheld else self._sources.addresses(),
            routes=lan_routes(self._sources.lan.lease) if self._use_lan_gateway else (),
            notices=tuple(self._current_notices(self._sources.lan.lease)),
            own_lan=own_lan,
        )

    def _current_refusal(self) -> Refusal | None:
        found = self._own_lan.found
        if found is not None and not self._force:
            return Refusal(RefusalKind.OWN_LAN, notices.own_lan(found))
        static = self._sources.static
        return None if static is None else static.refusal(self._prefixes)

    def _current_notices(self, lease: DhcpLease | None) -> list[str]:
        told = self._sources.notices()
        if self._own_lan.found is not None:
            told.insert(0, notices.own_lan_forced(self._own_lan.found))
        if self._use_lan_gateway and self._presence is _Presence.HERE:
            if lease is None or not lease.routers:
                told.append(notices.no_router())
            elif lease.dns_servers:
                told.append(notices.dns_left_alone(lease.dns_servers))
        return told


def _interface_of(lease: AddressLease | None) -> IPv4Interface | None:
    return None if lease is None else IPv4Interface((lease.address, lease.prefix_length))
