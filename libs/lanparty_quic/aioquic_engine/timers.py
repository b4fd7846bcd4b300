"""When connections are due: one heap, in which a connection has one entry that counts."""

import heapq
from collections.abc import Iterator, Mapping

from lanparty_quic.aioquic_engine.connection import AioquicConnection
from lanparty_quic.endpoint import ConnectionKey

__all__ = ["Timers"]


class Timers:
    """Holds entries that may be outdated: they are passed over, which is cheaper than a search."""

    __slots__ = ("_connections", "_heap")

    def __init__(self, connections: Mapping[ConnectionKey, AioquicConnection]) -> None:
        """Entries of what is none of `connections` any more are outdated."""
        self._connections = connections
        self._heap: list[tuple[float, ConnectionKey]] = []

    def schedule(self, connection: AioquicConnection) -> None:
        """Look at a connection when its deadline has come."""
        if connection.key not in self._connections:
            return
        deadline = connection.next_deadline()
        if connection.scheduled_at is None or deadline < connection.scheduled_at:
            connection.scheduled_at = deadline
            heapq.heappush(self._heap, (deadline, connection.key))

    def take_due(self, *, now: float) -> Iterator[AioquicConnection]:
        """Give each connection whose deadline has come."""
        while self._heap and self._heap[0][0] <= now:
            moment, key = heapq.heappop(self._heap)
            connection = self._connections.get(key)
            if connection is None or connection.scheduled_at != moment:
                continue
            connection.scheduled_at = None
            if connection.next_deadline() > now:
                self.schedule(connection)
                continue
            yield connection

    def next_deadline(self) -> float | None:
        """When `take_due` has to be asked again; None for never."""
        return self._heap[0][0] if self._heap else None
