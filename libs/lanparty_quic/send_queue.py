"""What waits for one destination, and what became of it.

    SendQueue       a sub-queue for each flow, served round robin by bytes; a copy that is too large
                    for its way is cut at the last moment, if its user can cut
    OutcomeTally    what became of the copies, added up until the consumer takes it

They hold no engine, no clock and no socket. An engine asks `SendQueue.pop` only for what it can
put into a packet now, so that nothing waits where no bound holds.
"""

from collections import deque
from typing import Final

from lanparty_obs.reasons import EgressDrop
from lanparty_quic.endpoint import ConnectionKey, Cutter, Flow, Outcome
from lanparty_quic.limits import QueueLimits
from lanparty_quic.pool import Pool

__all__ = ["OutcomeTally", "SendQueue"]

_QUANTUM: Final = 1500
"""Bytes that a flow may send in its turn: one largest payload, so each turn sends something
(Shreedhar and Varghese, "Efficient fair queuing using deficit round-robin", 1995)."""

_COPY_OVERHEAD: Final = 64
"""Bytes that a waiting copy costs beside its payload, so that empty payloads are bounded too."""

_AMPLE: Final = 2**40
"""Bytes: a queue that is by itself is bounded by its own limit."""

_SERIAL_MASK: Final = 0xFFFFFFFF

_SERIAL_STRIDE: Final = 0x9E3779B1
"""Between the first serials of neighbouring connections: 2**32 over the golden ratio, and odd, so
that those of as many as there are lie far apart (Knuth, "The Art of Computer Programming", 6.4). A
session that is resumed on another connection keeps its unfinished frames, and must not find the
pieces of a new frame under their serials."""

_MORE: Final = -1
"""In place of a copy's size: a piece after which more of the same copy follows."""


class OutcomeTally:
    """Adds outcomes up by connection, flow and reason, so that a burst is one `Outcome`."""

    def __init__(self) -> None:
        self._sums: dict[tuple[ConnectionKey, Flow, EgressDrop | None], list[int]] = {}

    def count(
        self,
        connection: ConnectionKey,
        flow: Flow,
        reason: EgressDrop | None,
        size: int,
        pieces: int = 0,
    ) -> None:
        """Count one copy of `size` payload bytes; no reason means sent.

        `pieces` of it have left, if it was cut; also a copy that is dropped may have lost some so.
        """
        key = (connection, flow, reason)
        found = self._sums.get(key)
        if found is None:
            found = self._sums[key] = [0, 0, 0, 0]
        found[0] += 1
        found[1] += size
        if pieces:
            found[2] += reason is None
            found[3] += pieces

    def outcomes(self) -> list[Outcome]:
        """Take the sums."""
        if not self._sums:
            return []
        taken, self._sums = self._sums, {}
        return [Outcome(*key, *sums) for key, sums in taken.items()]


class _SubQueue:
    """The copies of one flow, oldest first.

    Each is the time at which it is too old, its payload, and its size for the outcome. Of a copy
    that has been cut the pieces stand there instead, the last one with the size of the copy.
    """

    __slots__ = ("copies", "deficit", "flow", "pieces", "size")

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.copies: deque[tuple[float, bytes, int]] = deque()
        self.size = 0
        self.deficit = _QUANTUM
        self.pieces = 0
        """How many pieces of the oldest copy have left."""


class SendQueue:
    """What waits for one destination. Every pushed copy gets exactly one outcome in the tally.

    Cutting waits until a copy's turn has come, so that its pieces fit the way as it is then. A
    copy is sent when its last piece was taken; if one piece is dropped, so is the rest.
    """

    def __init__(
        self,
        connection: ConnectionKey,
        *,
        limits: QueueLimits,
        budget: int,
        tally: OutcomeTally,
        cutter: Cutter | None = None,
        pool: Pool | None = None,
    ) -> None:
        """Without a `cutter` what is over the budget is dropped. `pool` counts the bytes of all."""
        self._connection = connection
        self._limits = limits
        self._budget = budget
        self._accepted: int | None = None
        self._tally = tally
        self._cutter = cutter
        self._cuts = connection * _SERIAL_STRIDE & _SERIAL_MASK
        self._pool = pool or Pool(_AMPLE)
        self._by_flow: dict[Flow, _SubQueue] = {}
        self._fresh: deque[_SubQueue] = deque()
        self._turns: deque[_SubQueue] = deque()
        self._size = 0
        self._count = 0

    def __len__(self) -> int:
        """Count the copies that wait, those included of which pieces have left."""
        return self._count

    @property
    def budget(self) -> int:
        """Largest payload that may leave: what the path carries, which may change at any time.

        Never more than what the destination accepts.
        """
        return self._budget

    @budget.setter
    def budget(self, budget: int) -> None:
        self._budget = budget if self._accepted is None else min(budget, self._accepted)

    def limit(self, size: int) -> None:
        """Say what the destination accepts, whatever its path carries."""
        self._accepted = size
        self._budget = min(self._budget, size)

    def push(self, flow: Flow, payload: bytes, *, now: float) -> None:
        """Add a copy; without a cutter it is refused if it is over budget.

        On overflow the longest flow loses its oldest.
        """
        length = len(payload)
        if length > self._budget and self._cutter is None:
            self._tally.count(self._connection, flow, EgressDrop.OVER_BUDGET, length)
            return
        queue = self._by_flow.get(flow)
        if queue is None:
            queue = self._by_flow[flow] = _SubQueue(flow)
            self._fresh.append(queue)
        queue.copies.append((now + self._limits.maximum_wait, payload, length))
        cost = length + _COPY_OVERHEAD
        queue.size += cost
        self._size += cost
        self._pool.used += cost
        self._count += 1
        while self._size > min(self._limits.maximum_bytes, max(cost, self._pool.left)):
            longest = max(self._by_flow.values(), key=_size_of)
            self._drop_oldest(longest, EgressDrop.QUEUE_OVERFLOW)

    def next_size(self, *, now: float) -> int | None:
        """Return the length of what `pop` gives next; None when nothing waits that may leave."""
        queue = self._next_flow(now)
        return None if queue is None else len(queue.copies[0][1])

    def pop(self, *, now: float) -> bytes | None:
        """Take the next payload or piece, and count the copy as sent if that was all of it.

        None when nothing waits that may leave.
        """
        queue = self._next_flow(now)
        if queue is None:
            return None
        payload, size = self._take_oldest(queue)
        queue.deficit -= len(payload)
        if size == _MORE:
            queue.pieces += 1
        else:
            pieces = queue.pieces + 1 if queue.pieces else 0
            queue.pieces = 0
            self._tally.count(self._connection, queue.flow, None, size, pieces)
        return payload

    def expire(self, *, now: float) -> None:
        """Drop what has waited too long."""
        for queue in tuple(self._by_flow.values()):
            while queue.copies and queue.copies[0][0] <= now:
                self._drop_oldest(queue, EgressDrop.QUEUE_TIMEOUT)

    def next_deadline(self) -> float | None:
        """When `expire` has something to drop; None while nothing waits."""
        return min(
            (queue.copies[0][0] for queue in self._by_flow.values() if queue.copies), default=None
        )

    def clear(self) -> None:
        """Drop everything: the destination has left."""
        for queue in tuple(self._by_flow.values()):
            while queue.copies:
                self._drop_oldest(queue, EgressDrop.DESTINATION_LEFT)

    def _next_flow(self, now: float) -> _SubQueue | None:
        """Find the flow whose turn it is, dropping what is too old, cutting what is too large.

        A flow that had nothing waiting comes first, once: what sends little never waits for the
        turns of those that send much. One that has emptied stays in line until its next turn, so
        that coming and going gains nothing (RFC 8290 sections 4.1 and 4.2).
        """
        while waiting := self._fresh or self._turns:
            queue = waiting[0]
            if not queue.copies:
                waiting.popleft()
                if waiting is self._fresh:
                    self._turns.append(queue)
                else:
                    del self._by_flow[queue.flow]
                continue
            expires, payload, _ = queue.copies[0]
            if expires <= now:
                self._drop_oldest(queue, EgressDrop.QUEUE_TIMEOUT)
            elif len(payload) > self._budget:
                self._cut_oldest(queue)
            elif queue.deficit >= len(payload):
                return queue
            else:
                queue.deficit += _QUANTUM
                waiting.popleft()
                self._turns.append(queue)
        return None

    def _cut_oldest(self, queue: _SubQueue) -> None:
        """Put pieces in the place of a copy, or of a piece, that is over budget."""
        expires, payload, size = queue.copies[0]
        pieces = self._cutter(payload, self._budget, self._cuts) if self._cutter else ()
        if not pieces or max(map(len, pieces)) > self._budget:
            self._drop_oldest(queue, EgressDrop.OVER_BUDGET)
            return
        self._cuts = (self._cuts + 1) & _SERIAL_MASK
        *others, last = pieces
        queue.copies[0] = (expires, last, size)
        queue.copies.extendleft((expires, piece, _MORE) for piece in reversed(others))
        more = sum(map(len, pieces)) + _COPY_OVERHEAD * len(others) - len(payload)
        queue.size += more
        self._size += more
        self._pool.used += more

    def _drop_oldest(self, queue: _SubQueue, reason: EgressDrop) -> None:
        size = _MORE
        while size == _MORE:
            _, size = self._take_oldest(queue)
        self._tally.count(self._connection, queue.flow, reason, size, queue.pieces)
        queue.pieces = 0

    def _take_oldest(self, queue: _SubQueue) -> tuple[bytes, int]:
        _, payload, size = queue.copies.popleft()
        cost = len(payload) + _COPY_OVERHEAD
        queue.size -= cost
        self._size -= cost
        self._pool.used -= cost
        if size != _MORE:
            self._count -= 1
        if not self._count:
            # Nobody waits: all are level, and the next to come is first.
            self._by_flow.clear()
            self._fresh.clear()
            self._turns.clear()
        return payload, size


def _size_of(queue: _SubQueue) -> int:
    return queue.size
