"""A survey of the LAN: what is asked when, and what is made of every frame that comes. Pure."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Final

from lanparty_gateway.preflight.dhcp_search import DhcpSearch
from lanparty_gateway.preflight.facts import LanFacts
from lanparty_gateway.preflight.foreign_mac_search import ForeignMacSearch
from lanparty_gateway.preflight.listening import Listening
from lanparty_proto import EthernetError, MacAddress, parse_ethernet

__all__ = ["Survey"]

_DISCOVERS_AT: Final = (0.0, 1.0)
"""Seconds after the beginning."""
_PROBES_AT: Final = (0.1, 0.9, 1.7, 2.5)
"""One more than there are tries: a host to ask may be heard of only on the way."""


class Survey:
    """Asks, listens, and remembers. Call `frames_to_send` at the beginning and at each deadline."""

    def __init__(
        self,
        own: MacAddress,
        *,
        nobody: MacAddress,
        transaction: int,
        mac_nat: bool = False,
        vlan: int | None = None,
        hosts: Sequence[IPv4Address] = (),
        now: float,
    ) -> None:
        """`own` is the interface's address; with `mac_nat` nothing is sent from any other.

        `nobody` is a random, locally administered one; `transaction` are 32 random bits. `vlan` is
        the one whose frames are the LAN; `hosts` are those to ask, the best one first.
        """
        self._own = own
        self._vlan = vlan
        self._began_at = now
        self._listening = Listening(vlan=vlan)
        self._dhcp = DhcpSearch(nobody, transaction=transaction)
        self._foreign: ForeignMacSearch | None = None
        if not mac_nat:
            self._foreign = ForeignMacSearch(foreign=nobody, own=own, vlan=vlan)
            self._foreign.suggest(hosts)
        # The first one from the nobody who asks, as servers and switches that compare the two want
        # it; the second from the interface, in case that something drops a nobody's frames.
        self._senders = deque((own, own) if mac_nat else (nobody, own))
        self._discovers_at = deque(now + at for at in _DISCOVERS_AT)
        self._probes_at = deque(() if mac_nat else (now + at for at in _PROBES_AT))

    def frames_to_send(self, *, now: float) -> list[bytes]:
        """Take the frames that are due for the LAN."""
        frames = []
        while self._discovers_at and self._discovers_at[0] <= now:
            self._discovers_at.popleft()
            sender = self._senders.popleft()
            seconds = round(now - self._began_at)
            frames.append(self._dhcp.discover(sender=sender, seconds=seconds, vlan=self._vlan))
        while self._foreign and self._probes_at and self._probes_at[0] <= now:
            self._probes_at.popleft()
            # Who offers addresses is a host to ask, if no other is known.
            self._foreign.suggest(self._dhcp.hosts)
            frames += self._foreign.probes()
        return frames

    def next_deadline(self) -> float | None:
        """When `frames_to_send` has something; None: nothing more is asked."""
        due = [times[0] for times in (self._discovers_at, self._probes_at) if times]
        return min(due, default=None)

    def receive(self, frames: Iterable[bytes]) -> None:
        """Take frames of the LAN, tags included."""
        for frame in frames:
            try:
                header = parse_ethernet(memoryview(frame))
            except EthernetError:
                continue
            self._listening.receive(header)
            if not self._listening.concerns(header) or self._dhcp.receive(header):
                continue
            if self._foreign:
                self._foreign.receive(header)

    def report(self, facts: LanFacts, *, now: float) -> LanFacts:
        """Return the facts with what was found."""
        return replace(
            facts,
            heard=self._listening.facts(now - self._began_at),
            foreign_mac=self._foreign.facts if self._foreign else None,
            dhcp_servers=self._dhcp.servers,
        )
