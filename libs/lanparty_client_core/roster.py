"""Who else is in the room, across the sessions of one endpoint.

A new session names every member again. Those who were there before are no news; those who are
missing have left. But when the relay was started again, everybody else comes back as this endpoint
did, each in his own moment and with another peer id: so who is missing then has ten seconds.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from lanparty_client_core.events import MemberChanged, MemberJoined, MemberLeft
from lanparty_ctrl import PeerJoined, Role
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MacAddress

__all__ = ["MISSING_LIMIT", "RETURN_TIME", "Roster"]

RETURN_TIME: Final = 10.0
"""Seconds that the others have to come back to a room that is a new one for the relay."""

MISSING_LIMIT: Final = 256
"""Who may be missing at one time: a full room. A relay that ends each session before the ten
seconds are over could name others each time."""

_Identity: TypeAlias = tuple[Role, MacAddress | None]


class Roster:
    """The members, and the news about them. Its size is bounded by what one session may name."""

    def __init__(self) -> None:
        self._members: dict[int, PeerJoined] = {}
        self._missing: dict[_Identity, PeerJoined] = {}
        self._missing_until: float | None = None

    @property
    def members(self) -> Mapping[int, PeerJoined]:
        """Who is there or may come back, by peer id; during an outage, who was there."""
        missing = {member.peer_id: member for member in self._missing.values()}
        return MappingProxyType(missing | self._members)

    def handle_welcome(self) -> list[MemberLeft]:
        """Expect everybody to be named again; return who has been missing for too long."""
        for member in self._members.values():
            self._missing.pop(_identity(member), None)
            self._missing[_identity(member)] = member
        self._members = {}
        self._missing_until = None
        gone = list(self._missing)[: max(0, len(self._missing) - MISSING_LIMIT)]
        return [MemberLeft(self._missing.pop(identity), SessionEnd.LEFT) for identity in gone]

    def handle_ready(self, *, resumed: bool, now: float) -> None:
        """Everybody present has been named."""
        self._missing_until = now if resumed else now + RETURN_TIME

    def add(self, member: PeerJoined) -> list[MemberJoined | MemberChanged]:
        """Take a member that the relay named; return what is news about it."""
        known = self._missing.pop(_identity(member), None) or self._members.get(member.peer_id)
        self._members[member.peer_id] = member
        if known is None:
            return [MemberJoined(member)]
        return [] if known == member else [MemberChanged(member, known)]

    def remove(self, member: PeerJoined, reason: SessionEnd) -> list[MemberLeft]:
        """Take a departure that the relay told."""
        self._members.pop(member.peer_id, None)
        return [MemberLeft(member, reason)]

    def expire(self, *, now: float) -> list[MemberLeft]:
        """Return who was there once, and didn't come back in time."""
        if self._missing_until is None or now < self._missing_until:
            return []
        gone = [MemberLeft(member, SessionEnd.LEFT) for member in self._missing.values()]
        self._missing.clear()
        self._missing_until = None
        return gone

    def next_deadline(self) -> float | None:
        """When `expire` has something to do."""
        return self._missing_until if self._missing else None


def _identity(member: PeerJoined) -> _Identity:
    return member.role, member.mac
