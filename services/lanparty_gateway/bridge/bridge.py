"""The bridge between a LAN and a room: which frames cross, and when none does.

Pure: frames and time come in, frames come out. The rules, in their order:

    LAN -> room   a player's address as the source is a loop, unless it was a host's before; other
                  sources are learned; to the group or to a player, and nothing that stays on the
                  LAN; what the policy lets through; broadcasts not more often than the limits
    room -> LAN   from a player's address, and from none that lives on the LAN; nothing that a DHCP
                  server or a router says; as fast as the limits allow

Every frame that comes in is counted as forwarded or under one reason (`drops`).
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

from lanparty_ethernet import Hearing
from lanparty_gateway.bridge import sentences
from lanparty_gateway.bridge.announcement import announcement
from lanparty_gateway.bridge.drops import BridgeCounters, LanDrop, RoomDrop, WayCounters
from lanparty_gateway.bridge.lan_way import LanWay
from lanparty_gateway.bridge.loop_probes import LoopProbes, Schedule
from lanparty_gateway.bridge.loop_station import LoopStation
from lanparty_gateway.bridge.policy import BridgePolicy
from lanparty_gateway.bridge.room_way import RoomWay
from lanparty_gateway.bridge.states import (
    AddressContested,
    BridgeEvent,
    BridgeState,
    Phase,
    StopReason,
)
from lanparty_gateway.bridge.surroundings import Surroundings
from lanparty_gateway.bridge.vlan import tagged, untagged
from lanparty_proto import MacAddress

__all__ = ["AddressTranslation", "Bridge"]


class AddressTranslation(Protocol):
    """What hides the players behind the interface's address: `lanparty_gateway.mac_nat`."""

    def from_room(self, frame: bytes, now: float) -> list[bytes]:
        """Return what goes onto the LAN for a player's frame."""
        ...

    def from_lan(self, frame: bytes, now: float) -> list[bytes]:
        """Return what goes into the room for a frame of the LAN."""
        ...


class Bridge:
    """Takes what the port read and what the room sent; the shell writes what it returns."""

    def __init__(
        self,
        policy: BridgePolicy,
        *,
        instance: int,
        room_secret: int,
        own_mac: MacAddress,
        interface_mac: MacAddress,
        jitter: Callable[[], float],
        mac_nat: AddressTranslation | None = None,
    ) -> None:
        """Carry nothing until `set_joined`.

        `instance` and `room_secret` are 64 random bits each, drawn for this process; `own_mac` is
        its own locally administered address, the source of its probes; `jitter` draws from 0 to 1.
        """
        self._around = Surroundings(
            policy,
            own_mac=own_mac,
            interface_mac=interface_mac,
            hides_players=mac_nat is not None,
            jitter=jitter,
        )
        self._vlan = policy.vlan
        self._mac_nat = mac_nat
        self._probes = LoopProbes(instance=instance, room_secret=room_secret)
        self._lan_way = LanWay(self._around, self._probes)
        self._room_way = RoomWay(self._around)
        self._station = LoopStation(own_mac, self._probes, on_loop=self._handle_loop_in_room)
        self._lan_schedule = Schedule()
        self._lan_probes_sent = 0
        self._announce_at: float | None = None
        """When the players are to be announced; None: they aren't."""
        self._was_forwarding = False
        self._lan_count = WayCounters()
        self._room_count = WayCounters()

    # What it is told.

    def set_members(self, macs: frozenset[bytes]) -> None:
        """Name the addresses of all players in the room."""
        around = self._around
        for mac in macs - around.members:
            if mac in around.table:
                around.contested.add(mac)
                named = MacAddress(mac)
                around.standing.tell(
                    AddressContested(sentence=sentences.contested(named), mac=named)
                )
        around.contested &= macs
        around.members = macs

    def set_joined(self, joined: bool, *, now: float) -> None:
        """Say whether there is a room."""
        self._around.standing.set_joined(joined, now=now)
        self._follow(now)

    def set_link(self, up: bool, *, now: float) -> None:
        """Say whether the interface has a link. Until this is called, it has."""
        if not up:
            self._around.table.clear()
        self._around.standing.set_link(up, now=now)
        self._follow(now)

    def set_interface_mac(self, mac: MacAddress) -> None:
        """Name the interface's address; it may change."""
        self._around.interface_mac = mac

    def set_host_addresses(self, addresses: Iterable[IPv4Address]) -> None:
        """Name the addresses of the gateway's machine on the LAN, which the room can't reach.

        None if it can, as after `lanparty-gateway setup-host`.
        """
        self._around.host_addresses = frozenset(address.packed for address in addresses)

    def set_relays(self, relays: Iterable[tuple[IPv4Address | IPv6Address, int]]) -> None:
        """Name the relays that are dialed: what goes to or comes from them never crosses."""
        self._around.contents.set_relays(relays)

    # Frames.

    def from_lan(self, frames: Iterable[bytes], *, now: float) -> list[bytes]:
        """Return what of the LAN's frames goes into the room."""
        forwarded: list[bytes] = []
        vlan, nat, refuse, count = self._vlan, self._mac_nat, self._lan_way.refuse, self._lan_count
        for frame in frames:
            count.received += 1
            inner = frame if vlan is None else untagged(frame, vlan)
            if inner is None:
                count.dropped[LanDrop.VLAN] += 1
                continue
            reason = refuse(inner, now)
            if reason is not None:
                count.dropped[reason] += 1
                continue
            if nat is None:
                forwarded.append(inner)
            elif translated := nat.from_lan(inner, now):
                forwarded += translated
            else:
                count.dropped[LanDrop.MAC_NAT] += 1
                continue
            count.forwarded += 1
        if self._lan_way.reappearing.take_suspicion():
            self._station.schedule.hurry(now=now)
        if self._around.standing.phase is not Phase.FORWARDING:
            self._follow(now)
        return forwarded

    def from_room(self, frames: Iterable[bytes], *, now: float) -> list[bytes]:
        """Return what of the room's frames goes onto the LAN."""
        forwarded: list[bytes] = []
        nat, refuse, count = self._mac_nat, self._room_way.refuse, self._room_count
        for frame in frames:
            count.received += 1
            reason = refuse(frame, now)
            if reason is not None:
                count.dropped[reason] += 1
                continue
            if nat is None:
                forwarded.append(frame)
            elif translated := nat.from_room(frame, now):
                forwarded += translated
            else:
                count.dropped[RoomDrop.MAC_NAT] += 1
                continue
            count.forwarded += 1
        vlan = self._vlan
        return forwarded if vlan is None else [tagged(frame, vlan) for frame in forwarded]

    def frames_for_lan(self, *, now: float) -> list[bytes]:
        """Take what is due: the probe, and when frames begin to cross, the players' addresses."""
        frames: list[bytes] = []
        if self._announce_at is not None:
            self._announce_at = None
            frames += map(announcement, sorted(self._around.members - self._around.contested))
        if self._lan_schedule.take(now=now):
            self._lan_probes_sent += 1
            # A wireless station can't send from another address than its own.
            is_hidden = self._around.hides_players
            source = self._around.interface_mac if is_hidden else self._around.own_mac
            frames.append(self._probes.onto_lan(source))
        vlan = self._vlan
        return frames if vlan is None else [tagged(frame, vlan) for frame in frames]

    # Time, and what there is to see.

    def next_deadline(self) -> float | None:
        """When `frames_for_lan` or `handle_timer` has something to do."""
        dues = (
            self._announce_at,
            self._lan_schedule.next_deadline(),
            self._around.standing.next_deadline(),
            self._lan_way.reappearing.next_deadline(),
        )
        return min((due for due in dues if due is not None), default=None)

    def handle_timer(self, *, now: float) -> None:
        """Begin to forward when a check or a pause is over; find loops in what stays away."""
        self._lan_way.find_loop(now=now)
        self._around.table.expire(now=now)
        self._around.standing.handle_timer(now=now)
        self._follow(now)

    @property
    def station(self) -> LoopStation:
        """The station that sends the room's probes and hears the room's: give it to the session."""
        return self._station

    @property
    def state(self) -> BridgeState:
        """Whether frames cross, and if not, why."""
        return self._around.standing.state

    @property
    def has_contested_addresses(self) -> bool:
        """Whether a player's address is a LAN machine's too, so that neither's frames cross."""
        return bool(self._around.contested)

    @property
    def hearing(self) -> Hearing:
        """What the gateway's answers to players' probes say of it."""
        stopped = self._around.standing.phase is Phase.STOPPED
        return Hearing.PAUSED if stopped else Hearing.NO_HOST

    def events(self) -> list[BridgeEvent]:
        """Take what happened, for the log and the screen."""
        return self._around.standing.events()

    def counters(self) -> BridgeCounters:
        """Return a copy of all counters."""
        table, standing = self._around.table, self._around.standing
        return BridgeCounters(
            lan_to_room=replace(self._lan_count, dropped=self._lan_count.dropped.copy()),
            room_to_lan=replace(self._room_count, dropped=self._room_count.dropped.copy()),
            lan_hosts=len(table),
            lan_hosts_evicted=table.evicted,
            moves=table.moves,
            loops=standing.loops,
            second_gateways=standing.second_gateways + self._lan_way.seconds_told,
            probes_sent=self._lan_probes_sent + self._station.sent,
        )

    # What follows.

    def _handle_loop_in_room(self, now: float) -> None:
        self._around.standing.stop(StopReason.LOOP, sentences.PROBE_CAME_THROUGH, now=now)
        self._follow(now)

    def _follow(self, now: float) -> None:
        """Let probes and announcements go as the standing wants them."""
        standing = self._around.standing
        is_forwarding = standing.phase is Phase.FORWARDING
        if not is_forwarding:
            self._lan_way.reappearing.clear()
            self._announce_at = None
        elif not self._was_forwarding and not self._around.hides_players:
            self._announce_at = now
        self._was_forwarding = is_forwarding
        if not standing.probes:
            self._station.schedule.stop()
            self._lan_schedule.stop()
            return
        self._station.schedule.start(now=now)
        if standing.stop_reason is StopReason.SECOND_GATEWAY:
            self._lan_schedule.stop()
        else:
            self._lan_schedule.start(now=now)
