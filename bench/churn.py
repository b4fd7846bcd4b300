"""`make bench-churn`: rooms whose members keep coming and going, and what is left of them.

Guests join, leave, move to another connection, crash without a word, resume, and come back as
strangers, as fast as the machine lets them. All the while the relay's counters have to conserve;
afterwards nothing may be left of anybody, in the relay or here.

Usage: python bench/churn.py --help
"""

import argparse
import asyncio
import json
import random
import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from churn_party import ChurnParty
from churn_watch import RelayWatch, RelayWeight, own_weight
from document import markdown_table, put_into
from machine import cpu_seconds, describe_machine
from rich.console import Console
from rich.table import Table

from lanparty_client_core import RelayTarget
from lanparty_sim.relay_process import RelayProcess

__all__ = ["ChurnPlan", "ChurnResult", "measure"]

_GRACE_SECONDS: Final = 5.0
"""Beyond the idle timeout, after which guests come whom the relay must have given up."""
_PATIENCE: Final = 30.0
"""Seconds for a busy machine, beyond the idle timeout, until nothing is left."""
_SAMPLE: Final = 200
"""Guests who come again at the end."""
_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnPlan:
    """How much of it."""

    rooms: int = 100
    size: int = 10
    seconds: float = 180.0
    hands: int = 16
    """Changes that are under way at once."""
    idle_timeout: int = 30
    seed: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnResult:
    """What came of it. Times in seconds, memory in bytes."""

    plan: ChurnPlan
    seconds: float
    joins: int
    """Beside the first of each guest."""
    join_p50: float
    join_p99: float
    """Of joins that had to wait for nobody else."""
    relay_cpu: float
    changes: dict[str, int]
    looks: int
    """At all counters, while it went on."""
    looks_unanswered: int
    before: RelayWeight
    after: RelayWeight
    resident_peak: int
    wrong: list[str]
    """What should not have been: empty."""


async def measure(plan: ChurnPlan, *, console: Console) -> ChurnResult:
    """Run it beside a relay of its own. Raises nothing for what went wrong, but tells it."""
    options = ("--joins-per-minute=0", f"--idle-timeout={plan.idle_timeout}")
    async with RelayProcess(*options) as relay, RelayWatch(relay) as watch:
        known = relay.known_relay()
        host, port = known.address.host, known.address.port
        await watch.look()  # the connection to the API stays
        before, own_before = watch.weigh(), own_weight()
        party = ChurnParty(
            RelayTarget(addresses=((host, port),), server_name=host, trust=known.trust),
            rooms=plan.rooms,
            size=plan.size,
            given_up_after=plan.idle_timeout + _GRACE_SECONDS,
            dice=random.Random(plan.seed),
        )
        watching = asyncio.create_task(watch.watch())
        console.print(f"{plan.rooms} rooms fill with {plan.size} guests each")
        await party.fill(hands=plan.hands)
        console.print(f"they come and go for {plan.seconds:g} s")
        loop = asyncio.get_running_loop()
        began, spent, joined = loop.time(), cpu_seconds(relay.process_id), party.churn.joined
        await party.run(seconds=plan.seconds, hands=plan.hands)
        result = ChurnResult(
            plan=plan,
            seconds=loop.time() - began,
            joins=party.churn.joined - joined,
            join_p50=statistics.median(party.churn.joins),
            join_p99=statistics.quantiles(party.churn.joins, n=100)[-1],
            relay_cpu=cpu_seconds(relay.process_id) - spent,
            changes={},
            looks=0,
            looks_unanswered=0,
            before=before,
            after=before,
            resident_peak=0,
            wrong=[],
        )
        await party.rest()
        console.print("everybody goes, a quarter of the houses without a word")
        await party.end(hands=plan.hands)
        await watch.until_empty(plan.idle_timeout + _PATIENCE)
        await party.come_again(party.guests[:_SAMPLE], hands=plan.hands)
        await watch.until_empty(_PATIENCE)
        watching.cancel()
        await asyncio.wait({watching})
        if not watching.cancelled():
            watching.result()  # a fault of the bench
        after, own_after = await watch.weigh_at_rest(before, _PATIENCE), own_weight()
    return replace(
        result,
        # With those that had to wait beyond the end of the measured time.
        changes={str(change): count for change, count in party.churn.changes.items()},
        looks=watch.looks,
        looks_unanswered=watch.unanswered,
        after=after,
        resident_peak=watch.resident_peak,
        wrong=[
            *party.churn.wrong,
            *watch.wrong,
            *_left_over(before, after),
            *([f"{own_after - own_before} sockets or tasks"] if own_after > own_before else []),
        ],
    )


def _left_over(before: RelayWeight, after: RelayWeight) -> Iterator[str]:
    """Say what the relay's process has kept."""
    kept = after.descriptors - before.descriptors
    if kept > 0:
        yield f"the relay has {kept} descriptors more than before"


def rows_of(result: ChurnResult) -> list[tuple[str, str]]:
    """Return the table: what, and how much."""
    changes = sorted(result.changes.items(), key=lambda item: -item[1])
    return [
        ("joins a second", f"{result.joins / result.seconds:.0f}"),
        ("joins", f"{result.joins:,}"),
        (
            "from dial to room, p50 / p99",
            f"{result.join_p50 * 1e3:.0f} / {result.join_p99 * 1e3:.0f} ms",
        ),
        ("relay CPU for a join and what goes with it", f"{_cpu_per_join(result)} ms"),
        *((f"times that a guest, or a house, {change}", f"{count:,}") for change, count in changes),
        ("looks at all counters, which conserved", f"{result.looks:,}"),
        (
            "relay memory before / at most / after",
            " / ".join(
                f"{size / _MEGABYTE:.0f}"
                for size in (result.before.resident, result.resident_peak, result.after.resident)
            )
            + " MB",
        ),
        ("left afterwards", "; ".join(result.wrong[:5]) or "nothing"),
    ]


def _cpu_per_join(result: ChurnResult) -> str:
    return f"{result.relay_cpu / max(1, result.joins) * 1e3:.1f}"


def main() -> int:
    """Measure, print, keep; 1 if something is left or was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    defaults = ChurnPlan()
    parser.add_argument("--rooms", type=int, default=defaults.rooms)
    parser.add_argument("--size", type=int, default=defaults.size, help="guests in each room")
    parser.add_argument("--seconds", type=float, default=defaults.seconds)
    parser.add_argument("--hands", type=int, default=defaults.hands, help="changes at once")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--document", type=Path, help="put the table into this page")
    options = parser.parse_args()
    plan = ChurnPlan(
        rooms=options.rooms, size=options.size, seconds=options.seconds, hands=options.hands
    )
    result = asyncio.run(measure(plan, console=Console(stderr=True, style="dim")))
    machine = describe_machine()
    headings, rows = ("", "measured"), rows_of(result)
    table = Table(*headings, title="Coming and going", caption=", ".join(machine.values()))
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    if options.json:
        figures = {"machine": machine, **asdict(result)}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    if options.document:
        how = (
            f"{plan.rooms} rooms of {plan.size} guests for {plan.seconds:g} s, {plan.hands} "
            "changes at once; "
            + ", ".join(f"{what} {value}" for what, value in machine.items())
            + "."
        )
        put_into(options.document, "churn", [how, "", *markdown_table(headings, rows)])
    return 1 if result.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
