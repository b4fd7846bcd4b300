"""The relay without its sockets: what came in and what time it is, to what goes out.

One turn of the shell, with an `Endpoint` of `lanparty_quic`:

    blocks.begin_batch()
    relay.handle_datagrams(endpoint.datagrams(), now=now)
    for event in endpoint.events():
        relay.handle_event(event, now=now)
    relay.handle_timer(now=now)
    for connection, copies in relay.work():
        endpoint.charge(connection, copies)
    endpoint.queue(relay.sends(), now=now)
    ...do relay.actions()
    for connection in relay.statistics_wanted():
        relay.handle_statistics(connection, endpoint.statistics(connection), now=now)
    ...do relay.actions(), which those answers may have added
    endpoint.flush(now=now)
    relay.handle_outcomes(endpoint.outcomes(), now=now)
    blocks.end_batch()
    ...pass on relay.lifecycle()

Datagrams come first, so that a member's last frames aren't lost to the `disconnect` behind them.
Commands (`kick`, `open_room`, `shutdown` and so on) belong between the brackets of a batch as well,
and what they cause leaves in the same turn. What a connection's datagrams cost is charged to it, so
that the endpoint takes in what comes next by turns of work: who sends to everybody pays for every
copy. Nothing a peer does raises from here.
"""

from collections.abc import Callable, Iterable
from typing import Final

from lanparty_ctrl import (
    Disconnect,
    Hello,
    Message,
    Ping,
    Pong,
    PrefixesInUse,
    ProtocolViolation,
    Stats,
)
from lanparty_obs.codes import SessionEnd, sentence
from lanparty_obs.counters import (
    DROPPED_INGRESS,
    RECEIVED,
    RECEIVED_BYTES,
    ROUND_TRIP_MICROSECONDS,
    TunnelCounters,
)
from lanparty_obs.reasons import IngressDrop
from lanparty_quic.endpoint import (
    AddressChanged,
    Connected,
    ConnectionClosed,
    ConnectionKey,
    ConnectionStatistics,
    ControlReceived,
    EndpointEvent,
    ExtraStreamOpened,
    Outcome,
    Received,
    Send,
)
from lanparty_relay.core.actions import Action
from lanparty_relay.core.addressing import Addressing
from lanparty_relay.core.admission import Admission
from lanparty_relay.core.announcements import Announcements
from lanparty_relay.core.blocks import CounterBlocks
from lanparty_relay.core.deadlines import earliest
from lanparty_relay.core.egress import EgressLedger
from lanparty_relay.core.events import (
    Lifecycle,
    LifecycleEvent,
    MemberMoved,
    MemberReported,
    RoomEnd,
    SessionFault,
    SessionFaulted,
)
from lanparty_relay.core.frame_log import FrameLogs
from lanparty_relay.core.guards import Guard, PassEverything
from lanparty_relay.core.join_rates import JoinRates
from lanparty_relay.core.lasting_rooms import KeptRoom, LastingRooms, RoomOrder, RoomRefused
from lanparty_relay.core.leases import LeaseBook
from lanparty_relay.core.limits import RelayLimits
from lanparty_relay.core.membership import Membership
from lanparty_relay.core.outbox import Outbox
from lanparty_relay.core.places import Places
from lanparty_relay.core.rooms import Room, RoomRegistry
from lanparty_relay.core.session import ControlSession
from lanparty_relay.core.session_counts import SessionCounts, SessionTally
from lanparty_relay.core.sessions import Sessions
from lanparty_relay.core.switch import Switch

__all__ = ["Relay"]

_REPORTS_APART: Final = 1.0
"""Seconds between two `stats` of a member that are passed on; more would only cost."""

_MOVES_APART: Final = 1.0
"""Seconds between two moves of a member that are told: each costs a line in the log, and a peer can
send every packet from another address."""

_MICROSECONDS: Final = 1_000_000

_EXTRA_STREAM: Final = "another stream than the control stream, or the end of that one"


class Relay:
    """All rooms and sessions of one relay. See the module for how a turn goes."""

    def __init__(
        self,
        *,
        limits: RelayLimits,
        blocks: CounterBlocks,
        random_bytes: Callable[[int], bytes],
        server_version: str,
        leases: LeaseBook,
        guard: Guard | None = None,
    ) -> None:
        """`random_bytes(n)` returns n unpredictable bytes: codes and tokens are made of them.

        `leases` stays the caller's, who takes its changes between turns.
        """
        self._blocks: Final = blocks
        self._registry: Final = RoomRegistry(blocks, random_bytes)
        self._ledger: Final = EgressLedger(blocks)
        self.frame_logs: Final = FrameLogs(self._registry)
        """Opened, read and closed like the other commands: between two brackets of a batch."""
        self._switch: Final = Switch(blocks, guard or PassEverything(), self.frame_logs)
        self._sessions: Final = Sessions(limits.hello_timeout)
        self._without_hello: Final = JoinRates(limits.joins_per_minute)
        """Connections that have said no hello, or not yet: as many as joins may come."""
        self._outbox: Final = Outbox()
        self._tally: Final = SessionTally()
        self._lifecycle: Final = Lifecycle()
        addressing = Addressing(leases)
        self._places: Final = Places(
            registry=self._registry,
            ledger=self._ledger,
            sessions=self._sessions,
            outbox=self._outbox,
            addressing=addressing,
            announcements=Announcements(
                sessions=self._sessions,
                outbox=self._outbox,
                addressing=addressing,
                limits=limits,
                server_version=server_version,
            ),
            tally=self._tally,
            lifecycle=self._lifecycle,
        )
        self._membership: Final = Membership(
            admission=Admission(self._registry, limits),
            places=self._places,
            sessions=self._sessions,
            outbox=self._outbox,
            tally=self._tally,
            lifecycle=self._lifecycle,
            random_bytes=random_bytes,
        )
        self._lasting_rooms: Final = LastingRooms(
            self._registry, limits, self._places, self._membership
        )
        self._sends: list[Send] = []
        self._work: list[tuple[ConnectionKey, int]] = []
        self._stopping = False

    # What came in

    def handle_datagrams(self, received: Iterable[Received], *, now: float) -> None:
        """Forward what members sent; count and drop what came before a welcome."""
        for batch in received:
            session = self._sessions.get(batch.connection)
            if session is None:
                # In one flight with the handshake's end, or under way when the session ended.
                self._drop_outside_session(batch.payloads)
            elif session.member is None:
                self._drop_outside_session(batch.payloads)
                self._tally.faults[SessionFault.DATAGRAM_BEFORE_WELCOME] += len(batch.payloads)
            else:
                sends = self._switch.forward(session.member, batch.payloads, now=now)
                self._sends += sends
                self._work.append((batch.connection, len(sends)))

    def handle_event(self, event: EndpointEvent, *, now: float) -> None:
        """Take one event of the endpoint. One about a session that has ended is ignored."""
        if isinstance(event, Connected):
            self._open_session(event, now=now)
            return
        session = self._sessions.get(event.connection)
        if session is None:
            return
        match event:
            case ControlReceived(data=data):
                self._receive_control(session, data, now=now)
            case ExtraStreamOpened():
                self._fault(session, SessionFault.EXTRA_STREAM, _EXTRA_STREAM, now=now)
            case AddressChanged(address=address):
                session.address = address
                self._note_move(session, now=now)
            case ConnectionClosed(end=end, text=text, by_peer=by_peer):
                if end is SessionEnd.PROTOCOL_ERROR and not by_peer:
                    self._note_fault(session, SessionFault.TRANSPORT_VIOLATION, text)
                self._membership.connection_closed(session, end, by_peer=by_peer, now=now)

    def handle_outcomes(
        self,
        outcomes: Iterable[Outcome],
        *,
        now: float,  # noqa: ARG002  every verb that handles takes the time
    ) -> None:
        """Count what became of sends, of this turn or an earlier one."""
        self._ledger.handle_outcomes(outcomes)

    def handle_timer(self, *, now: float) -> None:
        """Do what is due. Harmless when nothing is."""
        for session in self._sessions.take_without_hello(now=now):
            self._fault(
                session,
                SessionFault.HELLO_TIMEOUT,
                sentence(SessionEnd.HELLO_TIMEOUT),
                code=SessionEnd.HELLO_TIMEOUT,
                now=now,
            )
        self._membership.handle_timer(now=now)
        self._lasting_rooms.handle_timer(now=now)
        for session in self._sessions.take_heartbeats(now=now):
            session.stats_due = True
            self._outbox.want_look(session)
            if session.move_untold:
                self._note_move(session, now=now)
        self._outbox.handle_timer(now=now)
        self.frame_logs.handle_timer(now=now)

    def next_deadline(self) -> float | None:
        """When a turn is due at the latest; None while nothing can become due."""
        return earliest(
            self._sessions.next_deadline(),
            self._membership.next_deadline(),
            self._lasting_rooms.next_deadline(),
            self._outbox.next_deadline(),
            self.frame_logs.next_deadline(),
        )

    def handle_statistics(
        self, connection: ConnectionKey, statistics: ConnectionStatistics | None, *, now: float
    ) -> None:
        """Take a look that was wanted: a peer that doesn't read its control stream ends here."""
        session = self._sessions.get(connection)
        if session is None or statistics is None:
            return
        if session.reading.is_stalled(
            statistics.control_backlog, heard_at=statistics.heard_at, now=now
        ):
            self._fault(
                session,
                SessionFault.CONTROL_NOT_READ,
                sentence(SessionEnd.TOO_SLOW),
                code=SessionEnd.TOO_SLOW,
                now=now,
            )
            return
        if session.hearing.is_due:
            self._membership.look_at(session, heard_at=statistics.heard_at, now=now)
            if session.state.is_over:
                return
        if statistics.control_backlog:
            self._outbox.watch(session, now=now)
        self._note_round_trip(session, statistics.round_trip_time)
        if session.stats_due:
            self._send_stats(session, statistics.round_trip_time, now=now)

    # What goes out

    def sends(self) -> list[Send]:
        """Take the copies to queue."""
        sends, self._sends = self._sends, []
        return sends

    def work(self) -> list[tuple[ConnectionKey, int]]:
        """Take who caused how many of these copies: the work of taking in more of theirs."""
        work, self._work = self._work, []
        return work

    def actions(self) -> list[Action]:
        """Take what to send and close on the control plane, in order."""
        return self._outbox.take_actions()

    def statistics_wanted(self) -> list[ConnectionKey]:
        """Take the connections that have to be looked at, once their actions are done."""
        return self._outbox.take_wanted()

    def lifecycle(self) -> list[LifecycleEvent]:
        """Take what happened, for inventory and logs."""
        return self._lifecycle.take()

    @property
    def control_bytes(self) -> int:
        """Control bytes that are held, in all: not read by peers yet, or not complete yet."""
        return self._sessions.control_bytes

    def session_counts(self) -> SessionCounts:
        """Look at what became of the connections so far."""
        return self._tally.counts()

    # Commands

    def kick(self, room_id: str, peer_id: int, *, now: float) -> bool:
        """End a member's session as `kicked`; False if there is no such member."""
        room = self._registry.find(room_id)
        member = None if room is None else room.members.get(peer_id)
        if member is None:
            return False
        self._membership.end(self._sessions.of_member(member), SessionEnd.KICKED, now=now)
        return True

    def open_room(self, order: RoomOrder, *, now: float) -> Room | RoomRefused:
        """Make a room ahead, which stays without members until it is closed or expires."""
        return self._lasting_rooms.open(order, now=now)

    def change_room(
        self, room_id: str, *, peers_limit: int | None, expires_at: float | None
    ) -> Room | RoomRefused:
        """Give a room that was made ahead another limit and another end."""
        return self._lasting_rooms.change(room_id, peers_limit=peers_limit, expires_at=expires_at)

    def restore_room(self, kept: KeptRoom, *, now: float) -> bool:
        """Make a room again that was there before the relay's restart; False if it is full."""
        return self._lasting_rooms.restore(kept, now=now)

    def close_room(self, room_id: str, *, now: float) -> bool:
        """End every session in a room as `room_closed`; False if there is no such room."""
        room = self._registry.find(room_id)
        if room is None:
            return False
        self._lasting_rooms.close(room, RoomEnd.CLOSED, now=now)
        return True

    def shutdown(self, *, now: float) -> None:
        """End every session as `shutdown`; whoever connects from now on is closed at once."""
        self._stopping = True
        # Those without a place first, so that none gets one while the others go.
        for session in sorted(self._sessions, key=lambda session: session.member is not None):
            self._membership.end(session, SessionEnd.SHUTDOWN, now=now)

    # Below: the control plane

    def _open_session(self, event: Connected, *, now: float) -> None:
        if self._stopping:
            self._outbox.refuse_connection(event.connection, SessionEnd.SHUTDOWN)
            return
        self._tally.handshakes += 1
        if self._without_hello.attempt(event.address, now=now) is not None:
            self._tally.rejected[SessionEnd.JOIN_LIMIT] += 1
            self._outbox.refuse_connection(event.connection, SessionEnd.JOIN_LIMIT)
            return
        self._sessions.open(event.connection, event.address, now=now)

    def _receive_control(self, session: ControlSession, data: bytes, *, now: float) -> None:
        if not session.talking.said(len(data), now=now) and not session.state.is_over:
            self._fault(session, SessionFault.CONTROL_FLOOD, "too many control bytes", now=now)
            return
        malformed: str | None = None
        try:
            session.decoder.receive_bytes(data)
        except ProtocolViolation as violation:
            malformed = str(violation)
        for message in session.decoder.messages():
            if session.state.is_over:
                return
            self._receive_message(session, message, now=now)
        if session.state.is_over:
            return
        if malformed is not None:
            self._fault(session, SessionFault.MALFORMED_CONTROL, malformed, now=now)
        elif not session.talking.keeps(session.decoder.buffered):
            self._fault(session, SessionFault.CONTROL_FLOOD, "too much unfinished", now=now)

    def _receive_message(self, session: ControlSession, message: Message, *, now: float) -> None:
        try:
            session.receive(message)
        except ProtocolViolation as violation:
            fault = SessionFault.UNEXPECTED_MESSAGE
            if isinstance(message, Hello):
                fault = SessionFault.SECOND_HELLO
            self._fault(session, fault, str(violation), now=now)
            return
        match message:
            case Hello():
                self._without_hello.take_back(session.address)
                self._membership.receive_hello(session, message, now=now)
            case Ping(nonce=nonce):
                self._outbox.send(session, Pong(nonce=nonce), now=now)
            case Pong(nonce=nonce):
                self._membership.receive_pong(session, nonce, now=now)
            case PrefixesInUse(prefixes_in_use=prefixes) if session.member is not None:
                self._places.change_prefixes(session.member, prefixes, now=now)
            case Stats():
                self._note_report(session, message, now=now)
            case Disconnect():
                self._membership.peer_ended(session, now=now)

    def _note_report(self, session: ControlSession, stats: Stats, *, now: float) -> None:
        member = session.member
        last = session.reported_at
        if member is None or (last is not None and now - last < _REPORTS_APART):
            return
        session.reported_at = now
        self._lifecycle.note(MemberReported(member.room.room_id, member.peer_id, stats))

    def _note_move(self, session: ControlSession, *, now: float) -> None:
        """Tell of a member's address, and not of each of those it has within a second."""
        member = session.member
        if member is None:
            return
        last = session.moved_at
        session.move_untold = last is not None and now - last < _MOVES_APART
        if not session.move_untold:
            session.moved_at = now
            moved = MemberMoved(member.room.room_id, member.peer_id, session.address)
            self._lifecycle.note(moved)

    def _note_round_trip(self, session: ControlSession, round_trip_time: float | None) -> None:
        if session.member is not None and round_trip_time is not None:
            slot = session.member.first_slot + ROUND_TRIP_MICROSECONDS
            self._blocks.slots[slot] = round(round_trip_time * _MICROSECONDS)

    def _send_stats(
        self, session: ControlSession, round_trip_time: float | None, *, now: float
    ) -> None:
        session.stats_due = False
        if session.member is not None:
            counters = TunnelCounters.from_block(self._blocks.slots, session.member.block)
            stats = Stats(counters=counters, round_trip_time=round_trip_time)
            self._outbox.send(session, stats, now=now)

    def _fault(
        self,
        session: ControlSession,
        fault: SessionFault,
        text: str,
        *,
        code: SessionEnd = SessionEnd.PROTOCOL_ERROR,
        now: float,
    ) -> None:
        self._note_fault(session, fault, text)
        self._membership.end(session, code, text=text, now=now)

    def _note_fault(self, session: ControlSession, fault: SessionFault, text: str) -> None:
        member = session.member
        self._tally.faults[fault] += 1
        self._lifecycle.note(
            SessionFaulted(
                address=session.address,
                fault=fault,
                room_id=None if member is None else member.room.room_id,
                peer_id=None if member is None else member.peer_id,
                text=text,
            )
        )

    def _drop_outside_session(self, payloads: list[bytes]) -> None:
        slots = self._blocks.slots  # the relay's block is the first
        slots[RECEIVED] += len(payloads)
        slots[RECEIVED_BYTES] += sum(map(len, payloads))
        slots[DROPPED_INGRESS[IngressDrop.BEFORE_WELCOME]] += len(payloads)
