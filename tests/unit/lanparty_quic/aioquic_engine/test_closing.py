"""Closes that are repeated to peers that go on talking."""

from lanparty_quic.aioquic_engine.closing import ClosingPeriods

CLOSE = [(b"close", ("192.0.2.1", 5))]


def test_a_close_is_repeated_ever_more_rarely() -> None:
    periods = ClosingPeriods()
    periods.add([b"one", b"two"], CLOSE, now=0.0)
    answers = [periods.answer(b"one" if index % 2 else b"two") for index in range(1, 17)]
    assert [index for index, answer in enumerate(answers, 1) if answer] == [1, 2, 4, 8, 16]
    assert all(answer in (CLOSE, []) for answer in answers)


def test_an_id_of_no_closed_connection_has_no_answer() -> None:
    periods = ClosingPeriods()
    periods.add([b"one"], CLOSE, now=0.0)
    assert periods.answer(b"other") is None


def test_a_period_ends() -> None:
    periods = ClosingPeriods()
    periods.add([b"old"], CLOSE, now=0.0)
    periods.add([b"new"], CLOSE, now=2.0)
    periods.expire(now=3.0)
    assert periods.answer(b"old") is None
    assert periods.answer(b"new") == CLOSE
