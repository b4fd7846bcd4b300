import pytest

from lanparty_obs.counters import (
    CAPACITY,
    GENERATION,
    QUEUED,
    RECEIVED,
    ROUND_TRIP_MICROSECONDS,
    SLOTS_PER_BLOCK,
    USED,
    BlockKind,
    BlockSlot,
    TunnelCounters,
)
from lanparty_relay.core import RELAY_BLOCK, CounterBlocks


def make_blocks(capacity: int = 4) -> CounterBlocks:
    buffer = memoryview(bytearray(b"\xff" * (capacity * SLOTS_PER_BLOCK * 8))).cast("Q")
    return CounterBlocks(buffer, capacity)


def allocate(blocks: CounterBlocks, kind: BlockKind, parent: int) -> int:
    index = blocks.allocate(kind, parent)
    assert index is not None
    return index


def test_a_new_buffer_is_cleared_and_names_the_relays_block() -> None:
    blocks = make_blocks(3)
    assert blocks.value(RELAY_BLOCK, BlockSlot.KIND) == BlockKind.RELAY
    assert blocks.value(RELAY_BLOCK, CAPACITY) == 3
    assert blocks.serial(RELAY_BLOCK) == 1
    assert TunnelCounters.from_block(blocks.slots, RELAY_BLOCK).received == 0
    assert blocks.value(2, BlockSlot.KIND) == BlockKind.FREE


def test_an_allocated_block_is_zeroed_and_says_what_it_is() -> None:
    blocks = make_blocks()
    room = allocate(blocks, BlockKind.ROOM, RELAY_BLOCK)
    peer = allocate(blocks, BlockKind.PEER, room)
    assert blocks.value(peer, BlockSlot.KIND) == BlockKind.PEER
    assert blocks.value(peer, BlockSlot.PARENT) == room
    assert blocks.value(peer, RECEIVED) == 0


def test_the_buffer_says_how_many_blocks_were_ever_in_use() -> None:
    blocks = make_blocks()
    assert blocks.value(RELAY_BLOCK, USED) == 1
    room = allocate(blocks, BlockKind.ROOM, RELAY_BLOCK)
    peer = allocate(blocks, BlockKind.PEER, room)
    blocks.release(peer)
    allocate(blocks, BlockKind.PEER, room)
    assert blocks.value(RELAY_BLOCK, USED) == 3


def test_none_is_given_when_every_block_is_in_use() -> None:
    blocks = make_blocks(3)
    assert blocks.available == 2
    allocate(blocks, BlockKind.ROOM, RELAY_BLOCK)
    allocate(blocks, BlockKind.ROOM, RELAY_BLOCK)
    assert blocks.available == 0
    assert blocks.allocate(BlockKind.ROOM, RELAY_BLOCK) is None


def test_a_released_block_is_free_again_and_its_next_user_has_another_serial() -> None:
    blocks = make_blocks(2)
    first = allocate(blocks, BlockKind.ROOM, RELAY_BLOCK)
    serial = blocks.serial(first)
    blocks.release(first)
    assert blocks.serial(first) == 0
    assert blocks.value(first, BlockSlot.KIND) == BlockKind.FREE
    second = allocate(blocks, BlockKind.ROOM, RELAY_BLOCK)
    assert second == first
    assert blocks.serial(second) > serial


def test_a_released_block_leaves_its_counts_to_its_parent() -> None:
    blocks = make_blocks()
    room = allocate(blocks, BlockKind.ROOM, RELAY_BLOCK)
    peer = allocate(blocks, BlockKind.PEER, room)
    blocks.slots[room * SLOTS_PER_BLOCK + RECEIVED] = 5
    blocks.slots[peer * SLOTS_PER_BLOCK + RECEIVED] = 7
    blocks.slots[peer * SLOTS_PER_BLOCK + QUEUED] = 2
    assert blocks.release(peer) == room
    assert blocks.value(room, RECEIVED) == 12
    assert blocks.value(room, QUEUED) == 2
    assert blocks.release(room) == RELAY_BLOCK
    assert blocks.value(RELAY_BLOCK, RECEIVED) == 12


def test_a_round_trip_time_is_nothing_to_inherit() -> None:
    blocks = make_blocks()
    room = allocate(blocks, BlockKind.ROOM, RELAY_BLOCK)
    blocks.slots[room * SLOTS_PER_BLOCK + ROUND_TRIP_MICROSECONDS] = 25_000
    blocks.release(room)
    assert blocks.value(RELAY_BLOCK, ROUND_TRIP_MICROSECONDS) == 0


def test_the_relays_block_is_never_released() -> None:
    with pytest.raises(ValueError, match="never"):
        make_blocks().release(RELAY_BLOCK)


def test_the_generation_is_odd_while_a_batch_is_counted() -> None:
    blocks = make_blocks()
    assert blocks.slots[GENERATION] == 0
    blocks.begin_batch()
    assert blocks.slots[GENERATION] == 1
    blocks.end_batch()
    assert blocks.slots[GENERATION] == 2


def test_batches_neither_nest_nor_end_twice() -> None:
    blocks = make_blocks()
    with pytest.raises(RuntimeError):
        blocks.end_batch()
    blocks.begin_batch()
    with pytest.raises(RuntimeError):
        blocks.begin_batch()


@pytest.mark.parametrize(
    ("buffer", "capacity"),
    [
        (memoryview(bytearray(SLOTS_PER_BLOCK * 8)), 1),
        (memoryview(bytes(SLOTS_PER_BLOCK * 8)).cast("Q"), 1),
        (memoryview(bytearray(SLOTS_PER_BLOCK * 8)).cast("Q"), 2),
        (memoryview(bytearray(SLOTS_PER_BLOCK * 8)).cast("Q"), 0),
    ],
    ids=["bytes", "read-only", "too short", "no block"],
)
def test_a_buffer_that_cannot_hold_the_blocks_is_refused(buffer: memoryview, capacity: int) -> None:
    with pytest.raises(ValueError):
        CounterBlocks(buffer, capacity)
