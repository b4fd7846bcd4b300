"""The end-to-end scenario over real sockets, against a relay process and its admin API."""

import dataclasses

import pytest

from lanparty_sim.relay_process import RelayProcess
from lanparty_sim.scenario import SCENARIO
from lanparty_sim.stage import Stage
from lanparty_sim.steps import StepResult, StepStatus, run_steps


async def play(stage: Stage) -> list[StepResult]:
    try:
        return [result async for result in run_steps(SCENARIO, stage)]
    finally:
        await stage.close()


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
