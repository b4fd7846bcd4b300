"""The console that everything for a person is printed on."""

from rich.console import Console
from rich.text import Text

from lanparty_command import folded

__all__ = ["plain_console", "print_sentence"]


def plain_console(*, quiet: bool = False, stderr: bool = False) -> Console:
    """Make a console that prints text as it is: names come from other people.

    No markup, no emoji codes, no highlighting. With `quiet` it prints nothing. When nobody reads
    it any more, it raises `BrokenPipeError` as `print` does.
    """
    return _PlainConsole(markup=False, emoji=False, highlight=False, quiet=quiet, stderr=stderr)


def print_sentence(console: Console, text: str, *, style: str = "") -> None:
    """Print what a person reads: folded between words on a terminal, else in whole lines."""
    if console.is_terminal:
        text = folded(text, width=console.width)
    console.print(Text(text, style=style), soft_wrap=True)


class _PlainConsole(Console):
    def on_broken_pipe(self) -> None:
        # Called while the error is handled. The base ends the process here, wherever it is.
        raise  # noqa: PLE0704
