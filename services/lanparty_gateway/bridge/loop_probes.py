"""The probes by which a gateway finds out that its LAN and its room are joined elsewhere too.

Every half second one goes each way, as a broadcast that every switch floods:

    into the room    comes back on the LAN through a player's computer that bridges the two
    onto the LAN     is heard by the other gateways of the LAN

A LAN's probe that a player's computer carries into the room comes from an address that isn't the
player's, so the relay drops it (forwarding rule 3): it is the room's probe that finds loops. The
other one counts all the same if it comes.

The two carry different nonces, drawn at the start. What a player can read in the room is thus
worthless there: to fake a loop he would have to send it on the LAN, and from the room no probe is
let onto a LAN. What a host of the LAN can read is the gateway's id; with an invented smaller id it
can stop a gateway for a while, as it could by carrying real loops.
"""

from enum import Enum, auto
from typing import Final

from lanparty_ethernet import PacketError, Probe, ProbeDirection, ProbeKind
from lanparty_proto import BROADCAST, MacAddress

__all__ = ["PROBE_INTERVAL", "LoopProbes", "ProbeVerdict", "Schedule"]

PROBE_INTERVAL: Final = 0.5
"""Seconds between two probes of a way: a loop is found within it and the time of one round."""

_SOONEST: Final = 0.25
"""Seconds between two probes when one is wanted at once."""


class ProbeVerdict(Enum):
    """What a frame of softlan's ethertype that came from the LAN says."""

    NOT_LOOP = auto()
    """No search for loops: an ordinary frame."""
    LOOP = auto()
    """This gateway's probe of the room came back on the LAN."""
    OWN = auto()
    """This gateway's probe of the LAN, reflected on the LAN itself: no loop through the room."""
    SMALLER = auto()
    """Another gateway of this LAN, whose id is smaller: this one stops."""
    LARGER = auto()
    """Another gateway of this LAN, which has to stop."""
    PASSING = auto()
    """Another gateway's search of its own room: a loop through several rooms is found so."""


class Schedule:
    """When a probe of one way is due."""

    def __init__(self) -> None:
        self._due: float | None = None
        self._sent_at = float("-inf")

    def start(self, *, now: float) -> None:
        """Begin with one at once, unless it runs already."""
        if self._due is None:
            self._due = max(now, self._sent_at + _SOONEST)

    def stop(self) -> None:
        """Send none any more."""
        self._due = None

    def hurry(self, *, now: float) -> None:
        """Send the next one as soon as may be."""
        if self._due is not None:
            self._due = min(self._due, max(now, self._sent_at + _SOONEST))

    def take(self, *, now: float) -> bool:
        """Whether one is due; if so, it counts as sent."""
        if self._due is None or now < self._due:
            return False
        self._sent_at = now
        self._due = now + PROBE_INTERVAL
        return True

    def next_deadline(self) -> float | None:
        """When one is due."""
        return self._due


class LoopProbes:
    """Writes this gateway's probes and knows them, and others', again."""

    def __init__(self, *, instance: int, room_secret: int) -> None:
        """Take 64 random bits each: the id told on the LAN, and the nonce told in the room."""
        self._instance = instance
        self._room_secret = room_secret

    def into_room(self, source: MacAddress) -> bytes:
        """Return the probe for the room."""
        return self._frame(ProbeDirection.INTO_ROOM, self._room_secret, source)

    def onto_lan(self, source: MacAddress) -> bytes:
        """Return the probe for the LAN."""
        return self._frame(ProbeDirection.ONTO_LAN, self._instance, source)

    def judge(self, payload: bytes) -> ProbeVerdict:
        """Say what came from the LAN; `payload` follows the ethertype."""
        probe = _loop_probe(payload)
        if probe is None:
            return ProbeVerdict.NOT_LOOP
        nonce = probe.nonce
        if probe.direction is ProbeDirection.INTO_ROOM:
            return ProbeVerdict.LOOP if nonce == self._room_secret else ProbeVerdict.PASSING
        # Equal ids of two gateways don't happen with 64 random bits; a reflection of one's own
        # does, by access points that rewrite its source among others, and means nothing.
        if probe.direction is not ProbeDirection.ONTO_LAN or nonce == self._instance:
            return ProbeVerdict.OWN
        return ProbeVerdict.SMALLER if nonce < self._instance else ProbeVerdict.LARGER

    def judge_in_room(self, payload: bytes) -> ProbeVerdict:
        """Say what came from the room: `LOOP`, `NOT_LOOP` or, for what means nothing, `OWN`."""
        probe = _loop_probe(payload)
        if probe is None:
            return ProbeVerdict.NOT_LOOP
        is_lans = probe.direction is ProbeDirection.ONTO_LAN and probe.nonce == self._instance
        return ProbeVerdict.LOOP if is_lans else ProbeVerdict.OWN

    def _frame(self, direction: ProbeDirection, nonce: int, source: MacAddress) -> bytes:
        probe = Probe(kind=ProbeKind.LOOP, nonce=nonce, direction=direction)
        return probe.frame(BROADCAST, source)


def _loop_probe(payload: bytes) -> Probe | None:
    try:
        probe = Probe.parse(payload)
    except PacketError:
        return None
    return probe if probe.kind is ProbeKind.LOOP else None
