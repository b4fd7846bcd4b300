"""The most recent events, kept by the relay and by its admin process."""

from bisect import bisect_right
from collections import deque
from typing import Final

from lanparty_relay.admin_link import EventTold

__all__ = ["EVENTS_KEPT", "EventRing"]

EVENTS_KEPT: Final = 1_000
"""Two megabytes at most: a party's whole evening, or seconds of a relay that is stormed."""


class EventRing:
    """Keeps so many events by number; the oldest goes for the newest."""

    def __init__(self, most: int = EVENTS_KEPT) -> None:
        self._events: Final[deque[EventTold]] = deque(maxlen=most)

    @property
    def last(self) -> int:
        """Number of the newest event; 0 before the first."""
        return self._events[-1].number if self._events else 0

    def add(self, told: EventTold) -> None:
        """Take an event; one that isn't newer than the newest is known already."""
        if told.number > self.last:
            self._events.append(told)

    def after(self, number: int) -> EventTold | None:
        """Return the oldest event kept that is newer than this number, next or not."""
        position = bisect_right(self._events, number, key=lambda told: told.number)
        return self._events[position] if position < len(self._events) else None
