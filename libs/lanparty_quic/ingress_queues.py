"""What waits to be taken in: a bounded queue for each connection, served by turns of work."""

import heapq
from collections import deque
from collections.abc import Hashable, Sequence
from typing import Final, Generic, TypeVar

from lanparty_quic.pool import Pool

__all__ = ["RESERVED_ITEMS", "IngressQueues"]

RESERVED_ITEMS: Final = 4
"""Packets that each connection may have waiting however full the store is: a burst of many floods
at once fills it before any of them notices."""

_WORK_IN_A_ROW: Final = 8.0
"""Work of one connection before it is looked who is next: an exact order isn't worth its cost."""

_BURST: Final = 64.0
"""Work that a connection may cause ahead of its share when it has caused less before: a broadcast
to a whole room, for which nobody should have to wait for the rounds of all who flood. More would
only lengthen the moment in which floods begin."""

_MOST_REFUSED: Final = 512.0
"""Work up to which what was refused counts like what was done: some seconds of a share among many,
so that whoever has stopped flooding is served again soon."""

_LEAST_WORK: Final = 0.1
"""Work of a payload that nobody gets: it has to be judged."""

_FORGETTING: Final = 1 / 16
"""How fast a lower cost of a payload is believed. A higher one is at once."""

KeyT = TypeVar("KeyT", bound=Hashable)
ItemT = TypeVar("ItemT")


class _Place(Generic[KeyT, ItemT]):
    """What waits from one connection, and what it has caused.

    `served` is the virtual time up to which it has had its share. `expected` is the work of one
    payload; `anticipated` what was counted for payloads whose true work isn't known yet. Of the
    items the first `opened` are what a packet has brought.
    """

    __slots__ = (
        "anticipated",
        "expected",
        "is_listed",
        "items",
        "key",
        "opened",
        "payloads",
        "served",
    )

    def __init__(self, key: KeyT) -> None:
        self.key = key
        self.items: deque[ItemT] = deque()
        self.served = 0.0
        self.is_listed = False
        self.expected = 1.0
        self.anticipated = 0.0
        self.payloads = 0
        self.opened = 0

    @property
    def rank(self) -> float:
        """Whose is the least is next.

        What waits counts half: a flood shows there long before anything is refused, and whoever
        has a burst waiting still lets others in between.
        """
        return self.served + len(self.items) / 2


class IngressQueues(Generic[KeyT, ItemT]):
    """Packets that wait for their connection's turn, so that one flooder can't starve others.

    Turns are measured in work: a packet counts one, and each payload in it as many copies as the
    connection's payloads caused lately (`anticipate`), which `charge` corrects by what it caused in
    truth. Whoever has had least is next, and what was asked for and refused counts like what was
    had: an equal share of too little would be too little for everybody, so those who ask for less
    get theirs first. Who was away comes back level with the others, or as much ahead as he had
    less, up to a bound: nobody saves up a day of silence. When nobody waits any more all are level.
    """

    def __init__(self, *, capacity: int, total_capacity: int) -> None:
        """`capacity` bounds what waits from one connection, `total_capacity` that of all.

        Beyond the latter each may still have `RESERVED_ITEMS` waiting.
        """
        self._capacity = capacity
        self._pool = Pool(total_capacity)
        self._opened = 0
        self._places: dict[KeyT, _Place[KeyT, ItemT]] = {}
        self._heap: list[tuple[float, int, _Place[KeyT, ItemT]]] = []
        self._order = 0
        self._current: _Place[KeyT, ItemT] | None = None
        self._left_in_row = 0.0
        self._virtual_time = 0.0
        self._latest = 0.0

    def __len__(self) -> int:
        """Count what waits, what was put back included."""
        return self._pool.used + self._opened

    @property
    def packets(self) -> int:
        """Count what waits without what was put back: that has been taken in, all but handed on."""
        return self._pool.used

    def push(self, key: KeyT, item: ItemT, *, beyond_capacity: bool = False) -> bool:
        """Add a packet of a connection; False, and nothing added, when there is no room.

        It is the newest that is refused, and in a full store who has most there: what is dropped
        has cost nothing yet, and QUIC repeats what must not be lost. `beyond_capacity` adds it all
        the same, for what its sender bounds by a window.
        """
        place = self._place(key)
        held = len(place.items) - place.opened
        has_room = held < RESERVED_ITEMS or self._pool.admits(held)
        if not beyond_capacity and (held >= self._capacity or not has_room):
            if place.served < self._virtual_time + _MOST_REFUSED:
                place.served += 1.0 + place.expected
            return False
        place.items.append(item)
        self._pool.used += 1
        self._list(place)
        return True

    def put_back(self, key: KeyT, items: Sequence[ItemT]) -> None:
        """Put what a packet just taken has brought in its place, in order, ahead of the others.

        It takes nothing of the store: its next packet is taken when all of it has been, so there
        is never more than what one packet holds.
        """
        place = self._place(key)
        place.items.extendleft(reversed(items))
        place.opened += len(items)
        self._opened += len(items)
        self._list(place)

    def take(self) -> tuple[KeyT, ItemT] | None:
        """Take what is next and count one for it; None when nothing waits."""
        place = self._current
        if place is None or self._left_in_row <= 0 or not place.items:
            place = self._next_place()
            if place is None:
                return None
        self._left_in_row -= 1.0
        if place.opened:
            place.opened -= 1
            self._opened -= 1
        else:
            self._pool.used -= 1
        place.served += 1.0
        self._latest = max(self._latest, place.served)
        return place.key, place.items.popleft()

    def anticipate(self, key: KeyT) -> float:
        """Count for a payload what its connection's payloads caused lately; return how much."""
        place = self._place(key)
        work = place.expected
        place.served += work
        place.anticipated += work
        place.payloads += 1
        if place is self._current:
            self._left_in_row -= work
        return work

    def spend(self, key: KeyT, work: float) -> None:
        """Count what a packet just taken has cost beyond that of any packet."""
        place = self._place(key)
        place.served += work
        if place is self._current:
            self._left_in_row -= work
        self._latest = max(self._latest, place.served)

    def refund(self, key: KeyT) -> None:
        """Take back what `take` has counted: the packet was an answer, another's work."""
        self._place(key).served -= 1.0

    def charge(self, key: KeyT, work: int) -> None:
        """Say what a connection's payloads since the last call have caused, in copies."""
        place = self._place(key)
        if place.payloads:
            mean = max(_LEAST_WORK, work / place.payloads)
            if mean < place.expected:
                mean = place.expected + (mean - place.expected) * _FORGETTING
            place.expected = mean
        earliest = min(place.served, self._virtual_time - _BURST)
        place.served = max(earliest, place.served + work - place.anticipated)
        place.anticipated = 0.0
        place.payloads = 0
        if place is self._current:
            self._left_in_row = 0.0
        self._latest = max(self._latest, place.served)

    def forget(self, key: KeyT) -> list[ItemT]:
        """Drop all of a connection that is gone; return what waited from it."""
        place = self._places.pop(key, None)
        if place is None:
            return []
        if place is self._current:
            self._current = None
        items = list(place.items)
        place.items.clear()  # its entry in the heap is passed over
        self._pool.used -= len(items) - place.opened
        self._opened -= place.opened
        return items

    def _place(self, key: KeyT) -> _Place[KeyT, ItemT]:
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = _Place(key)
            place.served = self._virtual_time - _BURST
        return place

    def _next_place(self) -> _Place[KeyT, ItemT] | None:
        """Find whoever has been served least of those who wait."""
        last, self._current = self._current, None
        if last is not None and last.items:
            self._list(last)
        heap = self._heap
        while heap:
            listed_at, _, place = heapq.heappop(heap)
            place.is_listed = False
            if not place.items:
                continue  # forgotten
            if place.rank > listed_at + _WORK_IN_A_ROW:
                self._list(place)  # it was charged, or asked for more, while it waited
                continue
            self._virtual_time = max(self._virtual_time, place.served)
            self._current = place
            self._left_in_row = _WORK_IN_A_ROW
            return place
        self._virtual_time = self._latest
        return None

    def _list(self, place: _Place[KeyT, ItemT]) -> None:
        """Let a place with items wait for its turn, unless it does or has it now."""
        if place.is_listed or place is self._current:
            return
        place.served = max(place.served, self._virtual_time - _BURST)
        place.is_listed = True
        self._order += 1
        heapq.heappush(self._heap, (place.rank, self._order, place))
