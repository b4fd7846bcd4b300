"""`Relay` as its shell sees it: each misbehaviour has one answer, and commands do what they say."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import pytest

from lanparty_ctrl import (
    Disconnect,
    PeerLeft,
    Ping,
    Pong,
    PrefixesInUse,
    Reject,
    RoomReady,
    Stats,
    Waiting,
    encode_message,
)
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import ROUND_TRIP_MICROSECONDS, TunnelCounters
from lanparty_obs.reasons import Cast, EgressDrop, IngressDrop
from lanparty_proto import BROADCAST, encode_whole
from lanparty_quic.endpoint import (
    AddressChanged,
    Connected,
    ConnectionClosed,
    ConnectionKey,
    ControlReceived,
    ExtraStreamOpened,
    Received,
)
from lanparty_relay.core import (
    RELAY_BLOCK,
    MemberJoined,
    MemberLeft,
    MemberMoved,
    MemberReported,
    RelayLimits,
    RoomClosed,
    RoomEnd,
    SessionFault,
    SessionFaulted,
)
from lanparty_relay.core.limits import CONTROL_BACKLOG_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.lanparty_relay.core.conftest import FakeShell

MALFORMED = b"\xff\xff\xff\xff"


def to_all(source: bytes) -> bytes:
    return BROADCAST + source + bytes(50)


def the_end_of(shell: FakeShell, key: ConnectionKey) -> Reject | Disconnect:
    """The last message, which must say the same as the close."""
    end = shell.inbox[key][-1]
    assert isinstance(end, Reject | Disconnect)
    assert shell.closed[key] is end.code
    return end


def the_fault(shell: FakeShell) -> SessionFaulted:
    (fault,) = shell.lifecycle_of(SessionFaulted)
    assert isinstance(fault, SessionFaulted)
    assert shell.relay.session_counts().faults == {fault.fault: 1}
    return fault


# Work


def test_the_work_of_a_connection_is_the_copies_that_its_datagrams_became(
    shell: FakeShell,
) -> None:
    a, b, _ = (shell.join(number) for number in (1, 2, 3))
    shell.work.clear()
    broadcast, unicast = to_all(shell.mac(1)), shell.mac(1) + shell.mac(2) + bytes(50)
    shell.happen(
        datagrams=[
            Received(a, [encode_whole(broadcast), MALFORMED, encode_whole(broadcast)]),
            Received(b, [encode_whole(unicast)]),
        ]
    )
    assert shell.work == [(a, 4), (b, 1)]
    assert shell.relay.work() == []


# Misbehaviour


def test_malformed_control_bytes_before_the_hello_are_rejected(shell: FakeShell) -> None:
    a = shell.connect()
    shell.say_bytes(a, MALFORMED)
    assert isinstance(the_end_of(shell, a), Reject)
    assert shell.closed[a] is SessionEnd.PROTOCOL_ERROR
    fault = the_fault(shell)
    assert fault.fault is SessionFault.MALFORMED_CONTROL
    assert (fault.room_id, fault.peer_id, fault.address) == (None, None, ("192.0.2.1", 5000))


def test_malformed_control_bytes_of_a_member_end_its_session(shell: FakeShell) -> None:
    a, b = shell.join(1), shell.join(2)
    shell.say_bytes(b, MALFORMED)
    assert isinstance(the_end_of(shell, b), Disconnect)
    assert shell.closed[b] is SessionEnd.PROTOCOL_ERROR
    assert shell.heard(a, PeerLeft) == [PeerLeft(peer_id=2, reason=SessionEnd.PROTOCOL_ERROR)]
    fault = the_fault(shell)
    assert (fault.room_id, fault.peer_id) == (shell.welcome(b).room_id, 2)


def test_what_came_before_malformed_bytes_is_still_heard(shell: FakeShell) -> None:
    a = shell.connect()
    shell.say_bytes(a, encode_message(shell.hello(1)) + MALFORMED)
    assert shell.welcome(a).peer_id == 1
    assert isinstance(the_end_of(shell, a), Disconnect)


def test_nothing_is_heard_behind_a_disconnect(shell: FakeShell) -> None:
    a = shell.join(1)
    goodbye = encode_message(Disconnect(code=SessionEnd.LEFT))
    shell.say_bytes(a, goodbye + encode_message(Ping(nonce=1)) + MALFORMED)
    assert shell.closed[a] is SessionEnd.LEFT
    assert shell.heard(a, Pong) == []
    assert shell.relay.session_counts().faults == {}


def test_a_hello_that_never_comes_is_given_up(shell: FakeShell) -> None:
    a = shell.connect()
    shell.wait(4.9)
    assert a not in shell.closed
    shell.wait(0.1)
    assert the_end_of(shell, a).code is SessionEnd.HELLO_TIMEOUT
    assert the_fault(shell).fault is SessionFault.HELLO_TIMEOUT
    assert shell.relay.next_deadline() is None


def test_half_a_hello_is_none(make_shell: Callable[..., FakeShell]) -> None:
    shell = make_shell(RelayLimits(hello_timeout=2.0))
    a = shell.connect()
    shell.say_bytes(a, encode_message(shell.hello(1))[:-1])
    shell.wait(2.0)
    assert the_end_of(shell, a).code is SessionEnd.HELLO_TIMEOUT


def test_datagrams_before_the_welcome_are_dropped_and_counted(shell: FakeShell) -> None:
    a = shell.connect()
    frame = encode_whole(to_all(shell.mac(1)))
    shell.happen(datagrams=[Received(a, [frame, frame, b""])])
    counters = shell.counters(RELAY_BLOCK)
    assert counters.received == 3
    assert counters.received_bytes == 2 * len(frame)
    assert counters.dropped_ingress[IngressDrop.BEFORE_WELCOME] == 3
    assert shell.relay.session_counts().faults == {SessionFault.DATAGRAM_BEFORE_WELCOME: 3}
    shell.say(a, shell.hello(1))
    assert shell.is_member(a)


def test_datagrams_of_one_who_waits_for_a_place_are_dropped(shell: FakeShell) -> None:
    shell.join(1)
    newcomer = shell.join(1)
    shell.happen(datagrams=[Received(newcomer, [encode_whole(to_all(shell.mac(1)))])])
    assert shell.queued == []
    assert shell.total().dropped_ingress[IngressDrop.BEFORE_WELCOME] == 1


@pytest.mark.parametrize("waiting", [False, True], ids=["as a member", "while waiting"])
def test_a_second_hello_ends_the_session(shell: FakeShell, waiting: bool) -> None:
    if waiting:
        shell.join(1)
    a = shell.join(1)
    shell.say(a, shell.hello(1))
    assert the_end_of(shell, a).code is SessionEnd.PROTOCOL_ERROR
    assert the_fault(shell).fault is SessionFault.SECOND_HELLO


def test_a_flood_of_control_messages_ends_the_session(shell: FakeShell) -> None:
    a = shell.join(1)
    many = PrefixesInUse(
        prefixes_in_use=tuple(IPv4Network((number << 8, 24)) for number in range(64))
    )
    for _ in range(600):
        shell.say(a, many)
        if shell.closed:
            break
    assert the_end_of(shell, a).code is SessionEnd.PROTOCOL_ERROR
    assert the_fault(shell).fault is SessionFault.CONTROL_FLOOD


def test_who_tells_its_networks_every_second_may_do_so_for_ever(shell: FakeShell) -> None:
    a = shell.join(1)
    many = PrefixesInUse(
        prefixes_in_use=tuple(IPv4Network((number << 8, 24)) for number in range(64))
    )
    for _ in range(1_000):
        shell.say(a, many)
        shell.wait(1.0)
    assert shell.is_member(a)


def test_a_message_before_the_hello_ends_the_session(shell: FakeShell) -> None:
    a = shell.connect()
    shell.say(a, Ping(nonce=1))
    assert the_end_of(shell, a).code is SessionEnd.PROTOCOL_ERROR
    assert the_fault(shell).fault is SessionFault.UNEXPECTED_MESSAGE


@pytest.mark.parametrize(
    "message", [Waiting(), RoomReady(), PeerLeft(peer_id=1, reason=SessionEnd.LEFT)], ids=str
)
def test_a_message_that_only_relays_send_ends_the_session(
    shell: FakeShell, message: Waiting | RoomReady | PeerLeft
) -> None:
    a = shell.join(1)
    shell.say(a, message)
    assert the_end_of(shell, a).code is SessionEnd.PROTOCOL_ERROR
    assert the_fault(shell).fault is SessionFault.UNEXPECTED_MESSAGE


@pytest.mark.parametrize("member", [False, True])
def test_a_second_stream_ends_the_session(shell: FakeShell, member: bool) -> None:
    a = shell.join(1) if member else shell.connect()
    shell.happen(ExtraStreamOpened(a))
    assert the_end_of(shell, a).code is SessionEnd.PROTOCOL_ERROR
    assert the_fault(shell).fault is SessionFault.EXTRA_STREAM


def test_a_peer_that_reads_nothing_for_ten_seconds_is_too_slow(shell: FakeShell) -> None:
    a = shell.join(1)
    shell.backlogs[a] = 600
    shell.wait(9.9)
    assert shell.is_member(a)
    shell.wait(1.1)
    assert the_end_of(shell, a).code is SessionEnd.TOO_SLOW
    assert the_fault(shell).fault is SessionFault.CONTROL_NOT_READ


def test_a_peer_that_lets_too_much_pile_up_is_too_slow_at_once(shell: FakeShell) -> None:
    a = shell.join(1)
    shell.backlogs[a] = CONTROL_BACKLOG_LIMIT + 1
    flood = b"".join(encode_message(Ping(nonce=nonce)) for nonce in range(9000))
    shell.say_bytes(a, flood)
    assert the_end_of(shell, a).code is SessionEnd.TOO_SLOW


def test_a_peer_that_reads_slowly_but_steadily_stays(shell: FakeShell) -> None:
    a = shell.join(1)
    for backlog in range(50_000, 0, -1000):
        shell.backlogs[a] = backlog
        shell.wait(5.0)
    assert shell.is_member(a)


def test_a_peer_with_nothing_to_read_is_not_looked_at(shell: FakeShell) -> None:
    shell.join(1)
    shell.wait(1.0)
    shell.looks.clear()
    shell.wait(8.9)
    assert shell.looks == []


# The ordinary course


def test_a_ping_is_answered_with_its_nonce(shell: FakeShell) -> None:
    a = shell.join(1)
    shell.say(a, Ping(nonce=2**53 - 1))
    assert shell.heard(a, Pong) == [Pong(nonce=2**53 - 1)]


def test_a_hello_may_come_in_any_cut(shell: FakeShell) -> None:
    a = shell.connect()
    for byte in encode_message(shell.hello(1)):
        shell.say_bytes(a, bytes([byte]))
    assert shell.is_member(a)


def test_a_member_hears_every_ten_seconds_what_the_relay_counted_for_it(shell: FakeShell) -> None:
    a, b = shell.join(1), shell.join(2)
    shell.decide(shell.send_frames(a, to_all(shell.mac(1))))
    shell.wait(25.0)
    first, second = shell.heard(a, Stats)
    assert first.round_trip_time == 0.025
    assert first.counters.received == first.counters.forwarded[Cast.BROADCAST] == 1
    assert shell.heard(b, Stats)[0].counters.sent == 1
    assert second == first


def test_the_round_trip_time_is_in_the_members_block(shell: FakeShell) -> None:
    shell.join(1)
    (joined,) = shell.lifecycle_of(MemberJoined)
    assert shell.blocks.value(joined.block, ROUND_TRIP_MICROSECONDS) == 0
    shell.wait(10.0)
    assert shell.blocks.value(joined.block, ROUND_TRIP_MICROSECONDS) == 25_000


def test_what_a_member_reports_is_passed_on_and_never_counted(shell: FakeShell) -> None:
    a = shell.join(1)
    claim = Stats(counters=TunnelCounters(received=4711), round_trip_time=0.5)
    before = bytes(shell.blocks.slots)
    shell.say(a, claim)
    room_id = shell.welcome(a).room_id
    assert shell.lifecycle_of(MemberReported) == [MemberReported(room_id, 1, claim)]
    assert bytes(shell.blocks.slots) == before


def test_at_most_one_report_a_second_is_passed_on(shell: FakeShell) -> None:
    a = shell.join(1)
    for _ in range(50):
        shell.say(a, *[Stats(counters=TunnelCounters())] * 3)
        shell.now += 0.1
    assert len(shell.lifecycle_of(MemberReported)) == 5


def test_a_member_whose_address_changes_stays(shell: FakeShell) -> None:
    a = shell.join(1)
    shell.happen(AddressChanged(a, ("198.51.100.7", 6000)))
    moved = MemberMoved(shell.welcome(a).room_id, 1, ("198.51.100.7", 6000))
    assert shell.lifecycle_of(MemberMoved) == [moved]
    assert shell.is_member(a)


def test_of_a_member_that_moves_all_the_time_the_last_address_is_told_in_the_end(
    shell: FakeShell,
) -> None:
    a = shell.join(1)
    for port in range(5000, 5100):
        shell.happen(AddressChanged(a, ("198.51.100.7", port)))
    assert len(shell.lifecycle_of(MemberMoved)) == 1
    for _ in range(12):
        shell.now += 1.0
        shell.happen()
    assert [moved.address[1] for moved in shell.lifecycle_of(MemberMoved)] == [5000, 5099]


def test_a_newcomers_address_changes_before_the_hello(shell: FakeShell) -> None:
    a = shell.connect()
    shell.happen(AddressChanged(a, ("198.51.100.7", 6000)))
    shell.say(a, shell.hello(1))
    (joined,) = shell.lifecycle_of(MemberJoined)
    assert joined.address == ("198.51.100.7", 6000)


def test_frames_between_the_welcome_and_the_ready_room_are_forwarded(shell: FakeShell) -> None:
    a, b = shell.join(1), shell.join(2)
    copies = shell.send_frames(b, to_all(shell.mac(2)))
    assert [(key, flow) for key, flow, _ in copies] == [(a, 2)]


def test_the_last_frames_before_a_disconnect_are_forwarded(shell: FakeShell) -> None:
    a, b = shell.join(1), shell.join(2)
    goodbye = encode_message(Disconnect(code=SessionEnd.LEFT))
    frame = encode_whole(to_all(shell.mac(2)))
    shell.happen(ControlReceived(b, goodbye), datagrams=[Received(b, [frame])])
    assert [key for key, _, _ in shell.queued] == [a]


def test_what_comes_on_an_ended_connection_is_dropped_and_is_no_fault(shell: FakeShell) -> None:
    a, b = shell.join(1), shell.join(2)
    shell.say(b, Disconnect(code=SessionEnd.LEFT))
    before = shell.total()
    frame = encode_whole(to_all(shell.mac(2)))
    shell.happen(
        ControlReceived(b, MALFORMED),
        ExtraStreamOpened(b),
        AddressChanged(b, ("198.51.100.7", 6000)),
        ConnectionClosed(b, SessionEnd.LEFT, "", by_peer=True),
        datagrams=[Received(b, [frame])],
    )
    after = shell.total()
    dropped = IngressDrop.BEFORE_WELCOME
    assert after.received == before.received + 1
    assert after.dropped_ingress[dropped] == before.dropped_ingress[dropped] + 1
    assert after.chosen == before.chosen
    assert shell.relay.session_counts().faults == {}
    assert shell.is_member(a)


def test_a_datagram_in_one_flight_with_the_end_of_the_handshake_is_counted(
    shell: FakeShell,
) -> None:
    newcomer = ConnectionKey(77)
    shell.happen(
        Connected(newcomer, ("198.51.100.7", 6000)),
        datagrams=[Received(newcomer, [encode_whole(to_all(shell.mac(1)))])],
    )
    assert shell.total().dropped_ingress[IngressDrop.BEFORE_WELCOME] == 1


def test_what_the_transport_itself_forbids_is_counted_as_a_fault(shell: FakeShell) -> None:
    a = shell.join(1)
    shell.happen(ConnectionClosed(a, SessionEnd.PROTOCOL_ERROR, "streams", by_peer=False))
    assert the_fault(shell).fault is SessionFault.TRANSPORT_VIOLATION
    assert [left.reason for left in shell.lifecycle_of(MemberLeft)] == [SessionEnd.PROTOCOL_ERROR]


# Conservation


def test_copies_of_a_leaving_destination_are_counted_whenever_their_outcome_comes(
    shell: FakeShell,
) -> None:
    a, b, c = shell.join(1), shell.join(2), shell.join(3)
    copies = shell.send_frames(a, *[to_all(shell.mac(1))] * 4)
    of_b = [copy for copy in copies if copy[0] == b]
    of_c = [copy for copy in copies if copy[0] == c]
    shell.decide(of_b[:1])
    shell.say(b, Disconnect(code=SessionEnd.LEFT))
    assert shell.total().queued == 7
    shell.decide(of_b[1:], EgressDrop.DESTINATION_LEFT)
    shell.decide(of_c)
    total = shell.total()
    assert (total.chosen, total.sent, total.queued) == (8, 5, 0)
    assert total.dropped_egress[EgressDrop.DESTINATION_LEFT] == 3


def test_copies_of_a_leaving_source_still_count_at_their_destinations(shell: FakeShell) -> None:
    a, b = shell.join(1), shell.join(2)
    copies = shell.send_frames(a, to_all(shell.mac(1)))
    shell.say(a, Disconnect(code=SessionEnd.LEFT))
    shell.decide(copies)
    (joined,) = [event for event in shell.lifecycle_of(MemberJoined) if event.peer_id == 2]
    assert shell.counters(joined.block).sent == 1
    shell.lose(b)
    assert shell.counters(RELAY_BLOCK) == shell.total()
    assert shell.total().forwarded[Cast.BROADCAST] == shell.total().sent == 1


def test_copies_of_a_replaced_session_are_not_its_successors(shell: FakeShell) -> None:
    a, stale = shell.join(1), shell.join(2)
    copies = shell.send_frames(a, to_all(shell.mac(1)))
    shell.join(2, resume_token=shell.welcome(stale).resume_token)
    shell.decide(copies, EgressDrop.DESTINATION_LEFT)
    joined = shell.lifecycle_of(MemberJoined)[-1]
    assert shell.counters(joined.block).chosen == 0
    assert shell.total().dropped_egress[EgressDrop.DESTINATION_LEFT] == 1


# Commands


def test_a_kick_ends_one_session(shell: FakeShell) -> None:
    a, b = shell.join(1), shell.join(2)
    room_id = shell.welcome(a).room_id
    assert shell.relay.kick(room_id, 2, now=shell.now)
    shell.finish()
    assert the_end_of(shell, b).code is SessionEnd.KICKED
    assert shell.heard(a, PeerLeft) == [PeerLeft(peer_id=2, reason=SessionEnd.KICKED)]
    assert shell.is_member(a)
    assert shell.lifecycle[-1] == MemberLeft(room_id, 2, SessionEnd.KICKED)


def test_nobody_is_kicked_who_is_not_there(shell: FakeShell) -> None:
    room_id = shell.welcome(shell.join(1)).room_id
    assert not shell.relay.kick(room_id, 2, now=shell.now)
    assert not shell.relay.kick("another", 1, now=shell.now)


def test_closing_a_room_ends_all_its_sessions_and_no_others(shell: FakeShell) -> None:
    a, b = shell.join(1), shell.join_gateway()
    other = shell.join(1, room_code="9999")
    room_id = shell.welcome(a).room_id
    assert shell.relay.close_room(room_id, now=shell.now)
    shell.finish()
    assert the_end_of(shell, a).code is the_end_of(shell, b).code is SessionEnd.ROOM_CLOSED
    assert shell.is_member(other)
    assert shell.lifecycle[-1] == RoomClosed(room_id, RoomEnd.CLOSED)
    assert not shell.relay.close_room(room_id, now=shell.now)


def test_who_gets_a_place_while_the_room_closes_goes_with_it(shell: FakeShell) -> None:
    shell.join(1)
    shell.join(2)
    newcomer = shell.join(1, create=False)
    shell.relay.close_room(shell.lifecycle_of(MemberJoined)[0].room_id, now=shell.now)
    shell.finish()
    assert the_end_of(shell, newcomer).code is SessionEnd.ROOM_CLOSED
    assert len(shell.lifecycle_of(RoomClosed)) == 1


@pytest.mark.parametrize("how", ["shutdown", "close_room"])
def test_who_goes_with_everybody_is_not_told_of_the_others(shell: FakeShell, how: str) -> None:
    players = [shell.join(number) for number in (1, 2, 3)]
    if how == "shutdown":
        shell.relay.shutdown(now=shell.now)
    else:
        shell.relay.close_room(shell.lifecycle_of(MemberJoined)[0].room_id, now=shell.now)
    shell.finish()
    for player in players:
        assert not [said for said in shell.inbox[player] if isinstance(said, PeerLeft)]
        assert isinstance(shell.inbox[player][-1], Disconnect)


def test_a_shutdown_ends_every_session_and_lets_nobody_in(shell: FakeShell) -> None:
    a, b = shell.join(1), shell.join(1, room_code="9999")
    greeting = shell.connect()
    waiting = shell.join(1)
    shell.relay.shutdown(now=shell.now)
    shell.finish()
    assert {the_end_of(shell, key).code for key in (a, b, greeting, waiting)} == {
        SessionEnd.SHUTDOWN
    }
    late = ConnectionKey(99)
    shell.happen(Connected(late, ("192.0.2.1", 5000)))
    assert shell.closed[late] is SessionEnd.SHUTDOWN
    assert shell.relay.next_deadline() is None
    assert shell.relay.session_counts().ended == {SessionEnd.SHUTDOWN: 2}
