from collections.abc import Callable

import pytest

from lanparty_ctrl import Disconnect, Reject, RoomCode
from lanparty_obs.codes import SessionEnd
from lanparty_relay.core import (
    KeptRoom,
    RelayLimits,
    RoomChanged,
    RoomClosed,
    RoomEnd,
    RoomOpened,
    RoomOrder,
    RoomRefusal,
    RoomRefused,
)

from .conftest import FakeShell

CODE = RoomCode("PARTY")
PARTY = RoomOrder(code=CODE)


def opened(shell: FakeShell, order: RoomOrder = PARTY) -> str:
    room = shell.relay.open_room(order, now=shell.now)
    assert not isinstance(room, RoomRefused)
    shell.finish()
    return room.room_id


def kept(room_id: str = "r1", code: str = "PARTY", expires_at: float | None = None) -> KeptRoom:
    return KeptRoom(
        room_id=room_id,
        code=RoomCode(code),
        mtu=1400,
        peers_limit=5,
        opened_at=-50.0,
        expires_at=expires_at,
    )


def test_a_room_made_ahead_is_joined_by_its_code_and_stays_when_all_have_left(
    shell: FakeShell,
) -> None:
    room_id = opened(shell)
    a = shell.join(1, room_code="PARTY", create=False)
    assert shell.welcome(a).room_id == room_id
    shell.say(a, Disconnect(code=SessionEnd.LEFT))
    assert shell.lifecycle_of(RoomClosed) == []
    assert shell.welcome(shell.join(2, room_code="PARTY", create=False)).room_id == room_id


def test_what_is_not_asked_for_is_the_relays_choice(make_shell: Callable[..., FakeShell]) -> None:
    shell = make_shell(RelayLimits(room_mtu=1400, peers_per_room=7))
    opened(shell, RoomOrder())
    (event,) = shell.lifecycle_of(RoomOpened)
    assert (event.mtu, event.lasting, event.peers_limit, event.expires_at) == (
        1400,
        True,
        None,
        None,
    )
    welcome = shell.welcome(shell.join(1, room_code=event.code))
    assert (welcome.mtu, welcome.peers_limit) == (1400, 7)


def test_its_mtu_may_be_another_than_the_relays(shell: FakeShell) -> None:
    opened(shell, RoomOrder(code=CODE, mtu=1300))
    assert shell.welcome(shell.join(1, room_code="PARTY")).mtu == 1300


def test_a_code_names_one_room(shell: FakeShell) -> None:
    room_id = opened(shell)
    refused = shell.relay.open_room(RoomOrder(code=CODE), now=shell.now)
    assert refused == RoomRefused(RoomRefusal.CODE_IN_USE, room_id)


@pytest.mark.parametrize(("limits", "capacity"), [(RelayLimits(rooms=1), 64), (RelayLimits(), 3)])
def test_a_relay_that_is_full_makes_no_room_ahead(
    make_shell: Callable[..., FakeShell], limits: RelayLimits, capacity: int
) -> None:
    shell = make_shell(limits, capacity)
    opened(shell)
    refused = shell.relay.open_room(RoomOrder(), now=shell.now)
    assert refused == RoomRefused(RoomRefusal.ROOM_LIMIT)


def test_a_room_is_full_at_its_own_limit(shell: FakeShell) -> None:
    opened(shell, RoomOrder(code=CODE, peers_limit=1))
    first = shell.join(1, room_code="PARTY")
    assert shell.welcome(first).peers_limit == 1
    (rejected,) = shell.heard(shell.join(2, room_code="PARTY"), Reject)
    assert rejected.code is SessionEnd.ROOM_FULL


def test_a_rooms_own_limit_does_not_raise_the_relays(
    make_shell: Callable[..., FakeShell],
) -> None:
    shell = make_shell(RelayLimits(peers_per_room=1))
    opened(shell, RoomOrder(code=CODE, peers_limit=200))
    assert shell.welcome(shell.join(1, room_code="PARTY")).peers_limit == 1
    (rejected,) = shell.heard(shell.join(2, room_code="PARTY"), Reject)
    assert rejected.code is SessionEnd.ROOM_FULL


def test_a_room_that_expires_sends_its_members_away_for_good(shell: FakeShell) -> None:
    room_id = opened(shell, RoomOrder(code=CODE, expires_at=shell.now + 3))
    a, b = shell.join(1, room_code="PARTY"), shell.join_gateway(room_code="PARTY")
    shell.wait(2.9)
    assert shell.is_member(a)
    shell.wait(0.1)
    assert shell.closed[a] is shell.closed[b] is SessionEnd.ROOM_CLOSED
    assert shell.lifecycle[-1] == RoomClosed(room_id, RoomEnd.EXPIRED)
    assert shell.total().chosen == 0
    (rejected,) = shell.heard(shell.join(1, room_code="PARTY", create=False), Reject)
    assert rejected.code is SessionEnd.ROOM_UNKNOWN


def test_rooms_expire_in_the_order_of_their_times(shell: FakeShell) -> None:
    late = opened(shell, RoomOrder(expires_at=shell.now + 2))
    early = opened(shell, RoomOrder(expires_at=shell.now + 1))
    shell.wait(5)
    assert [event.room_id for event in shell.lifecycle_of(RoomClosed)] == [early, late]
    assert shell.relay.next_deadline() is None


def test_a_room_that_was_closed_does_not_expire_as_well(shell: FakeShell) -> None:
    room_id = opened(shell, RoomOrder(code=CODE, expires_at=shell.now + 1))
    assert shell.relay.close_room(room_id, now=shell.now)
    opened(shell)
    shell.wait(5)
    assert shell.lifecycle_of(RoomClosed) == [RoomClosed(room_id, RoomEnd.CLOSED)]


def test_a_lower_limit_sends_nobody_away_and_lets_nobody_in(shell: FakeShell) -> None:
    room_id = opened(shell)
    a, b = shell.join(1, room_code="PARTY"), shell.join(2, room_code="PARTY")
    shell.relay.change_room(room_id, peers_limit=1, expires_at=None)
    shell.finish()
    assert shell.is_member(a)
    assert shell.is_member(b)
    assert shell.lifecycle[-1] == RoomChanged(room_id, 1, None)
    shell.say(b, Disconnect(code=SessionEnd.LEFT))
    (rejected,) = shell.heard(shell.join(2, room_code="PARTY"), Reject)
    assert rejected.code is SessionEnd.ROOM_FULL


def test_who_comes_back_to_its_place_is_let_in_above_a_lower_limit(shell: FakeShell) -> None:
    room_id = opened(shell)
    shell.join(1, room_code="PARTY")
    b = shell.join(2, room_code="PARTY")
    shell.relay.change_room(room_id, peers_limit=1, expires_at=None)
    again = shell.join(2, room_code="PARTY", resume_token=shell.welcome(b).resume_token)
    assert shell.welcome(again).resumed


@pytest.mark.parametrize(("first", "then"), [(1, 10), (10, 1), (None, 1), (1, None)])
def test_a_room_ends_when_it_was_last_told_to(
    shell: FakeShell, first: float | None, then: float | None
) -> None:
    ends = [None if end is None else shell.now + end for end in (first, then)]
    room_id = opened(shell, RoomOrder(expires_at=ends[0]))
    shell.relay.change_room(room_id, peers_limit=None, expires_at=ends[1])
    shell.finish()
    assert shell.relay.next_deadline() == ends[1]
    shell.wait(5)
    expired = RoomClosed(room_id, RoomEnd.EXPIRED)
    assert shell.lifecycle_of(RoomClosed) == ([expired] if then == 1 else [])


def test_only_rooms_made_ahead_are_changed(shell: FakeShell) -> None:
    room_id = shell.welcome(shell.join(1)).room_id
    change = shell.relay.change_room
    assert change(room_id, peers_limit=1, expires_at=None) == RoomRefused(
        RoomRefusal.MADE_BY_PLAYERS, room_id
    )
    assert change("absent", peers_limit=1, expires_at=None) == RoomRefused(RoomRefusal.NO_SUCH_ROOM)
    assert shell.lifecycle_of(RoomChanged) == []


def test_a_room_is_made_again_after_a_restart_as_it_was(shell: FakeShell) -> None:
    assert shell.relay.restore_room(kept(expires_at=103.0), now=shell.now)
    shell.finish()
    (event,) = shell.lifecycle_of(RoomOpened)
    assert (event.room_id, event.code, event.mtu) == ("r1", "PARTY", 1400)
    assert (event.lasting, event.opened_at, event.peers_limit) == (True, -50.0, 5)
    assert shell.welcome(shell.join(1, room_code="PARTY", create=False)).room_id == "r1"
    shell.wait(3)
    assert shell.lifecycle[-1] == RoomClosed("r1", RoomEnd.EXPIRED)


def test_what_expired_while_the_relay_was_away_goes_in_its_first_turn(shell: FakeShell) -> None:
    assert shell.relay.restore_room(kept(expires_at=99.0), now=shell.now)
    shell.finish()
    assert shell.lifecycle[-1] == RoomClosed("r1", RoomEnd.EXPIRED)


def test_a_relay_that_allows_fewer_rooms_than_before_does_not_make_all_again(
    make_shell: Callable[..., FakeShell],
) -> None:
    shell = make_shell(RelayLimits(rooms=1))
    assert shell.relay.restore_room(kept(), now=shell.now)
    assert not shell.relay.restore_room(kept("r2", "LAN1"), now=shell.now)
