"""From hello to leave, driven through `Relay`: who is told what, and what the shell learns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lanparty_ctrl import (
    Disconnect,
    PeerJoined,
    PeerLeft,
    Ping,
    Pong,
    Reject,
    Role,
    RoomReady,
    Welcome,
    has_valid_check,
)
from lanparty_obs.codes import SessionEnd, sentence
from lanparty_obs.counters import BlockKind, BlockSlot
from lanparty_quic.endpoint import ConnectionClosed
from lanparty_relay.core import (
    HelloRejected,
    MemberJoined,
    MemberLeft,
    RelayLimits,
    RoomClosed,
    RoomEnd,
    RoomOpened,
)
from lanparty_relay.core.limits import LARGEST_DATAGRAM

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.lanparty_relay.core.conftest import FakeShell


def test_a_welcome_says_everything_that_a_member_needs(shell: FakeShell) -> None:
    a = shell.join(1)
    welcome = shell.welcome(a)
    assert welcome.version == 1
    assert welcome.peer_id == 1
    assert welcome.room_code == "TEST"
    assert welcome.mtu == 1500
    assert welcome.datagram_budget == LARGEST_DATAGRAM == 1522
    assert welcome.heartbeat_seconds == 10
    assert welcome.peers_limit == 64
    assert welcome.server_version == "test"
    assert not welcome.resumed


def test_a_join_without_a_code_gets_a_new_code_to_pass_on(shell: FakeShell) -> None:
    code = shell.welcome(shell.join(1, room_code=None, create=False)).room_code
    assert has_valid_check(code)
    assert shell.is_member(shell.join(2, room_code=code, create=False))


def test_after_the_welcome_each_member_present_is_named_and_then_the_room_is_ready(
    shell: FakeShell,
) -> None:
    a = shell.join(1)
    shell.join_gateway()
    c = shell.join(3)
    lease = shell.welcome(a).lease
    assert lease is not None
    assert [type(message) for message in shell.inbox[c]] == [
        Welcome,
        PeerJoined,
        PeerJoined,
        RoomReady,
    ]
    assert shell.heard(c, PeerJoined) == [
        PeerJoined(
            peer_id=1,
            role=Role.CLIENT,
            mac=shell.mac(1),
            name="player 1",
            address=lease.address,
        ),
        PeerJoined(peer_id=2, role=Role.GATEWAY, mac=None, name="player 0"),
    ]


def test_members_present_are_told_of_a_newcomer_and_of_a_leave(shell: FakeShell) -> None:
    a, b = shell.join(1), shell.join(2)
    assert [joined.peer_id for joined in shell.heard(a, PeerJoined)] == [2]
    shell.say(b, Disconnect(code=SessionEnd.LEFT))
    assert shell.heard(a, PeerLeft) == [PeerLeft(peer_id=2, reason=SessionEnd.LEFT)]
    assert shell.closed == {b: SessionEnd.LEFT}


def test_nobody_of_another_room_is_told(shell: FakeShell) -> None:
    a = shell.join(1, room_code="AAAA")
    b = shell.join(1, room_code="BBBB")
    shell.say(b, Disconnect(code=SessionEnd.LEFT))
    assert shell.heard(a, PeerJoined) == []
    assert shell.heard(a, PeerLeft) == []


def test_lifecycle_events_tell_the_shell_all_that_an_inventory_needs(shell: FakeShell) -> None:
    a = shell.join(1)
    room_id = shell.welcome(a).room_id
    shell.lose(a)
    opened, joined, left, closed = shell.lifecycle
    assert isinstance(opened, RoomOpened)
    assert (opened.room_id, opened.code, opened.mtu) == (room_id, "TEST", 1500)
    assert (opened.opened_at, opened.lasting) == (100.0, False)
    assert isinstance(joined, MemberJoined)
    assert (joined.room_id, joined.peer_id, joined.role) == (room_id, 1, Role.CLIENT)
    assert (joined.mac, joined.name) == (shell.mac(1), "player 1")
    assert (joined.address, joined.joined_at) == (("192.0.2.1", 5000), 100.0)
    assert not joined.resumed
    assert left == MemberLeft(room_id, 1, SessionEnd.IDLE)
    assert closed == RoomClosed(room_id, RoomEnd.EMPTY)
    assert shell.blocks.value(joined.block, BlockSlot.KIND) == BlockKind.FREE
    assert 1 < opened.serial < joined.serial
    assert "TEST" not in repr(opened)


def test_a_rejected_hello_is_answered_with_its_code_and_sentence(shell: FakeShell) -> None:
    a = shell.join(1, create=False)
    text = sentence(SessionEnd.ROOM_UNKNOWN)
    assert shell.inbox[a] == [Reject(code=SessionEnd.ROOM_UNKNOWN, text=text)]
    assert shell.closed == {a: SessionEnd.ROOM_UNKNOWN}
    assert shell.lifecycle == [HelloRejected(("192.0.2.1", 5000), SessionEnd.ROOM_UNKNOWN)]


def test_a_source_that_tries_too_often_is_told_when_to_come_back(
    make_shell: Callable[..., FakeShell],
) -> None:
    shell = make_shell(RelayLimits(joins_per_minute=1))
    shell.join(1)
    shell.now += 20
    (reject,) = shell.heard(shell.join(2), Reject)
    assert (reject.code, reject.retry_after) == (SessionEnd.JOIN_LIMIT, 40.0)


@pytest.mark.parametrize(
    ("by_peer", "end", "told"),
    [
        (True, SessionEnd.LEFT, SessionEnd.LEFT),
        (True, SessionEnd.KICKED, SessionEnd.LEFT),
        (False, SessionEnd.IDLE, SessionEnd.IDLE),
        (False, SessionEnd.PROTOCOL_ERROR, SessionEnd.PROTOCOL_ERROR),
    ],
)
def test_a_peers_own_reason_is_not_believed(
    shell: FakeShell, by_peer: bool, end: SessionEnd, told: SessionEnd
) -> None:
    a, b = shell.join(1), shell.join(2)
    shell.happen(ConnectionClosed(b, end, "", by_peer))
    assert shell.heard(a, PeerLeft) == [PeerLeft(peer_id=2, reason=told)]
    assert b not in shell.closed


def test_a_leave_lets_the_same_mac_rejoin(shell: FakeShell) -> None:
    shell.join(1)
    b = shell.join(2)
    shell.lose(b)
    again = shell.join(2)
    assert shell.is_member(again)
    assert shell.welcome(again).peer_id == 3


def test_a_gateway_that_leaves_keeps_the_clients_and_frees_its_place(shell: FakeShell) -> None:
    a, gateway = shell.join(1), shell.join_gateway()
    shell.lose(gateway)
    assert shell.is_member(a)
    assert shell.is_member(shell.join_gateway())


# Resume


def test_a_valid_token_takes_the_place_of_the_stale_session_at_once(shell: FakeShell) -> None:
    a, stale = shell.join(1), shell.join(2)
    before = shell.welcome(stale)
    shell.lifecycle.clear()
    fresh = shell.join(2, resume_token=before.resume_token)
    after = shell.welcome(fresh)
    assert after.resumed
    assert after.peer_id == before.peer_id
    assert after.resume_token != before.resume_token
    assert shell.closed == {stale: SessionEnd.REPLACED}
    assert [end.code for end in shell.heard(stale, Disconnect)] == [SessionEnd.REPLACED]
    assert [joined.peer_id for joined in shell.heard(fresh, PeerJoined)] == [1]
    left, joined = shell.lifecycle
    assert left == MemberLeft(before.room_id, 2, SessionEnd.REPLACED)
    assert isinstance(joined, MemberJoined)
    assert (joined.peer_id, joined.resumed) == (2, True)
    # For the others the peer was never gone.
    assert len(shell.heard(a, PeerJoined)) == 1
    assert shell.heard(a, PeerLeft) == []


def test_a_resumed_peer_with_another_name_is_named_again(shell: FakeShell) -> None:
    a, stale = shell.join(1), shell.join(2)
    shell.join(2, resume_token=shell.welcome(stale).resume_token, name="Grace")
    named = [(joined.peer_id, joined.name) for joined in shell.heard(a, PeerJoined)]
    assert named == [(2, "player 2"), (2, "Grace")]


def test_a_token_is_good_for_one_resume(shell: FakeShell) -> None:
    first = shell.join(1)
    token = shell.welcome(first).resume_token
    second = shell.join(1, resume_token=token)
    third = shell.join(1, resume_token=token)
    assert shell.is_member(second)
    assert shell.inbox[third] == []
    assert shell.heard(second, Ping)


def test_the_only_member_resumes_without_its_room_going(shell: FakeShell) -> None:
    stale = shell.join(1)
    shell.join(1, resume_token=shell.welcome(stale).resume_token)
    assert shell.lifecycle_of(RoomClosed) == []
    assert len(shell.lifecycle_of(RoomOpened)) == 1


def test_a_gateway_resumes_as_well(shell: FakeShell) -> None:
    stale = shell.join_gateway()
    fresh = shell.join_gateway(resume_token=shell.welcome(stale).resume_token)
    assert shell.welcome(fresh).resumed
    assert shell.closed == {stale: SessionEnd.REPLACED}


def test_the_stale_connections_late_end_changes_nothing(shell: FakeShell) -> None:
    stale = shell.join(1)
    fresh = shell.join(1, resume_token=shell.welcome(stale).resume_token)
    shell.lose(stale)
    assert shell.is_member(fresh)
    assert shell.lifecycle_of(RoomClosed) == []


# Contests


def test_a_holder_that_answers_keeps_its_mac(shell: FakeShell) -> None:
    holder = shell.join(1)
    newcomer = shell.join(1)
    (ping,) = shell.heard(holder, Ping)
    assert shell.inbox[newcomer] == []
    shell.say(holder, Pong(nonce=ping.nonce))
    assert [reject.code for reject in shell.heard(newcomer, Reject)] == [SessionEnd.MAC_IN_USE]
    assert shell.is_member(holder)
    shell.wait(5)
    assert shell.is_member(holder)


def test_a_gateway_that_answers_keeps_its_place(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    newcomer = shell.join_gateway()
    (ping,) = shell.heard(holder, Ping)
    shell.say(holder, Pong(nonce=ping.nonce))
    (reject,) = shell.heard(newcomer, Reject)
    assert reject.code is SessionEnd.GATEWAY_PRESENT


def test_a_pong_with_another_nonce_or_of_another_member_is_no_answer(shell: FakeShell) -> None:
    holder, other = shell.join(1), shell.join(2)
    newcomer = shell.join(1)
    (ping,) = shell.heard(holder, Ping)
    shell.say(holder, Pong(nonce=ping.nonce ^ 1))
    shell.say(other, Pong(nonce=ping.nonce))
    shell.wait(1.0)
    assert shell.is_member(newcomer)
    assert shell.closed == {holder: SessionEnd.REPLACED}


def test_a_silent_holder_loses_its_place_after_a_second(shell: FakeShell) -> None:
    other, holder = shell.join(9), shell.join(1)
    newcomer = shell.join(1)
    shell.wait(0.9)
    assert shell.is_member(holder)
    shell.wait(0.1)
    assert shell.is_member(newcomer)
    assert shell.closed == {holder: SessionEnd.REPLACED}
    assert [end.code for end in shell.heard(holder, Disconnect)] == [SessionEnd.REPLACED]
    welcome = shell.welcome(newcomer)
    assert not welcome.resumed
    assert welcome.peer_id == 3
    assert shell.heard(other, PeerLeft) == [PeerLeft(peer_id=2, reason=SessionEnd.REPLACED)]
    assert [joined.peer_id for joined in shell.heard(other, PeerJoined)] == [2, 3]
    assert shell.heard(newcomer, PeerLeft) == []


def test_the_room_of_a_silent_only_member_stays(shell: FakeShell) -> None:
    shell.join(1)
    newcomer = shell.join(1, create=False)
    shell.wait(1.0)
    assert shell.is_member(newcomer)
    assert shell.lifecycle_of(RoomClosed) == []


def test_a_holder_that_leaves_meanwhile_makes_room_at_once(shell: FakeShell) -> None:
    shell.join(9)
    holder = shell.join(1)
    newcomer = shell.join(1)
    shell.say(holder, Disconnect(code=SessionEnd.LEFT))
    assert shell.is_member(newcomer)


def test_a_room_that_goes_with_the_holder_is_unknown_to_the_newcomer(shell: FakeShell) -> None:
    holder = shell.join(1)
    newcomer = shell.join(1, create=False)
    shell.lose(holder)
    (reject,) = shell.heard(newcomer, Reject)
    assert reject.code is SessionEnd.ROOM_UNKNOWN


def test_a_newcomer_who_goes_leaves_the_holder_alone(shell: FakeShell) -> None:
    holder = shell.join(1)
    newcomer = shell.join(1)
    shell.lose(newcomer)
    shell.wait(5)
    assert shell.is_member(holder)
    assert shell.relay.session_counts().abandoned == 1


def test_of_two_newcomers_the_first_gets_the_place_and_the_second_asks_it(
    shell: FakeShell,
) -> None:
    holder = shell.join(1)
    first = shell.join(1)
    shell.now += 0.5
    second = shell.join(1)
    assert len(shell.heard(holder, Ping)) == 2
    shell.wait(0.5)
    assert shell.is_member(first)
    (ping,) = shell.heard(first, Ping)
    shell.say(first, Pong(nonce=ping.nonce))
    assert [reject.code for reject in shell.heard(second, Reject)] == [SessionEnd.MAC_IN_USE]


def test_a_token_wins_over_those_who_wait(shell: FakeShell) -> None:
    stale = shell.join(1)
    waiting = shell.join(1)
    fresh = shell.join(1, resume_token=shell.welcome(stale).resume_token)
    assert shell.welcome(fresh).resumed
    (ping,) = shell.heard(fresh, Ping)
    shell.say(fresh, Pong(nonce=ping.nonce))
    assert [reject.code for reject in shell.heard(waiting, Reject)] == [SessionEnd.MAC_IN_USE]


# Counts


def test_handshakes_are_admitted_rejected_abandoned_or_open(shell: FakeShell) -> None:
    a = shell.join(1)
    shell.join(2)
    shell.join(3, room_code="N0SVCH", create=False)
    shell.lose(shell.connect())
    shell.connect()
    shell.join(2, resume_token="0" * 32)
    shell.say(a, Disconnect(code=SessionEnd.LEFT))
    counts = shell.relay.session_counts()
    assert counts.handshakes == 6
    assert (counts.admitted, counts.abandoned, counts.resumed) == (2, 1, 0)
    assert counts.rejected == {SessionEnd.ROOM_UNKNOWN: 1}
    assert counts.ended == {SessionEnd.LEFT: 1}
