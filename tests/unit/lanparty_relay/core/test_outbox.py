from lanparty_ctrl import MessageDecoder, Ping, RoomReady
from lanparty_obs.codes import SessionEnd
from lanparty_quic.endpoint import ConnectionKey
from lanparty_relay.core import CloseConnection, SendControl
from lanparty_relay.core.limits import CONTROL_BACKLOG_LIMIT
from lanparty_relay.core.outbox import Outbox
from lanparty_relay.core.session import ControlSession


def session(number: int) -> ControlSession:
    return ControlSession(ConnectionKey(number), ("192.0.2.1", 5000))


def test_actions_come_in_the_order_in_which_they_were_decided() -> None:
    outbox, a, b = Outbox(), session(1), session(2)
    outbox.send(a, Ping(nonce=1), now=0.0)
    outbox.send(b, RoomReady(), now=0.0)
    outbox.close(a, SessionEnd.LEFT, "bye")
    first, second, third = outbox.take_actions()
    assert isinstance(first, SendControl)
    decoder = MessageDecoder()
    decoder.receive_bytes(first.data)
    assert decoder.messages() == [Ping(nonce=1)]
    assert isinstance(second, SendControl)
    assert second.connection == b.connection
    assert third == CloseConnection(a.connection, SessionEnd.LEFT, "bye")
    assert outbox.take_actions() == []


def test_what_is_said_to_many_is_encoded_once() -> None:
    outbox = Outbox()
    outbox.send_all([session(1), session(2)], RoomReady(), now=0.0)
    first, second = outbox.take_actions()
    assert isinstance(first, SendControl)
    assert isinstance(second, SendControl)
    assert first.data is second.data


def test_a_peer_is_looked_at_a_second_after_something_was_said_to_it() -> None:
    outbox, a = Outbox(), session(1)
    assert outbox.next_deadline() is None
    outbox.send(a, RoomReady(), now=0.0)
    outbox.send(a, RoomReady(), now=0.9)
    assert outbox.next_deadline() == 1.0
    outbox.handle_timer(now=1.0)
    assert outbox.take_wanted() == [a.connection]
    assert outbox.take_wanted() == []
    assert outbox.next_deadline() is None


def test_a_peer_is_looked_at_at_once_when_more_may_wait_than_is_allowed() -> None:
    outbox, a = Outbox(), session(1)
    a.reading.sent(CONTROL_BACKLOG_LIMIT, now=0.0)
    outbox.send(a, RoomReady(), now=0.0)
    assert outbox.take_wanted() == [a.connection]


def test_a_watched_peer_is_looked_at_again_in_a_second() -> None:
    outbox, a = Outbox(), session(1)
    outbox.watch(a, now=5.0)
    outbox.handle_timer(now=6.0)
    assert outbox.take_wanted() == [a.connection]


def test_a_closed_connection_is_not_looked_at() -> None:
    outbox, a = Outbox(), session(1)
    outbox.send(a, RoomReady(), now=0.0)
    outbox.want_look(a)
    outbox.close(a, SessionEnd.LEFT, "")
    outbox.handle_timer(now=9.0)
    assert outbox.take_wanted() == []


def test_a_connection_without_a_session_can_be_closed() -> None:
    outbox = Outbox()
    outbox.refuse_connection(ConnectionKey(5), SessionEnd.SHUTDOWN)
    assert outbox.take_actions() == [CloseConnection(ConnectionKey(5), SessionEnd.SHUTDOWN, "")]
