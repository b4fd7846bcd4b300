"""What waits to be taken in: a bounded queue for each connection, served by turns of work."""

from collections import deque
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

__all__ = ["IngressQueues"]

_WORK_QUANTUM: Final = 4
"""Packets that a connection may bring in its turn; a few, so that their answers share packets."""

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
