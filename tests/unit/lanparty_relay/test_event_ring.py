from datetime import UTC, datetime

from lanparty_relay.admin_link import EventTold, RelayStoppingEvent
from lanparty_relay.event_ring import EVENTS_KEPT, EventRing


def told(number: int) -> EventTold:
    return EventTold(number=number, event=RelayStoppingEvent(at=datetime(2026, 1, 1, tzinfo=UTC)))


def numbers(ring: EventRing, after: int) -> list[int]:
    """Go through the ring as a reader does."""
    found = []
    while (event := ring.after(after)) is not None:
        after = event.number
        found.append(after)
    return found


def test_an_empty_ring_has_nothing() -> None:
    ring = EventRing()
    assert (ring.last, ring.after(0)) == (0, None)


def test_events_are_found_in_order_behind_any_number() -> None:
    ring = EventRing()
    for number in range(1, 6):
        ring.add(told(number))
    assert ring.last == 5
    assert numbers(ring, 0) == [1, 2, 3, 4, 5]
    assert numbers(ring, 3) == [4, 5]
    assert numbers(ring, 5) == []


def test_a_number_that_is_missing_is_passed_over() -> None:
    ring = EventRing()
    for number in (1, 2, 7):
        ring.add(told(number))
    assert numbers(ring, 2) == [7]
    assert numbers(ring, 4) == [7]


def test_what_is_heard_again_is_known_already() -> None:
    ring = EventRing()
    for number in (1, 2, 1, 2, 3):
        ring.add(told(number))
    assert numbers(ring, 0) == [1, 2, 3]


def test_the_oldest_goes_when_it_is_full() -> None:
    ring = EventRing()
    for number in range(1, EVENTS_KEPT + 11):
        ring.add(told(number))
    assert numbers(ring, 0) == list(range(11, EVENTS_KEPT + 11))
