"""Copies of the shared counters, exact between two of the relay's batches.

The writer's generation is odd while it counts a batch (`lanparty_obs.counters`). A copy is exact if
the generation was even and the same before and after it. The writer never waits for a reader, so a
reader tries again, a bounded number of times.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from operator import add
from typing import Final

from lanparty_obs.counters import (
    GENERATION,
    ROUND_TRIP_MICROSECONDS,
    SLOTS_PER_BLOCK,
    USED,
    BlockKind,
    BlockSlot,
    TunnelCounters,
)

__all__ = ["Snapshot", "SnapshotReader"]

_ATTEMPTS: Final = 50
"""With a pause of a millisecond each: a relay that is busy all the time still has gaps."""

_PAUSE: Final = 0.001
_SLOT_BYTES: Final = 8
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counters at one moment."""

    slots: memoryview
    """Of unsigned 64-bit items; the blocks that were ever used."""
    generation: int
    exact: bool
    """False: the relay was counting at every attempt, so sums may be off by what was on its way."""
    _totals: dict[int, list[int]] = field(default_factory=dict, repr=False, compare=False)

    def serial(self, block: int) -> int:
        """Return the serial of a block; 0 if it is free or was never used."""
        first = block * SLOTS_PER_BLOCK
        return self.slots[first + BlockSlot.SERIAL] if first < len(self.slots) else 0

    def own(self, block: int) -> TunnelCounters:
        """Read one block: all of a peer's counters."""
        return TunnelCounters.from_block(self.slots, block)

    def total(self, block: int) -> TunnelCounters:
        """Sum a block and those below it: all of a room's or the relay's counters."""
        if not self._totals:
            self._sum_up()
        return TunnelCounters.from_block(self._totals[block], 0)

    def round_trip_seconds(self, block: int) -> float | None:
        """Return a peer's smoothed round-trip time; None until it was measured."""
        value: int = self.slots[block * SLOTS_PER_BLOCK + ROUND_TRIP_MICROSECONDS]
        return value / _MICROSECONDS if value else None

    def _sum_up(self) -> None:
        blocks = [
            self.slots[first : first + SLOTS_PER_BLOCK].tolist()
            for first in range(0, len(self.slots), SLOTS_PER_BLOCK)
        ]
        kinds = [block[BlockSlot.KIND] for block in blocks]
        parents = [block[BlockSlot.PARENT] for block in blocks]
        # Peers into their rooms first, then rooms into the relay: each is whole when it is added.
        for kind in (BlockKind.PEER, BlockKind.ROOM):
            for index, block in enumerate(blocks):
                if kinds[index] == kind:
                    parent = parents[index]
                    blocks[parent] = list(map(add, blocks[parent], block))
        for index, block in enumerate(blocks):
            if kinds[index] in {BlockKind.ROOM, BlockKind.PEER}:
                self._totals[index] = block
        self._totals[0] = blocks[0]


class SnapshotReader:
    """Reads counters that another process writes."""

    def __init__(self, shared: memoryview) -> None:
        """Take a buffer of unsigned 64-bit items in the layout of `lanparty_obs.counters`."""
        self._slots: Final = shared
        self._bytes: Final = shared.cast("B")

    def copy(self) -> Snapshot:
        """Copy once, exact or not."""
        before = self._slots[GENERATION]
        length = self._slots[USED] * SLOTS_PER_BLOCK * _SLOT_BYTES
        copied = memoryview(bytes(self._bytes[:length])).cast("Q")
        after = self._slots[GENERATION]
        return Snapshot(copied, before, exact=before == after and not before & 1)

    async def read(self, sleep: Callable[[float], Awaitable[None]]) -> Snapshot:
        """Copy until a copy is exact, or attempts run out; `sleep` passes the time in between."""
        snapshot = self.copy()
        for _ in range(_ATTEMPTS):
            if snapshot.exact:
                break
            await sleep(_PAUSE)
            snapshot = self.copy()
        return snapshot
