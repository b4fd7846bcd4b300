"""Put recorded runs into a page: what `run.py --json` wrote, as a table between two marks.

PYTHONPATH=bench python fuzz/record.py fuzz/recorded.json docs/fuzzing.md
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from document import markdown_table, put_into
from targets import NAMES, load

__all__ = ["lines"]


def lines(recorded: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the table's lines, in the order of the targets."""
    rows = []
    for name in NAMES:
        run = recorded.get(name)
        if run is not None:
            settled, at_end = (
                round(run[key] / 2**20) for key in ("resident_settled", "resident_at_end")
            )
            rows.append(
                (
                    f"`{name}`",
                    load(name).subject,
                    f"{run['inputs']:,}",
                    f"{run['seconds'] / 60:,.0f} min",
                    f"{run['edges']:,}",
                    f"{settled} / {at_end} MiB",
                    run["verdict"],
                    run["date"],
                )
            )
    headings = ("target", "what is fed", "inputs", "time", "edges", "memory", "result", "on")
    return markdown_table(headings, rows)


def main(json_file: str, page: str) -> None:
    """Renew the page."""
    put_into(Path(page), "fuzz", lines(json.loads(Path(json_file).read_text())))


if __name__ == "__main__":
    main(*sys.argv[1:])
