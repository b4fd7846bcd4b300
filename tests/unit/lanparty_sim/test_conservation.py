import pytest

from lanparty_obs.counters import TunnelCounters
from lanparty_obs.reasons import Cast, EgressDrop, IngressDrop
from lanparty_sim.conservation import imbalance, poll_until
from lanparty_sim.steps import StepFailedError

BALANCED = TunnelCounters(
    received=10,
    forwarded={Cast.UNICAST: 6, Cast.BROADCAST: 1},
    dropped_ingress={IngressDrop.RUNT: 3},
    chosen=9,
    sent=5,
    dropped_egress={EgressDrop.QUEUE_OVERFLOW: 3},
    queued=1,
)


def test_counters_that_conserve_have_no_imbalance() -> None:
    assert imbalance(BALANCED) == ""


def test_a_datagram_that_went_nowhere_is_told() -> None:
    assert "received 10" in imbalance(
        TunnelCounters(received=10, dropped_ingress={IngressDrop.RUNT: 9})
    )


def test_a_copy_that_went_nowhere_is_told() -> None:
    assert "chosen 4" in imbalance(TunnelCounters(chosen=4, sent=3))


async def test_a_poll_ends_with_the_first_true_answer() -> None:
    answers = iter([False, None, 1])

    async def ask() -> object:
        return next(answers)

    await poll_until(ask, "never")
    assert list(answers) == []


async def test_a_poll_that_stays_false_fails_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lanparty_sim.conservation.POLL_LIMIT", -1.0)

    async def ask() -> object:
        return False

    with pytest.raises(StepFailedError, match="copies stay queued"):
        await poll_until(ask, "copies stay queued")
