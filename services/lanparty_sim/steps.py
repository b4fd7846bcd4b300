"""A list of named steps, each with a check: how a scenario is told, run and recorded."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

__all__ = ["Step", "StepFailedError", "StepResult", "StepSkippedError", "StepStatus", "run_steps"]

StageT = TypeVar("StageT")

STEP_LIMIT: Final = 30.0
"""Seconds that one step may take before it has failed."""


class StepStatus(StrEnum):
    """How a step went."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """The run lacks what the step needs, such as the admin API."""
    NOT_RUN = "not run"
    """An earlier step failed without which this one has no meaning."""


class StepFailedError(Exception):
    """A check doesn't hold. The text says what was expected and what was seen."""


class StepSkippedError(Exception):
    """A check can't be made in this run. The text says what is missing."""


@dataclass(frozen=True, slots=True)
class Step(Generic[StageT]):
    """One row of a scenario."""

    name: str
    """The sentence that holds if the step passes."""
    check: Callable[[StageT], Awaitable[str]]
    """Acts and checks on the stage. Returns what was seen, in a few words."""
    vital: bool = False
    """Later steps have no meaning if this one fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What became of a step."""

    name: str
    status: StepStatus
    detail: str
    seconds: float


async def run_steps(
    steps: Sequence[Step[StageT]], stage: StageT, *, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[StepResult]:
    """Run the steps in order and yield each result as soon as it is known."""
    lost = False
    for step in steps:
        began = clock()
        if lost:
            status, detail = StepStatus.NOT_RUN, ""
        else:
            status, detail = await _run(step, stage)
            lost = step.vital and status is StepStatus.FAILED
        yield StepResult(name=step.name, status=status, detail=detail, seconds=clock() - began)


async def _run(step: Step[StageT], stage: StageT) -> tuple[StepStatus, str]:
    try:
        async with asyncio.timeout(STEP_LIMIT):
            return StepStatus.PASSED, await step.check(stage)
    except StepFailedError as failure:
        return StepStatus.FAILED, str(failure)
    except StepSkippedError as reason:
        return StepStatus.SKIPPED, str(reason)
    except TimeoutError:
        return StepStatus.FAILED, f"not done within {STEP_LIMIT:.0f} s"
