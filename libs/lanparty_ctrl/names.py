"""The rules for texts that one person writes and another one reads.

A name or a reason goes to other people's terminals, logs and pages. So it holds only characters
that show themselves in their place: no controls, no direction overrides, no invisible fillers.
The rule is a list of code points and not a Unicode category, because categories differ between
versions of Unicode: a name that the relay takes must be one that every endpoint takes.
"""

import re
from typing import Final

from lanparty_ctrl.errors import DisplayNameError, UnfitTextError

__all__ = ["DISPLAY_NAME_LIMIT", "HUMAN_TEXT_LIMIT", "display_name", "human_text", "made_readable"]

DISPLAY_NAME_LIMIT: Final = 32
"""Code points: room for a full name in any script, and for every list that shows it."""

HUMAN_TEXT_LIMIT: Final = 256
"""Code points: a sentence or two."""

_UNREADABLE: Final = re.compile(
    "["
    # C0 and C1 controls
    "\u0000-\u001f\u007f-\u009f"
    # spaces that look like the plain one, or are wider
    "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
    # blanks that are no space
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u2800\u3164\ufeff\uffa0"
    # marks, embeddings, overrides and isolates of direction
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"
    # separators, invisible operators, annotations, shorthand and musical controls
    "\u2028\u2029\u2060-\u2065\u206a-\u206f\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    # surrogates, private use, noncharacters, and tags, which can hide a whole text
    "\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U0010ffff"
    + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(1, 14))
    + "]"
)
_INVISIBLE_ALONE: Final = " \u200c\u200d" + "".join(map(chr, range(0xFE00, 0xFE10)))
"""Joiners and variation selectors: needed inside emoji and some scripts, nothing by themselves."""


def display_name(text: str) -> str:
    """Return the name that others will see: `text` without the white space around it.

    Raises `DisplayNameError` if that leaves nothing visible, more than `DISPLAY_NAME_LIMIT`
    characters, or one that can't be shown.
    """
    name = text.strip()
    if not name.strip(_INVISIBLE_ALONE):
        raise DisplayNameError("A name needs at least one visible character.")
    if len(name) > DISPLAY_NAME_LIMIT:
        raise DisplayNameError(f"A name has at most {DISPLAY_NAME_LIMIT} characters.")
    unfit = _UNREADABLE.search(name)
    if unfit:
        raise DisplayNameError(f"A name can't have the character U+{ord(unfit[0]):04X}.")
    return name


def human_text(text: str) -> str:
    """Return `text` if every character can be shown and it has at most `HUMAN_TEXT_LIMIT`.

    Raises `UnfitTextError` otherwise. It may be empty.
    """
    if len(text) > HUMAN_TEXT_LIMIT:
        raise UnfitTextError(f"A text has at most {HUMAN_TEXT_LIMIT} characters.")
    unfit = _UNREADABLE.search(text)
    if unfit:
        raise UnfitTextError(f"A text can't have the character U+{ord(unfit[0]):04X}.")
    return text


def made_readable(text: str) -> str:
    """Make any text one that `human_text` takes: cut, with a `?` for what can't be shown."""
    cut = text if len(text) <= HUMAN_TEXT_LIMIT else text[: HUMAN_TEXT_LIMIT - 3] + "..."
    return _UNREADABLE.sub("?", cut)
