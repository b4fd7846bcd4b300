"""Measured parts of a page: tables between two marks, replaced by each run."""

from collections.abc import Iterable, Sequence
from pathlib import Path

__all__ = ["markdown_table", "put_into"]


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table's lines."""
    head, *body = ("| " + " | ".join(cells) + " |" for cells in (headings, *rows))
    return [head, "|---" * len(headings) + "|", *body]


def put_into(document: Path, name: str, lines: Iterable[str]) -> None:
    """Replace what stands between the marks NAME:begin and NAME:end.

    Raises `ValueError` if the page hasn't both marks once.
    """
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
    before, rest = document.read_text().split(begin)
    _, after = rest.split(end)
    document.write_text(before + begin + "\n".join(lines) + "\n" + end + after)
