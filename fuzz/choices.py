"""Reads an input as a row of choices, so that every input is a valid run of a target.

Small changes of the input make small changes of the run, which is what a fuzzer needs. An input
that is used up chooses zeros.
"""

from collections.abc import Sequence
from typing import Final, TypeVar

__all__ = ["Choices"]

ItemT = TypeVar("ItemT")


class Choices:
    """A cursor over an input."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data: Final = data
        self._at = 0

    @property
    def left(self) -> int:
        """Bytes that haven't been read."""
        return len(self._data) - self._at

    def byte(self) -> int:
        """Return 0 to 255."""
        at = self._at
        if at >= len(self._data):
            return 0
        self._at = at + 1
        return self._data[at]

    def number(self, octets: int) -> int:
        """Return a big-endian number of so many octets."""
        return int.from_bytes(self.take(octets).ljust(octets, b"\0"), "big")

    def of(self, items: Sequence[ItemT]) -> ItemT:
        """Choose one of at most 256."""
        return items[self.byte() % len(items)]

    def take(self, length: int) -> bytes:
        """Return so many bytes, or those that are left."""
        start = self._at
        self._at = min(start + length, len(self._data))
        return self._data[start : self._at]

    def piece(self) -> bytes:
        """Return bytes behind their own length of two octets, at most 2,047."""
        return self.take(self.number(2) & 0x7FF)

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(self.left)
