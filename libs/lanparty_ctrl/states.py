"""Which message may come when: each side's session as a table (state, input) -> state.

Rules of this module:

- An input is a message that arrived, or something that this side itself decided or saw.
- A pair that is not in the table is the error, `ProtocolViolation`.
- From a state that is over no way leads out. What was under way when a session ended arrives
  after the end, so such a state takes every message of the other side, and stays.

A session needs two calls: `state.after(input_of(message, EndpointInput))` for what arrived, and
`state.after(EndpointInput.LEAVE)` for what it does itself. The diagrams in docs/protocol.md are
rendered from these tables.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeAlias, TypeVar

from lanparty_ctrl.errors import ProtocolViolation
from lanparty_ctrl.messages import Message

__all__ = [
    "ENDPOINT_TABLE",
    "RELAY_TABLE",
    "EndpointInput",
    "EndpointState",
    "RelayInput",
    "RelayState",
    "input_of",
    "render_mermaid",
]


class RelayState(StrEnum):
    """Where one endpoint's session is, as the relay sees it."""

    AWAITING_HELLO = "awaiting_hello"
    ADMITTING = "admitting"
    """Hello is read; the decision falls before anything else is read."""
    PROBING = "probing"
    """The holder of the wanted place has been pinged and has not answered yet."""
    STANDBY = "standby"
    """A gateway that waits for its place."""
    MEMBER = "member"
    CLOSED = "closed"

    @property
    def is_over(self) -> bool:
        """Nothing follows."""
        return self is RelayState.CLOSED

    def after(self, happened: "RelayInput") -> "RelayState":
        """Return the next state; raise `ProtocolViolation` if `happened` has no place here."""
        return _next_state(RELAY_TABLE, self, happened)


class RelayInput(StrEnum):
    """What the relay gets from an endpoint, and what it does about it."""

    HELLO = "hello"
    PREFIXES = "prefixes"
    STATS = "stats"
    PING = "ping"
    PONG = "pong"
    DISCONNECT = "disconnect"
    # What the relay does or sees.
    ADMIT = "admit"
    """It sends welcome."""
    PROBE = "probe"
    """It pings the holder of the place."""
    STAND_BY = "stand_by"
    """It sends waiting."""
    REJECT = "reject"
    """It sends reject."""
    TIMEOUT = "timeout"
    """Hello didn't come in time, or the pinged holder's answer didn't."""
    END = "end"
    """It sends disconnect."""
    CLOSED = "closed"
    """The connection is gone."""


class EndpointState(StrEnum):
    """Where an endpoint's session is, as the endpoint sees it."""

    CONNECTING = "connecting"
    """Up to the end of the handshake and the check of the relay's identity."""
    GREETING = "greeting"
    """Hello is sent."""
    WAITING = "waiting"
    """A gateway that waits for its place."""
    ENTERING = "entering"
    """Welcomed; the relay names the members."""
    JOINED = "joined"
    REJECTED = "rejected"
    DISCONNECTED = "disconnected"
    LEFT = "left"

    @property
    def is_over(self) -> bool:
        """Nothing follows; another try is another session."""
        return self in (EndpointState.REJECTED, EndpointState.DISCONNECTED, EndpointState.LEFT)

    def after(self, happened: "EndpointInput") -> "EndpointState":
        """Return the next state; raise `ProtocolViolation` if `happened` has no place here."""
        return _next_state(ENDPOINT_TABLE, self, happened)


class EndpointInput(StrEnum):
    """What an endpoint gets from the relay, and what it does or sees itself."""

    WELCOME = "welcome"
    WAITING = "waiting"
    REJECT = "reject"
    PEER_JOINED = "peer_joined"
    PEER_LEFT = "peer_left"
    ROOM_READY = "room_ready"
    LEASE = "lease"
    STATS = "stats"
    PING = "ping"
    PONG = "pong"
    DISCONNECT = "disconnect"
    # What the endpoint does or sees.
    CONNECTED = "connected"
    """The relay is who it should be: hello goes out."""
    LEAVE = "leave"
    """Its user wants to go."""
    FAIL = "fail"
    """It gives up: no answer in time, or a violation by the relay."""
    CLOSED = "closed"
    """The connection is gone."""


RelayTable: TypeAlias = Mapping[RelayState, Mapping[RelayInput, RelayState]]
EndpointTable: TypeAlias = Mapping[EndpointState, Mapping[EndpointInput, EndpointState]]

_R, _RI, _E, _EI = RelayState, RelayInput, EndpointState, EndpointInput

_FROM_ENDPOINT: Final = (_RI.HELLO, _RI.PREFIXES, _RI.STATS, _RI.PING, _RI.PONG, _RI.DISCONNECT)
_FROM_RELAY: Final = (
    *(_EI.WELCOME, _EI.WAITING, _EI.REJECT, _EI.PEER_JOINED, _EI.PEER_LEFT, _EI.ROOM_READY),
    *(_EI.LEASE, _EI.STATS, _EI.PING, _EI.PONG, _EI.DISCONNECT),
)

# fmt: off
RELAY_TABLE: Final[RelayTable] = {
    _R.AWAITING_HELLO: {_RI.HELLO: _R.ADMITTING, _RI.TIMEOUT: _R.CLOSED,
                        _RI.REJECT: _R.CLOSED, _RI.END: _R.CLOSED, _RI.CLOSED: _R.CLOSED},
    _R.ADMITTING: {_RI.ADMIT: _R.MEMBER, _RI.PROBE: _R.PROBING, _RI.STAND_BY: _R.STANDBY,
                   _RI.REJECT: _R.CLOSED, _RI.END: _R.CLOSED, _RI.CLOSED: _R.CLOSED},
    _R.PROBING: {_RI.ADMIT: _R.MEMBER, _RI.TIMEOUT: _R.ADMITTING, _RI.DISCONNECT: _R.CLOSED,
                 _RI.REJECT: _R.CLOSED, _RI.END: _R.CLOSED, _RI.CLOSED: _R.CLOSED},
    _R.STANDBY: {_RI.ADMIT: _R.MEMBER, _RI.PING: _R.STANDBY, _RI.PONG: _R.STANDBY,
                 _RI.DISCONNECT: _R.CLOSED,
                 _RI.REJECT: _R.CLOSED, _RI.END: _R.CLOSED, _RI.CLOSED: _R.CLOSED},
    _R.MEMBER: {_RI.PREFIXES: _R.MEMBER, _RI.STATS: _R.MEMBER,
                _RI.PING: _R.MEMBER, _RI.PONG: _R.MEMBER,
                _RI.DISCONNECT: _R.CLOSED, _RI.END: _R.CLOSED, _RI.CLOSED: _R.CLOSED},
    _R.CLOSED: dict.fromkeys((*_FROM_ENDPOINT, _RI.CLOSED), _R.CLOSED),
}

ENDPOINT_TABLE: Final[EndpointTable] = {
    _E.CONNECTING: {_EI.CONNECTED: _E.GREETING,
                    _EI.LEAVE: _E.LEFT, _EI.FAIL: _E.DISCONNECTED, _EI.CLOSED: _E.DISCONNECTED},
    _E.GREETING: {_EI.WELCOME: _E.ENTERING, _EI.WAITING: _E.WAITING, _EI.REJECT: _E.REJECTED,
                  _EI.DISCONNECT: _E.DISCONNECTED,
                  _EI.LEAVE: _E.LEFT, _EI.FAIL: _E.DISCONNECTED, _EI.CLOSED: _E.DISCONNECTED},
    _E.WAITING: {_EI.WELCOME: _E.ENTERING, _EI.REJECT: _E.REJECTED,
                 _EI.PING: _E.WAITING, _EI.PONG: _E.WAITING, _EI.DISCONNECT: _E.DISCONNECTED,
                 _EI.LEAVE: _E.LEFT, _EI.FAIL: _E.DISCONNECTED, _EI.CLOSED: _E.DISCONNECTED},
    _E.ENTERING: {_EI.PEER_JOINED: _E.ENTERING, _EI.PEER_LEFT: _E.ENTERING,
                  _EI.ROOM_READY: _E.JOINED, _EI.LEASE: _E.ENTERING, _EI.STATS: _E.ENTERING,
                  _EI.PING: _E.ENTERING, _EI.PONG: _E.ENTERING, _EI.DISCONNECT: _E.DISCONNECTED,
                  _EI.LEAVE: _E.LEFT, _EI.FAIL: _E.DISCONNECTED, _EI.CLOSED: _E.DISCONNECTED},
    _E.JOINED: {_EI.PEER_JOINED: _E.JOINED, _EI.PEER_LEFT: _E.JOINED,
                _EI.LEASE: _E.JOINED, _EI.STATS: _E.JOINED,
                _EI.PING: _E.JOINED, _EI.PONG: _E.JOINED, _EI.DISCONNECT: _E.DISCONNECTED,
                _EI.LEAVE: _E.LEFT, _EI.FAIL: _E.DISCONNECTED, _EI.CLOSED: _E.DISCONNECTED},
    **{over: dict.fromkeys((*_FROM_RELAY, _EI.LEAVE, _EI.CLOSED), over)
       for over in (_E.REJECTED, _E.DISCONNECTED, _E.LEFT)},
}
# fmt: on

StateT = TypeVar("StateT", RelayState, EndpointState)
InputT = TypeVar("InputT", RelayInput, EndpointInput)


def input_of(message: Message, side: type[InputT]) -> InputT:
    """Name a message that arrived at `side`, as the input that it is there.

    Raises `ProtocolViolation` for a message that the other side never sends.
    """
    for sent in _FROM_ENDPOINT if side is RelayInput else _FROM_RELAY:
        if sent.value == message.type:
            return side(sent.value)
    raise ProtocolViolation(f"{message.type} is not this side's to send")


def _next_state(
    table: Mapping[StateT, Mapping[InputT, StateT]], state: StateT, happened: InputT
) -> StateT:
    try:
        return table[state][happened]
    except KeyError:
        raise ProtocolViolation(f"{happened.value} in state {state.value}") from None


def render_mermaid(table: Mapping[StateT, Mapping[InputT, StateT]]) -> str:
    """Render a table as a Mermaid state diagram; its first state is where a session begins.

    Loops of the states that are over are left out: they only say that nothing happens any more.
    """
    lines = ["stateDiagram-v2", f"    [*] --> {next(iter(table))}"]
    for state, row in table.items():
        if state.is_over:
            lines.append(f"    {state} --> [*]")
            continue
        for target in dict.fromkeys(row.values()):
            inputs = [happened.value for happened, to in row.items() if to is target]
            lines.append(f"    {state} --> {target}: {', '.join(inputs)}")
    return "\n".join(lines) + "\n"
