import asyncio

import pytest

from lanparty_relay.admin.state import ANSWER_SECONDS, RelayNotAnsweringError, RelayState
from lanparty_relay.admin_link import (
    Answer,
    CloseRoom,
    Configuration,
    FromAdmin,
    Heartbeat,
    HeartbeatSeen,
    KickPeer,
    RoomRecord,
    Synchronised,
)


class Told:
    """A state, its clock, and what it said to the relay."""

    def __init__(self, configuration: Configuration, *, answer_within: float) -> None:
        self.now = 10.0
        self.said: list[FromAdmin] = []
        self.state = RelayState(
            configuration,
            send=self.said.append,
            clock=lambda: self.now,
            answer_within=answer_within,
        )


@pytest.fixture
def told(configuration: Configuration) -> Told:
    return Told(configuration, answer_within=ANSWER_SECONDS)


def test_nothing_is_ready_before_the_relay_spoke(told: Told) -> None:
    readiness = told.state.readiness()
    assert not readiness.ready
    assert readiness.heartbeat_age is None


def test_a_relay_that_beats_and_told_everything_is_ready(told: Told, heartbeat: Heartbeat) -> None:
    told.state.receive(heartbeat)
    assert not told.state.readiness().ready
    told.state.receive(Synchronised())
    assert told.state.readiness().ready


def test_a_relay_that_stops_beating_is_down_after_three_seconds(
    told: Told, heartbeat: Heartbeat
) -> None:
    told.state.receive(heartbeat)
    told.state.receive(Synchronised())
    told.now += 3
    assert told.state.readiness().ready
    told.now += 0.1
    assert not told.state.readiness().relay_up
    told.state.receive(heartbeat)
    assert told.state.readiness().ready


def test_each_heartbeat_is_answered(told: Told, heartbeat: Heartbeat) -> None:
    told.state.receive(heartbeat)
    assert told.said == [HeartbeatSeen(number=heartbeat.number)]


def test_the_configuration_that_the_relay_told_last_holds(
    told: Told, configuration: Configuration
) -> None:
    renewed = configuration.model_copy(update={"pin": "sha256:other"})
    told.state.receive(renewed)
    assert told.state.configuration == renewed


def test_changes_go_to_the_inventory(told: Told) -> None:
    record = RoomRecord(
        room_id="r",
        code="ABCD",
        mtu=1500,
        network="10.171.5.0/24",
        lasting=False,
        opened_at=1,
        block=1,
        serial=1,
    )
    told.state.receive(record)
    assert told.state.inventory.rooms() == [record]


@pytest.mark.parametrize("done", [True, False])
async def test_a_command_ends_with_its_own_answer(told: Told, done: bool) -> None:
    kick = asyncio.create_task(told.state.kick("r", 1))
    close = asyncio.create_task(told.state.close_room("r"))
    await asyncio.sleep(0)
    assert told.said == [
        KickPeer(command_id=1, room_id="r", peer_id=1),
        CloseRoom(command_id=2, room_id="r"),
    ]
    told.state.receive(Answer(command_id=2, done=not done))
    told.state.receive(Answer(command_id=1, done=done))
    assert await kick is done
    assert await close is not done


async def test_a_relay_that_does_not_answer_is_said_so(
    configuration: Configuration,
) -> None:
    told = Told(configuration, answer_within=0)
    with pytest.raises(RelayNotAnsweringError):
        await told.state.kick("r", 1)
    told.state.receive(Answer(command_id=1, done=True))  # too late: nobody waits any more


async def test_an_answer_for_somebody_who_went_is_dropped(told: Told) -> None:
    kick = asyncio.create_task(told.state.kick("r", 1))
    await asyncio.sleep(0)
    kick.cancel()
    told.state.receive(Answer(command_id=1, done=True))
    with pytest.raises(asyncio.CancelledError):
        await kick


async def test_nobody_waits_for_a_relay_that_is_gone(told: Told) -> None:
    kick = asyncio.create_task(told.state.kick("r", 1))
    await asyncio.sleep(0)
    told.state.relay_is_gone()
    with pytest.raises(RelayNotAnsweringError):
        await kick
    with pytest.raises(RelayNotAnsweringError):
        await told.state.close_room("r")
    assert [type(said) for said in told.said] == [KickPeer]
    assert told.state.events.follow().is_over
