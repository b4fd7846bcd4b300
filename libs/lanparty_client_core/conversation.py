"""What an endpoint and the relay say to each other on the control stream.

Bytes go in, bytes to send, state and events come out; docs/protocol.md has the messages, and
`lanparty_ctrl.states` which of them may come when. Once the state `is_over`, everything that still
arrives is ignored, and the owner closes the connection with `ended.code`.
"""

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lanparty_client_core.events import (
    MemberJoined,
    MemberLeft,
    SessionEnded,
    SessionEvent,
    SessionState,
    StateChanged,
)
from lanparty_ctrl import (
    AddressLease,
    Disconnect,
    EndpointInput,
    EndpointState,
    Hello,
    Lease,
    Message,
    MessageDecoder,
    PeerJoined,
    PeerLeft,
    Ping,
    Pong,
    PrefixesInUse,
    ProtocolViolation,
    Reject,
    Stats,
    Waiting,
    Welcome,
    encode_message,
    input_of,
)
from lanparty_obs.codes import SessionEnd

__all__ = ["ANSWER_TIMEOUT", "LEASES_LIMIT", "MEMBERS_LIMIT", "WAITING_PING", "Conversation"]

ANSWER_TIMEOUT: Final = 10.0
"""Seconds within which hello is answered; the relay may ping a stale holder for one of them."""

WAITING_PING: Final = 1.0
"""Seconds between the pings of a standby gateway: by them it notices that the relay is gone."""

_WHILE_WAITING: Final = 0
"""Their nonce: any acknowledgement is an answer."""

LEASES_LIMIT: Final = 16
"""Leases within `_LEASES_PERIOD`: each changes addresses and routes of the whole machine. A room
is renumbered a few times an hour at most."""

_LEASES_PERIOD: Final = 60.0
"""Seconds."""

MEMBERS_LIMIT: Final = 256
"""Members that a relay may name; `lanparty/1` rooms have 250 at most, and one gateway."""

_SEEN_AS: Final = {
    EndpointState.CONNECTING: SessionState.CONNECTING,
    EndpointState.GREETING: SessionState.JOINING,
    EndpointState.WAITING: SessionState.WAITING,
    EndpointState.ENTERING: SessionState.JOINING,
    EndpointState.JOINED: SessionState.JOINED,
    EndpointState.REJECTED: SessionState.REJECTED,
    EndpointState.DISCONNECTED: SessionState.DISCONNECTED,
    EndpointState.LEFT: SessionState.LEFT,
}


class Conversation:
    """One session's messages, from the hello to the goodbye."""

    def __init__(self, hello: Hello) -> None:
        self._hello = hello
        self._state = EndpointState.CONNECTING
        self._decoder = MessageDecoder()
        self._to_send = bytearray()
        self._events: list[SessionEvent] = []
        self._members: dict[int, PeerJoined] = {}
        self._welcome: Welcome | None = None
        self._ended: SessionEnded | None = None
        self._deadline: float | None = None
        self._reported: Stats | None = None
        self._pong: int | None = None
        self._lease: AddressLease | None = None
        self._leased_at: deque[float] = deque(maxlen=LEASES_LIMIT)

    @property
    def state(self) -> SessionState:
        """Where the session is."""
        return _SEEN_AS[self._state]

    @property
    def hello(self) -> Hello:
        """What it began, or will begin, with."""
        return self._hello

    @property
    def welcome(self) -> Welcome | None:
        """The relay's welcome, once it came."""
        return self._welcome

    @property
    def members(self) -> Mapping[int, PeerJoined]:
        """Who else is in the room, by peer id."""
        return MappingProxyType(self._members)

    @property
    def lease(self) -> AddressLease | None:
        """The address that the relay leases to this endpoint now."""
        return self._lease

    @property
    def ended(self) -> SessionEnded | None:
        """Why it is over, once it is."""
        return self._ended

    @property
    def relay_stats(self) -> Stats | None:
        """What the relay last said that it counted for this endpoint."""
        return self._reported

    @property
    def last_pong(self) -> int | None:
        """The nonce of the last answer to a ping of this side."""
        return self._pong

    def to_send(self) -> bytes:
        """Take the bytes for the control stream."""
        data = bytes(self._to_send)
        self._to_send.clear()
        return data

    def events(self) -> list[SessionEvent]:
        """Take what happened."""
        events, self._events = self._events, []
        return events

    def next_deadline(self) -> float | None:
        """When the answer to hello is overdue, or the next report or ping is due."""
        return self._deadline

    # What happens to the connection.

    def handle_connected(self, *, now: float) -> None:
        """Say hello: the relay is who it should be."""
        if self.state.is_over:  # It was left while the handshake's last packet was on its way.
            return
        self._enter(EndpointInput.CONNECTED)
        self._send(self._hello)
        self._deadline = now + ANSWER_TIMEOUT

    def handle_closed(self, code: SessionEnd, text: str, *, by_relay: bool) -> None:
        """Take note that the connection is gone, whatever was said before."""
        if not self.state.is_over:
            self._end(EndpointInput.CLOSED, SessionEnded(code=code, text=text, by_relay=by_relay))

    def receive_bytes(self, data: bytes, *, now: float) -> None:
        """Take bytes of the control stream, cut anywhere."""
        violation: tuple[SessionEnd, str] | None = None
        try:
            self._decoder.receive_bytes(data)
        except ProtocolViolation as found:
            violation = (found.code, str(found))
        try:
            for message in self._decoder.messages():
                if self.state.is_over:
                    return
                self._receive_message(message, now=now)
        except ProtocolViolation as found:
            violation = (found.code, str(found))
        if violation is not None:
            self.disconnect(*violation)

    def handle_timer(self, *, now: float) -> bool:
        """Give up on a relay that doesn't answer. True if a report is due: `report` follows."""
        if self._deadline is None or now < self._deadline:
            return False
        if self._state is EndpointState.WAITING:
            self._deadline = now + WAITING_PING
            self.ping(_WHILE_WAITING)
            return False
        if self._welcome is None:
            self.disconnect(SessionEnd.RELAY_UNREACHABLE, "the relay didn't answer hello in time")
            return False
        self._deadline = now + self._welcome.heartbeat_seconds
        return True

    def report(self, stats: Stats) -> None:
        """Tell the relay what this endpoint counted."""
        self._send(stats)

    def report_prefixes(self, message: PrefixesInUse) -> None:
        """Tell the relay which networks this endpoint's machine reaches now."""
        if self._welcome is not None and not self.state.is_over:
            self._send(message)

    def ping(self, nonce: int) -> None:
        """Ask the relay for a sign of life; `last_pong` gets the answer."""
        if self._state in (EndpointState.WAITING, EndpointState.ENTERING, EndpointState.JOINED):
            self._send(Ping(nonce=nonce))

    def disconnect(self, code: SessionEnd, text: str) -> None:
        """End the session from this side, saying why. Nothing happens if it is over already."""
        if self.state.is_over:
            return
        if self._state is not EndpointState.CONNECTING:
            self._send(Disconnect(code=code, text=text))
        left = code is SessionEnd.LEFT
        self._end(
            EndpointInput.LEAVE if left else EndpointInput.FAIL, SessionEnded(code=code, text=text)
        )

    # What the relay says.

    def _receive_message(self, message: Message, *, now: float) -> None:
        if isinstance(message, Reject | Disconnect):
            self._ended = _said_by_relay(message)
            self._deadline = None
        self._enter(input_of(message, EndpointInput))
        match message:
            case Welcome():
                self._receive_welcome(message, now=now)
            case Waiting():
                if not self._hello.standby:
                    raise ProtocolViolation("waiting is for who stands by")
                self._deadline = now + WAITING_PING
            case PeerJoined():
                self._receive_peer_joined(message)
            case PeerLeft(peer_id=peer_id, reason=reason):
                member = self._members.pop(peer_id, None)
                if member is not None:
                    self._events.append(MemberLeft(member, reason))
            case Lease(lease=lease):
                self._receive_lease(lease, now=now)
            case Stats():
                self._reported = message
            case Ping(nonce=nonce):
                self._send(Pong(nonce=nonce))
            case Pong(nonce=nonce):
                self._pong = nonce

    def _receive_welcome(self, welcome: Welcome, *, now: float) -> None:
        if welcome.version not in self._hello.versions:
            self.disconnect(SessionEnd.VERSION, f"version {welcome.version} was not offered")
        elif welcome.mtu > self._hello.port_mtu:
            self.disconnect(SessionEnd.MTU_TOO_SMALL, f"the room's MTU is {welcome.mtu}")
        else:
            self._welcome = welcome
            self._lease = welcome.lease
            self._deadline = now + welcome.heartbeat_seconds

    def _receive_lease(self, lease: AddressLease, *, now: float) -> None:
        if len(self._leased_at) == LEASES_LIMIT and now < self._leased_at[0] + _LEASES_PERIOD:
            raise ProtocolViolation(f"more than {LEASES_LIMIT} leases in a minute")
        self._leased_at.append(now)
        self._lease = lease

    def _receive_peer_joined(self, member: PeerJoined) -> None:
        if len(self._members) >= MEMBERS_LIMIT and member.peer_id not in self._members:
            raise ProtocolViolation(f"more than {MEMBERS_LIMIT} members")
        self._members[member.peer_id] = member
        self._events.append(MemberJoined(member))

    # The bookkeeping below them.

    def _send(self, message: Message) -> None:
        self._to_send += encode_message(message)

    def _enter(self, what: EndpointInput) -> None:
        before = self.state
        self._state = self._state.after(what)
        if self.state is not before:
            self._events.append(StateChanged(self.state, self._ended))

    def _end(self, what: EndpointInput, ended: SessionEnded) -> None:
        self._ended = ended
        self._deadline = None
        self._enter(what)


def _said_by_relay(message: Reject | Disconnect) -> SessionEnded:
    return SessionEnded(
        code=message.code,
        text=message.text,
        by_relay=True,
        retry_after=message.retry_after,
        redirect=message.redirect,
    )
