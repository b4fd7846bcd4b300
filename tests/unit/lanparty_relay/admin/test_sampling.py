import asyncio

import pytest

from lanparty_obs.counters import SLOTS_PER_BLOCK
from lanparty_relay.admin.counter_history import CounterHistory
from lanparty_relay.admin.sampling import Sampling
from lanparty_relay.admin.snapshot import Snapshot, SnapshotReader
from lanparty_relay.core import CounterBlocks


class WatchedHistory(CounterHistory):
    """Says when it has taken some looks."""

    def __init__(self, wanted: int) -> None:
        super().__init__()
        self.looks: list[float] = []
        self.enough = asyncio.Event()
        self._wanted = wanted

    def take(self, snapshot: Snapshot, *, now: float) -> None:
        super().take(snapshot, now=now)
        self.looks.append(now)
        if len(self.looks) >= self._wanted:
            self.enough.set()


@pytest.fixture
def counters() -> SnapshotReader:
    slots = memoryview(bytearray(8 * SLOTS_PER_BLOCK)).cast("Q")
    CounterBlocks(slots, 1)
    return SnapshotReader(slots)


def no_fault() -> None:
    raise AssertionError("it has no fault")


async def test_it_looks_at_once_and_then_again_and_again(counters: SnapshotReader) -> None:
    clock = asyncio.get_running_loop().time
    history = WatchedHistory(wanted=3)
    sampling = Sampling(history, counters, clock=clock, on_fault=no_fault, interval=0.01)
    await asyncio.wait_for(history.enough.wait(), 10)
    await sampling.aclose()
    assert history.looks[1] - history.looks[0] >= 0.01 - 1e-3
    assert history.looks == sorted(history.looks)


async def test_after_its_end_it_looks_no_more(counters: SnapshotReader) -> None:
    history = WatchedHistory(wanted=1)
    sampling = Sampling(history, counters, clock=lambda: 0.0, on_fault=no_fault, interval=0.0)
    await history.enough.wait()
    await sampling.aclose()
    looks = len(history.looks)
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(history.looks) == looks


async def test_a_fault_of_the_history_is_said_at_once_and_not_lost(
    counters: SnapshotReader,
) -> None:
    class BrokenHistory(CounterHistory):
        def take(self, snapshot: Snapshot, *, now: float) -> None:
            raise ValueError("broken")

    faulted = asyncio.Event()
    sampling = Sampling(BrokenHistory(), counters, clock=lambda: 0.0, on_fault=faulted.set)
    await faulted.wait()
    with pytest.raises(ValueError, match="broken"):
        await sampling.aclose()
