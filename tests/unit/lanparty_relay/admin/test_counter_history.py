from collections.abc import Iterator
from itertools import count

import pytest

from lanparty_obs.counters import (
    DROPPED_EGRESS,
    DROPPED_INGRESS,
    RECEIVED,
    RECEIVED_BYTES,
    ROUND_TRIP_MICROSECONDS,
    SENT,
    SENT_BYTES,
    SLOTS_PER_BLOCK,
    BlockKind,
)
from lanparty_obs.reasons import EgressDrop, IngressDrop
from lanparty_relay.admin.counter_history import (
    HISTORY_SECONDS,
    SAMPLE_SECONDS,
    CounterHistory,
    Series,
)
from lanparty_relay.admin.snapshot import SnapshotReader
from lanparty_relay.core import RELAY_BLOCK, CounterBlocks

BLOCKS = 8


class Counting:
    """A relay's counters, and a history of them that looks when it is told."""

    def __init__(self, history: CounterHistory) -> None:
        self.slots = memoryview(bytearray(8 * SLOTS_PER_BLOCK * BLOCKS)).cast("Q")
        self.blocks = CounterBlocks(self.slots, BLOCKS)
        self.history = history
        self.room = self.allocate(BlockKind.ROOM, RELAY_BLOCK)
        self.peer = self.allocate(BlockKind.PEER, self.room)

    def allocate(self, kind: BlockKind, parent: int) -> int:
        block = self.blocks.allocate(kind, parent)
        assert block is not None
        return block

    def add(self, block: int, slot: int, value: int) -> None:
        self.slots[block * SLOTS_PER_BLOCK + slot] += value

    def look(self, now: float) -> None:
        self.history.take(SnapshotReader(self.slots).copy(), now=now)

    def series(self, block: int) -> Series:
        return self.history.series(block, self.blocks.serial(block))


@pytest.fixture
def counting() -> Counting:
    return Counting(CounterHistory())


@pytest.fixture
def moments() -> Iterator[float]:
    return (SAMPLE_SECONDS * number for number in count())


def test_before_the_second_look_there_is_no_interval(counting: Counting) -> None:
    counting.look(100.0)
    series = counting.series(counting.peer)
    assert (series.begins_at, series.ends_at) == (None, [])
    assert series.rates == ([], [], [], [], [], [])


def test_what_was_counted_between_two_looks_is_told_a_second(counting: Counting) -> None:
    counting.look(100.0)
    for slot, value in {
        RECEIVED: 20,
        RECEIVED_BYTES: 2000,
        DROPPED_INGRESS[IngressDrop.GUARD]: 3,
        DROPPED_INGRESS[IngressDrop.RUNT]: 2,
        SENT: 40,
        SENT_BYTES: 4000,
        DROPPED_EGRESS[EgressDrop.QUEUE_TIMEOUT]: 5,
        DROPPED_EGRESS[EgressDrop.QUEUE_OVERFLOW]: 10,
    }.items():
        counting.add(counting.peer, slot, value)
    counting.look(110.0)
    series = counting.series(counting.peer)
    assert (series.begins_at, series.ends_at) == (100.0, [110.0])
    assert series.rates == ([2.0], [200.0], [0.5], [4.0], [400.0], [1.5])


def test_a_late_look_makes_a_longer_interval_with_the_right_rate(counting: Counting) -> None:
    counting.look(100.0)
    counting.add(counting.peer, RECEIVED, 60)
    counting.look(130.0)
    assert counting.series(counting.peer).rates[0] == [2.0]


def test_a_second_look_at_the_same_moment_is_no_interval(counting: Counting) -> None:
    counting.look(100.0)
    counting.look(100.0)
    assert counting.series(counting.peer).ends_at == []


def test_room_and_relay_have_what_their_peers_counted(counting: Counting) -> None:
    other = counting.allocate(BlockKind.PEER, counting.room)
    counting.look(0.0)
    counting.add(counting.peer, RECEIVED, 10)
    counting.add(other, RECEIVED, 30)
    counting.look(10.0)
    assert counting.series(counting.room).rates[0] == [4.0]
    assert counting.series(RELAY_BLOCK).rates[0] == [4.0]


def test_a_leave_takes_nothing_from_the_rates_of_its_room(counting: Counting) -> None:
    counting.add(counting.peer, RECEIVED, 1000)
    counting.look(0.0)
    counting.add(counting.peer, RECEIVED, 10)
    counting.blocks.release(counting.peer)
    counting.look(10.0)
    assert counting.series(counting.room).rates[0] == [1.0]
    assert counting.series(RELAY_BLOCK).rates[0] == [1.0]


def test_peers_below_are_told_at_each_intervals_end(counting: Counting) -> None:
    counting.look(0.0)
    counting.allocate(BlockKind.PEER, counting.room)
    counting.look(10.0)
    counting.blocks.release(counting.peer)
    counting.look(20.0)
    assert counting.series(counting.room).peers == [2, 1]
    assert counting.series(RELAY_BLOCK).peers == [2, 1]


def test_the_round_trip_is_unknown_until_it_was_measured(counting: Counting) -> None:
    counting.look(0.0)
    counting.look(10.0)
    counting.add(counting.peer, ROUND_TRIP_MICROSECONDS, 25_000)
    counting.look(20.0)
    assert counting.series(counting.peer).round_trip_seconds == [None, 0.025]


def test_who_came_between_two_looks_began_at_nothing(counting: Counting) -> None:
    counting.look(0.0)
    newcomer = counting.allocate(BlockKind.PEER, counting.room)
    counting.add(newcomer, RECEIVED, 10)
    counting.look(10.0)
    assert counting.series(newcomer).rates[0] == [1.0]


def test_who_uses_a_block_after_another_does_not_get_its_past(counting: Counting) -> None:
    counting.look(0.0)
    counting.add(counting.peer, RECEIVED, 500)
    counting.look(10.0)
    counting.blocks.release(counting.peer)
    successor = counting.allocate(BlockKind.PEER, counting.room)
    assert successor == counting.peer
    counting.add(successor, RECEIVED, 20)
    counting.look(20.0)
    series = counting.series(successor)
    assert (series.ends_at, series.rates[0]) == ([20.0], [2.0])


def test_a_copy_that_lacks_what_is_on_its_way_makes_no_negative_rate(counting: Counting) -> None:
    counting.add(counting.peer, RECEIVED, 10)
    counting.look(0.0)
    counting.slots[counting.peer * SLOTS_PER_BLOCK + RECEIVED] = 7
    counting.look(10.0)
    assert counting.series(counting.peer).rates[0] == [0.0]


def test_it_is_kept_for_a_quarter_of_an_hour(counting: Counting, moments: Iterator[float]) -> None:
    for moment, _ in zip(moments, range(200), strict=False):
        counting.look(moment)
    series = counting.series(RELAY_BLOCK)
    assert series.begins_at is not None
    assert series.ends_at[-1] == 199 * SAMPLE_SECONDS
    assert series.ends_at[-1] - series.begins_at == HISTORY_SECONDS


def test_its_memory_is_bounded_and_it_says_since_when_it_is(moments: Iterator[float]) -> None:
    counting = Counting(CounterHistory(most_bytes=1000))
    for moment, _ in zip(moments, range(200), strict=False):
        counting.look(moment)
        assert counting.history.size <= 1000
    series = counting.series(RELAY_BLOCK)
    assert len(series.ends_at) == 1000 // (36 * 3)
    assert series.begins_at == series.ends_at[0] - SAMPLE_SECONDS


def test_a_large_relay_takes_the_bytes_that_are_written_down() -> None:
    blocks = 1 + 1000 + 4000
    slots = memoryview(bytearray(8 * SLOTS_PER_BLOCK * blocks)).cast("Q")
    owner = CounterBlocks(slots, blocks)
    rooms = [owner.allocate(BlockKind.ROOM, RELAY_BLOCK) for _ in range(1000)]
    for number in range(4000):
        room = rooms[number % 1000]
        assert room is not None
        owner.allocate(BlockKind.PEER, room)
    history = CounterHistory()
    for number in range(3):
        history.take(SnapshotReader(slots).copy(), now=10.0 * number)
    assert history.size == 2 * 36 * 5001
