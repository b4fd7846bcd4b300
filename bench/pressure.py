"""`make bench-pressure`: what two players have of each other while others press on the relay.

Two polite players exchange frames at a steady rate beside offenders that speak real QUIC and keep
no rule; before each, the same two in the same room without them. The relay's capacity is measured
first, in frames that it forwards a second when it is offered more than it can take.

Usage: PYTHONPATH=tests/hostile/stand python bench/pressure.py --help
"""

import argparse
import asyncio
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

from document import markdown_table, put_into
from machine import describe_machine
from pressure_cases import CASES, FLOODS, Case, measure_capacity, pressing
from pressure_stand import Measured, a_relay
from rich.console import Console
from rich.table import Table

_FLOOD_FRAME: Final = 1_000
"""Bytes: large enough that bytes count, small enough for every path."""

_AFTER_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Row:
    """A case over all rounds."""

    case: Case
    capacity: float
    idle: Measured
    pressed: Measured
    after: Measured
    """From the moment on at which nobody presses any more."""


async def measure(options: argparse.Namespace, console: Console) -> list[Row]:
    """Take turns: each round has every case, with an idle run before it."""
    cases = [case for case in CASES if case.name in options.cases]
    capacities: dict[bool, float] = {}
    for broadcast in sorted({case.broadcast for case in cases if case.floods}):
        async with a_relay() as relay:
            capacities[broadcast] = await measure_capacity(relay, FLOODS[broadcast], options)
        kind = "broadcast" if broadcast else "unicast"
        console.print(f"capacity: {capacities[broadcast]:,.0f} {kind} frames/s")
    runs: dict[Case, list[tuple[Measured, Measured, Measured]]] = {case: [] for case in cases}
    for number in range(options.rounds):
        for case, measured in runs.items():
            console.print(f"round {number + 1}, {case.name}: {case.title}", style="dim")
            async with a_relay() as relay, case.stand(relay) as stand:
                idle = await stand.measure(options.idle_seconds or options.seconds)
                console.print(f"  before: {idle}", soft_wrap=True)
                presses = pressing(case, stand, capacities.get(case.broadcast, 0.0), options)
                try:
                    pressed = await stand.measure(options.seconds, presses, warm_up=case.warm_up)
                finally:
                    await presses.stop()
                console.print(f"  beside: {pressed}", soft_wrap=True)
                after = await stand.measure(_AFTER_SECONDS)
                console.print(f"  after:  {after}", soft_wrap=True)
            measured.append((idle, pressed, after))
    return [
        Row(
            case,
            capacities.get(case.broadcast, 0.0) if case.floods else 0.0,
            *(median_of([each[part] for each in measured]) for part in range(3)),
        )
        for case, measured in runs.items()
    ]


def median_of(runs: Sequence[Measured]) -> Measured:
    """Take each figure's median by itself."""
    return Measured(
        *(statistics.median(getattr(run, field.name) for run in runs) for field in fields(Measured))
    )


HEADINGS: Final = (
    *("beside", "offered", "lost", "before: p50 / p99", "beside: p50 / p99"),
    *("at the player", "after: p99", "relay's memory"),
)


def cells(row: Row) -> tuple[str, ...]:
    """Return a row of the table as text."""
    idle, run = row.idle, row.pressed
    return (
        f"({row.case.name}) {row.case.title}",
        f"{run.offered:,.0f}/s",
        f"{run.loss:.2%}",
        f"{idle.wire_p50 * 1e3:.2f} / {idle.wire_p99 * 1e3:.2f} ms",
        f"{run.wire_p50 * 1e3:.2f} / {run.wire_p99 * 1e3:.2f} ms",
        f"{run.port_p50 * 1e3:.2f} / {run.port_p99 * 1e3:.2f} ms",
        f"{row.after.wire_p99 * 1e3:.2f} ms",
        f"+{run.growth / 1e6:.1f} MB",
    )


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each run")
    parser.add_argument("--idle-seconds", type=float, help="length of the run without offenders")
    parser.add_argument("--cases", default="abcdhpm", help="which of a, b, c, d, h, p, m")
    parser.add_argument("--times", type=float, default=3.0, help="the capacity that is offered")
    parser.add_argument("--frame-size", type=int, default=_FLOOD_FRAME, help="of the floods")
    parser.add_argument("--frames-in-packet", type=int, default=1, help="of the floods")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--document", type=Path, help="put the table into this page")
    options = parser.parse_args()
    rows = asyncio.run(measure(options, Console(stderr=True)))
    machine = describe_machine()
    table = Table(*HEADINGS, title="Under pressure", caption=", ".join(machine.values()))
    for row in rows:
        table.add_row(*cells(row))
    Console().print(table)
    if options.json:
        figures = {"machine": machine, "rows": [asdict(row) for row in rows]}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    if options.document:
        on = ", ".join(f"{what} {value}" for what, value in machine.items())
        how = f"Medians over rounds: {options.rounds}, of {options.seconds:g} s a run; {on}."
        body = markdown_table(HEADINGS, [cells(row) for row in rows])
        put_into(options.document, "pressure", [how, "", *body])


if __name__ == "__main__":
    main()
