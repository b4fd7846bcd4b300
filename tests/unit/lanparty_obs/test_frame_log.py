import pytest

from lanparty_obs import Cast, FrameAction, FrameLogged, FrameSampler

ANN = bytes.fromhex("02005e100001")


def logged(**changes: object) -> FrameLogged:
    given: dict[str, object] = {
        "action": FrameAction.FORWARDED,
        "destination": b"\xff" * 6,
        "source": ANN,
        "ethertype": 0x0806,
        "length": 42,
        "peer": 3,
    }
    return FrameLogged(**given | changes)  # type: ignore[arg-type]  # fields by name


def test_a_frame_is_logged_in_the_spelling_that_people_search_for() -> None:
    assert logged(reason=Cast.BROADCAST, passed_over=9).to_dict() == {
        "action": "forwarded",
        "destination": "ff:ff:ff:ff:ff:ff",
        "source": "02:00:5e:10:00:01",
        "ethertype": "0x0806",
        "length": 42,
        "peer": 3,
        "reason": "broadcast",
        "passed_over": 9,
    }


def test_fields_that_say_nothing_are_left_out() -> None:
    assert {"reason", "passed_over"}.isdisjoint(logged().to_dict())


def test_a_quiet_room_has_every_frame_in_the_log() -> None:
    sampler = FrameSampler(per_second=10, burst=1)
    assert [sampler.sample(now=second) for second in range(5)] == [0] * 5


def test_a_burst_is_logged_and_then_a_sample_that_counts_the_rest() -> None:
    sampler = FrameSampler(per_second=1, burst=2)
    assert [sampler.sample(now=100.0) for _ in range(5)] == [0, 0, None, None, None]
    assert sampler.sample(now=101.0) == 3
    assert sampler.sample(now=101.5) is None
    assert sampler.sample(now=102.0) == 1


@pytest.mark.parametrize("frames_per_second", [100, 1_000, 10_000])
def test_lines_a_second_are_bounded_at_any_load(frames_per_second: int) -> None:
    sampler = FrameSampler(per_second=20, burst=50)
    moments = [n / frames_per_second for n in range(2 * frames_per_second)]
    lines = sum(sampler.sample(now=now) is not None for now in moments)
    assert lines <= 50 + 2 * 20
