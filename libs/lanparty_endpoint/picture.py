"""What a running session of any endpoint tells of itself."""

from abc import ABC, abstractmethod
from typing import Any, Final, Generic, Protocol, TypeVar

from lanparty_client_core import LastingSession
from lanparty_endpoint.recent_lines import RecentLines
from lanparty_endpoint.room_wish import RoomWish
from lanparty_endpoint.story import story_of
from lanparty_obs.diagnostics import ClientDiagnostics

__all__ = ["InRoom", "SessionPicture"]


class InRoom(Protocol):
    """An endpoint's time in a room."""

    @property
    def wish(self) -> RoomWish:
        """What was asked for."""
        ...

    @property
    def session(self) -> LastingSession | None:
        """The session with the relay; None before it is dialed."""
        ...

    def leave(self) -> None:
        """Begin to leave the room."""
        ...


MembershipT = TypeVar("MembershipT", bound=InRoom)


class SessionPicture(ABC, Generic[MembershipT]):
    """The shared part of what `lanparty_endpoint.handlers.Answering` asks for."""

    def __init__(self, membership: MembershipT) -> None:
        self.membership: Final = membership

    @property
    def interface(self) -> str:
        """The network interface's name."""
        return self.membership.wish.interface

    @property
    def session(self) -> LastingSession | None:
        """The session with the relay; None before it is dialed."""
        return self.membership.session

    @abstractmethod
    def diagnostics(self) -> ClientDiagnostics:
        """Look at its status and at what lies under it."""

    def invite(self) -> str | None:
        """Write the invite to its room; None before there is one."""
        session = self.session
        if session is None or session.welcome is None:
            return None
        return self.membership.wish.invite_link(session.welcome.room_code)

    def report(self, log: RecentLines) -> dict[str, Any]:  # Any: JSON
        """Put together its part of a bug report."""
        wish = self.membership.wish
        return story_of(wish, self.session, self.diagnostics(), log, asked_for=wish.asked_for())

    def leave(self) -> None:
        """Begin to leave the room."""
        self.membership.leave()
