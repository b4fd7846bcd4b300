"""The queues around an engine: copies that wait to be sent, and packets that wait to be taken in.

    SendQueue       one destination: a sub-queue for each flow, served round robin by bytes
    OutcomeTally    what became of the copies, added up until the consumer takes it
    IngressQueues   one endpoint: a bounded queue for each connection, served by turns of work

They hold no engine, no clock and no socket. An engine asks `SendQueue.pop` only for what it can
put into a packet now, so that nothing waits where no bound holds.
"""

from collections import deque
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

from lanparty_obs.reasons import EgressDrop
from lanparty_quic.endpoint import ConnectionKey, Flow, Outcome
from lanparty_quic.limits import QueueLimits

__all__ = ["IngressQueues", "OutcomeTally", "SendQueue"]

_QUANTUM: Final = 1500
"""Bytes that a flow may send in its turn: one largest payload, so each turn sends something
(Shreedhar and Varghese, "Efficient fair queuing using deficit round-robin", 1995)."""

_COPY_OVERHEAD: Final = 64
"""Bytes that a waiting copy costs beside its payload, so that empty payloads are bounded too."""

_WORK_QUANTUM: Final = 4
"""Packets that a connection may bring in its turn; a few, so that their answers share packets."""


class OutcomeTally:
    """Adds outcomes up by connection, flow and reason, so that a burst is one `Outcome`."""

    def __init__(self) -> None:
        self._sums: dict[tuple[ConnectionKey, Flow, EgressDrop | None], list[int]] = {}

    def count(
        self, connection: ConnectionKey, flow: Flow, reason: EgressDrop | None, size: int
    ) -> None:
        """Count one copy of `size` payload bytes; no reason means sent."""
        key = (connection, flow, reason)
        found = self._sums.get(key)
        if found is None:
            self._sums[key] = [1, size]
        else:
            found[0] += 1
            found[1] += size

    def outcomes(self) -> list[Outcome]:
        """Take the sums."""
        if not self._sums:
            return []
        taken, self._sums = self._sums, {}
        return [Outcome(*key, count, size) for key, (count, size) in taken.items()]


class _SubQueue:
    """The copies of one flow, oldest first, each with the time at which it is too old."""

    __slots__ = ("copies", "deficit", "flow", "size")

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.copies: deque[tuple[float, bytes]] = deque()
        self.size = 0
        self.deficit = _QUANTUM


class SendQueue:
    """What waits for one destination. Every pushed copy gets exactly one outcome in the tally."""

    def __init__(
        self, connection: ConnectionKey, *, limits: QueueLimits, budget: int, tally: OutcomeTally
    ) -> None:
        self.budget = budget
        """Largest payload that the destination's path carries; may change at any time."""
        self._connection = connection
        self._limits = limits
        self._tally = tally
        self._by_flow: dict[Flow, _SubQueue] = {}
        self._turns: deque[_SubQueue] = deque()
        self._size = 0
        self._count = 0

    def __len__(self) -> int:
        """Count the copies that wait."""
        return self._count

    def push(self, flow: Flow, payload: bytes, *, now: float) -> None:
        """Add a copy. Over budget it is refused; on overflow the longest flow loses its oldest."""
        length = len(payload)
        if length > self.budget:
            self._tally.count(self._connection, flow, EgressDrop.OVER_BUDGET, length)
            return
        queue = self._by_flow.get(flow)
        if queue is None:
            queue = self._by_flow[flow] = _SubQueue(flow)
            self._turns.append(queue)
        queue.copies.append((now + self._limits.maximum_wait, payload))
        cost = length + _COPY_OVERHEAD
        queue.size += cost
        self._size += cost
        self._count += 1
        while self._size > self._limits.maximum_bytes:
            longest = max(self._turns, key=_size_of)
            self._drop_oldest(longest, EgressDrop.QUEUE_OVERFLOW)

    def next_size(self, *, now: float) -> int | None:
        """Return the length of what `pop` gives next; None when nothing waits that may leave."""
        queue = self._next_flow(now)
        return None if queue is None else len(queue.copies[0][1])

    def pop(self, *, now: float) -> bytes | None:
        """Take the next payload and count it as sent; None when nothing waits that may leave."""
        queue = self._next_flow(now)
        if queue is None:
            return None
        payload = self._take_oldest(queue)
        queue.deficit -= len(payload)
        self._tally.count(self._connection, queue.flow, None, len(payload))
        return payload

    def expire(self, *, now: float) -> None:
        """Drop what has waited too long."""
        for queue in tuple(self._turns):
            while queue.copies and queue.copies[0][0] <= now:
                self._drop_oldest(queue, EgressDrop.QUEUE_TIMEOUT)

    def next_deadline(self) -> float | None:
        """When `expire` has something to drop; None while nothing waits."""
        return min((queue.copies[0][0] for queue in self._turns), default=None)

    def clear(self) -> None:
        """Drop everything: the destination has left."""
        while self._turns:
            self._drop_oldest(self._turns[0], EgressDrop.DESTINATION_LEFT)

    def _next_flow(self, now: float) -> _SubQueue | None:
        """Find the flow whose turn it is, dropping what is too old or too large on the way."""
        turns = self._turns
        while turns:
            queue = turns[0]
            expires, payload = queue.copies[0]
            if expires <= now:
                self._drop_oldest(queue, EgressDrop.QUEUE_TIMEOUT)
            elif len(payload) > self.budget:
                self._drop_oldest(queue, EgressDrop.OVER_BUDGET)
            elif queue.deficit >= len(payload):
                return queue
            else:
                queue.deficit += _QUANTUM
                turns.rotate(-1)
        return None

    def _drop_oldest(self, queue: _SubQueue, reason: EgressDrop) -> None:
        size = len(self._take_oldest(queue))
        self._tally.count(self._connection, queue.flow, reason, size)

    def _take_oldest(self, queue: _SubQueue) -> bytes:
        payload = queue.copies.popleft()[1]
        cost = len(payload) + _COPY_OVERHEAD
        queue.size -= cost
        self._size -= cost
        self._count -= 1
        if not queue.copies:
            # A flow that comes back starts afresh: an idle one saves up no turns.
            del self._by_flow[queue.flow]
            self._turns.remove(queue)
        return payload


def _size_of(queue: _SubQueue) -> int:
    return queue.size


KeyT = TypeVar("KeyT", bound=Hashable)
PacketT = TypeVar("PacketT")


class _Arrivals(Generic[PacketT]):
    """What waits to be taken in from one connection, and the work it may still cause."""

    __slots__ = ("credit", "packets")

    def __init__(self) -> None:
        self.packets: deque[PacketT] = deque()
        self.credit = _WORK_QUANTUM


class IngressQueues(Generic[KeyT, PacketT]):
    """Packets that wait for their connection's turn, so that one flooder can't starve others.

    A turn is measured in work: a packet counts one, and `charge` adds what it caused beyond that
    (a broadcast counts its copies). A connection that owes work is passed over while others wait,
    and gets its share again with every round. When nobody waits any more, all debts are forgotten.
    """

    def __init__(self, *, capacity: int, total_capacity: int) -> None:
        """`capacity` bounds the packets of one connection, `total_capacity` those of all."""
        self._capacity = capacity
        self._total_capacity = total_capacity
        self._by_key: dict[KeyT, _Arrivals[PacketT]] = {}
        self._turns: deque[KeyT] = deque()
        self._debts: dict[KeyT, int] = {}
        self._count = 0

    def __len__(self) -> int:
        """Count the packets that wait."""
        return self._count

    def push(self, key: KeyT, packet: PacketT, *, beyond_capacity: bool = False) -> bool:
        """Add a packet for a connection; False, and nothing added, when there is no room.

        `beyond_capacity` adds it all the same, for what its sender bounds by a window.
        """
        if self._count >= self._total_capacity and not beyond_capacity:
            return False
        arrivals = self._by_key.get(key)
        if arrivals is None:
            arrivals = self._by_key[key] = _Arrivals()
            arrivals.credit -= self._debts.pop(key, 0)
            self._turns.append(key)
        elif len(arrivals.packets) >= self._capacity and not beyond_capacity:
            return False
        arrivals.packets.append(packet)
        self._count += 1
        return True

    def charge(self, key: KeyT, work: int) -> None:
        """Count work that a connection's packets caused beyond being taken in."""
        arrivals = self._by_key.get(key)
        if arrivals is None:
            self._debts[key] = self._debts.get(key, 0) + work
        else:
            arrivals.credit -= work

    def take(self, limit: int) -> list[tuple[KeyT, PacketT]]:
        """Take at most `limit` packets, by turns; packets of one connection stay in order."""
        taken: list[tuple[KeyT, PacketT]] = []
        turns = self._turns
        passed_over = 0
        while turns and len(taken) < limit:
            key = turns[0]
            arrivals = self._by_key[key]
            if arrivals.credit <= 0:
                arrivals.credit += _WORK_QUANTUM
                turns.rotate(-1)
                passed_over += 1
                if passed_over >= len(turns):
                    self._skip_idle_rounds()
                    passed_over = 0
                continue
            passed_over = 0
            taken.append((key, arrivals.packets.popleft()))
            arrivals.credit -= 1
            if not arrivals.packets:
                turns.popleft()
                del self._by_key[key]
                if arrivals.credit < 0:
                    self._debts[key] = -arrivals.credit
        self._count -= len(taken)
        if not turns:
            self._debts.clear()
        return taken

    def _skip_idle_rounds(self) -> None:
        """Go at once through the rounds in which all who wait only pay off what they owe."""
        least_owed = min(-arrivals.credit for arrivals in self._by_key.values())
        if least_owed >= 0:
            rounds = least_owed // _WORK_QUANTUM + 1
            for arrivals in self._by_key.values():
                arrivals.credit += rounds * _WORK_QUANTUM

    def forget(self, key: KeyT) -> int:
        """Drop what waits from a connection that is gone; return how many packets that were."""
        self._debts.pop(key, None)
        arrivals = self._by_key.pop(key, None)
        if arrivals is None:
            return 0
        self._turns.remove(key)
        dropped = len(arrivals.packets)
        self._count -= dropped
        return dropped
