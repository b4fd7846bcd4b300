"""Fuzz every parser that a stranger reaches, and print what came of it.

    python fuzz/run.py [--seconds 60] [--runs 1000000] [--jobs 2] [--json FILE] [TARGET ...]

Exit codes: 0 all clean; 1 a crash, a hang or memory that grows; 2 it couldn't run;
130 it was ended.
"""

import argparse
import importlib.util
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final, NoReturn

from campaign import Campaign, Report, Verdict
from targets import NAMES

__all__ = ["main", "table"]

_ROOT: Final = Path(__file__).parents[1]
_CRASHES: Final = _ROOT / "fuzz" / "crashes"
_DEFAULT_SECONDS: Final = 60
_HEADINGS: Final = ("target", "inputs", "inputs/s", "edges", "settled", "at the end", "result")
_LOG_LINES: Final = 25
_INTERRUPTED: Final = 130
UNRECORDED: Final = ("log", "target")


def table(reports: Sequence[Report]) -> list[str]:
    """Return the table's lines."""
    rows = [_HEADINGS, *map(row, reports)]
    widths = [max(len(cells[at]) for cells in rows) for at in range(len(_HEADINGS))]
    return [
        "  ".join(
            cell.ljust(width) if at in (0, len(widths) - 1) else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in rows
    ]


def row(report: Report) -> tuple[str, ...]:
    """Return a target's cells."""
    return (
        report.target,
        f"{report.inputs:,}",
        f"{report.rate:,.0f}",
        f"{report.edges:,}",
        f"{report.resident_settled / 2**20:.0f} MiB",
        f"{report.resident_at_end / 2**20:.0f} MiB",
        report.verdict.value,
    )


def recorded(reports: Sequence[Report], before: Mapping[str, object]) -> dict[str, object]:
    """Return what `--json` writes: these runs, and those of other targets that were there."""
    return {
        **before,
        **{
            report.target: {
                name: value for name, value in asdict(report).items() if name not in UNRECORDED
            }
            for report in reports
        },
    }


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Fuzz every parser that a stranger reaches.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=int, help="for each target; 60 if nothing is said")
    parser.add_argument("--runs", type=int, help="inputs for each target")
    parser.add_argument("--jobs", type=int, default=2, help="targets at once")
    parser.add_argument("--json", type=Path, metavar="FILE", help="put the figures in there")
    parser.add_argument(
        "--work",
        type=Path,
        default=_ROOT / "dist" / "fuzz",
        help="where corpora grow from run to run, and logs are",
    )
    found = parser.parse_args(arguments)
    unknown = sorted(set(found.targets) - set(NAMES))
    if unknown:
        parser.error(f"there is no target {', '.join(unknown)}; there are {', '.join(NAMES)}")
    if found.seconds is None and found.runs is None:
        found.seconds = _DEFAULT_SECONDS
    return found


def main(arguments: Sequence[str]) -> int:
    """Fuzz, tell, and return the exit code."""
    chosen = options(arguments)
    if importlib.util.find_spec("atheris") is None:
        print("softlan: atheris isn't installed. `make fuzz` installs it.", file=sys.stderr)
        return 2
    campaign = Campaign(
        targets=[name for name in NAMES if not chosen.targets or name in chosen.targets],
        seconds=chosen.seconds,
        runs=chosen.runs,
        jobs=chosen.jobs,
        work=chosen.work,
        crashes=_CRASHES,
    )
    reports: list[Report] = []
    for report in campaign.reports():
        reports.append(report)
        print(f"softlan: {report.target}: {report.verdict.value}", file=sys.stderr, flush=True)
        if report.verdict is not Verdict.CLEAN:
            print("\n".join(report.log.splitlines()[-_LOG_LINES:]), file=sys.stderr)
        if chosen.json is not None:
            before = json.loads(chosen.json.read_text()) if chosen.json.exists() else {}
            written = recorded(reports, before)
            chosen.json.write_text(json.dumps(written, indent=1, sort_keys=True) + "\n")
    print("\n".join(table(reports)))
    if any(report.verdict is Verdict.BROKEN for report in reports):
        return 2
    return int(any(report.verdict is not Verdict.CLEAN for report in reports))


def _end(*_: object) -> NoReturn:
    sys.exit(_INTERRUPTED)  # on its way out the campaign ends its processes


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    sys.exit(main(sys.argv[1:]))
