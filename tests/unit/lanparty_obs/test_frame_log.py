import pytest

from lanparty_obs import FrameSampler


def test_a_quiet_room_has_every_frame_in_the_log() -> None:
    sampler = FrameSampler(per_second=10, burst=1)
    assert [sampler.sample(now=second) for second in range(5)] == [0] * 5


def test_a_burst_is_logged_and_then_a_sample_that_counts_the_rest() -> None:
    sampler = FrameSampler(per_second=1, burst=2)
    assert [sampler.sample(now=100.0) for _ in range(5)] == [0, 0, None, None, None]
    assert sampler.passed_over == 3
    assert sampler.sample(now=101.0) == 3
    assert sampler.sample(now=101.5) is None
    assert sampler.sample(now=102.0) == 1


def test_what_cannot_be_logged_is_passed_over_like_the_rest() -> None:
    sampler = FrameSampler(per_second=1, burst=1)
    sampler.pass_over()
    assert sampler.sample(now=0.0) == 1
    assert sampler.passed_over == 0


@pytest.mark.parametrize("frames_per_second", [100, 1_000, 10_000])
def test_lines_a_second_are_bounded_at_any_load(frames_per_second: int) -> None:
    sampler = FrameSampler(per_second=20, burst=50)
    moments = [n / frames_per_second for n in range(2 * frames_per_second)]
    lines = sum(sampler.sample(now=now) is not None for now in moments)
    assert lines <= 50 + 2 * 20
