import pytest

from lanparty_ctrl import Ping, Pong, ProtocolViolation, Waiting
from lanparty_ctrl.states import RelayInput, RelayState
from lanparty_quic.endpoint import ConnectionKey
from lanparty_quic.pool import Pool
from lanparty_relay.core.limits import CONTROL_BACKLOG_LIMIT, CONTROL_STALL_SECONDS
from lanparty_relay.core.session import ControlSession, ReadingWatch, TalkingWatch


def test_a_session_begins_with_awaiting_the_hello() -> None:
    session = ControlSession(ConnectionKey(1), ("192.0.2.1", 5000))
    assert session.state is RelayState.AWAITING_HELLO
    with pytest.raises(ProtocolViolation):
        session.receive(Ping(nonce=1))


def test_a_message_that_the_state_has_a_place_for_is_taken() -> None:
    session = ControlSession(ConnectionKey(1), ("192.0.2.1", 5000))
    session.advance(RelayInput.HELLO)
    session.advance(RelayInput.ADMIT)
    session.receive(Pong(nonce=1))
    assert session.state is RelayState.MEMBER


def test_a_message_that_only_relays_send_is_a_violation() -> None:
    session = ControlSession(ConnectionKey(1), ("192.0.2.1", 5000))
    with pytest.raises(ProtocolViolation):
        session.receive(Waiting())


def test_a_peer_that_takes_everything_never_stalls() -> None:
    watch = ReadingWatch()
    for second in range(0, 100, 5):
        watch.sent(1000, now=float(second))
        assert not watch.is_stalled(0, heard_at=float(second), now=float(second))


def test_a_peer_that_takes_nothing_for_ten_seconds_stalls() -> None:
    watch = ReadingWatch()
    watch.sent(1000, now=0.0)
    assert not watch.is_stalled(
        1000, heard_at=CONTROL_STALL_SECONDS - 0.1, now=CONTROL_STALL_SECONDS - 0.1
    )
    assert watch.is_stalled(1000, heard_at=CONTROL_STALL_SECONDS, now=CONTROL_STALL_SECONDS)


def test_a_peer_that_was_cut_off_has_its_ten_seconds_anew() -> None:
    watch = ReadingWatch()
    watch.sent(1000, now=0.0)
    for second in range(1, 21):
        assert not watch.is_stalled(1000, heard_at=0.5, now=float(second))
    for second in range(21, 31):
        assert not watch.is_stalled(1000, heard_at=float(second), now=float(second))
    assert watch.is_stalled(1000, heard_at=31.0, now=31.0)


def test_more_to_read_is_no_progress() -> None:
    watch = ReadingWatch()
    for second in range(10):
        watch.sent(100, now=float(second))
        assert not watch.is_stalled(100 * (second + 1), heard_at=float(second), now=float(second))
    assert watch.is_stalled(1000, heard_at=10.0, now=10.0)


def test_a_peer_that_takes_something_has_ten_seconds_more() -> None:
    watch = ReadingWatch()
    watch.sent(1000, now=0.0)
    assert not watch.is_stalled(1000, heard_at=9.0, now=9.0)
    assert not watch.is_stalled(999, heard_at=9.5, now=9.5)
    assert not watch.is_stalled(999, heard_at=19.4, now=19.4)
    assert watch.is_stalled(999, heard_at=19.5, now=19.5)


def test_progress_counts_also_when_more_was_sent_meanwhile() -> None:
    watch = ReadingWatch()
    watch.sent(1000, now=0.0)
    watch.is_stalled(1000, heard_at=9.0, now=9.0)
    watch.sent(5000, now=9.0)
    assert not watch.is_stalled(5500, heard_at=10.0, now=10.0)
    assert not watch.is_stalled(5500, heard_at=19.9, now=19.9)


def test_the_ten_seconds_begin_anew_after_everything_was_taken() -> None:
    watch = ReadingWatch()
    watch.sent(1000, now=0.0)
    assert not watch.is_stalled(0, heard_at=5.0, now=5.0)
    watch.sent(1000, now=50.0)
    assert not watch.is_stalled(1000, heard_at=59.9, now=59.9)
    assert watch.is_stalled(1000, heard_at=60.0, now=60.0)


def test_a_backlog_over_the_limit_stalls_at_once() -> None:
    watch = ReadingWatch()
    watch.sent(CONTROL_BACKLOG_LIMIT, now=0.0)
    assert not watch.is_stalled(CONTROL_BACKLOG_LIMIT, heard_at=0.0, now=0.0)
    watch.sent(1, now=0.0)
    assert watch.is_stalled(CONTROL_BACKLOG_LIMIT + 1, heard_at=0.0, now=0.0)


def test_a_look_is_wanted_while_more_may_wait_than_is_allowed() -> None:
    watch = ReadingWatch()
    looks = []
    watch.sent(CONTROL_BACKLOG_LIMIT, now=0.0)
    looks.append(watch.wants_look)
    watch.sent(1, now=0.0)
    looks.append(watch.wants_look)
    assert not watch.is_stalled(10, heard_at=0.0, now=0.0)
    looks.append(watch.wants_look)
    assert looks == [False, True, False]


def test_of_a_peer_that_is_not_heard_any_more_it_says_nothing() -> None:
    watch = ReadingWatch()
    watch.sent(1000, now=0.0)
    assert not watch.is_stalled(1000, heard_at=0.0, now=CONTROL_STALL_SECONDS)
    assert not watch.is_stalled(1000, heard_at=0.0, now=3 * CONTROL_STALL_SECONDS)


def test_where_all_hold_much_whoever_holds_most_ends_first() -> None:
    pool = Pool(1_000_000)
    others = [ReadingWatch(pool) for _ in range(8)]
    for other in others:
        other.sent(100_000, now=0.0)
    watch = ReadingWatch(pool)
    watch.sent(150_000, now=0.0)
    assert watch.wants_look
    assert watch.is_stalled(150_000, heard_at=0.0, now=0.0)
    assert not watch.is_stalled(4_000, heard_at=0.0, now=0.0)
    watch.forget()
    for other in others:
        other.forget()
    assert pool.used == 0


def test_unfinished_messages_are_bounded_in_all() -> None:
    pool = Pool(300_000)
    talkers = [TalkingWatch(pool) for _ in range(5)]
    assert [talker.keeps(60_000) for talker in talkers] == [True, True, True, True, False]
    assert talkers[4].keeps(4_000)
    for talker in talkers:
        talker.forget()
    assert pool.used == 0
