"""The trial of frames that come again and again: who is held back, who goes on, what is proof."""

import pytest

from lanparty_gateway.bridge.reappearing import Reappearing


def frame(number: int, source: int = 1) -> bytes:
    return bytes([255] * 6 + [0, 0, 0, 0, 0, source]) + number.to_bytes(48)


def admitted(seen: Reappearing, copies: int, *, now: float, each: bytes) -> int:
    return sum(seen.admits(each, now=now) for _ in range(copies))


def test_the_first_nine_within_a_second_pass_and_no_more() -> None:
    seen = Reappearing()
    assert admitted(seen, 100, now=1.0, each=frame(1)) == 9
    assert admitted(seen, 1, now=1.0, each=frame(2)) == 1


def test_what_comes_slowly_is_never_held_back() -> None:
    seen = Reappearing()
    assert all(seen.admits(frame(1), now=number / 8) for number in range(100))


def test_what_comes_although_it_was_held_back_is_a_hosts_own_up_to_100_a_second() -> None:
    seen = Reappearing()
    admitted(seen, 10, now=1.0, each=frame(1))
    assert not seen.admits(frame(1), now=1.19)
    assert seen.admits(frame(1), now=1.21)
    assert not seen.finds_loop(now=5.0)
    assert admitted(seen, 200, now=1.3, each=frame(1)) == 100


def test_a_frame_and_its_padded_copy_are_one() -> None:
    seen = Reappearing()
    short = frame(1)[:20]
    assert admitted(seen, 5, now=1.0, each=short) == 5
    assert admitted(seen, 100, now=1.0, each=short.ljust(60, b"\0")) == 4


def test_different_frames_of_two_hosts_that_vanish_when_held_back_prove_a_loop() -> None:
    seen = Reappearing()
    for number in range(4):
        admitted(seen, 10, now=1.0, each=frame(number, source=number % 2))
    deadline = seen.next_deadline()
    assert deadline is not None
    assert 1.2 < deadline < 1.5
    assert not seen.finds_loop(now=1.2)
    assert seen.finds_loop(now=deadline)


def test_one_hosts_frames_or_few_that_vanish_prove_nothing() -> None:
    of_one, few = Reappearing(), Reappearing()
    for number in range(20):
        admitted(of_one, 10, now=1.0, each=frame(number))
    for number in range(3):
        admitted(few, 10, now=1.0, each=frame(number, source=number))
    assert not of_one.finds_loop(now=2.0)
    assert not few.finds_loop(now=2.0)


@pytest.mark.parametrize(
    "packet",
    [
        b"\x08\x00\x46\x00" + bytes(7) + b"\x02",
        b"\x86\xdd\x60\x00\x00\x00\x00\x00\x00",
        b"\x86\xdd\x60\x00\x00\x00\x00\x00\x3a",
    ],
    ids=["IGMP", "MLD", "neighbour advertisement"],
)
def test_what_a_player_can_make_all_hosts_repeat_proves_nothing(packet: bytes) -> None:
    seen = Reappearing()
    for number in range(20):
        report = frame(number, source=number)[:12] + packet.ljust(48, bytes([number]))
        assert admitted(seen, 20, now=1.0, each=report) == 9, "it is held back all the same"
    assert not seen.finds_loop(now=2.0)


def test_what_vanished_more_than_two_seconds_ago_does_not_count() -> None:
    seen = Reappearing()
    for number in range(2):
        admitted(seen, 10, now=1.0, each=frame(number, source=1))
    assert not seen.finds_loop(now=1.5)
    for number in range(2, 4):
        admitted(seen, 10, now=4.0, each=frame(number, source=2))
    assert not seen.finds_loop(now=4.5)


def test_the_third_copy_within_a_second_is_worth_a_probe_once() -> None:
    seen = Reappearing()
    admitted(seen, 3, now=1.0, each=frame(1))
    assert not seen.take_suspicion()
    admitted(seen, 1, now=1.0, each=frame(1))
    assert seen.take_suspicion()
    assert not seen.take_suspicion()


def test_a_flood_of_different_frames_is_remembered_within_bounds() -> None:
    seen = Reappearing(limit=16)
    for number in range(1_000):
        admitted(seen, 10, now=number / 1_000, each=frame(number))
        assert len(seen) <= 16
    assert not seen.finds_loop(now=2.0), "one host's"
    assert len(seen) == 0
    assert seen.next_deadline() is None


def test_a_stop_forgets_everything() -> None:
    seen = Reappearing()
    for number in range(10):
        admitted(seen, 10, now=1.0, each=frame(number, source=number))
    seen.clear()
    assert not seen.finds_loop(now=2.0)
    assert not seen.take_suspicion()
    assert len(seen) == 0


def test_at_its_deadline_what_is_due_is_done_whatever_the_rounding() -> None:
    for number in range(1_000):
        seen = Reappearing()
        admitted(seen, 10, now=number / 7, each=frame(1))
        deadline = seen.next_deadline()
        assert deadline is not None
        seen.finds_loop(now=deadline)
        assert seen.next_deadline() is None
