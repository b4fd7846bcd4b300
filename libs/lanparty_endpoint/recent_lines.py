"""The last lines of the log, in memory for a report; another stream may get them as well."""

import io
import sys
from collections import deque
from collections.abc import Iterable
from typing import Final, TextIO, cast

from lanparty_obs.logging import configure

__all__ = ["RecentLines"]

LINES_KEPT: Final = 300
_LONGEST_LINE: Final = 2_000
"""Characters of a line that are kept: a traceback comes in lines, too."""


class RecentLines(io.TextIOBase):
    """A text stream that remembers."""

    def __init__(self, *, echo: bool = False) -> None:
        """With `echo`, stderr gets everything that is written, too."""
        self._echo = echo
        self._lines: deque[tuple[str, tuple[str, ...]]] = deque(maxlen=LINES_KEPT)

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    def isatty(self) -> bool:
        """Tell whether what is written goes to a terminal."""
        return self._echo and sys.stderr.isatty()

    def write(self, text: str) -> int:
        """Remember whole lines; every writer of a log writes them whole."""
        self._lines.extend((line[:_LONGEST_LINE], ()) for line in text.splitlines() if line)
        if self._echo:
            sys.stderr.write(text)  # whatever that is now: a live view redirects it
        return len(text)

    def remember(self, line: str, *, names: Iterable[str] = ()) -> None:
        """Keep a line that was told elsewhere, so it isn't echoed; `names` of people are in it."""
        self._lines.append((line[:_LONGEST_LINE], tuple(names)))

    def flush(self) -> None:
        """Flush stderr."""
        if self._echo:
            sys.stderr.flush()

    def log_here(self) -> None:
        """Have this process log into this stream."""
        configure(json=False, stream=cast("TextIO", self))

    def lines(self) -> list[str]:
        """Look at what is kept, oldest first."""
        return [line for line, _ in self._lines]

    def names(self) -> list[str]:
        """Tell the names in the lines that are kept, each once, oldest first."""
        return list(dict.fromkeys(name for _, names in self._lines for name in names))
