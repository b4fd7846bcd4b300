"""Who is in which room: each change in one step, so that nothing disagrees.

Registry, ledger, addresses, sessions, peers and lifecycle events learn of an arrival, a departure,
or a place that passes on, here and nowhere else. What may happen, and what the one concerned is
told at the end, is `membership`'s.
"""

from collections.abc import Sequence
from typing import Final

from lanparty_ctrl import Hello, RoomCode
from lanparty_obs.codes import SessionEnd
from lanparty_relay.core.addressing import Addressing, Prefixes
from lanparty_relay.core.admission import NewRoom
from lanparty_relay.core.announcements import Announcements
from lanparty_relay.core.egress import EgressLedger
from lanparty_relay.core.events import (
    Lifecycle,
    MemberJoined,
    MemberLeft,
    RoomChanged,
    RoomClosed,
    RoomOpened,
    RoomRenumbered,
)
from lanparty_relay.core.members import Member, Newcomer
from lanparty_relay.core.outbox import Outbox
from lanparty_relay.core.rooms import Departure, Room, RoomRegistry
from lanparty_relay.core.session import ControlSession
from lanparty_relay.core.session_counts import SessionTally
from lanparty_relay.core.sessions import Sessions

__all__ = ["Places"]


class Places:
    """Changes who is where, and tells everybody concerned."""

    def __init__(
        self,
        *,
        registry: RoomRegistry,
        ledger: EgressLedger,
        sessions: Sessions,
        outbox: Outbox,
        addressing: Addressing,
        announcements: Announcements,
        tally: SessionTally,
        lifecycle: Lifecycle,
    ) -> None:
        self._registry: Final = registry
        self._ledger: Final = ledger
        self._sessions: Final = sessions
        self._outbox: Final = outbox
        self._addressing: Final = addressing
        self._announcements: Final = announcements
        self._tally: Final = tally
        self._lifecycle: Final = lifecycle

    def open_ahead(
        self,
        code: RoomCode | None,
        *,
        room_id: str | None = None,
        mtu: int,
        peers_limit: int | None,
        expires_at: float | None,
        now: float,
    ) -> Room:
        """Make a room in which nobody is yet, and which stays."""
        room = self._registry.create(
            code,
            room_id=room_id,
            mtu=mtu,
            lasting=True,
            peers_limit=peers_limit,
            expires_at=expires_at,
            now=now,
        )
        self._note_opening(room, (), now=now)
        return room

    def change(self, room: Room, *, peers_limit: int | None, expires_at: float | None) -> None:
        """Give a room that was made ahead another limit, for those who come, and another end."""
        self._registry.change(room, peers_limit=peers_limit, expires_at=expires_at)
        self._lifecycle.note(RoomChanged(room.room_id, peers_limit, expires_at))

    def enter(
        self, session: ControlSession, hello: Hello, room: Room | NewRoom, *, now: float
    ) -> None:
        """Let an endpoint into a room that has a place for it."""
        if isinstance(room, NewRoom):
            room = self._open(room, hello, now=now)
        member = self._registry.join(room, _newcomer(session, hello), now=now)
        self._welcome(session, hello, member, resumed=False, now=now)
        self._announcements.join(member, now=now)

    def pass_on(
        self,
        holder: Member,
        session: ControlSession,
        hello: Hello,
        *,
        resumed: bool,
        reason: SessionEnd,
        now: float,
    ) -> None:
        """Give an endpoint the place of a member that goes, whose session has ended already.

        `resumed`: the two are one endpoint. Else the others hear that the member left, and why.
        """
        former_address = self._addressing.address(holder)
        newcomer = _newcomer(session, hello)
        departure, member = self._registry.replace(holder, newcomer, resumed=resumed, now=now)
        self._note_departure(departure, reason, now=now)
        self._welcome(session, hello, member, resumed=resumed, now=now)
        if not resumed:
            self._announcements.leave(holder, reason, besides=member, now=now)
        # For the others a resumed peer was never gone; its name or address may be another.
        same_address = self._addressing.address(member) == former_address
        if not (resumed and holder.name == member.name and same_address):
            self._announcements.join(member, now=now)

    def leave(self, member: Member, reason: SessionEnd, *, now: float) -> None:
        """Let a member go whose session has ended already."""
        departure = self._registry.leave(member, now=now)
        self._note_departure(departure, reason, now=now)
        self._announcements.leave(member, reason, now=now)

    def close(self, room: Room) -> None:
        """Remove a room without members."""
        self._registry.close(room)
        self._ledger.room_closed(room.block)
        self._note_close(room)

    def change_prefixes(self, member: Member, prefixes: Prefixes, *, now: float) -> None:
        """Give the room other addresses if a member's machine is in its network by now."""
        if self._addressing.change_prefixes(member, prefixes, now=now):
            self._renumber(member.room, tuple(member.room.members.values()), now=now)

    def _welcome(
        self, session: ControlSession, hello: Hello, member: Member, *, resumed: bool, now: float
    ) -> None:
        session.member = member
        self._sessions.welcomed(session, now=now)
        self._ledger.member_joined(member)
        if self._addressing.join(member, hello, now=now):
            self._renumber(member.room, member.room.others(member), now=now)
        self._note_join(session, member, resumed=resumed)
        self._outbox.limit_datagrams(session, member.datagram_budget)
        self._announcements.welcome(member, resumed=resumed, now=now)

    def _open(self, new_room: NewRoom, hello: Hello, *, now: float) -> Room:
        room = self._registry.create(new_room.code, mtu=new_room.mtu, now=now)
        self._note_opening(room, hello.prefixes_in_use, now=now)
        return room

    def _note_opening(self, room: Room, prefixes: Prefixes, *, now: float) -> None:
        network = self._addressing.open_room(room, prefixes, now=now)
        self._lifecycle.note(
            RoomOpened(
                room_id=room.room_id,
                code=room.code,
                mtu=room.mtu,
                network=network,
                lasting=room.lasting,
                opened_at=room.opened_at,
                block=room.block,
                serial=room.serial,
                peers_limit=room.peers_limit,
                expires_at=room.expires_at,
            )
        )

    def _note_join(self, session: ControlSession, member: Member, *, resumed: bool) -> None:
        self._tally.admitted += 1
        self._tally.resumed += resumed
        self._lifecycle.note(
            MemberJoined(
                room_id=member.room.room_id,
                peer_id=member.peer_id,
                role=member.role,
                mac=member.mac,
                name=member.name,
                address=session.address,
                lease=self._addressing.address(member),
                joined_at=member.joined_at,
                resumed=resumed,
                block=member.block,
                serial=member.serial,
            )
        )

    def _note_departure(self, departure: Departure, reason: SessionEnd, *, now: float) -> None:
        member = departure.member
        self._addressing.leave(member, now=now)
        self._tally.ended[reason] += 1
        self._ledger.member_left(departure)
        self._lifecycle.note(MemberLeft(member.room.room_id, member.peer_id, reason))
        if departure.room_closed:
            self._note_close(member.room)

    def _note_close(self, room: Room) -> None:
        self._addressing.close_room(room)
        self._lifecycle.note(RoomClosed(room.room_id, room.end))

    def _renumber(self, room: Room, members: Sequence[Member], *, now: float) -> None:
        """Tell members who have been welcomed that the room has another network."""
        leases = {member.peer_id: self._addressing.address(member) for member in members}
        network = self._addressing.network(room)
        self._lifecycle.note(RoomRenumbered(room.room_id, network, leases))
        self._announcements.addresses(members, now=now)


def _newcomer(session: ControlSession, hello: Hello) -> Newcomer:
    return Newcomer(
        connection=session.connection,
        role=hello.role,
        mac=hello.mac,
        name=hello.name,
        datagram_budget=hello.datagram_budget,
    )
