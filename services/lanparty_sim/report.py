"""Tables for people and JSON for programs, from the same results."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from lanparty_sim.load import LoadResult
from lanparty_sim.steps import StepResult, StepStatus

__all__ = ["load_table", "passed", "step_row", "steps_as_json", "steps_heading", "summary"]

_MARKS: Final = {
    StepStatus.PASSED: ("ok", "green"),
    StepStatus.FAILED: ("FAILED", "bold red"),
    StepStatus.SKIPPED: ("skipped", "yellow"),
    StepStatus.NOT_RUN: ("not run", "dim"),
}


def passed(results: Iterable[StepResult]) -> bool:
    """Tell whether nothing failed. A skipped step is no failure: its row says what was missing."""
    return all(result.status in (StepStatus.PASSED, StepStatus.SKIPPED) for result in results)


def steps_heading() -> RenderableType:
    """Draw the first line of the table of steps."""
    heading = _steps_grid()
    heading.add_row("#", "", "what must hold", "what was seen", "s", style="bold")
    return Group(heading, Rule(characters="-", style="dim"))


def step_row(number: int, result: StepResult) -> RenderableType:
    """Draw one line of it, to be printed as soon as it is known.

    Readable without colour, and in 50 columns.
    """
    mark, style = _MARKS[result.status]
    row = _steps_grid()
    row.add_row(
        str(number),
        Text(mark, style=style),
        Text(result.name),
        Text(result.detail),
        f"{result.seconds:.2f}",
    )
    return row


def _steps_grid() -> Table:
    # Each line is a table of its own, of fixed shares of the width, so that all line up.
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(width=2, justify="right")
    grid.add_column(width=7)
    grid.add_column(ratio=3, overflow="fold")
    grid.add_column(ratio=2, overflow="fold")
    grid.add_column(width=5, justify="right")
    return grid


def summary(results: Sequence[StepResult]) -> str:
    """Say in one line how it went."""
    counts = {status: sum(result.status is status for result in results) for status in StepStatus}
    seconds = sum(result.seconds for result in results)
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    return f"{told} in {seconds:.1f} s"


def steps_as_json(results: Sequence[StepResult]) -> str:
    """Render the results as one JSON document."""
    return json.dumps(
        {"passed": passed(results), "steps": [asdict(result) for result in results]}, indent=2
    )


def load_table(result: LoadResult) -> Table:
    """Draw what a load run measured."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column("what", overflow="fold")
    table.add_column("value", overflow="fold")
    rows = {
        "players": f"{result.players}, {result.cast}, frames of {result.frame_size} bytes",
        "offered": f"{result.offered} frames in {result.seconds:g} s",
        "dropped before sending": f"{result.unsent} datagrams",
        "delivered": f"{result.delivered} of {result.expected} copies",
        "delivered per second": f"{result.delivered_per_second:.0f}",
        "loss": f"{result.loss:.3%}",
        "latency p50": _milliseconds(result.latency_p50),
        "latency p99": _milliseconds(result.latency_p99),
    }
    for what, value in rows.items():
        table.add_row(what, value)
    return table


def _milliseconds(seconds: float | None) -> str:
    return "none" if seconds is None else f"{seconds * 1_000:.2f} ms"
