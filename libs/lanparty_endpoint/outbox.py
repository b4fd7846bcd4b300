"""Answers that wait for an asker: a bounded queue between whoever tells and whoever listens."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Final

__all__ = ["WAITING_LIMIT", "Outbox"]

WAITING_LIMIT: Final = 1_024
"""Answers: a full room twice over. An asker that leaves more unread misses the newest."""


class Outbox:
    """`put` never waits; `next` does. Belongs to one event loop."""

    def __init__(self) -> None:
        self._waiting: deque[Mapping[str, object]] = deque()
        self._bell = asyncio.Event()
        self._closed = False

    def __len__(self) -> int:
        """How many answers wait."""
        return len(self._waiting)

    def put(self, answer: Mapping[str, object]) -> None:
        """Add an answer, unless too many wait."""
        if len(self._waiting) < WAITING_LIMIT:
            self._waiting.append(answer)
            self._bell.set()

    def close(self, _: object = None) -> None:
        """Say that there will be no more."""
        self._closed = True
        self._bell.set()

    async def next(self, *, limit: float | None = None) -> Mapping[str, object] | None:
        """Take the oldest answer; None when it is closed and empty.

        Raises TimeoutError if nothing comes within `limit` seconds. A cancelled call loses nothing.
        """
        while not self._waiting and not self._closed:
            self._bell.clear()
            async with asyncio.timeout(limit):
                await self._bell.wait()
        return self._waiting.popleft() if self._waiting else None
