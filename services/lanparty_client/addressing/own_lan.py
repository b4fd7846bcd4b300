"""Is this machine on the gateway's LAN already? Then everything would come twice.

Every frame of that LAN would reach the machine by its own network card and by the room. One thing
is the same on both ways then: the router. The room is asked by ARP, through the gateway, who has
the address of the machine's own router; if the very MAC answers that the machine knows, it is one
LAN. Home networks share addresses by the million (192.168.1.1), but not MACs.
"""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Final

from lanparty_ethernet import ArpPacket
from lanparty_proto import MacAddress

__all__ = ["CHECK_SECONDS", "Neighbour", "OwnLanCheck", "OwnLanResult", "OwnLanWatch"]

CHECK_SECONDS: Final = 1.0
"""How long an answer may take; the machine gets no address meanwhile."""

_PROBE_INTERVAL: Final = 0.3
_PROBES: Final = 3
"""A loss or two doesn't hide the router."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A host next to this machine, as its neighbour table has it."""

    address: IPv4Address
    mac: MacAddress


class OwnLanResult(StrEnum):
    """What came out."""

    UNKNOWN = "unknown"
    """The room has no gateway, or the machine no router whose MAC it knows."""
    CHECKING = "checking"
    CLEAR = "clear"
    """Nobody behind the gateway answered with that MAC."""
    FOUND = "found"


class OwnLanCheck:
    """One check, of one router behind one gateway."""

    def __init__(self, router: Neighbour, *, gateway: int, mac: MacAddress, now: float) -> None:
        self.router: Final = router
        self.gateway: Final = gateway
        self._mac = mac
        self._result = OwnLanResult.CHECKING
        self._probes_left = _PROBES
        self._next_probe_at: float | None = now
        self._ends_at = now + CHECK_SECONDS

    @property
    def result(self) -> OwnLanResult:
        """What is known by now."""
        return self._result

    def receive_arp(self, packet: ArpPacket, *, source: int) -> None:
        """Take any ARP packet; one that came from the gateway may decide, even after the end."""
        if source != self.gateway or packet.sender_ip != self.router.address:
            return
        if packet.sender_mac == self.router.mac:
            self._end(OwnLanResult.FOUND)
        elif self._result is OwnLanResult.CHECKING:
            self._end(OwnLanResult.CLEAR)

    def packets_to_send(self, *, now: float) -> list[ArpPacket]:
        """Take the ARP packets that are due; each goes to the broadcast address."""
        if self._result is not OwnLanResult.CHECKING:
            return []
        if now >= self._ends_at:
            self._end(OwnLanResult.CLEAR)
            return []
        if self._next_probe_at is None or now < self._next_probe_at:
            return []
        self._probes_left -= 1
        self._next_probe_at = now + _PROBE_INTERVAL if self._probes_left else None
        # A probe leaves no trace in the router's neighbour table; a request would have a sender.
        return [ArpPacket.probe(sender_mac=self._mac, target=self.router.address)]

    def next_deadline(self) -> float | None:
        """When `packets_to_send` has something to do."""
        if self._result is not OwnLanResult.CHECKING:
            return None
        if self._next_probe_at is None:
            return self._ends_at
        return min(self._next_probe_at, self._ends_at)

    def _end(self, result: OwnLanResult) -> None:
        self._result = result
        self._next_probe_at = None


class OwnLanWatch:
    """Checks each router of the machine behind each gateway of the room, one at a time."""

    def __init__(self, *, mac: MacAddress) -> None:
        self._mac = mac
        self._check: OwnLanCheck | None = None

    @property
    def result(self) -> OwnLanResult:
        """What is known by now."""
        return OwnLanResult.UNKNOWN if self._check is None else self._check.result

    @property
    def found(self) -> Neighbour | None:
        """The router that is on both sides, if there is one."""
        if self._check is None or self._check.result is not OwnLanResult.FOUND:
            return None
        return self._check.router

    def follow(self, *, router: Neighbour | None, gateway: int | None, now: float) -> None:
        """Take which router the machine has, and which peer is the gateway, if any."""
        if router is None or gateway is None:
            self._check = None
        elif self._check is None or (self._check.router, self._check.gateway) != (router, gateway):
            self._check = OwnLanCheck(router, gateway=gateway, mac=self._mac, now=now)

    def interrupt(self) -> None:
        """Forget a check that is under way, as the segment is away; it begins anew afterwards."""
        if self.result is OwnLanResult.CHECKING:
            self._check = None

    def receive_arp(self, packet: ArpPacket, *, source: int) -> None:
        """Take any ARP packet, and the peer that it came from."""
        if self._check is not None:
            self._check.receive_arp(packet, source=source)

    def packets_to_send(self, *, now: float) -> list[ArpPacket]:
        """Take the ARP packets that are due; each goes to the broadcast address."""
        return [] if self._check is None else self._check.packets_to_send(now=now)

    def next_deadline(self) -> float | None:
        """When `packets_to_send` has something to do."""
        return None if self._check is None else self._check.next_deadline()
