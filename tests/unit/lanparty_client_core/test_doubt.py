import pytest

from lanparty_client_core.doubt import HEAD_START, QUIET, SILENCE, Doubt


def silent(since: float = 0.0) -> Doubt:
    doubt = Doubt()
    assert doubt.look(since, now=since + SILENCE)
    return doubt


def test_two_seconds_without_an_acknowledgement_make_doubtful_once() -> None:
    doubt = Doubt()
    assert doubt.next_deadline(5.0) == 5.0 + SILENCE
    assert not doubt.look(5.0, now=6.9)
    assert doubt.look(5.0, now=7.0)
    assert not doubt.look(5.0, now=7.1)
    assert doubt.exists


def test_nothing_sent_is_no_silence() -> None:
    doubt = Doubt()
    assert doubt.next_deadline(None) is None
    assert not doubt.look(None, now=100.0)


@pytest.mark.parametrize("since", [None, 2.5])
def test_an_acknowledgement_after_silence_ends_the_doubt(since: float | None) -> None:
    doubt = silent()
    assert not doubt.look(since, now=2.6)
    assert not doubt.exists


def test_the_relay_is_asked_once_and_its_answer_ends_the_doubt() -> None:
    doubt = silent()
    nonce = doubt.question(now=2.0)
    assert nonce is not None
    assert doubt.question(now=2.0) is None
    doubt.receive_pong(nonce + 1, now=3.0)
    assert doubt.exists
    doubt.receive_pong(nonce, now=3.0)
    assert not doubt.exists


def test_a_suspicion_from_outside_needs_the_answer_of_the_relay() -> None:
    doubt = Doubt()
    doubt.handle_refusal(now=1.0)
    assert not doubt.look(None, now=1.1)
    assert doubt.exists
    nonce = doubt.question(now=1.1)
    assert nonce is not None
    doubt.receive_pong(nonce, now=1.2)
    assert not doubt.exists


def test_a_flood_of_lies_is_believed_every_two_seconds_at_most() -> None:
    doubt = Doubt()
    believed = 0
    for step in range(100):
        now = step / 10
        doubt.handle_refusal(now=now)
        nonce = doubt.question(now=now)
        if nonce is not None:
            believed += 1
            doubt.receive_pong(nonce, now=now)
    assert believed == 5


def test_a_long_doubt_is_deep_until_it_ends() -> None:
    doubt = silent()
    moment = doubt.next_deadline(0.0)
    assert moment is not None
    doubt.look(0.0, now=moment)
    assert doubt.is_deep
    assert doubt.next_deadline(0.0) is None
    doubt.look(None, now=moment + 1)
    assert not doubt.is_deep


def test_a_new_connection_is_trusted() -> None:
    doubt = silent()
    doubt.clear()
    assert not doubt.exists
    doubt.handle_refusal(now=2.0)
    assert doubt.question(now=2.0) is not None


def test_after_a_suspicion_the_old_connection_has_a_moment_to_answer() -> None:
    doubt = Doubt()
    doubt.handle_change(now=1.0)
    assert doubt.next_deadline(None) == 1.0 + HEAD_START
    assert not doubt.look(None, now=1.2)
    assert doubt.look(None, now=1.0 + HEAD_START)
    assert not doubt.look(None, now=1.3)


def test_a_change_while_in_doubt_is_followed_by_another_dial_at_once() -> None:
    doubt = silent()
    assert not doubt.look(0.0, now=2.5)
    doubt.handle_change(now=2.6)
    assert doubt.look(0.0, now=2.6)


def test_a_change_is_believed_however_soon_it_comes() -> None:
    doubt = Doubt()
    for now in (1.0, 1.1, 1.2):
        doubt.handle_change(now=now)
        nonce = doubt.question(now=now)
        assert nonce is not None
        doubt.receive_pong(nonce, now=now)


def test_who_only_listens_asks_once_after_the_last_frame() -> None:
    doubt = Doubt()
    doubt.handle_frames(now=0.8)
    doubt.handle_frames(now=1.0)
    assert doubt.next_deadline(None) == 1.0 + QUIET
    assert doubt.question(now=1.4) is None
    nonce = doubt.question(now=1.0 + QUIET)
    assert nonce is not None
    assert doubt.question(now=9.0) is None
    assert doubt.next_deadline(None) is None


def test_the_answer_to_that_ends_no_doubt() -> None:
    doubt = Doubt()
    doubt.handle_frames(now=0.0)
    nonce = doubt.question(now=QUIET)
    assert nonce is not None
    doubt.handle_refusal(now=0.6)
    assert doubt.question(now=0.6) not in (None, nonce)
    doubt.receive_pong(nonce, now=0.7)
    assert doubt.exists
