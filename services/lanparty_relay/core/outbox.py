"""What the relay says on control streams, and whose reading has to be looked at for it.

Only the endpoint knows how much a peer has acknowledged, so the core asks for its statistics: a
second after something was sent, every second while something waits, and at once when more may
wait than is allowed. A peer that has nothing to read costs nothing.
"""

from collections.abc import Iterable
from typing import Final

from lanparty_ctrl import Message, encode_message
from lanparty_obs.codes import SessionEnd
from lanparty_quic.endpoint import ConnectionKey
from lanparty_relay.core.actions import Action, CloseConnection, LimitDatagrams, SendControl
from lanparty_relay.core.deadlines import Deadlines
from lanparty_relay.core.session import ControlSession

__all__ = ["Outbox"]

_LOOK_SECONDS: Final = 1.0
"""Often enough for a limit of ten seconds."""


class Outbox:
    """Collects actions in order."""

    def __init__(self) -> None:
        self._actions: list[Action] = []
        self._looks: Final[Deadlines[ConnectionKey]] = Deadlines(_LOOK_SECONDS)
        self._wanted: dict[ConnectionKey, None] = {}
        """A set in order of asking."""

    def send(self, session: ControlSession, message: Message, *, now: float) -> None:
        """Say one thing to one peer."""
        self.send_encoded(session, encode_message(message), now=now)

    def send_all(self, sessions: Iterable[ControlSession], message: Message, *, now: float) -> None:
        """Say the same to many, encoded once."""
        data = encode_message(message)
        for session in sessions:
            self.send_encoded(session, data, now=now)

    def send_encoded(self, session: ControlSession, data: bytes, *, now: float) -> None:
        """Say what is encoded already, nothing perhaps."""
        if not data:
            return
        self._actions.append(SendControl(session.connection, data))
        session.reading.sent(len(data), now=now)
        if session.reading.wants_look:
            self._wanted[session.connection] = None
        elif session.connection not in self._looks:
            self._looks.set(session.connection, now=now)

    def close(self, session: ControlSession, end: SessionEnd, text: str) -> None:
        """Close the connection after what was sent, and look at it no more."""
        self._actions.append(CloseConnection(session.connection, end, text))
        self.forget(session)

    def limit_datagrams(self, session: ControlSession, size: int) -> None:
        """Send a peer no larger datagrams than it accepts, from its welcome on."""
        self._actions.append(LimitDatagrams(session.connection, size))

    def refuse_connection(self, connection: ConnectionKey, end: SessionEnd) -> None:
        """Close a connection that never had a session."""
        self._actions.append(CloseConnection(connection, end, ""))

    def forget(self, session: ControlSession) -> None:
        """Look at a connection no more: it is closed."""
        self._looks.clear(session.connection)
        self._wanted.pop(session.connection, None)

    def want_look(self, session: ControlSession) -> None:
        """Ask for the connection's statistics in this turn."""
        self._wanted[session.connection] = None

    def watch(self, session: ControlSession, *, now: float) -> None:
        """Ask for them again in a second: something waits for the peer."""
        self._looks.set(session.connection, now=now)

    def handle_timer(self, *, now: float) -> None:
        """Ask for the statistics that are due."""
        self._wanted.update(dict.fromkeys(self._looks.take_due(now=now)))

    def next_deadline(self) -> float | None:
        """When `handle_timer` has something to do."""
        return self._looks.next_deadline()

    def take_wanted(self) -> list[ConnectionKey]:
        """Take the connections whose statistics are wanted now."""
        wanted, self._wanted = self._wanted, {}
        return list(wanted)

    def take_actions(self) -> list[Action]:
        """Take what the shell has to do."""
        actions, self._actions = self._actions, []
        return actions
