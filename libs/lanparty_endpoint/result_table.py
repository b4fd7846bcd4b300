"""A doctor's results as a table on the screen."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console

from lanparty_endpoint.doctor import CheckResult, FriendSight, Outcome, lines_of, summary

__all__ = ["print_results"]

_STYLES: Final = {
    Outcome.OK: "green",
    Outcome.WARNING: "yellow",
    Outcome.FAILED: "bold red",
    Outcome.SKIPPED: "dim",
}


def print_results(
    results: Sequence[CheckResult],
    console: Console,
    *,
    friends: Iterable[FriendSight] = (),
    quiet: bool,
) -> None:
    """Print a line for each check and one in sum; with `quiet` only what failed."""
    width = console.width if console.is_terminal else None
    friends = list(friends)
    for result in results:
        if quiet and result.outcome is not Outcome.FAILED:
            continue
        for line in lines_of(result, friends, width=width):
            style = None if line.is_advice else _STYLES[line.outcome]
            console.print(line.text, style=style, soft_wrap=True)
    console.print(summary(results))
