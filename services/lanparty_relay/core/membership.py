"""From a hello to a leave: acts on admission's verdicts, and says each session's last words.

A verdict holds only for the moment: a contested place is judged again when the contest is decided
or its holder leaves, and a gateway that stands by when the place passes on. The changes themselves
are `places`'.
"""

from collections.abc import Callable
from typing import Final

from lanparty_ctrl import Disconnect, Hello, Ping, Reject, Waiting
from lanparty_ctrl.states import RelayInput
from lanparty_obs.codes import SessionEnd, sentence
from lanparty_relay.core.admission import Admission, Admitted, Contested, Refused, StandsBy, Verdict
from lanparty_relay.core.contests import Contest, Contests
from lanparty_relay.core.deadlines import earliest
from lanparty_relay.core.events import HelloRejected, Lifecycle, RoomEnd, StandbysChanged
from lanparty_relay.core.members import Member
from lanparty_relay.core.outbox import Outbox
from lanparty_relay.core.places import Places
from lanparty_relay.core.rooms import Room
from lanparty_relay.core.session import ControlSession
from lanparty_relay.core.session_counts import SessionTally
from lanparty_relay.core.sessions import Sessions
from lanparty_relay.core.standbys import STANDBYS_PER_ROOM, Standbys

__all__ = ["Membership"]

_NONCE_BYTES: Final = 6
"""48 bits: within what every JSON parser reads exactly, and not to be guessed in a second."""

_ANY_PACKET: Final = 0
"""Nonce of a ping whose pong isn't waited for: any packet is an answer."""


class Membership:
    """Lets endpoints in and out."""

    def __init__(
        self,
        *,
        admission: Admission,
        places: Places,
        sessions: Sessions,
        outbox: Outbox,
        tally: SessionTally,
        lifecycle: Lifecycle,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._admission: Final = admission
        self._places: Final = places
        self._sessions: Final = sessions
        self._outbox: Final = outbox
        self._tally: Final = tally
        self._lifecycle: Final = lifecycle
        self._random_bytes: Final = random_bytes
        self._contests: Final = Contests()
        self._standbys: Final = Standbys()

    # In

    def receive_hello(self, session: ControlSession, hello: Hello, *, now: float) -> None:
        """Admit, refuse, let wait, or ask the holder of the place first."""
        self._sessions.hello_came(session)
        session.hello = hello
        verdict = self._admission.judge(hello, session.address, now=now)
        self._act(session, hello, verdict, now=now)

    def receive_pong(self, session: ControlSession, nonce: int, *, now: float) -> None:
        """Refuse the newcomer who waited for this answer, if there is one."""
        if session.member is None:
            return
        for contest in self._contests.take_answered(session.member, nonce):
            self._lose_contest(contest, now=now)

    def handle_timer(self, *, now: float) -> None:
        """Give the places of holders that stayed silent to those who wait, and ask gateways."""
        for contest in self._contests.take_due(now=now):
            if self._standbys.waiting(contest.holder.room) and contest.holder.is_gateway:
                self._lose_contest(contest, now=now)  # those who stand by come first
            else:
                self._judge_again(contest, outgoing=contest.holder, now=now)
        for room in self._standbys.take_due(now=now):
            self._ask(room, now=now)

    def look_at(self, session: ControlSession, *, heard_at: float, now: float) -> None:
        """Take when the last packet of a session came that was asked because somebody waits.

        The place of a gateway that is silent, while one that waits is heard, passes on.
        """
        session.hearing.look(heard_at)
        if session.member is None:
            return
        if not self._standbys.is_anybody_heard(session.member.room):
            session.hearing.excuse()
        elif session.hearing.is_silent:
            self.end(session, SessionEnd.CONNECTION_LOST, now=now)

    def next_deadline(self) -> float | None:
        """When `handle_timer` has something to do."""
        return earliest(self._contests.next_deadline(), self._standbys.next_deadline())

    def _act(self, session: ControlSession, hello: Hello, verdict: Verdict, *, now: float) -> None:
        match verdict:
            case Refused(code=code, retry_after=retry_after):
                self.end(session, code, retry_after=retry_after, now=now)
            case Contested(holder=holder, code=code):
                session.advance(RelayInput.PROBE)
                nonce = int.from_bytes(self._random_bytes(_NONCE_BYTES))
                self._contests.open(Contest(session.connection, holder, nonce, code), now=now)
                self._outbox.send(self._sessions.of_member(holder), Ping(nonce=nonce), now=now)
            case StandsBy(room=room):
                self._stand_by(session, room, now=now)
            case Admitted():
                self._admit(session, hello, verdict, now=now)

    def _admit(
        self, session: ControlSession, hello: Hello, verdict: Admitted, *, now: float
    ) -> None:
        session.advance(RelayInput.ADMIT)
        holder = verdict.displaced
        if holder is None:
            self._places.enter(session, hello, verdict.room, now=now)
            return
        former = self._sessions.of_member(holder)
        self._say_goodbye(former, SessionEnd.REPLACED, sentence(SessionEnd.REPLACED), now=now)
        self._sessions.remove(former)
        self._places.pass_on(
            holder,
            session,
            hello,
            resumed=verdict.resumed,
            reason=SessionEnd.REPLACED,
            now=now,
        )
        self._settle_vacated(holder, now=now)

    # Contests

    def _judge_again(self, contest: Contest, *, outgoing: Member | None = None, now: float) -> None:
        session = self._sessions.get(contest.newcomer)
        if session is None or session.hello is None:
            return
        session.advance(RelayInput.TIMEOUT)
        verdict = self._admission.judge_place(session.hello, outgoing=outgoing, now=now)
        self._act(session, session.hello, verdict, now=now)

    def _lose_contest(self, contest: Contest, *, now: float) -> None:
        newcomer = self._sessions.get(contest.newcomer)
        if newcomer is not None:
            self.end(newcomer, contest.code, now=now)

    def _settle_vacated(self, holder: Member, *, now: float) -> None:
        """Judge those again who waited for this member's answer: it can't come any more."""
        for contest in self._contests.take_vacated(holder):
            self._judge_again(contest, now=now)

    # Gateways that stand by

    def _stand_by(self, session: ControlSession, room: Room, *, now: float) -> None:
        if len(self._standbys.waiting(room)) >= STANDBYS_PER_ROOM:
            silent = self._standbys.longest_silent(room)
            if silent is None:
                self.end(session, SessionEnd.ROOM_FULL, now=now)
                return
            self.end(silent, SessionEnd.CONNECTION_LOST, now=now)
        session.advance(RelayInput.STAND_BY)
        self._outbox.send(session, Waiting(), now=now)
        self._standbys.add(room, session, now=now)
        self._note_standbys(room)

    def _ask(self, room: Room, *, now: float) -> None:
        """Ask the gateway, and those who wait for its place, for a sign of life."""
        assert room.gateway is not None, "nobody waits for a place that is free"
        holder = self._sessions.of_member(room.gateway)
        for session in (*self._standbys.waiting(room), holder):
            session.hearing.is_due = True
            self._outbox.send(session, Ping(nonce=_ANY_PACKET), now=now)
            self._outbox.want_look(session)

    def _pass_on(self, holder: Member, reason: SessionEnd, *, now: float) -> bool:
        """Give a gateway's place to one that waits for it; False if nobody does."""
        while holder.is_gateway:
            session = self._standbys.successor(holder.room)
            if session is None or session.hello is None:
                break
            self._withdraw(session)
            verdict = self._admission.judge_place(session.hello, outgoing=holder, now=now)
            if isinstance(verdict, Admitted):
                session.advance(RelayInput.ADMIT)
                self._places.pass_on(
                    holder, session, session.hello, resumed=False, reason=reason, now=now
                )
                return True
            self.end(session, SessionEnd.ROOM_FULL, now=now)
        return False

    def _withdraw(self, session: ControlSession) -> None:
        room = self._standbys.withdraw(session)
        if room is not None:
            self._note_standbys(room)

    def _note_standbys(self, room: Room) -> None:
        waiting = len(self._standbys.waiting(room))
        self._lifecycle.note(StandbysChanged(room.room_id, waiting))

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
        self._say_goodbye(session, code, said, retry_after=retry_after, now=now)
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

    def close_room(self, room: Room, end: RoomEnd, *, now: float) -> None:
        """End every session in the room, those that get a place meanwhile as well; then it goes."""
        room.end = end
        for session in self._standbys.waiting(room):
            self.end(session, SessionEnd.ROOM_CLOSED, now=now)
        if not room.members:
            self._places.close(room)
            return
        room.lasting = False
        while room.members:
            holder = next(iter(room.members.values()))
            self.end(self._sessions.of_member(holder), SessionEnd.ROOM_CLOSED, now=now)

    def _say_goodbye(
        self,
        session: ControlSession,
        code: SessionEnd,
        text: str,
        *,
        retry_after: float | None = None,
        now: float,
    ) -> None:
        if session.member is None:
            session.advance(
                RelayInput.TIMEOUT if code is SessionEnd.HELLO_TIMEOUT else RelayInput.REJECT
            )
            reject = Reject(code=code, text=text, retry_after=retry_after)
            self._outbox.send(session, reject, now=now)
        else:
            session.advance(RelayInput.END)
            self._outbox.send(session, Disconnect(code=code, text=text), now=now)
        self._outbox.close(session, code, text)

    def _gone(
        self, session: ControlSession, reason: SessionEnd, *, refused: bool, now: float
    ) -> None:
        self._sessions.remove(session)
        self._contests.withdraw(session.connection)
        self._withdraw(session)
        member = session.member
        if member is not None:
            if not self._pass_on(member, reason, now=now):
                self._places.leave(member, reason, now=now)
            self._settle_vacated(member, now=now)
        elif refused:
            self._tally.rejected[reason] += 1
            self._lifecycle.note(HelloRejected(session.address, reason))
        else:
            self._tally.abandoned += 1
