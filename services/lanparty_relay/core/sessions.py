"""All control sessions of the relay, with the two timers that every session has."""

from collections.abc import Iterator
from typing import Final

from lanparty_quic.endpoint import Address, ConnectionKey
from lanparty_quic.pool import Pool
from lanparty_relay.core.deadlines import Deadlines, earliest
from lanparty_relay.core.limits import CONTROL_BYTES_IN_ALL, HEARTBEAT_SECONDS
from lanparty_relay.core.members import Member
from lanparty_relay.core.session import ControlSession

__all__ = ["Sessions"]


class Sessions:
    """Finds a session by its connection. What is removed has no timer left."""

    def __init__(self, hello_timeout: float) -> None:
        self._by_connection: dict[ConnectionKey, ControlSession] = {}
        self._control: Final = Pool(CONTROL_BYTES_IN_ALL)
        self._hellos: Final[Deadlines[ConnectionKey]] = Deadlines(hello_timeout)
        self._heartbeats: Final[Deadlines[ConnectionKey]] = Deadlines(HEARTBEAT_SECONDS)

    def __len__(self) -> int:
        return len(self._by_connection)

    def __iter__(self) -> Iterator[ControlSession]:
        return iter(tuple(self._by_connection.values()))

    @property
    def control_bytes(self) -> int:
        """What waits for peers to read, and what is unfinished of what they say."""
        return self._control.used

    def get(self, connection: ConnectionKey) -> ControlSession | None:
        """Find a session; None once it has ended."""
        return self._by_connection.get(connection)

    def of_member(self, member: Member) -> ControlSession:
        """Return the session of a member, which has one from its welcome to its leave."""
        return self._by_connection[member.connection]

    def open(self, connection: ConnectionKey, address: Address, *, now: float) -> None:
        """Begin a session, whose hello is awaited from now on."""
        self._by_connection[connection] = ControlSession(connection, address, self._control)
        self._hellos.set(connection, now=now)

    def hello_came(self, session: ControlSession) -> None:
        """Stop waiting for the hello."""
        self._hellos.clear(session.connection)

    def welcomed(self, session: ControlSession, *, now: float) -> None:
        """Begin the heartbeat."""
        self._heartbeats.set(session.connection, now=now)

    def remove(self, session: ControlSession) -> None:
        """Forget a session that ended."""
        del self._by_connection[session.connection]
        session.reading.forget()
        session.talking.forget()
        self._hellos.clear(session.connection)
        self._heartbeats.clear(session.connection)

    def take_without_hello(self, *, now: float) -> list[ControlSession]:
        """Take those whose hello is overdue."""
        return [self._by_connection[key] for key in self._hellos.take_due(now=now)]

    def take_heartbeats(self, *, now: float) -> list[ControlSession]:
        """Take those whose heartbeat is due, and begin the next."""
        due = self._heartbeats.take_due(now=now)
        for connection in due:
            self._heartbeats.set(connection, now=now)
        return [self._by_connection[connection] for connection in due]

    def next_deadline(self) -> float | None:
        """When one of the `take` verbs has something."""
        return earliest(self._hellos.next_deadline(), self._heartbeats.next_deadline())
