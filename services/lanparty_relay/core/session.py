"""One connection's control session: what it may say now, and whether it reads what it is told."""

from typing import Final

from lanparty_ctrl import Hello, Message, MessageDecoder
from lanparty_ctrl.states import RelayInput, RelayState, input_of
from lanparty_quic.endpoint import Address, ConnectionKey
from lanparty_quic.pool import Pool
from lanparty_relay.core.limits import (
    CONTROL_BACKLOG_LIMIT,
    CONTROL_BURST,
    CONTROL_BYTES_IN_ALL,
    CONTROL_BYTES_PER_SECOND,
    CONTROL_STALL_SECONDS,
)
from lanparty_relay.core.members import Member

__all__ = ["ControlSession", "HearingWatch", "ReadingWatch", "TalkingWatch"]


_AWAY_SECONDS: Final = 12.0
"""Silence after which a peer that is heard again was cut off, and has its time to read anew. One
that is there keeps its connection alive every 10 s (docs/protocol.md, "Transport")."""

_ALWAYS_ALLOWED: Final = 4096
"""Control bytes that each peer may have waiting, and unfinished, whatever the others have."""

_SILENT_LOOKS: Final = 4
"""Looks in a row, after a ping each, in which nothing has come: the peer is silent."""


class ReadingWatch:
    """Tells whether a peer takes its control bytes, from what the endpoint says of the backlog."""

    def __init__(self, pool: Pool | None = None) -> None:
        """`pool` counts the control bytes of all peers."""
        self._pool = Pool(CONTROL_BYTES_IN_ALL) if pool is None else pool
        self._expected_backlog = 0
        """What would wait if the peer had taken nothing since the last look."""
        self._progress_at: float | None = None
        """When the peer last took something, or had nothing to take; None: nothing waits."""
        self._silent_since: float | None = None
        """When the peer had last been heard at the last look, if it was silent then."""

    @property
    def wants_look(self) -> bool:
        """More may wait than is allowed: the endpoint should be asked now."""
        return self._expected_backlog > self._limit

    def sent(self, size: int, *, now: float) -> None:
        """Note that so many bytes more were handed over."""
        self._pool.used += size
        self._expected_backlog += size
        if self._progress_at is None:
            self._progress_at = now

    def is_stalled(self, backlog: int, *, heard_at: float, now: float) -> bool:
        """Note how many bytes wait now. True: the peer takes too little, its session must end.

        Only a peer that is there can be too slow: of one whose last packet came at `heard_at`
        nothing is known since, and the idle timeout judges its silence.
        """
        since = self._silent_since
        was_away = since is not None and heard_at - since >= _AWAY_SECONDS
        self._silent_since = heard_at if now > heard_at else None
        if not backlog:
            self._progress_at = None
        elif backlog < self._expected_backlog or self._progress_at is None:
            self._progress_at = now
        elif was_away:
            self._progress_at = heard_at
        self._pool.used += backlog - self._expected_backlog
        self._expected_backlog = backlog
        if backlog > self._limit:
            return True
        return (
            self._progress_at is not None and heard_at - self._progress_at >= CONTROL_STALL_SECONDS
        )

    def forget(self) -> None:
        """Count nothing of this peer any more: its session has ended."""
        self._pool.used -= self._expected_backlog
        self._expected_backlog = 0

    @property
    def _limit(self) -> int:
        return min(CONTROL_BACKLOG_LIMIT, max(_ALWAYS_ALLOWED, self._pool.left))


class TalkingWatch:
    """Tells whether a peer says more than it may: a token bucket of control bytes."""

    __slots__ = ("_kept", "_left", "_looked_at", "_pool")

    def __init__(self, pool: Pool | None = None) -> None:
        """`pool` counts the control bytes of all peers."""
        self._pool = Pool(CONTROL_BYTES_IN_ALL) if pool is None else pool
        self._kept = 0
        self._left = float(CONTROL_BURST)
        self._looked_at: float | None = None

    def said(self, size: int, *, now: float) -> bool:
        """Note that so many bytes came. False: they are too many."""
        if self._looked_at is not None:
            since = CONTROL_BYTES_PER_SECOND * (now - self._looked_at)
            self._left = min(float(CONTROL_BURST), self._left + since)
        self._looked_at = now
        self._left -= size
        return self._left >= 0

    def keeps(self, size: int) -> bool:
        """Note how many bytes are kept of an unfinished message. False: they are too many."""
        self._pool.used += size - self._kept
        self._kept = size
        return size <= max(_ALWAYS_ALLOWED, self._pool.left)

    def forget(self) -> None:
        """Count nothing of this peer any more: its session has ended."""
        self.keeps(0)


class HearingWatch:
    """Tells whether anything comes from a peer that is pinged regularly."""

    __slots__ = ("_heard_at", "_missed", "is_due")

    def __init__(self) -> None:
        self._heard_at: float | None = None
        self._missed = 0
        self.is_due = False
        """It has been pinged: its next statistics are a look."""

    @property
    def is_heard(self) -> bool:
        """Something came between the last two looks, or there haven't been two."""
        return not self._missed

    @property
    def is_silent(self) -> bool:
        """Nothing has come for so long that it is as good as gone."""
        return self._missed >= _SILENT_LOOKS

    def look(self, heard_at: float) -> None:
        """Note when its last packet came, as it is now."""
        self.is_due = False
        self._missed = self._missed + 1 if heard_at == self._heard_at else 0
        self._heard_at = heard_at

    def excuse(self) -> None:
        """Let the looks without an answer not count: the way to everybody may be cut."""
        self._missed = 0


class ControlSession:
    """What the relay remembers of one connection from its handshake to its end."""

    __slots__ = (
        "address",
        "connection",
        "decoder",
        "hearing",
        "hello",
        "member",
        "move_untold",
        "moved_at",
        "reading",
        "reported_at",
        "state",
        "stats_due",
        "talking",
    )

    def __init__(
        self, connection: ConnectionKey, address: Address, pool: Pool | None = None
    ) -> None:
        """`pool` counts the control bytes of all sessions."""
        self.connection: Final = connection
        self.address = address
        self.decoder: Final = MessageDecoder()
        self.state = RelayState.AWAITING_HELLO
        self.hello: Hello | None = None
        """From its arrival on: a contested place is judged again later."""
        self.member: Member | None = None
        self.hearing: Final = HearingWatch()
        """For the holder of a place for which another waits, and for those who wait."""
        self.reading: Final = ReadingWatch(pool)
        self.talking: Final = TalkingWatch(pool)
        self.reported_at: float | None = None
        """When its last `stats` were passed on."""
        self.moved_at: float | None = None
        """When it was last told that the peer has another address."""
        self.move_untold = False
        """Since then it has moved again."""
        self.stats_due = False
        """A heartbeat waits for the connection's statistics."""

    def advance(self, happened: RelayInput) -> None:
        """Go to the next state; raise `ProtocolViolation` if this one has no place for it."""
        self.state = self.state.after(happened)

    def receive(self, message: Message) -> None:
        """Go to the state after a message of the peer; raises as `advance`."""
        self.advance(input_of(message, RelayInput))
