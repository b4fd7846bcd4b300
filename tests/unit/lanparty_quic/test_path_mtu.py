"""The search for a path's packet size, on paths that carry just so much."""

import math

import pytest

from lanparty_quic.path_mtu import PathMtu, Wanted

BASE = 1200
CEILING = 1472
TIMEOUT = 0.1
ROUND_TRIP = 0.05


class Path:
    """Carries probes of at most `mtu` bytes and tells the search at once what became of them."""

    def __init__(self, mtu: int, *, jitter: float = 0.0, ceiling: int = CEILING) -> None:
        self.search = PathMtu(base=BASE, jitter=jitter)
        self.mtu = mtu
        self.now = 100.0
        self.number = 0
        self.probes: list[int] = []
        self.search.start(ceiling=ceiling, now=self.now)

    def wanted(self) -> Wanted:
        return self.search.to_send(timeout=TIMEOUT, now=self.now)

    def send_what_is_wanted(self) -> Wanted:
        wanted = self.wanted()
        if wanted.probe is not None:
            self.probes.append(wanted.probe)
            self.search.probe_sent(wanted.probe)
            self.number += 1
            if wanted.probe <= self.mtu:
                self.search.probe_arrived(self.number)
            else:
                self.search.probe_lost(self.number)
        return wanted

    def go_on(self) -> None:
        """Go to the next deadline and do all that is wanted from there."""
        self.now = self.search.next_deadline(timeout=TIMEOUT)
        while self.send_what_is_wanted().probe is not None:
            pass

    def lose(self, size: int, *, number: int | None = None) -> None:
        self.number += 1
        self.search.packet_sent(size, now=self.now)
        self.search.packet_lost(number or self.number, size)

    def arrive(self, size: int, *, number: int | None = None) -> None:
        self.number += 1
        self.search.packet_sent(size, now=self.now)
        self.search.packet_arrived(number or self.number, size)


def found(mtu: int = CEILING) -> Path:
    """A path whose search is over."""
    path = Path(mtu)
    path.go_on()
    return path


# Searching


def test_at_the_beginning_packets_have_the_size_that_every_path_carries() -> None:
    path = Path(CEILING)
    assert path.search.packet_size == BASE
    assert path.wanted() == Wanted(None, ping=False)
    assert path.search.next_deadline(timeout=TIMEOUT) == path.now + 0.5


def test_one_probe_finds_the_largest_size() -> None:
    path = found()
    assert path.probes == [CEILING]
    assert path.search.packet_size == CEILING
    assert not path.search.wants_turn


@pytest.mark.parametrize("mtu", range(BASE, CEILING + 1, 7))
def test_on_any_path_the_size_that_is_found_fits_and_wastes_little(mtu: int) -> None:
    path = found(mtu)
    assert path.search.packet_size <= mtu < path.search.packet_size + 17 or mtu == CEILING
    assert len(path.probes) <= 3 * 6


def test_a_size_is_refused_after_three_probes() -> None:
    path = found(1300)
    assert path.probes[:4] == [CEILING] * 3 + [1336]


def test_a_probe_that_is_lost_by_chance_refuses_nothing() -> None:
    path = Path(1000)
    path.now = path.search.next_deadline(timeout=TIMEOUT)
    path.send_what_is_wanted()
    path.send_what_is_wanted()
    path.mtu = CEILING
    path.send_what_is_wanted()
    assert path.search.packet_size == CEILING


def test_there_is_one_probe_at_a_time() -> None:
    path = Path(CEILING)
    path.now += 1
    assert path.wanted().probe == CEILING
    assert path.search.wants_turn
    path.search.probe_sent(CEILING)
    assert path.wanted().probe is None
    assert not path.search.wants_turn


def test_a_probe_that_could_not_leave_yet_is_wanted_again() -> None:
    path = Path(CEILING)
    path.now += 1
    assert path.wanted().probe == path.wanted().probe == CEILING


def test_a_finished_search_is_taken_up_again_after_ten_minutes() -> None:
    path = found(1300)
    assert path.search.next_deadline(timeout=TIMEOUT) == path.now + 600
    path.mtu = CEILING
    path.go_on()
    assert path.search.packet_size == CEILING


def test_at_the_largest_size_there_is_nothing_to_probe_ten_minutes_later() -> None:
    path = found()
    path.go_on()
    assert path.probes == [CEILING]
    assert path.search.next_deadline(timeout=TIMEOUT) == path.now + 600


@pytest.mark.parametrize("ceiling", [BASE, 1000])
def test_without_a_larger_size_allowed_nothing_is_ever_due(ceiling: int) -> None:
    path = Path(CEILING, ceiling=ceiling)
    assert path.search.next_deadline(timeout=TIMEOUT) == math.inf


def test_jitter_spreads_the_first_probes_over_half_a_second() -> None:
    first = [
        Path(CEILING, jitter=jitter).search.next_deadline(timeout=TIMEOUT) - 100
        for jitter in (0.0, 0.5, 1.0)
    ]
    assert first == [0.5, 0.75, 1.0]


def test_another_path_begins_at_the_base_again() -> None:
    path = found()
    path.mtu = 1300
    path.search.start(ceiling=1452, now=path.now)
    assert path.search.packet_size == BASE
    path.go_on()
    assert 1284 <= path.search.packet_size <= 1300
    assert path.probes[1] == 1452


def test_the_answer_to_a_probe_on_the_former_path_counts_for_nothing() -> None:
    path = Path(CEILING)
    path.now += 1
    path.search.probe_sent(CEILING)
    path.search.start(ceiling=CEILING, now=path.now)
    path.search.probe_arrived(1)
    assert path.search.packet_size == BASE


# Black holes


def test_three_lost_packets_and_none_that_arrived_are_a_black_hole() -> None:
    path = found()
    path.lose(1400)
    path.lose(1472)
    assert path.search.packet_size == CEILING
    path.lose(1300)
    assert path.search.packet_size == BASE
    assert path.search.wants_turn


def test_a_packet_that_was_sent_later_and_arrived_takes_the_suspicion_away() -> None:
    path = found()
    for _ in range(50):
        path.lose(1472)
        path.lose(1472)
        path.arrive(1472)
    assert path.search.packet_size == CEILING


def test_it_does_so_too_when_it_is_heard_of_before_the_losses() -> None:
    path = found()
    path.arrive(1472, number=1000)
    for number in range(900, 950):
        path.lose(1472, number=number)
    assert path.search.packet_size == CEILING


def test_a_smaller_packet_that_arrives_proves_nothing() -> None:
    path = found()
    for _ in range(3):
        path.lose(1472)
        path.arrive(1250)
    assert path.search.packet_size == BASE


def test_a_packet_that_was_sent_earlier_and_arrives_late_proves_nothing() -> None:
    path = found()
    for number in (11, 12, 13):
        path.lose(1472, number=number)
        path.arrive(1472, number=number - 10)
    assert path.search.packet_size == BASE


def test_late_losses_of_the_former_size_count_for_nothing() -> None:
    path = found()
    for _ in range(20):
        path.lose(1472)
    path.wanted()
    assert path.search.packet_size == BASE
    assert path.search.next_deadline(timeout=TIMEOUT) == path.now + 5


def test_after_a_black_hole_the_search_begins_anew_a_little_later() -> None:
    path = found()
    path.mtu = 1272
    for _ in range(3):
        path.lose(1472)
    path.wanted()
    before = path.now
    path.go_on()
    assert path.now == before + 5
    assert 1256 <= path.search.packet_size <= 1272


def test_a_path_that_carries_probes_and_loses_data_is_searched_ever_less() -> None:
    path = found()
    pauses = []
    for _ in range(9):
        for _ in range(3):
            path.lose(1472)
        path.wanted()
        before = path.now
        path.go_on()
        pauses.append(path.now - before)
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 600, 600]


def test_silence_of_large_packets_is_checked_with_a_small_one() -> None:
    path = found()
    path.search.packet_sent(1472, now=path.now)
    assert path.search.next_deadline(timeout=TIMEOUT) == path.now + TIMEOUT
    assert path.wanted() == Wanted(None, ping=False)
    path.now += TIMEOUT
    assert path.wanted() == Wanted(None, ping=True)
    assert path.wanted() == Wanted(None, ping=False)


def test_what_arrives_in_time_needs_no_check() -> None:
    path = found()
    for _ in range(100):
        path.search.packet_sent(1472, now=path.now)
        path.now += TIMEOUT / 2
        assert path.wanted() == Wanted(None, ping=False)
        path.arrive(1472)
        path.search.packet_arrived(path.number, 1472)
    assert path.search.next_deadline(timeout=TIMEOUT) > path.now + 100


def test_a_single_lost_packet_is_followed_by_probes_of_its_size() -> None:
    path = found()
    path.mtu = 1300
    path.lose(1472)
    for _ in range(2):
        path.now += TIMEOUT
        wanted = path.send_what_is_wanted()
        assert wanted == Wanted(CEILING, ping=True)
    assert path.search.packet_size == BASE


def test_such_a_probe_that_arrives_ends_the_suspicion() -> None:
    path = found()
    path.lose(1472)
    path.lose(1472)
    path.now += TIMEOUT
    assert path.send_what_is_wanted() == Wanted(CEILING, ping=True)
    path.lose(1472)
    assert path.search.packet_size == CEILING


def test_a_path_that_is_down_is_not_checked_for_ever() -> None:
    path = found()
    path.search.packet_sent(1472, now=path.now)
    pings = 0
    for _ in range(50):
        path.now += TIMEOUT
        pings += path.wanted().ping
        path.search.packet_sent(1472, now=path.now)
    assert pings == 4
    path.arrive(1472)
    path.search.packet_sent(1472, now=path.now)
    assert path.search.next_deadline(timeout=TIMEOUT) == path.now + TIMEOUT


def test_probes_are_counted() -> None:
    path = found(1300)
    assert path.search.probes_sent == len(path.probes)
