"""Has the history take its looks at the counters, as long as the admin process lives."""

import asyncio
from collections.abc import Callable
from typing import Final

from lanparty_relay.admin.counter_history import SAMPLE_SECONDS, CounterHistory
from lanparty_relay.admin.snapshot import SnapshotReader

__all__ = ["Sampling"]


class Sampling:
    """Takes a sample at once, then every `interval` seconds. Its owner awaits `aclose`.

    `on_fault` is called once if the sampling ends by a fault, which `aclose` then raises.
    """

    def __init__(
        self,
        history: CounterHistory,
        counters: SnapshotReader,
        *,
        clock: Callable[[], float],
        on_fault: Callable[[], None],
        interval: float = SAMPLE_SECONDS,
    ) -> None:
        self._history: Final = history
        self._counters: Final = counters
        self._clock: Final = clock
        self._interval: Final = interval
        self._on_fault: Final = on_fault
        self._task: Final = asyncio.get_running_loop().create_task(self._sample())
        self._task.add_done_callback(self._ended)

    async def aclose(self) -> None:
        """Stop."""
        self._task.cancel()
        await asyncio.wait({self._task})
        if not self._task.cancelled():
            self._task.result()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self._on_fault()

    async def _sample(self) -> None:
        due = self._clock()
        while True:
            snapshot = await self._counters.read(asyncio.sleep)
            now = self._clock()
            self._history.take(snapshot, now=now)
            # On a fixed beat; whoever was held up for long begins a new one.
            due = max(due + self._interval, now)
            await asyncio.sleep(due - now)
