"""The one address that the player asked for."""

from collections.abc import Iterable
from ipaddress import IPv4Interface, IPv4Network
from typing import Final

from lanparty_client.addressing import notices
from lanparty_client.addressing.claim import BRISK, AddressClaim, ClaimPolicy, ClaimState
from lanparty_client.addressing.collisions import collision
from lanparty_client.addressing.randomness import Randomness
from lanparty_client.addressing.refusal import Refusal, RefusalKind
from lanparty_ethernet import ArpPacket
from lanparty_proto import MacAddress

__all__ = ["StaticAddress"]


class StaticAddress:
    """Probes for the address, then keeps it: who asked for it knows why.

    Before it was ever used, a conflict is a reason not to join at all; afterwards it is told.
    """

    def __init__(self, address: IPv4Interface, *, mac: MacAddress, random: Randomness) -> None:
        self.address: Final = address
        self._mac = mac
        self._random = random
        self._claim: AddressClaim | None = None

    @property
    def rival(self) -> MacAddress | None:
        """Who else was last seen with the address."""
        return None if self._claim is None else self._claim.rival

    @property
    def is_claimed(self) -> bool:
        """Nobody else had it; so it is used."""
        return self._claim is not None and self._claim.usable

    def usable(self, prefixes: Iterable[IPv4Network]) -> tuple[IPv4Interface, ...]:
        """Return the address if it is claimed and collides with none of the machine's networks."""
        fits = self.is_claimed and collision(self.address.network, prefixes) is None
        return (self.address,) if fits else ()

    def notices(
        self, prefixes: Iterable[IPv4Network], *, room: IPv4Network | None = None
    ) -> list[str]:
        """Return what the player should know about it once it is claimed.

        `prefixes` are the machine's own networks, `room` is the one that the relay leases from.
        """
        if not self.is_claimed:
            return []
        told = []
        overlapping = collision(self.address.network, prefixes)
        if overlapping is not None:
            told.append(notices.static_collides(self.address, overlapping))
        elif room is not None and self.address.ip not in room:
            told.append(notices.static_apart(self.address, room))
        if self.rival is not None:
            told.append(notices.address_disputed(self.address.ip, self.rival))
        return told

    def refusal(self, prefixes: Iterable[IPv4Network]) -> Refusal | None:
        """Return why the address can't be had, or None; always None once it is claimed.

        `prefixes` are the machine's own networks.
        """
        if self.is_claimed:
            return None
        overlapping = collision(self.address.network, prefixes)
        if overlapping is not None:
            return Refusal(
                RefusalKind.ADDRESS_COLLIDES,
                f"{self.address} overlaps {overlapping}, a network that this computer is on "
                "already. Choose an address of another network, or --address auto.",
            )
        if self._claim is not None and self._claim.state is ClaimState.LOST:
            return Refusal(
                RefusalKind.ADDRESS_TAKEN,
                f"Another computer in the room, with the MAC address {self._claim.rival}, already "
                f"uses {self.address.ip}. Choose another address, or --address auto.",
            )
        return None

    def start(self, *, now: float) -> None:
        """Claim the address; announce it again if it is claimed already."""
        if self._claim is not None:
            self._claim.start_again(now=now)
            return
        self._claim = AddressClaim(
            self.address.ip,
            mac=self._mac,
            policy=ClaimPolicy.INSIST,
            timing=BRISK,
            random=self._random,
            now=now,
        )

    def receive_arp(self, packet: ArpPacket, *, now: float) -> None:
        """Take any ARP packet of the segment."""
        if self._claim is not None:
            self._claim.receive_arp(packet, now=now)

    def packets_to_send(self, *, now: float) -> list[ArpPacket]:
        """Take the ARP packets that are due; each goes to the broadcast address."""
        return [] if self._claim is None else self._claim.packets_to_send(now=now)

    def next_deadline(self) -> float | None:
        """When `packets_to_send` has something to do."""
        return None if self._claim is None else self._claim.next_deadline()
