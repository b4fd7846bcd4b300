"""The last quarter of an hour of the counters, as rates: bounded, and ready to be drawn.

A look at the shared counters every `SAMPLE_SECONDS` gives an interval: how fast each block counted
in it. An interval keeps 36 bytes for each block that was in use, so that a relay with 1,000 rooms
and 4,000 peers takes 5,001 * 36 * 90 = 16.2 MB; beyond `HISTORY_BYTES` the oldest intervals go
early, and the history says since when it is.
"""

from array import array
from collections import deque
from dataclasses import dataclass
from typing import Final

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
    BlockSlot,
)
from lanparty_relay.admin.snapshot import Snapshot

__all__ = ["HISTORY_BYTES", "HISTORY_SECONDS", "SAMPLE_SECONDS", "CounterHistory", "Series"]

SAMPLE_SECONDS: Final = 10.0
HISTORY_SECONDS: Final = 900.0

HISTORY_BYTES: Final = 67_108_864
"""Most that all intervals keep: a whole quarter of an hour of 20,000 rooms and peers."""

_INTERVALS: Final = round(HISTORY_SECONDS / SAMPLE_SECONDS)
_MICROSECONDS: Final = 1_000_000

_COUNTED: Final[tuple[tuple[int, ...], ...]] = (
    (RECEIVED,),
    (RECEIVED_BYTES,),
    tuple(DROPPED_INGRESS.values()),
    (SENT,),
    (SENT_BYTES,),
    tuple(DROPPED_EGRESS.values()),
)
"""The slots that add up to each rate, in the order of `Series`."""


@dataclass(frozen=True, slots=True)
class Series:
    """What one room, one peer or the relay did, oldest first: an item of each for an interval."""

    begins_at: float | None
    """When the first interval began; None while there is none."""
    ends_at: list[float]
    """When each interval ended, in seconds of the monotonic clock."""
    rates: tuple[list[float], ...]
    """Per second: datagrams received, their bytes, received but not forwarded; copies sent, their
    bytes, chosen but not sent."""
    peers: list[int]
    """Peers below it at each interval's end."""
    round_trip_seconds: list[float | None]
    """A peer's smoothed round-trip time at each interval's end; None before it was measured."""


@dataclass(frozen=True, slots=True)
class _Totals:
    at: float
    serials: list[int]
    counts: tuple[list[int], ...]
    """For each rate, what every block and those below it counted so far."""


@dataclass(frozen=True, slots=True)
class _Interval:
    begins_at: float
    ends_at: float
    serials: "array[int]"
    rates: "tuple[array[float], ...]"
    peers: "array[int]"
    round_trips: "array[int]"
    """In microseconds, as counted."""

    @property
    def size(self) -> int:
        """Its bytes."""
        columns: tuple[array[int] | array[float], ...] = (
            self.serials,
            *self.rates,
            self.peers,
            self.round_trips,
        )
        return sum(column.itemsize * len(column) for column in columns)


class CounterHistory:
    """Keeps intervals; whoever owns it has it take a snapshot every `SAMPLE_SECONDS`.

    A snapshot that comes late makes a longer interval with right rates, not a gap.
    """

    def __init__(self, *, most_bytes: int = HISTORY_BYTES) -> None:
        self._most_bytes: Final = most_bytes
        self._intervals: Final[deque[_Interval]] = deque()
        self._size = 0
        self._last: _Totals | None = None

    @property
    def size(self) -> int:
        """Bytes that the intervals keep."""
        return self._size

    def take(self, snapshot: Snapshot, *, now: float) -> None:
        """End an interval with what the counters are `now`; the first call begins the first one."""
        blocks = _Blocks(snapshot)
        totals = _Totals(now, blocks.serials, tuple(map(blocks.total, _COUNTED)))
        last, self._last = self._last, totals
        if last is not None and now > last.at:
            self._add(_interval(last, totals, blocks))

    def series(self, block: int, serial: int) -> Series:
        """Tell the intervals in which `block` was what has this `serial`; none if it never was."""
        found = [
            interval
            for interval in self._intervals
            if block < len(interval.serials) and interval.serials[block] == serial
        ]
        return Series(
            begins_at=found[0].begins_at if found else None,
            ends_at=[interval.ends_at for interval in found],
            rates=tuple(
                [round(interval.rates[rate][block], 3) for interval in found]
                for rate in range(len(_COUNTED))
            ),
            peers=[interval.peers[block] for interval in found],
            round_trip_seconds=[
                interval.round_trips[block] / _MICROSECONDS or None for interval in found
            ],
        )

    def _add(self, interval: _Interval) -> None:
        self._intervals.append(interval)
        self._size += interval.size
        while self._intervals and (
            len(self._intervals) > _INTERVALS or self._size > self._most_bytes
        ):
            self._size -= self._intervals.popleft().size


class _Blocks:
    """A snapshot by columns: an item of each for a block."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._slots: Final = snapshot.slots
        self.serials: Final = self.column(BlockSlot.SERIAL)
        parents = self.column(BlockSlot.PARENT)
        kinds = list(enumerate(self.column(BlockSlot.KIND)))
        # Peers into their rooms first, then rooms into the relay: each is whole when it is added.
        self._upwards: Final = [
            (block, parents[block])
            for below in (BlockKind.PEER, BlockKind.ROOM)
            for block, kind in kinds
            if kind == below and parents[block] < len(parents)
        ]
        self._peers: Final = [int(kind == BlockKind.PEER) for _, kind in kinds]

    def column(self, slot: int) -> list[int]:
        """Read one slot of every block."""
        return self._slots[slot::SLOTS_PER_BLOCK].tolist()

    def total(self, slots: tuple[int, ...]) -> list[int]:
        """Add up slots of every block, and of the blocks below it."""
        return self._summed(list(map(sum, zip(*map(self.column, slots), strict=True))))

    def peers(self) -> "array[int]":
        """Count the peers below each block."""
        below = self._summed(list(self._peers))
        return array("I", (many - itself for many, itself in zip(below, self._peers, strict=True)))

    def _summed(self, values: list[int]) -> list[int]:
        for block, parent in self._upwards:
            values[parent] += values[block]
        return values


def _interval(before: _Totals, after: _Totals, blocks: _Blocks) -> _Interval:
    seconds = after.at - before.at
    # What wasn't there before began at nothing; so did what took over another's block.
    is_same = list(map(int.__eq__, before.serials, after.serials))
    is_same += [False] * (len(after.serials) - len(is_same))
    return _Interval(
        begins_at=before.at,
        ends_at=after.at,
        serials=array("I", after.serials),
        rates=tuple(
            array("f", _rates(old, new, is_same, seconds))
            for old, new in zip(before.counts, after.counts, strict=True)
        ),
        peers=blocks.peers(),
        round_trips=array("I", blocks.column(ROUND_TRIP_MICROSECONDS)),
    )


def _rates(old: list[int], new: list[int], is_same: list[bool], seconds: float) -> list[float]:
    # Never below nothing: a snapshot that isn't exact may lack what was on its way.
    return [
        max(0, count - old[block] if same else count) / seconds
        for block, (count, same) in enumerate(zip(new, is_same, strict=True))
    ]
