import pytest

from lanparty_relay.core.join_rates import JoinRates

HOME = ("192.0.2.1", 5000)


def test_attempts_up_to_the_limit_are_allowed_and_the_next_learns_when_to_come_back() -> None:
    rates = JoinRates(2)
    assert rates.attempt(HOME, now=0.0) is None
    assert rates.attempt(HOME, now=10.0) is None
    assert rates.attempt(HOME, now=20.0) == pytest.approx(40.0)
    assert rates.attempt(HOME, now=60.0) is None


def test_a_refused_attempt_does_not_lengthen_the_wait() -> None:
    rates = JoinRates(1)
    rates.attempt(HOME, now=0.0)
    for second in range(1, 60):
        assert rates.attempt(HOME, now=float(second)) is not None
    assert rates.attempt(HOME, now=60.0) is None


def test_sources_do_not_share_a_limit() -> None:
    rates = JoinRates(1)
    assert rates.attempt(HOME, now=0.0) is None
    assert rates.attempt(("192.0.2.2", 5000), now=0.0) is None


def test_the_port_makes_no_other_source() -> None:
    rates = JoinRates(1)
    assert rates.attempt(HOME, now=0.0) is None
    assert rates.attempt(("192.0.2.1", 6000), now=0.0) is not None


def test_without_a_limit_everything_is_allowed_and_nothing_remembered() -> None:
    rates = JoinRates(None)
    assert all(rates.attempt(HOME, now=0.0) is None for _ in range(1000))
    assert len(rates) == 0


def test_ended_windows_are_forgotten() -> None:
    rates = JoinRates(5)
    for host in range(100):
        rates.attempt((f"192.0.2.{host}", 1), now=0.0)
    rates.attempt(HOME, now=60.0)
    assert len(rates) == 1


def test_no_more_sources_are_remembered_than_the_limit() -> None:
    rates = JoinRates(1, sources_limit=2)
    for host in (1, 2, 3):
        assert rates.attempt((f"192.0.2.{host}", 1), now=0.0) is None
    assert len(rates) == 2
    assert rates.attempt(("192.0.2.3", 1), now=0.0) is not None


def test_what_is_taken_back_does_not_count() -> None:
    rates = JoinRates(2)
    for _ in range(100):
        assert rates.attempt(HOME, now=0.0) is None
        rates.take_back(HOME)
    assert len(rates) == 0
    rates.attempt(HOME, now=0.0)
    rates.attempt(HOME, now=0.0)
    rates.take_back(HOME)
    assert rates.attempt(HOME, now=0.0) is None
    assert rates.attempt(HOME, now=0.0) is not None


def test_taking_back_what_is_forgotten_changes_nothing() -> None:
    rates = JoinRates(1)
    rates.take_back(HOME)
    assert len(rates) == 0
