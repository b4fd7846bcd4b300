"""The relay's own account of its events: numbered, bounded, and told to whom it may concern."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from lanparty_relay.admin_link import (
    AdminStartedEvent,
    Event,
    EventTold,
    RelayStartedEvent,
    RelayStoppingEvent,
)
from lanparty_relay.core import LifecycleEvent
from lanparty_relay.event_records import event_of
from lanparty_relay.event_ring import EventRing
from lanparty_relay.event_sums import EventSums

__all__ = ["EventFeed"]


class EventFeed:
    """Numbers what happened and keeps the most recent of it. `now` is the monotonic clock's."""

    def __init__(self, *, wall_clock_offset: float) -> None:
        """`wall_clock_offset` is to be added to the monotonic clock for Unix time."""
        self._offset: Final = wall_clock_offset
        self._ring: Final = EventRing()
        self._sums: Final = EventSums()

    def relay_started(self, version: str, *, now: float) -> None:
        """Note that the relay serves."""
        self._add([RelayStartedEvent(at=self._at(now), version=version)])

    def relay_stopping(self, *, now: float) -> None:
        """Note that the relay ends."""
        self._add([RelayStoppingEvent(at=self._at(now))])

    def admin_started(self, restarts: int, *, now: float) -> None:
        """Note that an admin process begins."""
        self._add([AdminStartedEvent(at=self._at(now), restarts=restarts)])

    def happened(self, events: Iterable[LifecycleEvent], *, now: float) -> None:
        """Note what the core said."""
        for happened in events:
            if (event := event_of(happened, now=now, date=self._at)) is not None:
                self._add(self._sums.receive(event, now=now))

    def tell_sums(self, *, now: float) -> None:
        """Note the sums that are due. To be called every second or so."""
        self._add(self._sums.take_due(now=now, at=self._at(now)))

    def after(self, number: int) -> EventTold | None:
        """Return the oldest event kept that is newer than this number."""
        return self._ring.after(number)

    def _add(self, events: Iterable[Event]) -> None:
        for event in events:
            self._ring.add(EventTold(number=self._ring.last + 1, event=event))

    def _at(self, now: float) -> datetime:
        return datetime.fromtimestamp(round(now + self._offset, 3), UTC)
