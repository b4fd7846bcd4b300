"""The console that everything for a person is printed on."""

from rich.console import Console

__all__ = ["plain_console"]


def plain_console(*, quiet: bool = False) -> Console:
    """Make a console that prints text as it is: names come from other people.

    No markup, no emoji codes, no highlighting. With `quiet` it prints nothing.
    """
    return Console(markup=False, emoji=False, highlight=False, quiet=quiet)
