"""What the benches in network namespaces have in common: options, what they need, their results."""

import argparse
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from document import markdown_table, put_into
from namespaces import lacking_for_namespaces, remove_abandoned
from rich.console import Console
from rich.table import Table

__all__ = ["comparison_options", "publish", "require"]


def comparison_options(purpose: str, *, seconds: float, of_what: str) -> argparse.ArgumentParser:
    """Return a parser of the options that each has; `purpose`'s first line says what it does.

    `seconds` is the length `of_what` if nobody says another.
    """
    parser = argparse.ArgumentParser(description=purpose.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=seconds, help=f"length of {of_what}")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--document", type=Path, help="put the table into this page")
    return parser


def require(tools: Mapping[str, str]) -> None:
    """End with a sentence unless there are namespaces and `tools` (with Debian's packages).

    What a killed run has left goes.
    """
    if reason := lacking_for_namespaces():
        raise SystemExit(reason)
    for tool, package in tools.items():
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is not installed: apt-get install {package}")
    remove_abandoned()


def publish(
    options: argparse.Namespace,
    name: str,
    table: tuple[Sequence[str], Sequence[Sequence[str]]],
    *,
    title: str,
    machine: Mapping[str, str],
    measured: Mapping[str, Sequence[Any]],  # Any: each bench's own dataclass
) -> None:
    """Print a table of headings and rows, and keep it where the options say.

    `name` is that of the page's marks; the file gets every round's figures.
    """
    headings, rows = table
    shown = Table(*headings, title=title, caption=", ".join(machine.values()))
    for row in rows:
        shown.add_row(*row)
    Console().print(shown)
    if options.json:
        rounds = {each: [asdict(run) for run in runs] for each, runs in measured.items()}
        figures = {"machine": machine, "rounds": rounds}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    if options.document:
        on = ", ".join(f"{what} {value}" for what, value in machine.items())
        how = f"Medians of {options.rounds} rounds of {options.seconds:g} s a figure; {on}."
        put_into(options.document, name, [how, "", *markdown_table(headings, rows)])
