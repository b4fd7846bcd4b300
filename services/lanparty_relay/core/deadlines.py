"""Timers of one fixed delay: the order in which they are set is the order in which they ring."""

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

__all__ = ["Deadlines", "earliest"]

_Key = TypeVar("_Key", bound=Hashable)


class Deadlines(Generic[_Key]):
    """At most one deadline for each key, all `delay` seconds after they were set."""

    def __init__(self, delay: float) -> None:
        self._delay: Final = delay
        self._at: dict[_Key, float] = {}

    def __contains__(self, key: _Key) -> bool:
        return key in self._at

    def set(self, key: _Key, *, now: float) -> None:
        """Let `key` ring after the delay from now, and not when it would have before."""
        self._at.pop(key, None)
        self._at[key] = now + self._delay

    def clear(self, key: _Key) -> None:
        """Forget `key`, if it is there."""
        self._at.pop(key, None)

    def take_due(self, *, now: float) -> list[_Key]:
        """Remove and return the keys whose deadline has come, earliest first."""
        due: list[_Key] = []
        for key, at in self._at.items():
            if at > now:
                break
            due.append(key)
        for key in due:
            del self._at[key]
        return due

    def next_deadline(self) -> float | None:
        """When the first key rings; None if there is none."""
        return next(iter(self._at.values()), None)


def earliest(*deadlines: float | None) -> float | None:
    """Return the earliest of those that are set; None if none is."""
    return min((at for at in deadlines if at is not None), default=None)
