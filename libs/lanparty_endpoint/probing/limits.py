"""How often an endpoint answers: at most so many answers to one peer within any second."""

from collections import deque
from typing import Final

__all__ = ["AnswerLimit"]

_PERIOD: Final = 1.0
"""Seconds within which answers are counted."""

_ASKERS_LIMIT: Final = 256
"""Peers remembered at a time; `lanparty/1` rooms have no more, so the others were made up."""


class AnswerLimit:
    """Counts answers by peer id, which the relay stamps and nobody can make up."""

    def __init__(self, *, per_second: int) -> None:
        self._per_second = per_second
        self._answered: dict[int, deque[float]] = {}
        """When each peer was answered last, at most `per_second` times; the stalest peer first."""

    def allows(self, asker: int, *, now: float) -> bool:
        """Tell whether `asker` may be answered now; if so, the answer counts."""
        self._forget_before(now - _PERIOD)
        times = self._answered.pop(asker, None)
        if times is None:
            if len(self._answered) >= _ASKERS_LIMIT:
                return False
            times = deque(maxlen=self._per_second)
        allowed = len(times) < self._per_second or times[0] <= now - _PERIOD
        if allowed:
            times.append(now)
        self._answered[asker] = times
        return allowed

    def _forget_before(self, past: float) -> None:
        for asker in [asker for asker, times in self._answered.items() if times[-1] <= past]:
            del self._answered[asker]
