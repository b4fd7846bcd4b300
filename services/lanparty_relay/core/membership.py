"""From a hello to a leave: acts on admission's verdicts and tells everybody concerned.

Everything that changes who is in which room passes through here, so that registry, ledger,
addresses, sessions, peers and lifecycle events never disagree. A verdict holds only for the moment:
a contested place is judged again when the contest is decided or its holder leaves.
"""

from collections.abc import Callable, Sequence
from typing import Final

from lanparty_ctrl import (
    Disconnect,
    Hello,
    Ping,
    Reject,
)
from lanparty_ctrl.states import RelayInput
from lanparty_obs.codes import SessionEnd, sentence
from lanparty_relay.core.addressing import Addressing, Prefixes
from lanparty_relay.core.admission import Admission, Admitted, Contested, NewRoom, Refused, Verdict
from lanparty_relay.core.announcements import Announcements
from lanparty_relay.core.contests import Contest, Contests
from lanparty_relay.core.egress import EgressLedger
from lanparty_relay.core.events import (
    HelloRejected,
    LifecycleEvent,
    MemberJoined,
    MemberLeft,
    RoomClosed,
    RoomOpened,
    RoomRenumbered,
)
from lanparty_relay.core.limits import RelayLimits
from lanparty_relay.core.members import Member, Newcomer
from lanparty_relay.core.outbox import Outbox
from lanparty_relay.core.rooms import Departure, Room, RoomRegistry
from lanparty_relay.core.session import ControlSession
from lanparty_relay.core.session_counts import SessionTally
from lanparty_relay.core.sessions import Sessions

__all__ = ["Membership"]

_NONCE_BYTES: Final = 6
"""48 bits: within what every JSON parser reads exactly, and not to be guessed in a second."""


class Membership:
    """Lets endpoints in and out."""

    def __init__(
        self,
        *,
        limits: RelayLimits,
        registry: RoomRegistry,
        ledger: EgressLedger,
        sessions: Sessions,
        outbox: Outbox,
        addressing: Addressing,
        announcements: Announcements,
        tally: SessionTally,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._registry: Final = registry
        self._ledger: Final = ledger
        self._sessions: Final = sessions
        self._outbox: Final = outbox
        self._addressing: Final = addressing
        self._announcements: Final = announcements
        self._tally: Final = tally
        self._random_bytes: Final = random_bytes
        self._admission: Final = Admission(registry, limits)
        self._contests: Final = Contests()
        self.lifecycle: list[LifecycleEvent] = []

    # In

    def receive_hello(self, session: ControlSession, hello: Hello, *, now: float) -> None:
        """Admit, refuse, or ask the holder of the place first."""
        self._sessions.hello_came(session)
        session.hello = hello
        verdict = self._admission.judge(hello, session.address, now=now)
        self._act(session, hello, verdict, now=now)

    def receive_pong(self, session: ControlSession, nonce: int, *, now: float) -> None:
        """Refuse the newcomer who waited for this answer, if there is one."""
        if session.member is None:
            return
        for contest in self._contests.take_answered(session.member, nonce):
            newcomer = self._sessions.get(contest.newcomer)
            if newcomer is not None:
                self.end(newcomer, contest.code, now=now)

    def receive_prefixes(self, member: Member, prefixes: Prefixes, *, now: float) -> None:
        """Give the room other addresses if a member's machine is in its network by now."""
        if self._addressing.change_prefixes(member, prefixes, now=now):
            self._renumber(member.room, tuple(member.room.members.values()), now=now)

    def handle_timer(self, *, now: float) -> None:
        """Give the places of holders that stayed silent to those who wait."""
        for contest in self._contests.take_due(now=now):
            self._judge_again(contest, silent_holder=contest.holder, now=now)

    def next_deadline(self) -> float | None:
        """When `handle_timer` has something to do."""
        return self._contests.next_deadline()

    def _act(self, session: ControlSession, hello: Hello, verdict: Verdict, *, now: float) -> None:
        match verdict:
            case Refused(code=code, retry_after=retry_after):
                self.end(session, code, retry_after=retry_after, now=now)
            case Contested(holder=holder, code=code):
                session.advance(RelayInput.PROBE)
                nonce = int.from_bytes(self._random_bytes(_NONCE_BYTES))
                self._contests.open(Contest(session.connection, holder, nonce, code), now=now)
                self._outbox.send(self._sessions.of_member(holder), Ping(nonce=nonce), now=now)
            case Admitted():
                self._admit(session, hello, verdict, now=now)

    def _judge_again(
        self, contest: Contest, *, silent_holder: Member | None = None, now: float
    ) -> None:
        session = self._sessions.get(contest.newcomer)
        if session is None or session.hello is None:
            return
        session.advance(RelayInput.TIMEOUT)
        verdict = self._admission.judge_place(session.hello, silent_holder=silent_holder, now=now)
        self._act(session, session.hello, verdict, now=now)

    def _admit(
        self, session: ControlSession, hello: Hello, verdict: Admitted, *, now: float
    ) -> None:
        session.advance(RelayInput.ADMIT)
        newcomer = Newcomer(
            connection=session.connection,
            role=hello.role,
            mac=hello.mac,
            name=hello.name,
            datagram_budget=hello.datagram_budget,
        )
        departure = former_address = None
        if isinstance(verdict.room, NewRoom):
            room = self._open(verdict.room, hello, now=now)
            member = self._registry.join(room, newcomer, now=now)
        elif verdict.displaced is None:
            member = self._registry.join(verdict.room, newcomer, now=now)
        else:
            former_address = self._addressing.address(verdict.displaced)
            departure, member = self._registry.replace(
                verdict.displaced, newcomer, resumed=verdict.resumed, now=now
            )
            self._finish_displaced(departure, now=now)
        session.member = member
        self._sessions.welcomed(session, now=now)
        self._ledger.member_joined(member)
        if self._addressing.join(member, hello, now=now):
            self._renumber(member.room, member.room.others(member), now=now)
        self._note_join(session, member, resumed=verdict.resumed)
        self._outbox.limit_datagrams(session, member.datagram_budget)
        self._announcements.welcome(member, resumed=verdict.resumed, now=now)
        if departure is None:
            self._announcements.join(member, now=now)
            return
        former = departure.member
        if not verdict.resumed:
            self._announcements.leave(former, SessionEnd.REPLACED, besides=member, now=now)
        # For the others a resumed peer was never gone; its name or address may be another.
        same_address = self._addressing.address(member) == former_address
        if not (verdict.resumed and former.name == member.name and same_address):
            self._announcements.join(member, now=now)
        self._settle_vacated(former, now=now)

    def _open(self, new_room: NewRoom, hello: Hello, *, now: float) -> Room:
        room = self._registry.create(new_room.code, mtu=new_room.mtu, now=now)
        network = self._addressing.open_room(room, hello.prefixes_in_use, now=now)
        self.lifecycle.append(
            RoomOpened(
                room_id=room.room_id,
                code=room.code,
                mtu=room.mtu,
                network=network,
                lasting=room.lasting,
                opened_at=room.opened_at,
                block=room.block,
                serial=room.serial,
            )
        )
        return room

    def _note_join(self, session: ControlSession, member: Member, *, resumed: bool) -> None:
        self._tally.admitted += 1
        self._tally.resumed += resumed
        self.lifecycle.append(
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

    def _renumber(self, room: Room, members: Sequence[Member], *, now: float) -> None:
        """Tell members who have been welcomed that the room has another network."""
        leases = {member.peer_id: self._addressing.address(member) for member in members}
        self.lifecycle.append(RoomRenumbered(room.room_id, self._addressing.network(room), leases))
        self._announcements.addresses(members, now=now)

    # Out

    def end(
        self,
        session: ControlSession,
        code: SessionEnd,
        *,
        text: str | None = None,
        retry_after: float | None = None,
        now: float,
    ) -> None:
        """End a session from the relay's side: a last message, a close, and the leave of a member.

        The text defaults to the code's sentence.
        """
        said = sentence(code) if text is None else text
        if session.member is None:
            session.advance(
                RelayInput.TIMEOUT if code is SessionEnd.HELLO_TIMEOUT else RelayInput.REJECT
            )
            reject = Reject(code=code, text=said, retry_after=retry_after)
            self._outbox.send(session, reject, now=now)
        else:
            session.advance(RelayInput.END)
            self._outbox.send(session, Disconnect(code=code, text=said), now=now)
        self._outbox.close(session, code, said)
        self._gone(session, code, refused=True, now=now)

    def peer_ended(self, session: ControlSession, *, now: float) -> None:
        """Answer a peer's `disconnect` by closing. What the peer gives as reason isn't believed."""
        self._outbox.close(session, SessionEnd.LEFT, "")
        self._gone(session, SessionEnd.LEFT, refused=False, now=now)

    def connection_closed(
        self, session: ControlSession, end: SessionEnd, *, by_peer: bool, now: float
    ) -> None:
        """Draw the consequences of a connection that is no more."""
        session.advance(RelayInput.CLOSED)
        self._outbox.forget(session)
        self._gone(session, SessionEnd.LEFT if by_peer else end, refused=False, now=now)

    def close_room(self, room: Room, *, now: float) -> None:
        """End every session in the room, those that get a place meanwhile as well; then it goes."""
        if not room.members:
            self._registry.close(room)
            self._addressing.close_room(room)
            self._ledger.room_closed(room.block)
            self.lifecycle.append(RoomClosed(room.room_id))
            return
        room.lasting = False
        while room.members:
            holder = next(iter(room.members.values()))
            self.end(self._sessions.of_member(holder), SessionEnd.ROOM_CLOSED, now=now)

    def _gone(
        self, session: ControlSession, reason: SessionEnd, *, refused: bool, now: float
    ) -> None:
        self._sessions.remove(session)
        self._contests.withdraw(session.connection)
        member = session.member
        if member is not None:
            departure = self._registry.leave(member, now=now)
            self._note_departure(departure, reason, now=now)
            self._announcements.leave(member, reason, now=now)
            self._settle_vacated(member, now=now)
        elif refused:
            self._tally.rejected[reason] += 1
            self.lifecycle.append(HelloRejected(session.address, reason))
        else:
            self._tally.abandoned += 1

    def _finish_displaced(self, departure: Departure, *, now: float) -> None:
        """End the session of a member whose place the registry has given away already."""
        session = self._sessions.of_member(departure.member)
        session.advance(RelayInput.END)
        text = sentence(SessionEnd.REPLACED)
        self._outbox.send(session, Disconnect(code=SessionEnd.REPLACED, text=text), now=now)
        self._outbox.close(session, SessionEnd.REPLACED, text)
        self._sessions.remove(session)
        self._note_departure(departure, SessionEnd.REPLACED, now=now)

    def _note_departure(self, departure: Departure, reason: SessionEnd, *, now: float) -> None:
        member = departure.member
        self._addressing.leave(member, now=now)
        self._tally.ended[reason] += 1
        self._ledger.member_left(departure)
        self.lifecycle.append(MemberLeft(member.room.room_id, member.peer_id, reason))
        if departure.room_closed:
            self._addressing.close_room(member.room)
            self.lifecycle.append(RoomClosed(member.room.room_id))

    def _settle_vacated(self, holder: Member, *, now: float) -> None:
        """Judge those again who waited for this member's answer: it can't come any more."""
        for contest in self._contests.take_vacated(holder):
            self._judge_again(contest, now=now)
