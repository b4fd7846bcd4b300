"""An address without anybody who gives one: IPv4 link-local (RFC 3927)."""

from ipaddress import IPv4Interface
from typing import Final

from lanparty_client.addressing.claim import RFC_5227, AddressClaim, ClaimPolicy, ClaimState
from lanparty_client.addressing.randomness import Randomness
from lanparty_ethernet import LINK_LOCAL_NETWORK, ArpPacket, link_local_candidate
from lanparty_proto import MacAddress

__all__ = ["LinkLocal"]

MAX_CONFLICTS: Final = 10
RATE_LIMIT_INTERVAL: Final = 60.0
"""Seconds between two attempts after so many conflicts, lest a hostile host keep the segment busy
(section 9)."""


class LinkLocal:
    """Claims candidate after candidate until one is free, and gives it up when it is disputed."""

    def __init__(self, *, mac: MacAddress, random: Randomness) -> None:
        self._mac = mac
        self._random = random
        self._claim: AddressClaim | None = None
        self._next_claim_at: float | None = None
        self._attempt = 0
        self._conflicts = 0

    @property
    def is_running(self) -> bool:
        """It has an address, or is looking for one."""
        return self._claim is not None or self._next_claim_at is not None

    @property
    def address(self) -> IPv4Interface | None:
        """The address, once it is claimed."""
        if self._claim is None or not self._claim.usable:
            return None
        return IPv4Interface((self._claim.address, LINK_LOCAL_NETWORK.prefixlen))

    def start(self, *, now: float) -> None:
        """Look for an address, unless that has begun already."""
        if not self.is_running:
            self._conflicts = 0
            self._next_claim_at = now

    def stop(self) -> None:
        """Give the address up. The next start tries it first."""
        self._claim = self._next_claim_at = None

    def start_again(self, *, now: float) -> None:
        """Go on after the segment was away."""
        if self._claim is not None:
            self._claim.start_again(now=now)

    def receive_arp(self, packet: ArpPacket, *, now: float) -> None:
        """Take any ARP packet of the segment."""
        if self._claim is None:
            return
        self._claim.receive_arp(packet, now=now)
        if self._claim.state is ClaimState.LOST:
            self._claim = None
            self._attempt += 1
            self._conflicts += 1
            wait = 0.0 if self._conflicts < MAX_CONFLICTS else RATE_LIMIT_INTERVAL
            self._next_claim_at = now + wait

    def packets_to_send(self, *, now: float) -> list[ArpPacket]:
        """Take the ARP packets that are due; each goes to the broadcast address."""
        if self._next_claim_at is not None and now >= self._next_claim_at:
            self._next_claim_at = None
            self._claim = AddressClaim(
                link_local_candidate(self._mac, attempt=self._attempt),
                mac=self._mac,
                policy=ClaimPolicy.YIELD,
                timing=RFC_5227,
                random=self._random,
                now=now,
            )
        return [] if self._claim is None else self._claim.packets_to_send(now=now)

    def next_deadline(self) -> float | None:
        """When `packets_to_send` has something to do."""
        return self._next_claim_at if self._claim is None else self._claim.next_deadline()
