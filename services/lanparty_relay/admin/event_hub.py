"""Where the admin process keeps the relay's events for those who follow them."""

import asyncio
from dataclasses import dataclass
from typing import Final

from lanparty_relay.admin_link import Event, EventTold
from lanparty_relay.event_ring import EventRing

__all__ = ["EventHub", "Follower", "Heard"]


@dataclass(frozen=True, slots=True)
class Heard:
    """The next event of a follower."""

    number: int
    event: Event
    missed: int
    """Events before it that are gone already."""


class EventHub:
    """Keeps the most recent events. All followers read the same: a slow one costs no memory."""

    def __init__(self, ring: EventRing | None = None) -> None:
        self._ring: Final = ring or EventRing()
        self._news = asyncio.Event()
        self._dismissals = 0
        self._closed = False

    @property
    def last(self) -> int:
        """Number of the newest event; 0 before the first."""
        return self._ring.last

    def receive(self, told: EventTold) -> None:
        """Take an event of the relay."""
        self._ring.add(told)
        self._wake()

    def close(self) -> None:
        """Say that no event will come any more: followers end when they have heard all."""
        self._closed = True
        self._wake()

    def dismiss(self) -> None:
        """End at once all followers there are."""
        self._dismissals += 1
        self._wake()

    def follow(self, after: int | None = None) -> "Follower":
        """Follow from behind this number; from now on if it is None.

        From 0 on all events that are kept are heard, and none counts as missed before them.
        """
        return Follower(self, self.last if after is None else after)

    def next(self, after: int) -> EventTold | None:
        """Return the oldest event kept that is newer than this number."""
        return self._ring.after(after)

    @property
    def news(self) -> asyncio.Event:
        """Set at the next event or dismissal; another then takes its place."""
        return self._news

    @property
    def dismissals(self) -> int:
        """How often followers were dismissed."""
        return self._dismissals

    @property
    def is_closed(self) -> bool:
        """Whether the last event has come."""
        return self._closed

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class Follower:
    """One reader's place among the events."""

    def __init__(self, hub: EventHub, place: int) -> None:
        self._hub: Final = hub
        self._joined_at: Final = hub.dismissals
        self.place = place
        """Number of the last event that it heard or missed."""

    @property
    def newest(self) -> int:
        """Number of the newest event that there is to hear."""
        return self._hub.last

    @property
    def is_over(self) -> bool:
        """Nothing more is to be heard."""
        if self._hub.dismissals > self._joined_at:
            return True
        return self._hub.is_closed and self._hub.next(self.place) is None

    def hear(self) -> Heard | None:
        """Take the next event; None if there is none yet."""
        told = self._hub.next(self.place)
        if told is None:
            return None
        missed = told.number - self.place - 1 if self.place else 0
        self.place = told.number
        return Heard(told.number, told.event, missed)

    async def wait(self, seconds: float) -> None:
        """Return when there may be something to hear or it is over, at the latest then."""
        news = self._hub.news
        if self.is_over or self._hub.next(self.place) is not None:
            return
        try:
            async with asyncio.timeout(seconds):
                await news.wait()
        except TimeoutError:
            return
