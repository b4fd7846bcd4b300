"""The search alone, over an endpoint that only takes notes."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from lanparty_client_core import RelayTarget, SessionEnded
from lanparty_client_core.search import ANSWERED_PAUSE, Search
from lanparty_obs.codes import SessionEnd
from lanparty_quic import Address, ConnectionKey, PinnedKey
from lanparty_quic.simulation import Simulation

FIRST: Address = ("192.0.2.1", 443)
SECOND: Address = ("192.0.2.2", 443)
UNREACHABLE = SessionEnded(code=SessionEnd.RELAY_UNREACHABLE)
PIN = SessionEnded(code=SessionEnd.PIN)


class Bench:
    """A search with a memory endpoint that nobody answers, and the keys of its dials."""

    def __init__(self, *addresses: Address, random: Callable[[], float] = lambda: 1.0) -> None:
        self.asked = 0
        self.endpoint = Simulation().memory_endpoint(("198.51.100.1", 50_000))
        target = RelayTarget(
            addresses=addresses, server_name="relay.example", trust=PinnedKey("sha256:x")
        )
        self.search = Search(self.endpoint, target, random=random, ask_addresses=self._ask)

    def _ask(self) -> None:
        self.asked += 1

    @property
    def dials(self) -> list[ConnectionKey]:
        keys = (ConnectionKey(number) for number in range(1, 1_000))
        return [key for key in keys if self.search.owns(key)]

    def run(self, until: float) -> None:
        while (moment := self.search.next_deadline()) is not None and moment <= until:
            self.search.handle_timer(now=moment)


def test_a_single_wave_is_not_repeated() -> None:
    bench = Bench(FIRST, SECOND)
    bench.search.dial_at_once(persistent=False, now=0.0)
    bench.run(100.0)
    assert len(bench.dials) == 2
    assert bench.search.tries == bench.asked == 1
    assert bench.search.next_try is None


def test_unanswered_dials_go_on_while_others_begin_every_two_seconds() -> None:
    bench = Bench(FIRST)
    bench.search.dial_at_once(persistent=True, now=0.0)
    bench.run(9.9)
    assert bench.search.tries == len(bench.dials) == 5
    bench.run(500.0)
    assert len(bench.dials) == 12


def test_a_room_that_lost_its_relay_in_one_moment_does_not_dial_in_step() -> None:
    moments = []
    for drawn in (0.0, 0.5, 1.0):
        bench = Bench(FIRST, random=lambda drawn=drawn: drawn)  # type: ignore[misc]  # mypy 7778
        bench.search.dial_at_once(persistent=True, now=0.0)
        moments.append(bench.search.next_deadline())
        assert moments[-1] is not None
        bench.search.stop()
        bench.search.dial_later(answered=True, now=10.0)
        moments.append(bench.search.next_deadline())
    assert moments == [1.5, 13.75, 1.75, 14.375, 2.0, 15.0]


def test_failed_dials_are_repeated_by_the_back_off() -> None:
    bench = Bench(FIRST)
    bench.search.dial_at_once(persistent=True, now=0.0)
    moments = [0.0]
    for _ in range(5):
        now = moments[-1]
        bench.search.handle_failed(bench.dials[-1], UNREACHABLE, now=now)
        moment = bench.search.next_try
        assert moment is not None
        bench.search.handle_timer(now=moment)
        moments.append(moment)
    pauses = [after - before for before, after in pairwise(moments)]
    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 2.0])


def test_a_late_failure_does_not_put_off_the_next_wave() -> None:
    bench = Bench(FIRST)
    bench.search.dial_at_once(persistent=True, now=0.0)
    before = bench.search.next_deadline()
    bench.search.handle_failed(bench.dials[0], UNREACHABLE, now=1.9)
    assert bench.search.next_deadline() == before


def test_a_relay_that_answers_wrongly_is_asked_seldom() -> None:
    bench = Bench(FIRST)
    bench.search.dial_at_once(persistent=True, now=0.0)
    bench.search.handle_failed(bench.dials[0], PIN, now=0.1)
    assert bench.search.next_try == pytest.approx(0.1 + ANSWERED_PAUSE)


def test_of_a_waves_failures_the_one_that_says_most_is_kept() -> None:
    bench = Bench(FIRST, SECOND)
    bench.search.dial_at_once(persistent=False, now=0.0)
    bench.run(1.0)
    one, other = bench.dials
    over = []
    bench.search.handle_failed(one, PIN, now=1.0)
    over.append(bench.search.nobody_may_answer)
    bench.search.handle_failed(other, UNREACHABLE, now=2.0)
    over.append(bench.search.nobody_may_answer)
    assert over == [False, True]
    assert bench.search.failure == PIN


def test_a_refusal_moves_on_once_and_leaves_the_dial() -> None:
    bench = Bench(FIRST)
    bench.search.dial_at_once(persistent=True, now=0.0)
    (dial,) = bench.dials
    for step in range(10):
        bench.search.handle_refused(dial, now=step / 100)
    assert bench.dials == [dial]
    assert bench.search.next_try == pytest.approx(0.2)


def test_a_flurry_of_changes_is_one_dial() -> None:
    bench = Bench(FIRST)
    for step in range(20):
        bench.search.dial_at_once(persistent=True, now=step / 100)
    bench.run(1.0)
    assert bench.search.tries == 2


def test_what_the_relay_asked_for_is_waited_for_whatever_happens() -> None:
    bench = Bench(FIRST)
    bench.search.hold_back(until=60.0)
    bench.search.dial_later(answered=True, now=0.0)
    assert bench.search.next_deadline() == 60.0
    bench.search.dial_at_once(persistent=True, now=1.0)
    assert bench.search.next_deadline() == 60.0
    bench.search.add_addresses((FIRST, SECOND), now=2.0)
    bench.run(59.9)
    assert bench.dials == []
    bench.run(60.0)
    assert len(bench.dials) == 1


def test_a_search_that_runs_is_not_put_off() -> None:
    bench = Bench(FIRST)
    bench.search.dial_at_once(persistent=True, now=0.0)
    before = bench.search.next_deadline()
    bench.search.dial_later(answered=True, now=0.5)
    assert bench.search.next_deadline() == before


def test_new_addresses_join_the_race_that_runs_and_no_answer_changes_nothing() -> None:
    bench = Bench(FIRST)
    bench.search.dial_at_once(persistent=True, now=0.0)
    bench.search.add_addresses((), now=0.1)
    bench.search.add_addresses((SECOND,), now=0.1)
    bench.run(0.1)
    assert len(bench.dials) == 2


def test_a_search_that_is_called_off_is_as_if_it_had_never_been() -> None:
    bench = Bench(FIRST)
    bench.search.dial_at_once(persistent=True, now=0.0)
    bench.search.handle_refused(bench.dials[0], now=0.0)
    bench.search.call_off()
    assert bench.dials == []
    assert bench.search.next_deadline() is None
    assert (bench.search.tries, bench.search.failure) == (0, None)


def test_the_first_to_connect_ends_the_search_for_all() -> None:
    bench = Bench(FIRST, SECOND)
    bench.search.dial_at_once(persistent=True, now=0.0)
    bench.run(1.0)
    winner = bench.search.handle_connected(bench.dials[1])
    assert winner.address == SECOND
    assert bench.dials == []
    assert not bench.search.is_active
