"""Gateways that stand by: when they get the place, and what they do when something is lost."""

import random

import pytest
from reconnecting.house import JOINED, House, Seat

from lanparty_client_core import FrameDrop, Persistence, SessionState
from lanparty_obs.codes import SessionEnd
from lanparty_proto import BROADCAST

WAITING = SessionState.WAITING
LAN_HOST = bytes([0, 0x50, 0x56, 1, 2, 3])
SENTENCE = "This room has a gateway already; this one takes over when that one goes."


@pytest.fixture
def lan(house: House) -> tuple[House, Seat, Seat]:
    """A gateway in its room, and one that waits for its place."""
    house.start_relay()
    holder = house.gateway()
    house.until(lambda: holder.state is JOINED)
    standby = house.gateway(standby=True, create=False)
    house.until(lambda: standby.state is WAITING, 1)
    return house, holder, standby


def gateways(seat: Seat) -> list[str]:
    return [member.name for member in seat.session.members.values() if member.mac is None]


def test_a_gateway_that_waits_takes_over_when_the_other_leaves(
    lan: tuple[House, Seat, Seat],
) -> None:
    house, holder, standby = lan
    player = house.joined()
    assert standby.session.sentence == SENTENCE
    house.run(20)
    assert standby.state is WAITING
    holder.session.leave()
    holder.wake()
    house.until(lambda: standby.state is JOINED, 0.5)
    house.run(0.1)
    assert gateways(player) == ["player 2"]
    assert standby.states() == [SessionState.JOINING, WAITING, JOINED]


def test_a_gateway_that_waits_takes_over_when_the_other_was_silent_for_two_seconds(
    lan: tuple[House, Seat, Seat],
) -> None:
    house, holder, standby = lan
    house.run(20)
    house.simulation.cut(holder.endpoint)
    house.run(1.9)
    assert standby.state is WAITING
    house.until(lambda: standby.state is JOINED, 1.0)


def test_the_gateway_that_was_away_waits_itself_when_it_stands_by(house: House) -> None:
    house.start_relay()
    holder = house.gateway(standby=True)
    house.until(lambda: holder.state is JOINED)
    standby = house.gateway(standby=True)
    house.until(lambda: standby.state is WAITING, 1)
    house.simulation.cut(holder.endpoint)
    house.until(lambda: standby.state is JOINED, 4)
    house.run(5)
    house.simulation.restore(holder.endpoint)
    house.until(lambda: holder.state is WAITING, 5)
    assert not holder.session.tries
    standby.session.leave()
    standby.wake()
    house.until(lambda: holder.state is JOINED, 0.5)


def test_the_gateway_that_was_away_and_does_not_stand_by_tries_again_and_again(
    lan: tuple[House, Seat, Seat],
) -> None:
    house, holder, standby = lan
    house.simulation.cut(holder.endpoint)
    house.until(lambda: standby.state is JOINED, 4)
    house.simulation.restore(holder.endpoint)
    house.run(30)
    assert not holder.state.is_over
    assert holder.session.failure is not None
    assert holder.session.failure.code is SessionEnd.GATEWAY_PRESENT
    assert 3 <= holder.session.tries <= 12, "the pauses after a refusal are long"
    standby.session.leave()
    standby.wake()
    house.until(lambda: holder.state is JOINED, 10)


def test_a_gateway_with_a_short_outage_keeps_its_place(lan: tuple[House, Seat, Seat]) -> None:
    house, holder, standby = lan
    peer_id = holder.peer_id
    for _ in range(3):
        house.simulation.cut(holder.endpoint)
        house.run(1.2)
        house.simulation.restore(holder.endpoint)
        house.run(3)
    assert holder.state is JOINED
    assert holder.peer_id == peer_id
    assert standby.state is WAITING


def test_a_relay_that_is_cut_off_gives_nobodys_place_away(lan: tuple[House, Seat, Seat]) -> None:
    house, holder, standby = lan
    house.run(5)
    house.simulation.cut(house.relay_endpoint)
    house.run(8)
    house.simulation.restore(house.relay_endpoint)
    house.until(lambda: {holder.state, standby.state} == {JOINED, WAITING}, 5)
    house.run(10)
    assert (holder.state, standby.state) == (JOINED, WAITING)


def test_the_frames_of_a_gateway_that_waits_are_counted_and_go_nowhere(
    lan: tuple[House, Seat, Seat],
) -> None:
    house, _, standby = lan
    player = house.joined()
    player.port.take()
    standby.port.inject(BROADCAST + LAN_HOST + b"\x88\xb6" + b"from the attic")
    house.run(0.5)
    assert not player.heard(b"from the attic")
    assert standby.session.counters().dropped == {FrameDrop.NOT_JOINED: 1}


def test_a_relay_that_dies_is_noticed_while_waiting_and_the_first_to_return_has_the_place(
    lan: tuple[House, Seat, Seat],
) -> None:
    house, holder, standby = lan
    house.run(5)
    house.kill_relay()
    house.run(10)
    assert standby.state is SessionState.CONNECTING
    assert "trying again by itself" in standby.session.sentence
    house.start_relay()
    house.until(lambda: JOINED in (holder.state, standby.state), 3)
    house.run(10)
    assert standby.state in (JOINED, WAITING)
    assert not holder.state.is_over


def test_a_relay_that_stops_is_awaited(lan: tuple[House, Seat, Seat]) -> None:
    house, _, standby = lan
    house.stop_relay()
    assert standby.state is SessionState.CONNECTING
    house.start_relay()
    house.until(lambda: standby.state in (JOINED, WAITING), 5)


def test_waiting_dials_nobody(lan: tuple[House, Seat, Seat]) -> None:
    house, _, standby = lan
    asked = standby.asked
    standby.session.network_changed(now=house.now)
    standby.wake()
    house.run(120)
    assert standby.asked == asked
    assert standby.states() == [SessionState.JOINING, WAITING]


def test_a_way_that_was_cut_while_waiting_leads_back_to_waiting(
    lan: tuple[House, Seat, Seat],
) -> None:
    house, holder, standby = lan
    house.simulation.cut(standby.endpoint)
    house.run(6)
    assert standby.state is SessionState.CONNECTING
    house.simulation.restore(standby.endpoint)
    house.until(lambda: standby.state is WAITING, 3)
    house.run(1)
    assert holder.state is JOINED
    holder.session.leave()
    holder.wake()
    house.until(lambda: standby.state is JOINED, 0.5)


def test_a_gateway_that_waits_can_leave(lan: tuple[House, Seat, Seat]) -> None:
    house, holder, standby = lan
    standby.session.leave()
    standby.wake()
    house.run(0.5)
    assert standby.state is SessionState.LEFT
    holder.session.leave()
    holder.wake()
    house.run(0.5)
    assert len(house.relay.session_counts().ended) == 1
    assert house.relay.session_counts().admitted == 1


def test_a_room_that_is_closed_ends_the_waiting_for_good(lan: tuple[House, Seat, Seat]) -> None:
    house, holder, standby = lan
    assert holder.session.welcome is not None
    house.relay.close_room(holder.session.welcome.room_id, now=house.now)
    house.simulation.waker(house.relay_endpoint)()
    house.until(lambda: standby.state.is_over and holder.state.is_over, 1)
    assert (standby.code, holder.code) == (SessionEnd.ROOM_CLOSED, SessionEnd.ROOM_CLOSED)


def test_a_second_gateway_that_does_not_stand_by_is_refused_with_the_sentence(
    lan: tuple[House, Seat, Seat],
) -> None:
    house, _, _ = lan
    second = house.gateway()
    house.until(lambda: second.state.is_over, 2)
    assert second.state is SessionState.REJECTED
    assert second.session.sentence == (
        "This room already has a gateway to a local network. Stop that one first."
    )


def test_with_one_try_a_gateway_waits_but_does_not_come_back(house: House) -> None:
    house.start_relay()
    holder = house.gateway()
    house.until(lambda: holder.state is JOINED)
    standby = house.gateway(Persistence.ONE_TRY, standby=True)
    house.until(lambda: standby.state is WAITING, 1)
    house.stop_relay()
    house.run(1)
    assert standby.code is SessionEnd.SHUTDOWN


@pytest.mark.parametrize("seed", range(8))
def test_after_any_trouble_one_has_the_place_and_the_others_wait(house: House, seed: int) -> None:
    fate = random.Random(seed)
    house.start_relay()
    seats = [house.gateway(standby=True) for _ in range(3)]
    house.until(lambda: sorted(seat.state for seat in seats) == [JOINED, WAITING, WAITING], 5)
    for _ in range(12):
        match fate.randrange(5):
            case 0:
                house.simulation.cut(fate.choice(seats).endpoint)
            case 1:
                house.simulation.restore(fate.choice(seats).endpoint)
            case 2:
                house.kill_relay()
                house.start_relay()
            case 3:
                seat = fate.choice(seats)
                seat.session.network_changed(now=house.now)
                seat.wake()
            case _:
                house.simulation.cut(house.relay_endpoint)
                house.run(fate.choice([1, 4]))
                house.simulation.restore(house.relay_endpoint)
        house.run(fate.choice([0.1, 1, 3, 6]))
        assert sum(len(gateways(seat)) for seat in seats if seat.state is JOINED) == 0
    for seat in seats:
        house.simulation.restore(seat.endpoint)
    house.until(lambda: sorted(seat.state for seat in seats) == [JOINED, WAITING, WAITING], 30)
    house.run(10)
    assert sorted(seat.state for seat in seats) == [JOINED, WAITING, WAITING]
