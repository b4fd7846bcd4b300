"""The addresses that the relay leased: the newest first, older ones as long as they do no harm."""

from collections.abc import Iterable
from ipaddress import IPv4Interface, IPv4Network
from typing import Final

from lanparty_client.addressing.claim import BRISK, AddressClaim, ClaimPolicy
from lanparty_client.addressing.collisions import collision
from lanparty_client.addressing.randomness import Randomness
from lanparty_ethernet import ArpPacket
from lanparty_proto import MacAddress

__all__ = ["RoomLeases"]

OLDER_LIMIT: Final = 4
"""A room renumbered more often than that in one session has lost its older connections anyway."""


class RoomLeases:
    """What the relay gave since the join.

    A lease is used at once, because the relay keeps them apart; somebody who took the address
    without asking the relay is found while it is in use.
    """

    def __init__(self, *, mac: MacAddress, random: Randomness) -> None:
        self._mac = mac
        self._random = random
        self._claims: dict[IPv4Interface, AddressClaim] = {}

    @property
    def newest(self) -> IPv4Interface | None:
        """The last lease, whether it can be used or not."""
        return next(iter(self._claims), None)

    def give(self, lease: IPv4Interface | None, *, now: float) -> None:
        """Take a new lease in front of the older ones; None: the relay gives none, forget all.

        An older lease of the same network goes: the relay may give it to somebody else.
        """
        if lease is None:
            self._claims.clear()
            return
        older = {
            address: claim
            for address, claim in self._claims.items()
            if address != lease and not address.network.overlaps(lease.network)
        }
        claim = self._claims.get(lease) or AddressClaim(
            lease.ip,
            mac=self._mac,
            policy=ClaimPolicy.AT_ONCE,
            timing=BRISK,
            random=self._random,
            now=now,
        )
        self._claims = dict([(lease, claim), *older.items()][: 1 + OLDER_LIMIT])

    def drop_colliding(self, prefixes: Iterable[IPv4Network]) -> None:
        """Forget older leases that collide; the relay has given another for them."""
        prefixes = tuple(prefixes)
        self._claims = {
            address: claim
            for address, claim in self._claims.items()
            if address == self.newest or collision(address.network, prefixes) is None
        }

    def usable(self, prefixes: Iterable[IPv4Network]) -> tuple[IPv4Interface, ...]:
        """Return the leases that collide with none of the machine's `prefixes`, newest first."""
        prefixes = tuple(prefixes)
        return tuple(
            address for address in self._claims if collision(address.network, prefixes) is None
        )

    def rivals(self) -> list[tuple[IPv4Interface, MacAddress]]:
        """Return the leases that somebody else uses, and who."""
        return [
            (address, claim.rival)
            for address, claim in self._claims.items()
            if claim.rival is not None
        ]

    def start_again(self, *, now: float) -> None:
        """Announce the addresses again after the segment was away."""
        for claim in self._claims.values():
            claim.start_again(now=now)

    def receive_arp(self, packet: ArpPacket, *, now: float) -> None:
        """Take any ARP packet of the segment."""
        for claim in self._claims.values():
            claim.receive_arp(packet, now=now)

    def packets_to_send(self, *, now: float) -> list[ArpPacket]:
        """Take the ARP packets that are due; each goes to the broadcast address."""
        return [
            packet for claim in self._claims.values() for packet in claim.packets_to_send(now=now)
        ]

    def next_deadline(self) -> float | None:
        """When `packets_to_send` has something to do."""
        deadlines = (claim.next_deadline() for claim in self._claims.values())
        return min((at for at in deadlines if at is not None), default=None)
