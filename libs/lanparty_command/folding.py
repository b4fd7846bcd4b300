"""Sentences on a terminal are folded between words; what is to be copied stays whole. Pure."""

import re
import textwrap
from typing import Final

__all__ = ["folded"]

_COMMAND: Final = re.compile(r"`[^`\n]*`")
_KEPT_SPACE: Final = "\0"


def folded(text: str, *, width: int) -> str:
    """Fold each line of `text` to at most `width` characters, where a space is.

    Indented lines and what stands in backquotes are commands, which somebody copies: they get no
    line break, and the terminal cuts them where it must.
    """
    return "\n".join(_folded_line(line, width) for line in text.split("\n"))


def _folded_line(line: str, width: int) -> str:
    if len(line) <= width or line.startswith(" "):
        return line
    kept = _COMMAND.sub(lambda command: command[0].replace(" ", _KEPT_SPACE), line)
    lines = textwrap.wrap(kept, max(1, width), break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace(_KEPT_SPACE, " ")
