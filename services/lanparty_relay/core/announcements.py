"""What members are told of each other: the welcome, who joined or left, and new addresses."""

from collections.abc import Iterable
from typing import Final

from lanparty_ctrl import (
    PROTOCOL_VERSION,
    Lease,
    PeerJoined,
    PeerLeft,
    RoomReady,
    Welcome,
    encode_message,
)
from lanparty_obs.codes import SessionEnd
from lanparty_relay.core.addressing import Addressing
from lanparty_relay.core.limits import HEARTBEAT_SECONDS, RelayLimits
from lanparty_relay.core.members import Member
from lanparty_relay.core.outbox import Outbox
from lanparty_relay.core.session import ControlSession
from lanparty_relay.core.sessions import Sessions

__all__ = ["Announcements"]

_ENDS_OF_ALL: Final = frozenset({SessionEnd.SHUTDOWN, SessionEnd.ROOM_CLOSED})
"""Nobody stays: everybody is told why, and not who was told first."""


class Announcements:
    """Says it, on everybody's control stream."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        outbox: Outbox,
        addressing: Addressing,
        limits: RelayLimits,
        server_version: str,
    ) -> None:
        self._sessions: Final = sessions
        self._outbox: Final = outbox
        self._addressing: Final = addressing
        self._limits: Final = limits
        self._server_version: Final = server_version

    def welcome(self, member: Member, *, resumed: bool, now: float) -> None:
        """Welcome a new member and name those present."""
        session, room = self._sessions.of_member(member), member.room
        welcome = Welcome(
            version=PROTOCOL_VERSION,
            peer_id=member.peer_id,
            room_code=room.code,
            room_id=room.room_id,
            mtu=room.mtu,
            datagram_budget=self._limits.largest_datagram,
            resume_token=member.resume_token,
            resumed=resumed,
            heartbeat_seconds=HEARTBEAT_SECONDS,
            peers_limit=self._limits.peers_in(room.peers_limit),
            server_version=self._server_version,
            lease=self._addressing.lease(member),
        )
        self._outbox.send(session, welcome, now=now)
        for other in room.others(member):
            self._outbox.send(session, self._peer_joined(other), now=now)
        self._outbox.send(session, RoomReady(), now=now)

    def join(self, member: Member, *, now: float) -> None:
        """Tell the others of a member that is new, or has another name or address."""
        others = self._sessions_of(member.room.others(member))
        self._outbox.send_all(others, self._peer_joined(member), now=now)

    def leave(
        self, member: Member, reason: SessionEnd, *, besides: Member | None = None, now: float
    ) -> None:
        """Tell those who stay of a member that left, but not the one `besides`."""
        if reason in _ENDS_OF_ALL:
            return
        stay = [other for other in member.room.members.values() if other is not besides]
        if stay:
            left = PeerLeft(peer_id=member.peer_id, reason=reason)
            self._outbox.send_all(self._sessions_of(stay), left, now=now)

    def addresses(self, members: Iterable[Member], *, now: float) -> None:
        """Tell each of these its own new address and the others'."""
        members = tuple(members)
        named = {
            member: encode_message(self._peer_joined(member))
            for member in members
            if not member.is_gateway
        }
        for member in members:
            lease = self._addressing.lease(member)
            own = b"" if lease is None else encode_message(Lease(lease=lease))
            others = (frame for other, frame in named.items() if other is not member)
            session = self._sessions.of_member(member)
            self._outbox.send_encoded(session, own + b"".join(others), now=now)

    def _peer_joined(self, member: Member) -> PeerJoined:
        return PeerJoined(
            peer_id=member.peer_id,
            role=member.role,
            mac=member.mac,
            name=member.name,
            address=self._addressing.address(member),
        )

    def _sessions_of(self, members: Iterable[Member]) -> list[ControlSession]:
        return [self._sessions.of_member(member) for member in members]
