"""How often one source may try something: it bounds the guessing of codes as well as load."""

from typing import Final

from lanparty_quic.endpoint import Address
from lanparty_quic.sources import Source, source_of

__all__ = ["JoinRates"]

_WINDOW_SECONDS: Final = 60.0

_SOURCES_LIMIT: Final = 65_536
"""Sources remembered at once. Beyond it the longest known is forgotten, and may begin anew."""


class JoinRates:
    """Counts attempts of each source in windows of a minute that begin with its first attempt."""

    def __init__(self, per_minute: int | None, *, sources_limit: int = _SOURCES_LIMIT) -> None:
        """With `per_minute` None every attempt is allowed and nothing is remembered."""
        self._per_minute: Final = per_minute
        self._sources_limit: Final = sources_limit
        self._windows: dict[Source, tuple[float, int]] = {}
        """Beginning and attempts; the window that began first comes first."""

    def __len__(self) -> int:
        return len(self._windows)

    def attempt(self, address: Address, *, now: float) -> float | None:
        """Count an attempt. None if it is allowed, else the seconds until the next would be."""
        if self._per_minute is None:
            return None
        self._forget_ended(now)
        source = source_of(address)
        began, attempts = self._windows.get(source, (now, 0))
        if attempts >= self._per_minute:
            return began + _WINDOW_SECONDS - now
        if not attempts and len(self._windows) >= self._sources_limit:
            del self._windows[next(iter(self._windows))]
        self._windows[source] = (began, attempts + 1)
        return None

    def take_back(self, address: Address) -> None:
        """Let an attempt not count after all; harmless when its window has ended."""
        source = source_of(address)
        began, attempts = self._windows.get(source, (0.0, 0))
        if attempts > 1:
            self._windows[source] = (began, attempts - 1)
        else:
            self._windows.pop(source, None)

    def _forget_ended(self, now: float) -> None:
        # In one pass: a dict is slow to find its first key again and again while they go.
        ended: list[Source] = []
        for source, (began, _) in self._windows.items():
            if now - began < _WINDOW_SECONDS:
                break
            ended.append(source)
        for source in ended:
            del self._windows[source]
