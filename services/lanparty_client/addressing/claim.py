"""Taking an address that nobody assigned for sure: probe, announce, defend (RFC 5227).

    PROBING --nobody answered--> ANNOUNCING --announced--> HELD
       |                             |                      |
       +------- somebody has it -----+--- lost for good ----+--> LOST

Of a claim that is made `at_once`, as of an address that the relay gave and keeps apart, the
machine uses the address while it is still being probed; a conflict is only told.
"""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address
from typing import Final

from lanparty_client.addressing.randomness import Randomness
from lanparty_ethernet import ArpPacket
from lanparty_proto import MacAddress

__all__ = [
    "BRISK",
    "RFC_5227",
    "RIVAL_SECONDS",
    "AddressClaim",
    "ClaimPolicy",
    "ClaimState",
    "ClaimTiming",
]

DEFEND_INTERVAL: Final = 10.0
"""Seconds; two conflicts within them are one too many (section 1.1)."""


RIVAL_SECONDS: Final = 600.0
"""A rival who wasn't heard of for so long is gone, or at least no longer in the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTiming:
    """How long one listens before an address counts as free; seconds."""

    probe_wait: float
    probes: int
    probe_min: float
    probe_max: float
    announce_wait: float
    announcements: int = 2
    announce_interval: float = 2.0


RFC_5227: Final = ClaimTiming(
    probe_wait=1.0, probes=3, probe_min=1.0, probe_max=2.0, announce_wait=2.0
)
"""Section 1.1; RFC 3927 section 9 has the same for link-local addresses."""

BRISK: Final = ClaimTiming(
    probe_wait=0.1, probes=3, probe_min=0.2, probe_max=0.3, announce_wait=0.5
)
"""For an address that somebody chose with care, while a player waits. The long times of the RFC
are for ports of switches that don't forward yet and hosts that boot together: a room forwards from
the welcome on, and all hosts of the gateway's LAN answer within two round trips."""


class ClaimState(Enum):
    """How far a claim is."""

    PROBING = "probing"
    ANNOUNCING = "announcing"
    HELD = "held"
    LOST = "lost"


class ClaimPolicy(Enum):
    """What a conflict means."""

    YIELD = "yield"
    """Somebody who has the address keeps it, and so does who claims it twice in ten seconds."""
    INSIST = "insist"
    """After the probes the address is defended, at most every ten seconds, but never given up."""
    AT_ONCE = "at_once"
    """As `INSIST`, and the address is used from the beginning."""


class AddressClaim:
    """One claim to one address. A lost claim stays lost: make another one."""

    def __init__(
        self,
        address: IPv4Address,
        *,
        mac: MacAddress,
        policy: ClaimPolicy,
        timing: ClaimTiming,
        random: Randomness,
        now: float,
    ) -> None:
        self.address: Final = address
        self._mac = mac
        self._policy = policy
        self._timing = timing
        self._random = random
        self._state = ClaimState.PROBING
        self._packets_left = timing.probes
        self._next_at: float | None = now + random.uniform(0.0, timing.probe_wait)
        self._rival: MacAddress | None = None
        self._rival_until: float | None = None
        self._conflict_at: float | None = None
        self._defence_at: float | None = None

    @property
    def state(self) -> ClaimState:
        """How far the claim is."""
        return self._state

    @property
    def usable(self) -> bool:
        """The machine may have the address now."""
        if self._state is ClaimState.PROBING:
            return self._policy is ClaimPolicy.AT_ONCE
        return self._state is not ClaimState.LOST

    @property
    def rival(self) -> MacAddress | None:
        """Who else was seen with the address, not long ago: the first, if there are several."""
        return self._rival

    def receive_arp(self, packet: ArpPacket, *, now: float) -> None:
        """Take any ARP packet of the segment; a conflict changes the state (2.1.1, 2.4)."""
        if self._state is ClaimState.LOST or packet.sender_mac == self._mac:
            return
        has_it = packet.sender_ip == self.address
        if self._state is not ClaimState.PROBING:
            if has_it:
                self._note_rival(packet.sender_mac, now=now)
                self._defend(now=now)
        elif self._policy is ClaimPolicy.AT_ONCE:
            if has_it:
                self._note_rival(packet.sender_mac, now=now)
        elif has_it or (packet.is_probe and packet.target_ip == self.address):
            self._rival = packet.sender_mac
            self._lose()

    def packets_to_send(self, *, now: float) -> list[ArpPacket]:
        """Take the ARP packets that are due; each goes to the broadcast address."""
        packets = []
        if self._rival_until is not None and now >= self._rival_until:
            self._rival = self._rival_until = None
        if self._defence_at is not None:
            self._defence_at = None
            packets.append(self._announcement())
        if self._next_at is not None and now >= self._next_at:
            packets += self._step(now=now)
        return packets

    def next_deadline(self) -> float | None:
        """When `packets_to_send` has something to do."""
        deadlines = (self._next_at, self._defence_at, self._rival_until)
        return min((at for at in deadlines if at is not None), default=None)

    def start_again(self, *, now: float) -> None:
        """Go on after the segment was away: announce what was claimed, probe the rest anew."""
        if self._state is ClaimState.LOST:
            return
        self._rival = self._rival_until = None
        if self._state is ClaimState.PROBING or self._policy is ClaimPolicy.AT_ONCE:
            self._state = ClaimState.PROBING
            self._packets_left = self._timing.probes
            self._next_at = now + self._random.uniform(0.0, self._timing.probe_wait)
        else:
            self._begin_announcing(now=now)

    def _step(self, *, now: float) -> list[ArpPacket]:
        if self._state is ClaimState.PROBING:
            if self._packets_left == 0:
                self._begin_announcing(now=now)
                return self._step(now=now)
            self._packets_left -= 1
            self._next_at = now + (
                self._random.uniform(self._timing.probe_min, self._timing.probe_max)
                if self._packets_left
                else self._timing.announce_wait
            )
            return [ArpPacket.probe(sender_mac=self._mac, target=self.address)]
        self._packets_left -= 1
        if self._packets_left:
            self._next_at = now + self._timing.announce_interval
        else:
            self._state, self._next_at = ClaimState.HELD, None
        return [self._announcement()]

    def _begin_announcing(self, *, now: float) -> None:
        self._state = ClaimState.ANNOUNCING
        self._packets_left = self._timing.announcements
        self._next_at = now

    def _defend(self, *, now: float) -> None:
        recent = self._conflict_at is not None and now - self._conflict_at < DEFEND_INTERVAL
        if recent:
            if self._policy is ClaimPolicy.YIELD:
                self._lose()
            return
        self._conflict_at = self._defence_at = now

    def _note_rival(self, mac: MacAddress, *, now: float) -> None:
        # A flood of made-up rivals must not be a flood of news.
        if self._rival_until is None or now >= self._rival_until:
            self._rival = mac
        if self._rival == mac:
            self._rival_until = now + RIVAL_SECONDS

    def _lose(self) -> None:
        self._state = ClaimState.LOST
        self._next_at = self._defence_at = self._rival_until = None

    def _announcement(self) -> ArpPacket:
        return ArpPacket.announcement(mac=self._mac, address=self.address)
