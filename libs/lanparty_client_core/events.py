"""What an endpoint's session tells whoever watches it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from lanparty_ctrl.messages import AddressLease, PeerJoined, Redirect, Welcome
from lanparty_obs.codes import FINAL_CODES, SessionEnd, sentence

__all__ = [
    "LeaseChanged",
    "MemberChanged",
    "MemberJoined",
    "MemberLeft",
    "Observer",
    "SessionEnded",
    "SessionEvent",
    "SessionState",
    "StateChanged",
    "Welcomed",
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
    """Looking for the relay, up to and with the check of its identity; never in the room yet."""
    JOINING = "joining"
    """Hello is sent; the relay hasn't named every member yet."""
    WAITING = "waiting"
    """A standby gateway whose place is taken."""
    JOINED = "joined"
    RECONNECTING = "reconnecting"
    """It was in the room, and is looking for the relay again."""
    REJECTED = "rejected"
    """The relay didn't let it in; final."""
    DISCONNECTED = "disconnected"
    """It gave up, or the relay ended it; final."""
    LEFT = "left"

    @property
    def is_over(self) -> bool:
        """This session carries nothing any more, and doesn't try to."""
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
class Welcomed:
    """The relay let this endpoint in, for the first time or again.

    Peer id, resume token, MTU and lease are the welcome's from now on. After an outage so short
    that the old connection was still in use, nothing else tells of it.
    """

    welcome: Welcome


@dataclass(frozen=True, slots=True)
class LeaseChanged:
    """The relay leases another address than before, or none."""

    lease: AddressLease | None


@dataclass(frozen=True, slots=True)
class MemberJoined:
    """Somebody is in the room: already there while this session joins, or new."""

    member: PeerJoined


@dataclass(frozen=True, slots=True)
class MemberChanged:
    """Somebody who is in the room has another name, address or peer id now."""

    member: PeerJoined
    before: PeerJoined


@dataclass(frozen=True, slots=True)
class MemberLeft:
    """Somebody left the room."""

    member: PeerJoined
    reason: SessionEnd

    @property
    def sentence(self) -> str:
        """What a person reads who stays."""
        return f"{self.member.name} {_DEPARTURES.get(self.reason, 'left')}."


SessionEvent: TypeAlias = (
    StateChanged | Welcomed | LeaseChanged | MemberJoined | MemberChanged | MemberLeft
)

Observer: TypeAlias = Callable[[SessionEvent], None]
"""Called between turns, so it may call the session. It must not raise."""
