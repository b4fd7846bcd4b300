"""How long to wait between two tries to reach the relay.

A short outage is the rule, so the pauses of the first ten minutes stay short; after that the relay
is probably gone for the night. Every pause is drawn from its upper half, so that a room full of
players doesn't come back to a restarted relay in one moment.
"""

from collections.abc import Callable
from typing import Final

__all__ = ["Backoff"]

_FIRST: Final = 0.2
_LONGEST_AT_FIRST: Final = 2.0
_LONGEST: Final = 30.0
_AT_FIRST: Final = 600.0
"""Seconds of an outage within which pauses stay short."""

_STEADY: Final = 10.0
"""Seconds that a session must have lasted for the next outage to begin with the shortest pause. A
relay that lets everybody in and throws everybody out again must not be asked ever faster."""


class Backoff:
    """The pauses of one outage after the other. Times in seconds."""

    def __init__(self, random: Callable[[], float]) -> None:
        """`random` draws evenly from 0 to 1."""
        self._random = random
        self._pauses = 0
        self._began_at: float | None = None
        self._welcomed_at: float | None = None

    def handle_welcome(self, *, now: float) -> None:
        """Take note that a try has led into the room."""
        self._welcomed_at = now

    def handle_loss(self, *, now: float) -> None:
        """Take note that an outage begins."""
        if self._welcomed_at is None or now - self._welcomed_at >= _STEADY:
            self.reset()
        self._welcomed_at = None

    def reset(self) -> None:
        """Begin with the shortest pause again: there is reason to hope."""
        self._pauses = 0
        self._began_at = None

    def next_pause(self, *, now: float) -> float:
        """Return the next pause; each is longer than the one before, up to the bound."""
        if self._began_at is None:
            self._began_at = now
        longest = _LONGEST_AT_FIRST if now - self._began_at < _AT_FIRST else _LONGEST
        # Far before 2**64 the bound has been reached; a float has room for no more than 2**1023.
        pause = min(_FIRST * 2.0 ** min(self._pauses, 64), longest)
        self._pauses += 1
        return pause * (0.5 + self._random() / 2)
