"""When the bridge carries frames: checking, stopping, and trying again.

    NOT_JOINED, LINK_DOWN --> CHECKING --quiet for 1.1 s--> FORWARDING
                                 |  loop, second gateway       |
                                 +---------> STOPPED <---------+
    STOPPED --nothing bad heard for a pause of 2 s to 60 s--> FORWARDING

The pause begins anew whenever the loop or the other gateway is heard, so the bridge stays stopped
for as long as they are there, and goes on soon when they are gone. It doubles with every stop that
follows soon on a try, so that what comes and goes can't make the bridge flap.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lanparty_gateway.bridge.states import (
    BridgeEvent,
    BridgeState,
    ForwardingBegan,
    ForwardingStopped,
    Phase,
    StopReason,
)
from lanparty_proto import MacAddress

__all__ = ["CHECK_SECONDS", "LONGEST_PAUSE", "SHORTEST_PAUSE", "Standing"]

CHECK_SECONDS: Final = 1.1
"""Two rounds of probes, and time for the second to come back."""

SHORTEST_PAUSE: Final = 2.0
LONGEST_PAUSE: Final = 60.0

_JITTER: Final = 0.25
"""A pause is longer by up to this share, so that two gateways don't try at the same moment."""

_CALM: Final = 60.0
"""Seconds from the end of a stop after which the next one has the shortest pause again."""

_SHORT_ABSENCE: Final = 60.0
"""Seconds without a room after which the LAN, with its link up all the time, is checked again."""

_MOST_EVENTS: Final = 64
"""That wait to be taken; phases change too rarely to fill it."""


@dataclass(slots=True)
class _Stop:
    reason: StopReason
    sentence: str
    since: float
    pause: float
    retry_at: float


class Standing:
    """The phase of the bridge. Time comes in as `now`; `jitter` draws from 0 to 1."""

    def __init__(self, *, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._joined = False
        self._link = True
        self._checked_at: float | None = None
        """When the check is over; None: one is due."""
        self._left_at: float | None = None
        self._stop: _Stop | None = None
        self._stops = 0
        """Stops in a row, each soon after the one before."""
        self._resumed_at = float("-inf")
        """When the last stop was over."""
        self._events: list[BridgeEvent] = []
        self.phase = Phase.NOT_JOINED
        self.loops = 0
        self.second_gateways = 0

    @property
    def state(self) -> BridgeState:
        """The phase and what belongs to it."""
        stop = self._stop
        if self.phase is not Phase.STOPPED or stop is None:
            return BridgeState(phase=self.phase)
        return BridgeState(
            phase=self.phase,
            reason=stop.reason,
            sentence=stop.sentence,
            since=stop.since,
            retry_at=stop.retry_at,
        )

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the bridge has stopped, were there no room or link at the moment; else None."""
        return None if self._stop is None else self._stop.reason

    @property
    def probes(self) -> bool:
        """Whether there are a room and a LAN to look for loops in."""
        return self._joined and self._link

    def set_joined(self, joined: bool, *, now: float) -> None:
        """Say whether there is a room."""
        if joined == self._joined:
            return
        self._joined = joined
        if not joined:
            self._left_at = now
            if self._checked_at is not None and now < self._checked_at:
                self._checked_at = None
        elif self._left_at is not None and now - self._left_at > _SHORT_ABSENCE:
            self._checked_at = None
        self._look(now)

    def set_link(self, up: bool, *, now: float) -> None:
        """Say whether the interface has a link. After a gap it may be on another LAN."""
        if up == self._link:
            return
        self._link = up
        self._checked_at = None
        self._look(now)

    def stop(
        self, reason: StopReason, sentence: str, *, now: float, mac: MacAddress | None = None
    ) -> None:
        """Take a proof of a loop or of another gateway; frames stop crossing at once."""
        if not self.probes:
            return
        if self._stop is None:
            self._stops = 1 if now - self._resumed_at >= _CALM else self._stops + 1
            pause = min(SHORTEST_PAUSE * 2 ** min(self._stops - 1, 10), LONGEST_PAUSE)
            pause = min(pause * (1 + _JITTER * self._jitter()), LONGEST_PAUSE)
            self._stop = _Stop(reason, sentence, now, pause, now + pause)
            if reason is StopReason.LOOP:
                self.loops += 1
            else:
                self.second_gateways += 1
            self.tell(ForwardingStopped(reason=reason, sentence=sentence, mac=mac))
            self._look(now)
        else:
            self._stop.retry_at = now + self._stop.pause

    def tell(self, event: BridgeEvent) -> None:
        """Add something to the events."""
        if len(self._events) < _MOST_EVENTS:
            self._events.append(event)

    def events(self) -> list[BridgeEvent]:
        """Take what happened."""
        events, self._events = self._events, []
        return events

    def handle_timer(self, *, now: float) -> None:
        """Go on if a check or a pause is over."""
        self._look(now)

    def next_deadline(self) -> float | None:
        """When a check or a pause is over."""
        if self.phase is Phase.STOPPED and self._stop is not None:
            return self._stop.retry_at
        return self._checked_at if self.phase is Phase.CHECKING else None

    def _look(self, now: float) -> None:
        before, self.phase = self.phase, self._phase_of(now)
        if self.phase is not Phase.FORWARDING or before is Phase.FORWARDING:
            return
        stop, self._stop = self._stop, None
        if stop is None:
            self.tell(ForwardingBegan())
        else:
            self._resumed_at = now
            self.tell(ForwardingBegan(after=stop.reason, stopped_for=now - stop.since))

    def _phase_of(self, now: float) -> Phase:
        if not self._joined:
            return Phase.NOT_JOINED
        if not self._link:
            return Phase.LINK_DOWN
        if self._checked_at is None:
            self._checked_at = now + CHECK_SECONDS
            if self._stop is not None:
                # Nothing could be heard while there was no room or no link.
                self._stop.retry_at = max(self._stop.retry_at, self._checked_at)
        if self._stop is not None and now < self._stop.retry_at:
            return Phase.STOPPED
        return Phase.CHECKING if now < self._checked_at else Phase.FORWARDING
