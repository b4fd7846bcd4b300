import random

import pytest

from lanparty_obs.counters import RECEIVED, SLOTS_PER_BLOCK, BlockKind, TunnelCounters
from lanparty_relay.admin.snapshot import SnapshotReader
from lanparty_relay.core import RELAY_BLOCK, CounterBlocks

BLOCKS = 64


@pytest.fixture
def slots() -> memoryview:
    return memoryview(bytearray(8 * SLOTS_PER_BLOCK * BLOCKS)).cast("Q")


@pytest.fixture
def blocks(slots: memoryview) -> CounterBlocks:
    return CounterBlocks(slots, BLOCKS)


def allocate(blocks: CounterBlocks, kind: BlockKind, parent: int) -> int:
    index = blocks.allocate(kind, parent)
    assert index is not None
    return index


def count(blocks: CounterBlocks, index: int, received: int) -> None:
    blocks.slots[index * SLOTS_PER_BLOCK + RECEIVED] += received


def test_a_copy_between_batches_is_exact(slots: memoryview, blocks: CounterBlocks) -> None:
    blocks.begin_batch()
    blocks.end_batch()
    snapshot = SnapshotReader(slots).copy()
    assert snapshot.exact
    assert snapshot.generation == 2


def test_a_copy_within_a_batch_is_not(slots: memoryview, blocks: CounterBlocks) -> None:
    blocks.begin_batch()
    assert not SnapshotReader(slots).copy().exact


async def test_reading_tries_again_until_the_batch_is_over(
    slots: memoryview, blocks: CounterBlocks
) -> None:
    blocks.begin_batch()
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            blocks.end_batch()

    snapshot = await SnapshotReader(slots).read(sleep)
    assert snapshot.exact
    assert len(pauses) == 3


async def test_reading_gives_up_after_a_bounded_time_and_says_so(
    slots: memoryview, blocks: CounterBlocks
) -> None:
    blocks.begin_batch()
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    snapshot = await SnapshotReader(slots).read(sleep)
    assert not snapshot.exact
    assert sum(pauses) < 0.1


def test_a_snapshot_does_not_change_with_the_counters(
    slots: memoryview, blocks: CounterBlocks
) -> None:
    snapshot = SnapshotReader(slots).copy()
    count(blocks, RELAY_BLOCK, 5)
    assert snapshot.own(RELAY_BLOCK).received == 0


def test_only_the_blocks_that_were_used_are_copied(
    slots: memoryview, blocks: CounterBlocks
) -> None:
    allocate(blocks, BlockKind.ROOM, RELAY_BLOCK)
    assert len(SnapshotReader(slots).copy().slots) == 2 * SLOTS_PER_BLOCK


def test_totals_are_a_block_and_all_below_it(slots: memoryview, blocks: CounterBlocks) -> None:
    room = allocate(blocks, BlockKind.ROOM, RELAY_BLOCK)
    other = allocate(blocks, BlockKind.ROOM, RELAY_BLOCK)
    peers = [allocate(blocks, BlockKind.PEER, room) for _ in range(3)]
    for number, index in enumerate([RELAY_BLOCK, room, other, *peers]):
        count(blocks, index, 10**number)
    snapshot = SnapshotReader(slots).copy()
    assert snapshot.own(peers[0]).received == 1_000
    assert snapshot.total(peers[0]).received == 1_000
    assert snapshot.own(room).received == 10
    assert snapshot.total(room).received == 111_010
    assert snapshot.total(other).received == 100
    assert snapshot.total(RELAY_BLOCK).received == 111_111


def test_no_total_falls_when_peers_and_rooms_come_and_go(
    slots: memoryview, blocks: CounterBlocks
) -> None:
    draw = random.Random(1)
    rooms: dict[int, list[int]] = {}
    counted = 0
    for _ in range(500):
        room = draw.choice(list(rooms)) if rooms else None
        match draw.randrange(4):
            case 0 if blocks.available > 0:
                rooms[allocate(blocks, BlockKind.ROOM, RELAY_BLOCK)] = []
            case 1 if room is not None and blocks.available > 0:
                rooms[room].append(allocate(blocks, BlockKind.PEER, room))
            case 2 if room is not None and rooms[room]:
                count(blocks, draw.choice(rooms[room]), 3)
                counted += 3
            case 3 if room is not None and draw.random() < 0.5:
                for peer in rooms.pop(room):
                    blocks.release(peer)
                blocks.release(room)
        snapshot = SnapshotReader(slots).copy()
        assert snapshot.total(RELAY_BLOCK).received == counted


def test_a_free_or_unknown_block_has_no_serial(slots: memoryview, blocks: CounterBlocks) -> None:
    room = allocate(blocks, BlockKind.ROOM, RELAY_BLOCK)
    assert SnapshotReader(slots).copy().serial(room) == blocks.serial(room)
    blocks.release(room)
    snapshot = SnapshotReader(slots).copy()
    assert snapshot.serial(room) == 0
    assert snapshot.serial(BLOCKS - 1) == 0
    assert snapshot.total(RELAY_BLOCK) == snapshot.own(RELAY_BLOCK) + TunnelCounters()
