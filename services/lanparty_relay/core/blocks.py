"""The writer's side of the counter blocks: who has which block, and where its counts go after it.

The layout is `lanparty_obs.counters`'. The buffer may be shared memory with a reader in another
process, so a batch is bracketed by `begin_batch` and `end_batch`: the generation is odd between
them. A reader copies the buffer and keeps the copy if the generation was even and the same before
and after (a seqlock with one writer; the reader never holds the writer up).
"""

from typing import Final

from lanparty_obs.counters import (
    CAPACITY,
    GENERATION,
    RECEIVED,
    ROUND_TRIP_MICROSECONDS,
    SLOTS_PER_BLOCK,
    USED,
    BlockKind,
    BlockSlot,
)

__all__ = ["RELAY_BLOCK", "CounterBlocks"]

RELAY_BLOCK: Final = 0

_INHERITED: Final = tuple(
    slot for slot in range(RECEIVED, SLOTS_PER_BLOCK) if slot != ROUND_TRIP_MICROSECONDS
)
"""`QUEUED` is inherited too: copies that still wait for a member that left have their outcomes
counted in the block that inherited it, so that its conservation holds at every moment."""


class CounterBlocks:
    """Allots the blocks of a buffer. `slots` is for the forwarding loop, which counts in place.

    A block's slots begin at `index * SLOTS_PER_BLOCK`. Block 0 is the relay's and always there.
    """

    def __init__(self, buffer: memoryview, capacity: int) -> None:
        """Clear and take `capacity` blocks of a writable buffer of unsigned 64-bit items."""
        if buffer.format != "Q" or buffer.readonly:
            raise ValueError("counter blocks need a writable buffer of unsigned 64-bit items")
        if capacity < 1 or len(buffer) < capacity * SLOTS_PER_BLOCK:
            raise ValueError(f"a buffer of {len(buffer)} slots can't hold {capacity} blocks")
        self.slots: Final = buffer
        self.capacity: Final = capacity
        self._never_used = 1
        self._freed: list[int] = []
        self._last_serial = 0
        buffer[: capacity * SLOTS_PER_BLOCK] = memoryview(
            bytes(capacity * SLOTS_PER_BLOCK * buffer.itemsize)
        ).cast("Q")
        buffer[CAPACITY] = capacity
        buffer[USED] = self._never_used
        self._name(RELAY_BLOCK, BlockKind.RELAY, RELAY_BLOCK)

    @property
    def available(self) -> int:
        """How many more blocks can be allocated."""
        return self.capacity - self._never_used + len(self._freed)

    def allocate(self, kind: BlockKind, parent: int) -> int | None:
        """Give a zeroed block whose counts `parent` will inherit; None if none is left."""
        if self._freed:
            index = self._freed.pop()
        elif self._never_used < self.capacity:
            index = self._never_used
            self._never_used += 1
            self.slots[USED] = self._never_used
        else:
            return None
        self._name(index, kind, parent)
        return index

    def release(self, index: int) -> int:
        """Add the block's counts to its parent's, free it and return the parent's index.

        Children are released before their parent.
        """
        if index == RELAY_BLOCK:
            raise ValueError("the relay's block is never released")
        slots = self.slots
        base = index * SLOTS_PER_BLOCK
        parent: int = slots[base + BlockSlot.PARENT]
        parent_base = parent * SLOTS_PER_BLOCK
        for slot in _INHERITED:
            if counted := slots[base + slot]:
                slots[parent_base + slot] += counted
        for slot in range(SLOTS_PER_BLOCK):
            slots[base + slot] = 0
        self._freed.append(index)
        return parent

    def serial(self, index: int) -> int:
        """Return the number of this allocation, which tells it from later ones of the block."""
        return int(self.slots[index * SLOTS_PER_BLOCK + BlockSlot.SERIAL])

    def value(self, index: int, slot: int) -> int:
        """Read one slot of a block."""
        return int(self.slots[index * SLOTS_PER_BLOCK + slot])

    def begin_batch(self) -> None:
        """Say that the buffer isn't exact until `end_batch`. Batches don't nest."""
        if self.slots[GENERATION] & 1:
            raise RuntimeError("a batch is being counted already")
        self.slots[GENERATION] += 1

    def end_batch(self) -> None:
        """Say that the buffer is exact again."""
        if not self.slots[GENERATION] & 1:
            raise RuntimeError("no batch is being counted")
        self.slots[GENERATION] += 1

    def _name(self, index: int, kind: BlockKind, parent: int) -> None:
        self._last_serial += 1
        base = index * SLOTS_PER_BLOCK
        self.slots[base + BlockSlot.SERIAL] = self._last_serial
        self.slots[base + BlockSlot.KIND] = kind
        self.slots[base + BlockSlot.PARENT] = parent
