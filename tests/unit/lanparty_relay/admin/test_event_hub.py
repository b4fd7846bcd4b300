import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from lanparty_relay.admin.event_hub import EventHub, Follower
from lanparty_relay.admin_link import EventTold, RelayStoppingEvent
from lanparty_relay.event_ring import EventRing

KEPT = 5


def told(number: int) -> EventTold:
    return EventTold(number=number, event=RelayStoppingEvent(at=datetime(2026, 1, 1, tzinfo=UTC)))


@pytest.fixture
def hub() -> EventHub:
    """A hub that keeps five events and has heard three."""
    hub = EventHub(EventRing(KEPT))
    for number in (1, 2, 3):
        hub.receive(told(number))
    return hub


def heard(follower: Follower) -> list[tuple[int, int]]:
    """Hear all there is: numbers, and how many were missed before each."""
    found = []
    while (event := follower.hear()) is not None:
        found.append((event.number, event.missed))
    return found


def test_who_follows_from_now_on_hears_what_comes(hub: EventHub) -> None:
    follower = hub.follow()
    assert heard(follower) == []
    hub.receive(told(4))
    assert heard(follower) == [(4, 0)]


def test_who_was_away_hears_what_came_meanwhile(hub: EventHub) -> None:
    assert heard(hub.follow(1)) == [(2, 0), (3, 0)]


def test_who_knows_nothing_hears_all_that_is_kept(hub: EventHub) -> None:
    for number in range(4, 11):
        hub.receive(told(number))
    assert heard(hub.follow(0)) == [(6, 0), (7, 0), (8, 0), (9, 0), (10, 0)]


def test_who_was_away_too_long_is_told_how_much_was_missed(hub: EventHub) -> None:
    for number in range(4, 11):
        hub.receive(told(number))
    assert heard(hub.follow(2))[0] == (6, 3)


def test_who_hears_too_slowly_misses_events_and_costs_the_others_nothing(hub: EventHub) -> None:
    slow, quick = hub.follow(), hub.follow()
    for number in range(4, 20):
        hub.receive(told(number))
        assert heard(quick) == [(number, 0)]
    assert heard(slow) == [(15, 11), (16, 0), (17, 0), (18, 0), (19, 0)]


def test_what_was_lost_on_the_way_here_counts_as_missed(hub: EventHub) -> None:
    follower = hub.follow()
    hub.receive(told(9))
    assert heard(follower) == [(9, 5)]


@pytest.mark.parametrize(
    "happen",
    [
        lambda hub: hub.receive(told(4)),
        lambda hub: hub.dismiss(),
        lambda hub: hub.close(),
    ],
    ids=["event", "dismissal", "end"],
)
async def test_all_who_wait_wake_when_something_happens(
    hub: EventHub, happen: Callable[[EventHub], None]
) -> None:
    followers = [hub.follow() for _ in range(3)]
    waits = [asyncio.create_task(follower.wait(60)) for follower in followers]
    await asyncio.sleep(0)
    assert not any(wait.done() for wait in waits)
    happen(hub)
    await asyncio.gather(*waits)


async def test_nobody_waits_while_there_is_something_to_hear(hub: EventHub) -> None:
    await hub.follow(1).wait(60)


async def test_a_wait_ends_after_its_time(hub: EventHub) -> None:
    follower = hub.follow()
    await follower.wait(0.001)
    assert follower.hear() is None


def test_when_the_last_event_has_come_it_is_over_for_who_heard_it(hub: EventHub) -> None:
    late, up_to_date = hub.follow(2), hub.follow()
    hub.close()
    assert (late.is_over, up_to_date.is_over) == (False, True)
    assert heard(late) == [(3, 0)]
    assert late.is_over


def test_who_is_dismissed_hears_no_more_and_later_followers_do(hub: EventHub) -> None:
    follower = hub.follow(1)
    hub.dismiss()
    assert follower.is_over
    assert not hub.follow(1).is_over
