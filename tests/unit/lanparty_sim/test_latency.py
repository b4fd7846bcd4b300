import pytest

from lanparty_sim.latency import LatencyHistogram


def test_an_empty_histogram_has_no_percentile() -> None:
    assert LatencyHistogram().percentile(0.5) is None


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 0.001), (0.5, 0.050), (0.99, 0.099), (1, 0.1)]
)
def test_percentiles_are_right_within_two_percent(share: float, expected: float) -> None:
    histogram = LatencyHistogram()
    for milliseconds in range(1, 101):
        histogram.record(milliseconds / 1_000)
    assert histogram.percentile(share) == pytest.approx(expected, rel=0.021)


def test_what_is_faster_than_a_microsecond_shares_the_first_bucket() -> None:
    histogram = LatencyHistogram()
    histogram.record(0.0)
    histogram.record(-1.0)
    assert histogram.buckets() == {0: 2}


def test_histograms_of_two_processes_add_up() -> None:
    one, other = LatencyHistogram(), LatencyHistogram()
    one.record(0.001)
    other.record(0.001)
    other.record(0.5)
    one.add(LatencyHistogram(other.buckets()))
    assert one.count == 3
    assert one.percentile(1) == pytest.approx(0.5, rel=0.021)
