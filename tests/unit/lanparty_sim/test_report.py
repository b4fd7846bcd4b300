import io
import json

import pytest
from rich.console import Console

from lanparty_sim.load import LoadResult
from lanparty_sim.report import load_table, passed, step_row, steps_as_json, steps_heading, summary
from lanparty_sim.settings import LoadCast
from lanparty_sim.steps import StepResult, StepStatus

PASSED = StepResult(name="ARP answers", status=StepStatus.PASSED, detail="12 pairs", seconds=0.25)
FAILED = StepResult(
    name="ping answers", status=StepStatus.FAILED, detail="[alice] is silent", seconds=1.0
)
SKIPPED = StepResult(name="kick", status=StepStatus.SKIPPED, detail="needs --admin", seconds=0.0)
NOT_RUN = StepResult(name="leave", status=StepStatus.NOT_RUN, detail="", seconds=0.0)
LOAD = LoadResult(
    players=4,
    frame_size=1_000,
    cast=LoadCast.BROADCAST,
    seconds=10.0,
    offered=1_000,
    unsent=7,
    expected=3_000,
    delivered=2_997,
    delivered_per_second=299.7,
    loss=0.001,
    latency_p50=0.00123,
    latency_p99=None,
)


def printed(table: object, *, width: int) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width).print(table)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([PASSED, SKIPPED], True),
        ([PASSED, FAILED], False),
        ([FAILED, NOT_RUN], False),
    ],
)
def test_a_skipped_step_is_no_failure(results: list[StepResult], expected: bool) -> None:
    assert passed(results) is expected


def steps_printed(*results: StepResult, width: int) -> str:
    lines = [steps_heading(), *(step_row(n, result) for n, result in enumerate(results, 1))]
    return "".join(printed(line, width=width) for line in lines)


def test_the_table_says_everything_without_colour() -> None:
    text = steps_printed(PASSED, FAILED, SKIPPED, NOT_RUN, width=120)
    for word in ("ok", "FAILED", "skipped", "not run", "12 pairs", "[alice] is silent", "0.25"):
        assert word in text
    assert "\x1b" not in text


def test_the_lines_of_the_table_line_up() -> None:
    heading, _, first, second = steps_printed(PASSED, FAILED, width=120).splitlines()
    column = heading.index("what was seen")
    assert first.index("12 pairs") == second.index("[alice]") == column


def test_the_table_fits_a_narrow_terminal() -> None:
    text = steps_printed(PASSED, FAILED, width=50)
    assert max(map(len, text.splitlines())) <= 50
    assert "FAILED" in text


def test_the_summary_counts_what_there_was() -> None:
    assert summary([PASSED, PASSED, FAILED]) == "2 passed, 1 failed in 1.5 s"


def test_json_holds_every_result() -> None:
    document = json.loads(steps_as_json([PASSED, FAILED]))
    assert document["passed"] is False
    assert document["steps"][0] == {
        "name": "ARP answers",
        "status": "passed",
        "detail": "12 pairs",
        "seconds": 0.25,
    }


def test_the_load_table_has_rates_loss_and_latency() -> None:
    text = printed(load_table(LOAD), width=80)
    for word in ("2997 of 3000", "7 datagrams", "300", "0.100%", "1.23 ms", "none", "broadcast"):
        assert word in text
