"""Counter blocks in fixed-index slots, and the values that people and programs read from them.

The relay counts in a flat buffer of 64-bit slots, `SLOTS_PER_BLOCK` to a block. Block 0 is the
relay's; every room and every admitted peer has one more. The buffer may be shared memory: the
reader needs no question, only `BlockSlot` to know what a block is and `GENERATION` to know that
its copy is exact.

    block 0 (relay)     generation, capacity, used, then what departed rooms counted
    block n (room)      serial, kind, parent, then what departed members counted
    block m (peer)      serial, kind, parent (the room's block), then what this peer counted

The hot path writes only peer blocks. When a peer leaves, its block is added to its room's; when a
room goes, its block is added to the relay's. A total is therefore a block plus the blocks below
it, and never falls. Conservation (docs/protocol.md, "Counters"):

    ingress  received = sum(forwarded by cast) + sum(dropped by IngressDrop)
    egress   chosen   = sent + sum(dropped by EgressDrop) + queued

The unit is the overlay datagram as received, also where it leaves in pieces. These are counted
apart, so that what the peer got can be told as well:

    datagrams that left for the peer = sent - cut + pieces
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Self

from lanparty_obs.reasons import Cast, EgressDrop, IngressDrop

__all__ = [
    "CAPACITY",
    "CHOSEN",
    "CUT",
    "DROPPED_EGRESS",
    "DROPPED_INGRESS",
    "FORWARDED",
    "GENERATION",
    "PIECES",
    "QUEUED",
    "RECEIVED",
    "RECEIVED_BYTES",
    "ROUND_TRIP_MICROSECONDS",
    "SENT",
    "SENT_BYTES",
    "SLOTS_PER_BLOCK",
    "USED",
    "BlockKind",
    "BlockSlot",
    "TunnelCounters",
]

SLOTS_PER_BLOCK: Final = 64
"""512 bytes a block: room for a new reason without moving every reader."""

GENERATION: Final = 3
"""In block 0 only: odd while a batch is being counted, even when the buffer is exact."""

CAPACITY: Final = 4
"""In block 0 only: how many blocks the buffer holds, block 0 included."""

USED: Final = 5
"""In block 0 only: how many blocks from the first on were ever used; a reader copies no more."""


class BlockKind(IntEnum):
    """What a block counts for; stored in `BlockSlot.KIND`."""

    FREE = 0
    RELAY = 1
    ROOM = 2
    PEER = 3


class BlockSlot(IntEnum):
    """The slots that say what a block is, at the same place in every block."""

    SERIAL = 0
    """A number never given twice while the relay runs; 0 in a free block."""
    KIND = 1
    PARENT = 2
    """Index of the block that inherits this one's counts: peer -> room -> relay (0)."""


# Slots of every block from 8 on. Plain integers, because the forwarding loop indexes with them.
RECEIVED: Final = 8
RECEIVED_BYTES: Final = 9
CHOSEN: Final = 10
SENT: Final = 11
SENT_BYTES: Final = 12
QUEUED: Final = 13
"""Gauge: copies chosen for this destination, neither sent nor dropped yet."""
ROUND_TRIP_MICROSECONDS: Final = 14
"""Gauge: the smoothed round-trip time of the peer's connection; 0 until measured."""

FORWARDED: Final[Mapping[Cast, int]] = {cast: 16 + n for n, cast in enumerate(Cast)}
DROPPED_INGRESS: Final[Mapping[IngressDrop, int]] = {
    reason: 24 + n for n, reason in enumerate(IngressDrop)
}
DROPPED_EGRESS: Final[Mapping[EgressDrop, int]] = {
    reason: 48 + n for n, reason in enumerate(EgressDrop)
}
CUT: Final = 56
"""Copies among `SENT` that left in pieces, because they were over the destination's budget."""
PIECES: Final = 57
"""Pieces that left for copies that had been cut, also if the rest of such a copy was dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelCounters:
    """What one peer, room or relay counted: shared by control messages, the API and metrics.

    Directions are the relay's: *received* from the peer, *sent* to it. Units are overlay
    datagrams and their bytes, header included.
    """

    received: int = 0
    received_bytes: int = 0
    forwarded: Mapping[Cast, int] = field(default_factory=dict)
    dropped_ingress: Mapping[IngressDrop, int] = field(default_factory=dict)
    chosen: int = 0
    sent: int = 0
    sent_bytes: int = 0
    dropped_egress: Mapping[EgressDrop, int] = field(default_factory=dict)
    queued: int = 0
    cut: int = 0
    pieces: int = 0

    @classmethod
    def from_block(cls, slots: memoryview | Sequence[int], index: int) -> Self:
        """Read one block of a buffer. Total of a room or relay: the sum with the blocks below."""
        base = index * SLOTS_PER_BLOCK
        return cls(
            received=slots[base + RECEIVED],
            received_bytes=slots[base + RECEIVED_BYTES],
            forwarded={cast: slots[base + slot] for cast, slot in FORWARDED.items()},
            dropped_ingress={r: slots[base + slot] for r, slot in DROPPED_INGRESS.items()},
            chosen=slots[base + CHOSEN],
            sent=slots[base + SENT],
            sent_bytes=slots[base + SENT_BYTES],
            dropped_egress={r: slots[base + slot] for r, slot in DROPPED_EGRESS.items()},
            queued=slots[base + QUEUED],
            cut=slots[base + CUT],
            pieces=slots[base + PIECES],
        )

    @property
    def datagrams_sent(self) -> int:
        """What left for the peer, in datagrams: what it counts itself, if none was lost."""
        return self.sent - self.cut + self.pieces

    def __add__(self, other: "TunnelCounters") -> "TunnelCounters":
        """Add slot by slot."""
        return TunnelCounters(
            received=self.received + other.received,
            received_bytes=self.received_bytes + other.received_bytes,
            forwarded={c: self.forwarded.get(c, 0) + other.forwarded.get(c, 0) for c in Cast},
            dropped_ingress={
                r: self.dropped_ingress.get(r, 0) + other.dropped_ingress.get(r, 0)
                for r in IngressDrop
            },
            chosen=self.chosen + other.chosen,
            sent=self.sent + other.sent,
            sent_bytes=self.sent_bytes + other.sent_bytes,
            dropped_egress={
                r: self.dropped_egress.get(r, 0) + other.dropped_egress.get(r, 0)
                for r in EgressDrop
            },
            queued=self.queued + other.queued,
            cut=self.cut + other.cut,
            pieces=self.pieces + other.pieces,
        )
