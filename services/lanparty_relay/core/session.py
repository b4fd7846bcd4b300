"""One connection's control session: what it may say now, and whether it reads what it is told."""

from typing import Final

from lanparty_ctrl import Hello, Message, MessageDecoder
from lanparty_ctrl.states import RelayInput, RelayState, input_of
from lanparty_quic.endpoint import Address, ConnectionKey
from lanparty_relay.core.limits import CONTROL_BACKLOG_LIMIT, CONTROL_STALL_SECONDS
from lanparty_relay.core.members import Member

__all__ = ["ControlSession", "ReadingWatch"]


class ReadingWatch:
    """Tells whether a peer takes its control bytes, from what the endpoint says of the backlog."""

    def __init__(self) -> None:
        self._expected_backlog = 0
        """What would wait if the peer had taken nothing since the last look."""
        self._progress_at: float | None = None
        """When the peer last took something, or had nothing to take; None: nothing waits."""

    @property
    def wants_look(self) -> bool:
        """More may wait than is allowed: the endpoint should be asked now."""
        return self._expected_backlog > CONTROL_BACKLOG_LIMIT

    def sent(self, size: int, *, now: float) -> None:
        """Note that so many bytes more were handed over."""
        self._expected_backlog += size
        if self._progress_at is None:
            self._progress_at = now

    def is_stalled(self, backlog: int, *, heard_at: float, now: float) -> bool:
        """Note how many bytes wait now. True: the peer takes too little, its session must end.

        Only a peer that is there can be too slow: of one whose last packet came at `heard_at`
        nothing is known since, and the idle timeout judges its silence.
        """
        if not backlog:
            self._progress_at = None
        elif backlog < self._expected_backlog or self._progress_at is None:
            self._progress_at = now
        self._expected_backlog = backlog
        if backlog > CONTROL_BACKLOG_LIMIT:
            return True
        return (
            self._progress_at is not None and heard_at - self._progress_at >= CONTROL_STALL_SECONDS
        )


class ControlSession:
    """What the relay remembers of one connection from its handshake to its end."""

    __slots__ = (
        "address",
        "connection",
        "decoder",
        "hello",
        "member",
        "reading",
        "reported_at",
        "state",
        "stats_due",
    )

    def __init__(self, connection: ConnectionKey, address: Address) -> None:
        self.connection: Final = connection
        self.address = address
        self.decoder: Final = MessageDecoder()
        self.state = RelayState.AWAITING_HELLO
        self.hello: Hello | None = None
        """From its arrival on: a contested place is judged again later."""
        self.member: Member | None = None
        self.reading: Final = ReadingWatch()
        self.reported_at: float | None = None
        """When its last `stats` were passed on."""
        self.stats_due = False
        """A heartbeat waits for the connection's statistics."""

    def advance(self, happened: RelayInput) -> None:
        """Go to the next state; raise `ProtocolViolation` if this one has no place for it."""
        self.state = self.state.after(happened)

    def receive(self, message: Message) -> None:
        """Go to the state after a message of the peer; raises as `advance`."""
        self.advance(input_of(message, RelayInput))
