"""What the machines of this package need to roll dice with; a `random.Random` has it."""

from typing import Protocol

__all__ = ["Randomness"]


class Randomness(Protocol):
    """A source of randomness that the caller owns, so that a test can repeat it."""

    def uniform(self, a: float, b: float, /) -> float:
        """Return a number between `a` and `b`."""
        ...

    def getrandbits(self, k: int, /) -> int:
        """Return a number of `k` bits."""
        ...
