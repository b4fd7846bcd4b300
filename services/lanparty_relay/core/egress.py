"""What became of chosen copies, counted for whoever they were for, also after it left.

A copy has its outcome later than its choice, and its destination may have left in between. The
counts of who left are in its room's block by then (or in the relay's, if the room went too), the
number of copies still queued among them. So the ledger remembers for each departed connection
which block inherited, until its last copy has had its outcome: conservation holds in each block
at every moment, and nothing waits for the outcomes.
"""

from collections.abc import Iterable
from typing import Final

from lanparty_obs.counters import (
    CUT,
    DROPPED_EGRESS,
    PIECES,
    QUEUED,
    SENT,
    SENT_BYTES,
    SLOTS_PER_BLOCK,
)
from lanparty_quic.endpoint import ConnectionKey, Outcome
from lanparty_relay.core.blocks import RELAY_BLOCK, CounterBlocks
from lanparty_relay.core.members import Member
from lanparty_relay.core.rooms import Departure

__all__ = ["EgressLedger"]


class EgressLedger:
    """Counts outcomes. Told of every join and, at once, of every departure."""

    def __init__(self, blocks: CounterBlocks) -> None:
        self._slots: Final = blocks.slots
        self._block_of: dict[ConnectionKey, int] = {}
        """Of members, and of departed connections that still have copies queued."""
        self._still_queued: dict[ConnectionKey, int] = {}
        """Of departed connections alone."""

    def __len__(self) -> int:
        return len(self._block_of)

    def member_joined(self, member: Member) -> None:
        """Count the connection's outcomes in the member's block from now on."""
        self._block_of[member.connection] = member.block

    def member_left(self, departure: Departure) -> None:
        """Count outstanding outcomes in the block that inherited, and forget it after the last."""
        connection = departure.member.connection
        if departure.copies_queued:
            self._block_of[connection] = departure.heir_block
            self._still_queued[connection] = departure.copies_queued
        else:
            del self._block_of[connection]
        if departure.room_closed:
            self.room_closed(departure.member.room.block)

    def room_closed(self, block: int) -> None:
        """Let the relay's block inherit what still comes for members that left this room."""
        for connection in self._still_queued:
            if self._block_of[connection] == block:
                self._block_of[connection] = RELAY_BLOCK

    def handle_outcomes(self, outcomes: Iterable[Outcome]) -> None:
        """Count each outcome. One for a copy that was never queued is a bug and raises."""
        slots = self._slots
        for outcome in outcomes:
            base = self._block_of[outcome.connection] * SLOTS_PER_BLOCK
            slots[base + QUEUED] -= outcome.count
            if outcome.reason is None:
                slots[base + SENT] += outcome.count
                slots[base + SENT_BYTES] += outcome.size
            else:
                slots[base + DROPPED_EGRESS[outcome.reason]] += outcome.count
            if outcome.pieces:
                slots[base + CUT] += outcome.cut
                slots[base + PIECES] += outcome.pieces
            if outcome.connection in self._still_queued:
                self._count_off(outcome.connection, outcome.count)

    def _count_off(self, connection: ConnectionKey, count: int) -> None:
        left = self._still_queued[connection] - count
        if left < 0:
            raise ValueError("more outcomes than copies were queued")
        if left:
            self._still_queued[connection] = left
        else:
            del self._still_queued[connection]
            del self._block_of[connection]
