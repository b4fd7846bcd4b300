from datetime import UTC, datetime

import pytest

from lanparty_obs.codes import SessionEnd
from lanparty_relay.admin_link import (
    AdminStartedEvent,
    EventTold,
    HelloRejectedEvent,
    PeerLeftEvent,
    RelayStartedEvent,
    RelayStoppingEvent,
)
from lanparty_relay.core import HelloRejected, MemberLeft
from lanparty_relay.event_feed import EventFeed
from lanparty_relay.event_ring import EVENTS_KEPT

OFFSET = 1_000_000.0
LEFT = MemberLeft("r1", 1, SessionEnd.LEFT)


def at(now: float) -> datetime:
    return datetime.fromtimestamp(OFFSET + now, UTC)


@pytest.fixture
def feed() -> EventFeed:
    return EventFeed(wall_clock_offset=OFFSET)


def all_told(feed: EventFeed) -> list[EventTold]:
    found, number = [], 0
    while (told := feed.after(number)) is not None:
        found.append(told)
        number = told.number
    return found


def test_events_are_numbered_from_one_and_have_the_time_of_day(feed: EventFeed) -> None:
    feed.relay_started("1.2.3", now=10.0)
    feed.admin_started(0, now=10.5)
    feed.happened([LEFT, LEFT], now=11.25)
    feed.relay_stopping(now=12.0)
    left = PeerLeftEvent(at=at(11.25), room_id="r1", peer_id=1, reason=SessionEnd.LEFT)
    assert all_told(feed) == [
        EventTold(number=1, event=RelayStartedEvent(at=at(10.0), version="1.2.3")),
        EventTold(number=2, event=AdminStartedEvent(at=at(10.5), restarts=0)),
        EventTold(number=3, event=left),
        EventTold(number=4, event=left),
        EventTold(number=5, event=RelayStoppingEvent(at=at(12.0))),
    ]


def test_a_storm_of_rejections_takes_few_numbers_and_its_sum_is_told(feed: EventFeed) -> None:
    rejected = HelloRejected(("192.0.2.7", 50_000), SessionEnd.ROOM_UNKNOWN)
    for number in range(10_000):
        feed.happened([rejected], now=number / 1_000)
        feed.tell_sums(now=number / 1_000)
    feed.tell_sums(now=30.0)
    told = [entry.event for entry in all_told(feed)]
    assert len(told) < 40
    assert all(isinstance(event, HelloRejectedEvent) for event in told)
    assert sum(event.count for event in told if isinstance(event, HelloRejectedEvent)) == 10_000


def test_memory_is_bounded_and_numbers_go_on(feed: EventFeed) -> None:
    feed.happened([LEFT] * (3 * EVENTS_KEPT), now=0.0)
    told = all_told(feed)
    assert len(told) == EVENTS_KEPT
    assert told[-1].number == 3 * EVENTS_KEPT
