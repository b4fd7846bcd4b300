"""`make bench`: what a frame costs the relay, and how much later it arrives, beside a yardstick.

The yardstick is a UDP forwarder in Python that does nothing but forward (`udp_forwarder.py`). Relay
and yardstick take turns in one run at the same offered rates, so their ratio holds on a noisy
machine; the absolute figures don't travel. The load always comes from other processes.

Usage: python bench/relay.py --help
"""

import argparse
import asyncio
import json
import socket
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from document import markdown_table, put_into
from machine import cpu_seconds, describe_machine
from rich.console import Console
from rich.table import Table

from lanparty_sim.admin_api import AdminApi
from lanparty_sim.relay_process import RelayProcess

BENCH = Path(__file__).parent
SETTLING_SECONDS = 0.3
PATH_SECONDS = 1.5
"""After which players and relay have found that their path carries packets of 1,472 bytes."""
LOOK_SECONDS = 0.1
"""Between two looks for the first frame."""


@dataclass(frozen=True, slots=True)
class Case:
    """A frame size at a rate."""

    name: str
    frame_size: int
    rate: int
    """Frames a second, offered."""


CASES = tuple(
    Case(f"{name}, {rate:,} frames/s", frame_size, rate)
    for name, frame_size in (
        ("1,514 B (two fragments)", 1_514),
        ("1,438 B (the largest whole)", 1_438),
        ("100 B", 100),
    )
    for rate in (1_000, 4_000)
)


class ProgramFailedError(Exception):
    """A program of the bench failed; it has said why."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one case. Times in seconds."""

    cpu_per_frame: float
    loss: float
    latency_p50: float
    latency_p99: float


@dataclass(frozen=True, slots=True)
class Moment:
    """What the relay has spent, in seconds, and sent, in datagrams, so far."""

    cpu: float
    sent: int


async def measure_relay(relay: RelayProcess, case: Case, seconds: float) -> Measured:
    """Offer a case to the relay, from one player to another."""
    async with relay.api() as api:
        before = await look(relay, api)
        # In a unicast load of two, each sends to the other: together they make the rate.
        load = asyncio.create_task(
            run_json(
                Path(sys.executable).with_name("lanparty-sim"),
                *("load", f"--relay={relay.address}", f"--pin-file={relay.pin_file}"),
                *("--create", "--json", "--players=2", f"--frame-size={case.frame_size}"),
                *(f"--rate={case.rate / 2}", f"--seconds={PATH_SECONDS + seconds}"),
            )
        )
        first = before
        while first.sent == before.sent and not load.done():
            await asyncio.sleep(LOOK_SECONDS)
            first = await look(relay, api)
        # Frames alone: neither the players' handshakes nor their leaving are in between.
        await asyncio.sleep(PATH_SECONDS)
        first = await look(relay, api)
        await asyncio.sleep(seconds - 2 * LOOK_SECONDS)
        last = await look(relay, api)
        result = await load
        after = await look(relay, api)
    frames = result["delivered"] * (last.sent - first.sent) / (after.sent - before.sent)
    return Measured(
        cpu_per_frame=(last.cpu - first.cpu) / frames,
        loss=result["loss"],
        latency_p50=result["latency_p50"],
        latency_p99=result["latency_p99"],
    )


async def look(relay: RelayProcess, api: AdminApi) -> Moment:
    """Ask the admin process, which reads the counters without the relay's help."""
    sent = (await api.relay()).sent
    return Moment(cpu_seconds(relay.process_id), sent)


async def measure_yardstick(case: Case, seconds: float) -> Measured:
    """Offer the same case to the forwarder."""
    ports = free_udp_ports(2)
    forwarder = await asyncio.create_subprocess_exec(
        sys.executable, BENCH / "udp_forwarder.py", *map(str, ports)
    )
    try:
        await asyncio.sleep(SETTLING_SECONDS)
        before = cpu_seconds(forwarder.pid)
        result = await run_json(
            sys.executable,
            BENCH / "udp_load.py",
            *map(str, (*ports, case.frame_size, case.rate, seconds)),
        )
        spent = cpu_seconds(forwarder.pid) - before
    finally:
        forwarder.kill()
        await forwarder.wait()
    return Measured(
        cpu_per_frame=spent / result["delivered"],
        loss=1 - result["delivered"] / result["offered"],
        latency_p50=result["latency_p50"],
        latency_p99=result["latency_p99"],
    )


async def run_json(*command: str | Path) -> dict[str, Any]:  # Any: a program's JSON
    """Run a program and read the JSON that it prints; its own words explain a failure."""
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    if process.returncode:
        raise ProgramFailedError(f"{command[0]} failed with exit code {process.returncode}")
    parsed: dict[str, Any] = json.loads(printed)
    return parsed


def free_udp_ports(count: int) -> list[int]:
    """Ask the system for ports that nobody uses now."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports: list[int] = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@dataclass(frozen=True, slots=True)
class Row:
    """A case over all rounds: medians, and the range of the ratio."""

    case: Case
    relay: Measured
    yardstick: Measured
    ratio: float
    """CPU of the relay by CPU of the yardstick, median over the rounds' pairs."""
    ratio_range: tuple[float, float]
    added_p50: float
    """Latency over the yardstick's, in seconds."""
    added_p99: float


async def measure(rounds: int, seconds: float, console: Console) -> list[Row]:
    """Take turns, case by case and round by round."""
    pairs: dict[Case, list[tuple[Measured, Measured]]] = {case: [] for case in CASES}
    async with RelayProcess("--joins-per-minute=0") as relay:
        for number in range(rounds):
            for case, measured in pairs.items():
                console.print(f"round {number + 1} of {rounds}: {case.name}", style="dim")
                yardstick = await measure_yardstick(case, seconds)
                measured.append((await measure_relay(relay, case, seconds), yardstick))
    return [summed_up(case, measured) for case, measured in pairs.items()]


def summed_up(case: Case, pairs: Sequence[tuple[Measured, Measured]]) -> Row:
    """Reduce the rounds of a case to medians."""
    ratios = sorted(relay.cpu_per_frame / bare.cpu_per_frame for relay, bare in pairs)
    relay, yardstick = (median_of([pair[side] for pair in pairs]) for side in (0, 1))
    return Row(
        case=case,
        relay=relay,
        yardstick=yardstick,
        ratio=statistics.median(ratios),
        ratio_range=(ratios[0], ratios[-1]),
        added_p50=relay.latency_p50 - yardstick.latency_p50,
        added_p99=relay.latency_p99 - yardstick.latency_p99,
    )


def median_of(runs: Sequence[Measured]) -> Measured:
    """Take each figure's median by itself."""
    return Measured(
        *(statistics.median(getattr(run, field.name) for run in runs) for field in fields(Measured))
    )


HEADINGS = (
    *("frames", "relay CPU/frame", "yardstick", "ratio (range)", "loss"),
    *("latency p50 / p99", "added p50 / p99"),
)


def cells(row: Row) -> tuple[str, ...]:
    """Return a row of the table as text."""
    return (
        row.case.name,
        f"{row.relay.cpu_per_frame * 1e6:.1f} us",
        f"{row.yardstick.cpu_per_frame * 1e6:.1f} us",
        f"{row.ratio:.1f} ({row.ratio_range[0]:.1f}-{row.ratio_range[1]:.1f})",
        f"{row.relay.loss:.2%}",
        f"{row.relay.latency_p50 * 1e3:.2f} / {row.relay.latency_p99 * 1e3:.2f} ms",
        f"{row.added_p50 * 1e3:.2f} / {row.added_p99 * 1e3:.2f} ms",
    )


def as_markdown(
    rows: Sequence[Row], machine: dict[str, str], rounds: int, seconds: float
) -> list[str]:
    """Return the lines of the measured part of the performance page."""
    return [
        f"Medians of {rounds} rounds of {seconds:g} s; "
        + ", ".join(f"{name} {value}" for name, value in machine.items())
        + ".",
        "",
        *markdown_table(HEADINGS, [cells(row) for row in rows]),
    ]


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each run")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--document", type=Path, help="put the table into this page")
    options = parser.parse_args()
    console = Console(stderr=True)
    try:
        rows = asyncio.run(measure(options.rounds, options.seconds, console))
    except ProgramFailedError as failure:
        raise SystemExit(str(failure)) from None
    machine = describe_machine()
    table = Table(
        *HEADINGS, title="What a frame costs the relay", caption=", ".join(machine.values())
    )
    for row in rows:
        table.add_row(*cells(row))
    Console().print(table)
    if options.json:
        figures = {"machine": machine, "rows": [asdict(row) for row in rows]}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    if options.document:
        lines = as_markdown(rows, machine, options.rounds, options.seconds)
        put_into(options.document, "bench", lines)


if __name__ == "__main__":
    main()
