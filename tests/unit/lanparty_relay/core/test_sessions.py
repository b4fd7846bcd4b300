from lanparty_quic.endpoint import ConnectionKey
from lanparty_relay.core.limits import HEARTBEAT_SECONDS
from lanparty_relay.core.session import ControlSession
from lanparty_relay.core.sessions import Sessions

HOME = ("192.0.2.1", 5000)


def open_session(sessions: Sessions, number: int, *, now: float) -> ControlSession:
    sessions.open(ConnectionKey(number), HOME, now=now)
    session = sessions.get(ConnectionKey(number))
    assert session is not None
    return session


def test_a_session_is_found_by_its_connection_until_it_is_removed() -> None:
    sessions = Sessions(5.0)
    session = open_session(sessions, 1, now=0.0)
    assert list(sessions) == [session]
    sessions.remove(session)
    assert sessions.get(session.connection) is None
    assert len(sessions) == 0
    assert sessions.next_deadline() is None


def test_those_whose_hello_is_overdue_are_taken_once() -> None:
    sessions = Sessions(5.0)
    session = open_session(sessions, 1, now=0.0)
    late = open_session(sessions, 2, now=1.0)
    assert sessions.next_deadline() == 5.0
    assert sessions.take_without_hello(now=5.5) == [session]
    sessions.hello_came(late)
    assert sessions.take_without_hello(now=9.0) == []


def test_a_heartbeat_comes_again_and_again_after_the_welcome() -> None:
    sessions = Sessions(5.0)
    session = open_session(sessions, 1, now=0.0)
    sessions.hello_came(session)
    assert sessions.next_deadline() is None
    sessions.welcomed(session, now=1.0)
    for beat in (1, 2, 3):
        due = 1.0 + beat * HEARTBEAT_SECONDS
        assert sessions.next_deadline() == due
        assert sessions.take_heartbeats(now=due) == [session]
        assert sessions.take_heartbeats(now=due) == []
