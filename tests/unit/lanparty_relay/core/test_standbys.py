"""Gateways that stand by, driven through `Relay`: who waits, who gets the place, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lanparty_ctrl import (
    Disconnect,
    PeerJoined,
    PeerLeft,
    Ping,
    Pong,
    PrefixesInUse,
    Reject,
    Role,
    RoomReady,
    Waiting,
    Welcome,
)
from lanparty_obs.codes import SessionEnd
from lanparty_proto import BROADCAST
from lanparty_quic.endpoint import AddressChanged
from lanparty_relay.core import (
    MemberJoined,
    MemberLeft,
    RelayLimits,
    RoomClosed,
    StandbysChanged,
)
from lanparty_relay.core.standbys import STANDBYS_PER_ROOM

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.lanparty_relay.core.conftest import FakeShell

    from lanparty_quic.endpoint import ConnectionKey

LAN_HOST = bytes([0, 0x50, 0x56, 1, 2, 3])


def waits(shell: FakeShell, key: ConnectionKey) -> bool:
    was_told = bool(shell.heard(key, Waiting))
    return was_told and not shell.heard(key, Welcome) and key not in shell.closed


def test_a_standby_gateway_of_a_room_without_one_is_admitted_at_once(shell: FakeShell) -> None:
    shell.join(1)
    gateway = shell.stand_by(create=False)
    assert shell.is_member(gateway)
    assert shell.heard(gateway, Waiting) == []


def test_a_standby_gateway_can_make_the_room(shell: FakeShell) -> None:
    assert shell.is_member(shell.stand_by(room_code=None, create=False))


def test_a_standby_gateway_waits_while_another_has_the_place(shell: FakeShell) -> None:
    player, holder = shell.join(1), shell.join_gateway()
    standby = shell.stand_by()
    assert shell.inbox[standby][0] == Waiting()
    assert not shell.heard(standby, Welcome)
    assert [joined.role for joined in shell.heard(player, PeerJoined)] == [Role.GATEWAY]
    shell.wait(60)
    assert shell.is_member(holder)
    assert shell.closed == {}
    assert shell.relay.session_counts().admitted == 2


def test_nothing_of_a_gateway_that_waits_is_forwarded_and_nothing_goes_to_it(
    shell: FakeShell,
) -> None:
    player, holder = shell.join(1), shell.join_gateway()
    standby = shell.stand_by()
    assert shell.send_frames(standby, BROADCAST + LAN_HOST + bytes(50)) == []
    copies = shell.send_frames(player, BROADCAST + shell.mac(1) + bytes(50))
    assert [key for key, _, _ in copies] == [holder]


@pytest.mark.parametrize("how", ["goodbye", "lost", "kicked", "fault"])
def test_the_place_passes_on_in_the_turn_in_which_the_gateway_goes(
    shell: FakeShell, how: str
) -> None:
    player, holder = shell.join(1), shell.join_gateway()
    first, second = shell.stand_by(name="first"), shell.stand_by(name="second")
    welcome = shell.welcome(holder)
    match how:
        case "goodbye":
            reason = SessionEnd.LEFT
            shell.say(holder, Disconnect(code=SessionEnd.LEFT))
        case "lost":
            reason = SessionEnd.IDLE
            shell.lose(holder)
        case "kicked":
            reason = SessionEnd.KICKED
            assert shell.relay.kick(welcome.room_id, welcome.peer_id, now=shell.now)
            shell.happen()
        case _:
            reason = SessionEnd.PROTOCOL_ERROR
            shell.say_bytes(holder, bytes(8))
    assert shell.is_member(first)
    assert not shell.heard(second, Welcome)
    new = shell.welcome(first)
    assert not new.resumed
    assert new.peer_id != welcome.peer_id
    assert new.room_id == welcome.room_id
    assert shell.heard(player, PeerLeft) == [PeerLeft(peer_id=welcome.peer_id, reason=reason)]
    assert shell.heard(player, PeerJoined)[-1].name == "first"
    kinds = [type(m) for m in shell.inbox[first] if not isinstance(m, Ping)]
    assert kinds == [Waiting, Welcome, PeerJoined, RoomReady]
    shell.say(first, Disconnect(code=SessionEnd.LEFT))
    assert shell.is_member(second)


def test_a_room_stays_for_the_gateway_that_waits(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    standby = shell.stand_by()
    shell.say(holder, Disconnect(code=SessionEnd.LEFT))
    assert shell.is_member(standby)
    assert shell.lifecycle_of(RoomClosed) == []
    shell.say(standby, Disconnect(code=SessionEnd.LEFT))
    assert len(shell.lifecycle_of(RoomClosed)) == 1


def test_the_last_players_leave_changes_nothing_for_gateways(shell: FakeShell) -> None:
    player, holder = shell.join(1), shell.join_gateway()
    standby = shell.stand_by()
    shell.lose(player)
    assert shell.is_member(holder)
    assert waits(shell, standby)


# Silence


def test_a_gateway_that_was_silent_for_two_seconds_gives_its_place_to_the_one_that_waits(
    shell: FakeShell,
) -> None:
    player, holder = shell.join(1), shell.join_gateway()
    standby = shell.stand_by()
    shell.wait(10)
    shell.fall_silent(holder)
    shell.wait(1.9)
    assert shell.is_member(holder)
    shell.wait(0.7)
    assert shell.closed == {holder: SessionEnd.CONNECTION_LOST}
    assert [end.code for end in shell.heard(holder, Disconnect)] == [SessionEnd.CONNECTION_LOST]
    assert shell.is_member(standby)
    assert [left.reason for left in shell.heard(player, PeerLeft)] == [SessionEnd.CONNECTION_LOST]


def test_a_gateway_for_whose_place_nobody_waits_may_be_silent(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    standby = shell.stand_by()
    shell.lose(standby)
    shell.fall_silent(holder)
    pings = len(shell.heard(holder, Ping))
    shell.wait(20)
    assert shell.is_member(holder)
    assert len(shell.heard(holder, Ping)) == pings


def test_a_sign_of_life_begins_the_two_seconds_anew(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    shell.stand_by()
    for _ in range(5):
        shell.fall_silent(holder)
        shell.wait(1.5)
        del shell.unheard[holder]
        shell.wait(0.5)
    assert shell.is_member(holder)


def test_a_place_does_not_go_to_one_that_is_silent_too(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    silent = shell.stand_by()
    shell.wait(5)
    shell.fall_silent(holder, silent)
    shell.wait(10)
    assert shell.is_member(holder), "the relay itself may be cut off"
    heard = shell.stand_by()
    shell.wait(1.9)
    assert shell.is_member(holder)
    shell.wait(0.7)
    assert shell.is_member(heard)
    assert waits(shell, silent)


def test_a_goodbye_gives_the_place_to_the_longest_waiting_that_is_heard(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    silent, heard = shell.stand_by(), shell.stand_by()
    shell.fall_silent(silent)
    shell.wait(2)
    shell.say(holder, Disconnect(code=SessionEnd.LEFT))
    assert shell.is_member(heard)
    assert waits(shell, silent)


def test_a_relay_that_was_held_up_finds_nobody_silent(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    shell.stand_by()
    shell.wait(2)
    shell.fall_silent(holder)
    shell.now += 30
    shell.finish()
    del shell.unheard[holder]
    shell.wait(2)
    assert shell.is_member(holder)


def test_a_gateway_that_resumes_in_time_keeps_its_place(shell: FakeShell) -> None:
    player, holder = shell.join(1), shell.join_gateway()
    standby = shell.stand_by()
    token = shell.welcome(holder).resume_token
    shell.fall_silent(holder)
    shell.wait(1.5)
    again = shell.join_gateway(resume_token=token, standby=True)
    assert shell.welcome(again).resumed
    shell.wait(10)
    assert shell.is_member(again)
    assert waits(shell, standby)
    assert shell.heard(player, PeerLeft) == []


def test_a_displaced_gateways_token_is_void_and_it_waits_itself(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    token = shell.welcome(holder).resume_token
    standby = shell.stand_by()
    shell.wait(1)
    shell.fall_silent(holder)
    shell.wait(3)
    assert shell.is_member(standby)
    again = shell.stand_by(resume_token=token)
    assert waits(shell, again)
    shell.wait(10)
    assert shell.is_member(standby)


def test_coming_and_going_makes_nobody_silent(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    shell.wait(2)
    shell.fall_silent(holder)
    for _ in range(STANDBYS_PER_ROOM):
        shell.lose(shell.stand_by())
        shell.stand_by()
        shell.wait(0.05)
    assert shell.is_member(holder)


# With those who don't stand by


def test_a_second_gateway_that_does_not_stand_by_is_refused_after_the_holders_answer(
    shell: FakeShell,
) -> None:
    holder = shell.join_gateway()
    standby = shell.stand_by()
    newcomer = shell.join_gateway()
    assert shell.inbox[newcomer] == []
    shell.say(holder, Pong(nonce=shell.heard(holder, Ping)[-1].nonce))
    assert [reject.code for reject in shell.heard(newcomer, Reject)] == [SessionEnd.GATEWAY_PRESENT]
    assert waits(shell, standby)


def test_who_does_not_stand_by_gets_no_place_for_which_another_waits(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    standby = shell.stand_by()
    shell.fall_silent(holder)
    newcomer = shell.join_gateway()
    shell.wait(3)
    assert [reject.code for reject in shell.heard(newcomer, Reject)] == [SessionEnd.GATEWAY_PRESENT]
    assert shell.is_member(standby)


def test_when_the_place_passes_on_a_contender_asks_the_new_gateway(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    standby = shell.stand_by()
    newcomer = shell.join_gateway()
    assert shell.heard(standby, Ping) == []
    shell.lose(holder)
    assert shell.is_member(standby)
    shell.say(standby, Pong(nonce=shell.heard(standby, Ping)[-1].nonce))
    assert [reject.code for reject in shell.heard(newcomer, Reject)] == [SessionEnd.GATEWAY_PRESENT]


# Limits


def test_so_many_may_wait_and_no_more(shell: FakeShell) -> None:
    shell.join_gateway()
    waiting = [shell.stand_by() for _ in range(STANDBYS_PER_ROOM)]
    late = shell.stand_by()
    assert [reject.code for reject in shell.heard(late, Reject)] == [SessionEnd.ROOM_FULL]
    assert all(waits(shell, key) for key in waiting)


def test_a_newcomer_gets_the_turn_of_one_that_is_silent(shell: FakeShell) -> None:
    shell.join_gateway()
    waiting = [shell.stand_by() for _ in range(STANDBYS_PER_ROOM)]
    shell.fall_silent(waiting[3])
    shell.wait(3)
    late = shell.stand_by()
    assert waits(shell, late)
    assert shell.closed == {waiting[3]: SessionEnd.CONNECTION_LOST}


def test_a_full_room_has_no_place_for_a_standby_gateway_but_its_gateways(
    make_shell: Callable[..., FakeShell],
) -> None:
    shell = make_shell(RelayLimits(peers_per_room=2), capacity=4)
    player, holder = shell.join(1), shell.join_gateway()
    standby = shell.stand_by()
    assert waits(shell, standby)
    shell.lose(holder)
    assert shell.is_member(standby)
    shell.lose(standby)
    assert shell.is_member(shell.join(2))
    late = shell.stand_by()
    assert [reject.code for reject in shell.heard(late, Reject)] == [SessionEnd.ROOM_FULL]
    assert shell.is_member(player)


def test_one_that_waits_has_no_hello_to_say_any_more(shell: FakeShell) -> None:
    shell.join_gateway()
    standby = shell.stand_by()
    shell.wait(60)
    assert waits(shell, standby)
    assert shell.relay.session_counts().abandoned == 0


def test_what_one_that_waits_may_not_say_ends_its_session(shell: FakeShell) -> None:
    shell.join_gateway()
    standby = shell.stand_by()
    shell.say(standby, PrefixesInUse(prefixes_in_use=()))
    assert shell.closed == {standby: SessionEnd.PROTOCOL_ERROR}


def test_one_that_waits_moves_without_losing_its_turn(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    standby = shell.stand_by()
    shell.happen(AddressChanged(standby, ("198.51.100.9", 4)))
    shell.lose(holder)
    assert shell.lifecycle_of(MemberJoined)[-1].address == ("198.51.100.9", 4)


# Ends


def test_one_that_waits_may_leave(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    standby = shell.stand_by()
    shell.say(standby, Disconnect(code=SessionEnd.LEFT))
    assert shell.closed == {standby: SessionEnd.LEFT}
    shell.lose(holder)
    assert len(shell.lifecycle_of(RoomClosed)) == 1


def test_a_room_that_is_closed_ends_for_those_who_wait_too(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    standby = shell.stand_by()
    assert shell.relay.close_room(shell.welcome(holder).room_id, now=shell.now)
    shell.happen()
    assert [reject.code for reject in shell.heard(standby, Reject)] == [SessionEnd.ROOM_CLOSED]
    assert shell.closed == dict.fromkeys((standby, holder), SessionEnd.ROOM_CLOSED)


def test_a_shutdown_gives_nobody_a_place(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    standby = shell.stand_by()
    shell.relay.shutdown(now=shell.now)
    shell.happen()
    assert shell.closed == dict.fromkeys((standby, holder), SessionEnd.SHUTDOWN)
    assert not shell.heard(standby, Welcome)


# What the shell learns


def test_what_was_learned_behind_one_gateway_says_nothing_of_the_next(shell: FakeShell) -> None:
    player, holder = shell.join(1), shell.join_gateway()
    standby = shell.stand_by()
    shell.send_frames(holder, shell.mac(1) + LAN_HOST + bytes(50))
    shell.lose(holder)
    newcomer = shell.join(9, mac=None, role=Role.GATEWAY)
    assert not shell.heard(newcomer, Welcome)
    (copy,) = shell.send_frames(player, LAN_HOST + shell.mac(1) + bytes(50))
    assert copy[0] == standby
    room_counters = shell.total()
    assert sum(room_counters.dropped_ingress.values()) == 0


def test_the_shell_hears_how_many_wait_and_who_has_the_place(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    room_id = shell.welcome(holder).room_id
    shell.stand_by()
    shell.stand_by()
    shell.lifecycle.clear()
    shell.lose(holder)
    changed, left, joined = shell.lifecycle
    assert changed == StandbysChanged(room_id, 1)
    assert left == MemberLeft(room_id, 1, SessionEnd.IDLE)
    assert isinstance(joined, MemberJoined)
    assert (joined.role, joined.resumed) == (Role.GATEWAY, False)


def test_the_counts_of_sessions_add_up(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    shell.stand_by()
    gone, _ = shell.stand_by(), shell.stand_by()
    shell.lose(gone)
    shell.lose(holder)
    counts = shell.relay.session_counts()
    assert (counts.handshakes, counts.admitted, counts.abandoned) == (4, 2, 1)
    assert counts.ended == {SessionEnd.IDLE: 1}
