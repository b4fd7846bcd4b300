"""Room codes: the secret that lets somebody join, easy to say over a headset.

A code is written in Crockford's base32 (https://www.crockford.com/base32.html). Case, spaces and
dashes don't matter, and the letters that people confuse with digits are read as those digits. A
code that the relay makes carries 50 random bits and a check symbol; codes of one's own have
4 to 32 symbols, may use U as well, and need no check symbol.
"""

import re
from collections.abc import Callable
from typing import Final, Self

from lanparty_ctrl.errors import RoomCodeError
from lanparty_obs.redaction import SecretText

__all__ = ["ROOM_CODE_TEXT_LIMIT", "RoomCode", "has_valid_check", "make_room_code"]

ROOM_CODE_TEXT_LIMIT: Final = 64
"""Characters of a code as typed: 32 symbols, each with a dash behind it."""

_SYMBOLS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECK_SYMBOLS: Final = _SYMBOLS + "*~$=U"
_RANDOM_SYMBOLS: Final = 10
"""50 bits: a guesser at 1,000 tries a second against 1,000 rooms needs 17 years on average."""
_RANDOM_BYTES: Final = 7
_SHAPE: Final = re.compile(r"[0-9A-HJKMNP-Z]{4,32}")
_SPELLINGS: Final = str.maketrans("ILO", "110", " -")


class RoomCode(SecretText):
    """A room code in its one spelling: capitals and digits, no dashes. Compares as that text.

    However it is made, it is read as a person types it: `RoomCode("lan-party") == "1ANPARTY"`.
    Raises `RoomCodeError` if the text can't be a code.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Read a code as a person types it."""
        if len(text) > ROOM_CODE_TEXT_LIMIT:
            raise RoomCodeError("A room code has at most 32 letters and digits.")
        symbols = text.upper().translate(_SPELLINGS)
        # Outside ASCII, other letters have S or K as their capital.
        if not text.isascii() or not _SHAPE.fullmatch(symbols):
            raise RoomCodeError("A room code has 4 to 32 letters and digits, dashes aside.")
        return super().__new__(cls, symbols)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a code as a person types it, as the constructor does."""
        return cls(text)

    def spoken(self) -> SecretText:
        """Group the symbols for reading aloud: `7K3M-9QXR-T2V`."""
        return SecretText("-".join(self[at : at + 4] for at in range(0, len(self), 4)))


def make_room_code(random_bytes: Callable[[int], bytes]) -> RoomCode:
    """Make a code of 50 random bits and a check symbol.

    `random_bytes(n)` returns n unpredictable bytes. It is asked again while the check symbol would
    be none of letter and digit, which happens for 4 numbers in 37.
    """
    while True:
        number = int.from_bytes(random_bytes(_RANDOM_BYTES)) >> (8 * _RANDOM_BYTES - 50)
        check = _CHECK_SYMBOLS[number % 37]
        if check.isalnum():
            shifts = range(5 * (_RANDOM_SYMBOLS - 1), -1, -5)
            return RoomCode("".join(_SYMBOLS[number >> shift & 31] for shift in shifts) + check)


def has_valid_check(code: RoomCode) -> bool:
    """Tell whether a code has the shape and the check symbol of one that a relay made.

    False for a mistyped one, and for nearly every code of somebody's own: use it for a hint.
    """
    if len(code) != _RANDOM_SYMBOLS + 1 or "U" in code[:-1]:
        return False
    number = 0
    for symbol in code[:-1]:
        number = number << 5 | _SYMBOLS.index(symbol)
    return _CHECK_SYMBOLS[number % 37] == code[-1]
