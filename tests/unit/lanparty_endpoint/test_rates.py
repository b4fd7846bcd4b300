import pytest

from lanparty_endpoint.rates import Rates, Reading, written_rate


def figures(
    at: float, *, into: int = 0, out: int = 0, sent: int = 0, lost: int = 0
) -> dict[str, object]:
    return {
        "at": at,
        "bytes_in": into,
        "bytes_out": out,
        "counters": {"received": sent},
        "packets_lost": lost,
    }


def test_the_first_look_knows_no_rate() -> None:
    assert Rates().read(figures(1.0, into=5_000)) == Reading(0.0, 0.0, None)


def test_rates_are_of_the_time_since_the_last_look() -> None:
    rates = Rates()
    rates.read(figures(1.0))
    rates.read(figures(2.0, into=1_000))
    reading = rates.read(figures(4.0, into=3_000, out=500))
    assert reading.bits_in == 8 * 2_000 / 2
    assert reading.bits_out == 8 * 500 / 2


def test_loss_is_the_share_of_what_was_sent_over_the_last_looks() -> None:
    rates = Rates()
    rates.read(figures(0.0, sent=1_000, lost=500))
    reading = rates.read(figures(1.0, sent=1_200, lost=502))
    assert reading.loss == pytest.approx(0.01)


def test_of_a_few_packets_no_loss_is_said() -> None:
    rates = Rates()
    rates.read(figures(0.0))
    assert rates.read(figures(1.0, sent=3, lost=1)).loss is None


def test_another_connection_begins_anew() -> None:
    rates = Rates()
    rates.read(figures(0.0, sent=100, lost=50))
    assert rates.read(figures(1.0, sent=200, lost=0)).loss is None


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        (0, "0 bit/s"),
        (999, "999 bit/s"),
        (1_000, "1 kbit/s"),
        (1_240_000, "1.24 Mbit/s"),
        (999_999, "1000 kbit/s"),
        (12_345_678_901, "12.3 Gbit/s"),
    ],
)
def test_a_rate_is_written_with_three_figures(bits: float, text: str) -> None:
    assert written_rate(bits) == text
