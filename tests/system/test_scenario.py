"""The end-to-end scenario over real sockets, against a relay process and its admin API."""

import asyncio
import dataclasses
from collections.abc import Sequence

import pytest

from lanparty_client_core import SessionEvent, SessionState, StateChanged
from lanparty_ctrl import RoomCode
from lanparty_proto import MacAddress
from lanparty_sim.bystanders import BYSTANDER_STEPS
from lanparty_sim.player import Player
from lanparty_sim.relay_process import RelayProcess
from lanparty_sim.report import passed
from lanparty_sim.scenario import SCENARIO, steps_for
from lanparty_sim.stage import Bystanders, Stage
from lanparty_sim.steps import Step, StepResult, StepStatus, run_steps
from lanparty_sim.virtual_host import VirtualHost, default_address


async def perform(steps: Sequence[Step[Stage]], stage: Stage) -> list[StepResult]:
    try:
        return [result async for result in run_steps(steps, stage)]
    finally:
        await stage.close()


async def play(stage: Stage) -> list[StepResult]:
    return await perform(steps_for(stage), stage)


@pytest.mark.parametrize("options", [(), ("--retry",)], ids=["plain", "with QUIC Retry"])
async def test_every_step_holds(options: tuple[str, ...]) -> None:
    async with RelayProcess(*options) as relay, relay.api() as api:
        results = await play(Stage(relay=relay.known_relay(), api=api))
    assert len(results) == len(SCENARIO)
    unfit = [result for result in results if result.status is not StepStatus.PASSED]
    assert unfit == []


async def test_without_the_api_only_its_steps_are_skipped() -> None:
    async with RelayProcess() as relay:
        results = await play(Stage(relay=relay.known_relay()))
    assert {result.status for result in results} == {StepStatus.PASSED, StepStatus.SKIPPED}
    skipped = [result for result in results if result.status is StepStatus.SKIPPED]
    assert len(skipped) == 3
    assert all("--admin" in result.detail for result in skipped)


async def test_without_a_relay_the_first_step_fails_and_no_other_runs() -> None:
    async with RelayProcess() as relay:
        known = dataclasses.replace(relay.known_relay(), connect_timeout=0.3)
    results = await play(Stage(relay=known))
    assert results[0].status is StepStatus.FAILED
    assert "The relay doesn't answer" in results[0].detail
    assert {result.status for result in results[1:]} == {StepStatus.NOT_RUN}


async def test_bystanders_that_are_missing_are_counted_and_nothing_more_is_asked_of_them() -> None:
    expected = Bystanders(2, RoomCode("BYSTANDERS"), patience=0.2)
    async with RelayProcess() as relay:
        alone = Stage(relay=relay.known_relay())
        await alone.join("early bird", room_code=expected.room_code, create=True)
        results = await play(Stage(relay=relay.known_relay(), bystanders=expected))
        await alone.close()
    assert len(results) == len(SCENARIO) + len(BYSTANDER_STEPS)
    missing, *others = results[len(SCENARIO) :]
    assert missing.status is StepStatus.FAILED
    assert missing.detail == "expected 2, saw 1 after 0.2 s: early bird"
    assert {result.status for result in others} == {StepStatus.NOT_RUN}
    assert not passed(results)


async def test_a_lan_whose_gateway_is_missing_fails_its_first_step_and_no_other_runs() -> None:
    async with RelayProcess() as relay:
        stage = Stage(relay=relay.known_relay(), lan_room=RoomCode("REALLAN"), lan_patience=0.2)
        results = await play(stage)
    missing, *others = results[len(SCENARIO) :]
    assert missing.status is StepStatus.FAILED
    assert missing.detail == "no gateway came into the room within 0.2 s"
    assert {result.status for result in others} == {StepStatus.NOT_RUN}


async def test_a_bystander_that_is_late_is_waited_for() -> None:
    expected = Bystanders(1, RoomCode("BYSTANDERS"))
    mac = MacAddress.parse("02:5c:00:00:01:02")
    late = Player(VirtualHost(mac=mac, address=default_address(mac)), name="late", takes_lease=True)
    waiting = asyncio.Event()

    def watch(_name: str, event: SessionEvent) -> None:
        if event == StateChanged(SessionState.JOINED):
            waiting.set()

    async with RelayProcess() as relay, relay.api() as api, asyncio.TaskGroup() as tasks:
        stage = Stage(relay=relay.known_relay(), api=api, bystanders=expected, watch=watch)
        run = tasks.create_task(perform(BYSTANDER_STEPS, stage))
        await waiting.wait()
        await late.join(stage.relay, room_code=expected.room_code)
        results = await run
        await late.leave()
    assert [result.status for result in results] == [StepStatus.PASSED] * len(BYSTANDER_STEPS)
