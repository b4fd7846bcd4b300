"""One try to be in a room: a connection, and the conversation with the relay over it.

A try begins with a dial. Once the relay has proved who it is, `greet` begins the conversation;
until then nothing but the handshake is sent. Being over, it stays over.
"""

from dataclasses import dataclass

from lanparty_client_core.conversation import Conversation
from lanparty_client_core.events import SessionEnded
from lanparty_ctrl import Hello
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MINIMUM_DATAGRAM_BUDGET
from lanparty_quic.endpoint import (
    Address,
    ConnectionClosed,
    ConnectionKey,
    ConnectionStatistics,
    ControlReceived,
    Endpoint,
    EndpointEvent,
    ExtraStreamOpened,
    Trust,
)

__all__ = ["Attempt", "RelayTarget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayTarget:
    """Where the relay is and how to know that it is the right one."""

    addresses: tuple[Address, ...]
    """In the resolver's order; may be empty while its name isn't resolved yet."""
    server_name: str
    """The name that the user typed: for SNI, and for the certificate if an authority is trusted."""
    trust: Trust


class Attempt:
    """A dialed connection on its way into the room, or in it."""

    def __init__(
        self, endpoint: Endpoint, address: Address, *, target: RelayTarget, now: float
    ) -> None:
        """Dial."""
        self.address = address
        self.refused = False
        """Somebody says that nobody listens there. It may be a lie, so the dial goes on."""
        self.connection: ConnectionKey = endpoint.dial(
            address, server_name=target.server_name, trust=target.trust, now=now
        )
        self._endpoint = endpoint
        self._conversation: Conversation | None = None
        self._closing = False

    @property
    def conversation(self) -> Conversation:
        """What is said over it; `greet` must have been called."""
        if self._conversation is None:
            raise RuntimeError("nothing is said before the relay has proved who it is")
        return self._conversation

    @property
    def ended(self) -> SessionEnded | None:
        """Why it is over; None before."""
        return None if self._conversation is None else self._conversation.ended

    @property
    def has_last_words(self) -> bool:
        """It is over on this side, and `speak` has still to tell the relay."""
        return self.ended is not None and not self._closing

    @property
    def statistics(self) -> ConnectionStatistics | None:
        """Look at the connection; None once it is closed."""
        return self._endpoint.statistics(self.connection)

    @property
    def unacknowledged_since(self) -> float | None:
        """Since when nothing of what was sent has been acknowledged; None if nothing waits."""
        statistics = self.statistics
        return None if statistics is None else statistics.unacknowledged_since

    @property
    def carries_frames(self) -> bool:
        """The relay takes datagrams as large as it has to, as far as is known by now."""
        statistics, welcome = self.statistics, self.conversation.welcome
        budgets = [] if welcome is None else [welcome.datagram_budget]
        if statistics is not None:
            budgets.append(statistics.datagram_budget)
        return min(budgets, default=MINIMUM_DATAGRAM_BUDGET) >= MINIMUM_DATAGRAM_BUDGET

    def greet(self, hello: Hello, *, now: float) -> None:
        """Say hello: the relay is who it should be."""
        self._conversation = Conversation(hello)
        self._conversation.handle_connected(now=now)

    def handle_event(self, event: EndpointEvent, *, now: float) -> None:
        """Take what the connection reports after `greet`."""
        conversation = self.conversation
        match event:
            case ControlReceived(data=data):
                conversation.receive_bytes(data, now=now)
            case ExtraStreamOpened():
                conversation.disconnect(SessionEnd.PROTOCOL_ERROR, "a second stream")
            case ConnectionClosed(end=end, text=text, by_peer=by_peer):
                self._closing = True
                conversation.handle_closed(end, text, by_relay=by_peer)

    def speak(self) -> None:
        """Hand to the connection what the conversation has to say, and its end."""
        if self._conversation is None or self._closing:
            return
        data = self._conversation.to_send()
        if data:
            self._endpoint.send_control(self.connection, data)
        ended = self._conversation.ended
        if ended is not None:
            self._closing = True
            # The relay's own goodbye is not said back to it.
            end = SessionEnd.LEFT if ended.by_relay else ended.code
            text = "" if ended.by_relay else ended.text
            self._endpoint.close_connection(self.connection, end=end, text=text)

    def abandon(self) -> None:
        """Close the connection without a word: another one has taken, or will take, its place."""
        if not self._closing:
            self._closing = True
            self._endpoint.close_connection(self.connection, end=SessionEnd.LEFT, text="")
