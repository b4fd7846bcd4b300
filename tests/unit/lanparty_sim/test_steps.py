import asyncio
from collections.abc import Sequence

import pytest

from lanparty_sim import steps
from lanparty_sim.steps import (
    Step,
    StepFailedError,
    StepResult,
    StepSkippedError,
    StepStatus,
    run_steps,
)


async def passes(stage: list[str]) -> str:
    stage.append("passes")
    return "seen"


async def fails(stage: list[str]) -> str:
    raise StepFailedError("expected 1, saw 2")


async def skips(stage: list[str]) -> str:
    raise StepSkippedError("needs the API")


async def hangs(stage: list[str]) -> str:
    await asyncio.Event().wait()
    return "never"


async def run(*given: Step[list[str]]) -> Sequence[StepResult]:
    return [result async for result in run_steps(given, [], clock=lambda: 0.0)]


async def test_each_step_has_its_result_in_order() -> None:
    results = await run(Step("one", passes), Step("two", fails), Step("three", skips))
    assert [(result.name, result.status, result.detail) for result in results] == [
        ("one", StepStatus.PASSED, "seen"),
        ("two", StepStatus.FAILED, "expected 1, saw 2"),
        ("three", StepStatus.SKIPPED, "needs the API"),
    ]


async def test_a_failure_does_not_stop_the_others() -> None:
    results = await run(Step("one", fails), Step("two", passes))
    assert results[1].status is StepStatus.PASSED


async def test_nothing_runs_after_a_vital_failure() -> None:
    results = await run(Step("one", fails, vital=True), Step("two", passes), Step("three", fails))
    assert [result.status for result in results] == [
        StepStatus.FAILED,
        StepStatus.NOT_RUN,
        StepStatus.NOT_RUN,
    ]


async def test_a_step_that_hangs_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "STEP_LIMIT", 0.01)
    (result,) = await run(Step("one", hangs))
    assert result.status is StepStatus.FAILED
    assert "not done within" in result.detail


async def test_a_fault_of_the_check_itself_is_loud() -> None:
    async def faulty(stage: list[str]) -> str:
        return str(stage[0])

    with pytest.raises(IndexError):
        await run(Step("one", faulty))
