"""How much of a bounded store each source holds, and which source holds most."""

from typing import Final

__all__ = ["Shares"]

_GRAIN: Final = 4096
"""Sources within so many bytes of each other count as equally full."""


class Shares:
    """Bytes held for each source. Every method takes constant time, however many sources."""

    def __init__(self, *, largest: int) -> None:
        """Expect that no source holds more than `largest` bytes for long."""
        self._held: dict[int, int] = {}
        self._levels: list[set[int]] = [set() for _ in range(largest // _GRAIN + 1)]
        """Sources by grains held; the last level has all that hold more."""
        self.total = 0

    def __getitem__(self, source: int) -> int:
        """Bytes held for a source; 0 if it is unknown."""
        return self._held.get(source, 0)

    def __len__(self) -> int:
        """Count the sources that hold something."""
        return len(self._held)

    def change(self, source: int, amount: int) -> None:
        """Add `amount` bytes, or take them back if it is negative."""
        before = self._held.get(source, 0)
        after = before + amount
        self.total += amount
        if before:
            self._level(before).discard(source)
        if after:
            self._held[source] = after
            self._level(after).add(source)
        else:
            self._held.pop(source, None)

    def fullest(self) -> int:
        """Return a source that holds most. Some source must hold something."""
        return next(source for level in reversed(self._levels) for source in level)

    def _level(self, held: int) -> set[int]:
        return self._levels[min(held // _GRAIN, len(self._levels) - 1)]
