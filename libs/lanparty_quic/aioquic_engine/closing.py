"""Connections that this side has closed: their peers may not know (RFC 9000 section 10.2.1)."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lanparty_quic.aioquic_engine.connection import OutgoingPacket

__all__ = ["ClosingPeriods"]

_PERIOD: Final = 3.0
"""Seconds; three timeouts of a slow path are about that."""


@dataclass(slots=True)
class _Closed:
    packets: list[OutgoingPacket]
    ids: tuple[bytes, ...]
    ends_at: float
    heard: int = 0


class ClosingPeriods:
    """Repeats the close to a peer that goes on talking, ever more rarely."""

    def __init__(self) -> None:
        self._by_id: dict[bytes, _Closed] = {}
        self._by_age: deque[_Closed] = deque()

    def add(self, ids: Iterable[bytes], packets: list[OutgoingPacket], *, now: float) -> None:
        """Remember the close of a connection that had these ids."""
        closed = _Closed(packets, tuple(ids), now + _PERIOD)
        self._by_age.append(closed)
        for connection_id in closed.ids:
            self._by_id[connection_id] = closed

    def answer(self, connection_id: bytes) -> list[OutgoingPacket] | None:
        """Return what a packet for a closed connection gets; None if it is none of these."""
        closed = self._by_id.get(connection_id)
        if closed is None:
            return None
        closed.heard += 1
        is_power_of_two = closed.heard & (closed.heard - 1) == 0
        return closed.packets if is_power_of_two else []

    def expire(self, *, now: float) -> None:
        """Forget those whose period is over."""
        while self._by_age and self._by_age[0].ends_at <= now:
            for connection_id in self._by_age.popleft().ids:
                self._by_id.pop(connection_id, None)
