"""What an endpoint's session tells whoever watches it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from lanparty_ctrl.messages import PeerJoined, Redirect
from lanparty_obs.codes import FINAL_CODES, SessionEnd, sentence

__all__ = [
    "MemberJoined",
    "MemberLeft",
    "Observer",
    "SessionEnded",
    "SessionEvent",
    "SessionState",
    "StateChanged",
]


_DEPARTURES: Final = {
    SessionEnd.IDLE: "lost the connection",
    SessionEnd.CONNECTION_LOST: "lost the connection",
    SessionEnd.TOO_SLOW: "had too slow a connection",
    SessionEnd.KICKED: "was removed by the relay's operator",
    SessionEnd.BANNED: "was removed by the relay's operator",
    SessionEnd.REPLACED: "was replaced by another computer with its network address",
    SessionEnd.PROTOCOL_ERROR: "was disconnected because of a fault in its program",
}
"""Said of somebody else; whatever isn't here needs no more than that they left."""


class SessionState(StrEnum):
    """Where a session is, as a person would say it."""

    CONNECTING = "connecting"
    """The QUIC handshake, up to and with the check of the relay's identity."""
    JOINING = "joining"
    """Hello is sent; the relay hasn't named every member yet."""
    WAITING = "waiting"
    """A standby gateway whose place is taken."""
    JOINED = "joined"
    REJECTED = "rejected"
    DISCONNECTED = "disconnected"
    LEFT = "left"

    @property
    def is_over(self) -> bool:
        """This session carries nothing any more; another try is another session."""
        return self in (SessionState.REJECTED, SessionState.DISCONNECTED, SessionState.LEFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded:
    """Why a session is over."""

    code: SessionEnd
    text: str = ""
    """The other side's words, for a log line: untrusted, and no substitute for `sentence`."""
    by_relay: bool = False
    retry_after: float | None = None
    """Seconds before another try makes sense, if the relay said so."""
    redirect: Redirect | None = None

    @property
    def final(self) -> bool:
        """Trying again by itself can't succeed."""
        return self.code in FINAL_CODES

    @property
    def sentence(self) -> str:
        """What a person reads."""
        return sentence(self.code)


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The session is somewhere else now."""

    state: SessionState
    ended: SessionEnded | None = None
    """Set if and only if `state.is_over`."""


@dataclass(frozen=True, slots=True)
class MemberJoined:
    """Somebody is in the room: already there while this session joins, or new."""

    member: PeerJoined


@dataclass(frozen=True, slots=True)
class MemberLeft:
    """Somebody left the room."""

    member: PeerJoined
    reason: SessionEnd

    @property
    def sentence(self) -> str:
        """What a person reads who stays."""
        return f"{self.member.name} {_DEPARTURES.get(self.reason, 'left')}."


SessionEvent: TypeAlias = StateChanged | MemberJoined | MemberLeft

Observer: TypeAlias = Callable[[SessionEvent], None]
"""Called between turns, so it may call the session. It must not raise."""
