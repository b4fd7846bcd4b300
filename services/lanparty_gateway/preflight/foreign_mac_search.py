"""Finds out whether a foreign sender address comes through to the LAN and back. Pure.

A host of the LAN is asked for its own address by ARP probes (RFC 5227 section 2.1.1), which no
cache learns: one from an address that nobody has, as a player's frames will come, and one from the
interface's own address, which shows that the host answers at all.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Final

from lanparty_ethernet import ETHERTYPE_ARP, ArpOperation, ArpPacket, PacketError
from lanparty_gateway.preflight.facts import ForeignMacFacts
from lanparty_proto import (
    BROADCAST,
    CUSTOMER_TAG,
    EthernetHeader,
    MacAddress,
    VlanTag,
    encode_ethernet,
)

__all__ = ["ForeignMacSearch"]

_MOST_TARGETS: Final = 3
"""Hosts that are asked, so that a single one that is off or never answers probes is no matter."""

_MOST_TRIES: Final = 3

_SMALLEST_FRAME: Final = 60
"""Without the check sequence (IEEE 802.3 clause 4.2.3.3)."""


class ForeignMacSearch:
    """Writes the probes and knows their answers. Other frames only name hosts to ask."""

    def __init__(self, *, foreign: MacAddress, own: MacAddress, vlan: int | None = None) -> None:
        """`foreign` is an address that nobody has; `own` is the interface's."""
        self._macs = (foreign, own)
        self._tag = None if vlan is None else VlanTag(CUSTOMER_TAG, vlan)
        self._targets: list[IPv4Address] = []
        self._answered: set[bytes] = set()
        self._tries = 0

    @property
    def facts(self) -> ForeignMacFacts:
        """What came of it so far."""
        foreign, own = self._macs
        return ForeignMacFacts(
            asked=tuple(self._targets) if self._tries else (),
            tries=self._tries,
            foreign_answered=foreign in self._answered,
            own_answered=own in self._answered,
        )

    def suggest(self, hosts: Iterable[IPv4Address]) -> None:
        """Ask these hosts from the next try on, as long as there is room for more."""
        for host in hosts:
            ordinary = not (host.is_unspecified or host.is_multicast or host.is_loopback)
            if ordinary and host not in self._targets and len(self._targets) < _MOST_TARGETS:
                self._targets.append(host)

    def probes(self) -> list[bytes]:
        """Return the frames of another try.

        There are none without a host to ask, after the answer, and after three tries.
        """
        foreign, _ = self._macs
        if not self._targets or foreign in self._answered or self._tries == _MOST_TRIES:
            return []
        self._tries += 1
        return [
            encode_ethernet(
                BROADCAST,
                mac,
                ETHERTYPE_ARP,
                ArpPacket.probe(sender_mac=mac, target=target).encode(),
                tag=self._tag,
            ).ljust(_SMALLEST_FRAME, b"\0")
            for target in self._targets
            for mac in self._macs
        ]

    def receive(self, header: EthernetHeader) -> None:
        """Take a frame of the LAN."""
        if header.ethertype != ETHERTYPE_ARP:
            return
        try:
            packet = ArpPacket.parse(header.payload)
        except PacketError:
            return
        if packet.operation is ArpOperation.REPLY and packet.sender_ip in self._targets:
            self._answered.update({packet.target_mac} & set(self._macs))
        if header.source not in self._macs:
            self.suggest([packet.sender_ip])
