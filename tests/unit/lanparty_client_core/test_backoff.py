from lanparty_client_core.backoff import Backoff


def pauses(backoff: Backoff, count: int, *, now: float = 0.0) -> list[float]:
    return [backoff.next_pause(now=now) for _ in range(count)]


def test_pauses_grow_from_a_fifth_of_a_second_to_two_seconds() -> None:
    assert pauses(Backoff(lambda: 1.0), 6) == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_a_pause_is_drawn_from_its_upper_half() -> None:
    assert pauses(Backoff(lambda: 0.0), 5) == [0.1, 0.2, 0.4, 0.8, 1.0]


def test_after_ten_minutes_pauses_may_reach_half_a_minute() -> None:
    backoff = Backoff(lambda: 1.0)
    pauses(backoff, 3)
    assert backoff.next_pause(now=599.9) == 1.6
    pauses(backoff, 10, now=599.9)
    assert backoff.next_pause(now=600.0) == 30.0


def test_an_endless_outage_overflows_nothing() -> None:
    assert pauses(Backoff(lambda: 1.0), 3_000, now=0.0)[-1] == 2.0


def test_the_next_outage_begins_with_the_shortest_pause() -> None:
    backoff = Backoff(lambda: 1.0)
    pauses(backoff, 20)
    backoff.handle_welcome(now=100.0)
    backoff.handle_loss(now=110.0)
    assert backoff.next_pause(now=110.0) == 0.2


def test_a_relay_that_throws_everybody_out_again_is_asked_ever_slower() -> None:
    backoff = Backoff(lambda: 1.0)
    found = []
    for now in range(5):
        found.append(backoff.next_pause(now=float(now)))
        backoff.handle_welcome(now=float(now))
        backoff.handle_loss(now=now + 0.5)
    assert found == [0.2, 0.4, 0.8, 1.6, 2.0]
