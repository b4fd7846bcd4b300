"""An endpoint's session with its room, across as many connections as it takes.

A `Consumer` of `lanparty_quic`, driven in turns, without I/O, clock or platform of its own: it
joins the connections of a QUIC endpoint, a frame port, and what is known of the room. The port
stays open throughout; what it sends while no connection is in the room is counted.
"""

from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network

from lanparty_client_core.attempt import Attempt, RelayTarget
from lanparty_client_core.connections import Connections
from lanparty_client_core.events import Observer, SessionEnded, SessionState, StateChanged
from lanparty_client_core.persistence import Persistence
from lanparty_client_core.port import FramePort
from lanparty_client_core.pump import FramePump, PumpCounters
from lanparty_client_core.sentences import sentence_of
from lanparty_client_core.standing import Standing
from lanparty_client_core.station import Station
from lanparty_ctrl import AddressLease, Hello, PeerJoined, Stats, Welcome
from lanparty_obs.codes import SessionEnd
from lanparty_quic.endpoint import Address, ConnectionStatistics, Endpoint

__all__ = ["LastingSession"]


class LastingSession:
    """A session over any endpoint and port; `persistence` says when it gives up.

    `connect` begins it; the endpoint's driver then calls `serve`. After `leave`, `network_changed`,
    `addresses_found` or `report_prefixes` the caller asks the driver for a turn. The endpoint has
    no other consumer. Once `state.is_over` it stays over.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        port: FramePort,
        *,
        target: RelayTarget,
        hello: Hello,
        persistence: Persistence = Persistence.ONE_TRY,
        random: Callable[[], float] = lambda: 1.0,
        first_frame_id: int = 0,
        observer: Observer | None = None,
        ask_addresses: Callable[[], object] = lambda: None,
        stations: Sequence[Station] = (),
        clamp_mss: bool = True,
    ) -> None:
        """`random` draws evenly from 0 to 1; `first_frame_id` should be random too.

        `ask_addresses` is called when the relay's name is to be resolved again, at every dial;
        `addresses_found` may answer it at any time: meanwhile those that are known are dialed.
        """
        self._endpoint = endpoint
        self._observer = observer
        self._pump = FramePump(
            port, first_frame_id=first_frame_id, stations=stations, clamp_mss=clamp_mss
        )
        self._standing = Standing(hello)
        self._connections = Connections(
            endpoint,
            target,
            persistence=persistence,
            random=random,
            ask_addresses=ask_addresses,
            next_hello=self._standing.next_hello,
        )
        self._told_state = SessionState.CONNECTING

    # What it is

    @property
    def state(self) -> SessionState:
        """Where the session is. Changes are observed as `StateChanged`."""
        connections = self._connections
        if connections.over is not None:
            state, _ = connections.over
            rejected_later = self._standing.was_joined and state is SessionState.REJECTED
            return SessionState.DISCONNECTED if rejected_later else state
        if connections.current is not None:
            return self._state_in_room(connections.current)
        if connections.candidate is not None:
            state = connections.candidate.conversation.state
            if state is SessionState.WAITING or not self._standing.was_joined:
                return state
        return SessionState.RECONNECTING if self._standing.was_joined else SessionState.CONNECTING

    def _state_in_room(self, current: Attempt) -> SessionState:
        if current.conversation.state is SessionState.JOINED:
            deep = self._connections.in_deep_doubt
            return SessionState.RECONNECTING if deep else SessionState.JOINED
        # While members are named again, who watches needn't hear of a moment's change.
        return self._told_state if self._standing.was_joined else SessionState.JOINING

    @property
    def sentence(self) -> str:
        """What a person reads about the state now."""
        failure = self.ended or self._connections.failure
        return sentence_of(self.state, failure, in_doubt=self._connections.in_doubt)

    @property
    def ended(self) -> SessionEnded | None:
        """Why the session is over; None before."""
        return None if self._connections.over is None else self._connections.over[1]

    @property
    def failure(self) -> SessionEnded | None:
        """Why the last try, or the last connection, failed; None while it is in the room."""
        return self._connections.failure

    @property
    def tries(self) -> int:
        """How often it has dialed since the last welcome."""
        return self._connections.tries

    @property
    def next_try(self) -> float | None:
        """When it dials again, in the clock of `now`; None while a dial runs, or none is needed."""
        return self._connections.next_try

    @property
    def welcome(self) -> Welcome | None:
        """What the relay granted last; None before."""
        return self._standing.welcome

    @property
    def lease(self) -> AddressLease | None:
        """The address that the relay leases to this endpoint; during an outage, the last one."""
        return self._standing.lease

    @property
    def members(self) -> Mapping[int, PeerJoined]:
        """Who else is in the room, by peer id; during an outage and after the end, who was."""
        return self._standing.members

    @property
    def relay_stats(self) -> Stats | None:
        """What the relay last said that it counted for this endpoint, since the last welcome."""
        current = self._connections.current
        return None if current is None else current.conversation.relay_stats

    @property
    def statistics(self) -> ConnectionStatistics | None:
        """Look at the connection in use; None while there is none."""
        current = self._connections.current
        return None if current is None else current.statistics

    @property
    def round_trip_time(self) -> float | None:
        """Seconds to the relay and back; None before it was measured."""
        statistics = self.statistics
        return None if statistics is None else statistics.round_trip_time

    @property
    def shortest_round_trip(self) -> float | None:
        """Seconds to the relay and back at best: how far it is."""
        statistics = self.statistics
        return None if statistics is None else statistics.shortest_round_trip

    def counters(self) -> PumpCounters:
        """Look at what this endpoint counted, in all its connections together."""
        return self._pump.counters()

    # What its owner decides

    def connect(self, *, now: float) -> None:
        """Dial the relay. Called once."""
        self._connections.connect(now=now)

    def leave(self) -> None:
        """Say goodbye at the next turn."""
        self._connections.finish(SessionEnded(code=SessionEnd.LEFT), SessionState.LEFT)

    def network_changed(self, *, now: float) -> None:
        """Take note that this machine has another link or route: dial at once."""
        self._connections.network_changed(now=now)

    def addresses_found(self, addresses: tuple[Address, ...], *, now: float) -> None:
        """Take what the relay's name resolves to now."""
        self._connections.add_addresses(addresses, now=now)

    def report_prefixes(self, prefixes: Sequence[IPv4Network | IPv6Network]) -> None:
        """Tell the relay which networks this machine reaches otherwise than through the room.

        Those beyond `PREFIXES_LIMIT` are left out. Later hellos have them too.
        """
        current = self._connections.current
        self._standing.report_prefixes(prefixes, None if current is None else current.conversation)

    # Its turns

    def serve(self, *, now: float) -> None:
        """One turn; see `lanparty_quic.endpoint`."""
        began_with = self._connections.current
        for event in self._endpoint.events():
            before = self._connections.current
            self._connections.handle_event(event, now=now)
            self._take_note(before, now=now)
        self._tell()  # Who is in the room is known before the frames that came together with it.
        self._receive_datagrams(began_with, now=now)
        self._handle_timers(now)
        self._queue_frames(now)
        self._connections.speak()
        self._endpoint.flush(now=now)
        for outcome in self._endpoint.outcomes():
            self._pump.count_outcome(outcome)
        self._tell()

    def next_deadline(self) -> float | None:
        """When the next turn is due at the latest."""
        if self._pump.port_has_more:
            return float("-inf")
        parts = (self._connections, self._standing, self._pump)
        deadlines = [part.next_deadline() for part in parts]
        return min((moment for moment in deadlines if moment is not None), default=None)

    def _take_note(self, before: Attempt | None, *, now: float) -> None:
        """Follow the connection in use, which was another one `before` perhaps."""
        current = self._connections.current
        if self._connections.waiting is not None:
            self._standing.handle_waiting()
        if before is not None:
            self._receive_news(before, now=now)
        if current is before:
            return
        self._pump.close()
        if current is None or current.conversation.welcome is None:
            return
        welcome = current.conversation.welcome
        self._endpoint.limit_datagrams(current.connection, welcome.datagram_budget)
        self._pump.open(mtu=welcome.mtu, resumed=welcome.resumed)
        self._standing.handle_welcome(welcome, current.conversation)
        self._receive_news(current, now=now)

    def _receive_news(self, attempt: Attempt, *, now: float) -> None:
        for peer_id in self._standing.receive_news(attempt.conversation, now=now):
            self._pump.forget_source(peer_id)

    def _receive_datagrams(self, began_with: Attempt | None, *, now: float) -> None:
        current = self._connections.current
        # What came by a connection that was replaced in this very turn is no less good for that.
        in_use = {attempt.connection for attempt in (began_with, current) if attempt is not None}
        for received in self._endpoint.datagrams():
            if received.connection in in_use:
                self._pump.write_port(received.payloads, now=now)
                self._connections.handle_frames(now=now)

    def _handle_timers(self, now: float) -> None:
        before = self._connections.current
        self._connections.handle_timers(now=now)
        self._take_note(before, now=now)
        self._standing.handle_timer(now=now)
        self._pump.handle_timer(now=now)
        current = self._connections.current
        if current is not None and current.conversation.handle_timer(now=now):
            counters, round_trip_time = self._pump.session_counters(), self.round_trip_time
            current.conversation.report(Stats(counters=counters, round_trip_time=round_trip_time))

    def _queue_frames(self, now: float) -> None:
        datagrams = self._pump.read_port(budget=self._budget(), now=now)
        current = self._connections.current
        if datagrams and current is not None:
            connection = current.connection
            self._endpoint.queue([(connection, 0, datagram) for datagram in datagrams], now=now)

    def _budget(self) -> int | None:
        """Bytes that a datagram may have on the way to the relay now; None outside of the room."""
        statistics, welcome = self.statistics, self.welcome
        if statistics is None or welcome is None or self.ended is not None:
            return None
        return min(statistics.datagram_budget, welcome.datagram_budget)

    def _tell(self) -> None:
        while self._standing.has_events or self.state is not self._told_state:
            events = self._standing.events()
            if self.state is not self._told_state:
                self._told_state = self.state
                events.append(StateChanged(self._told_state, self.ended))
            if self._observer is not None:
                for event in events:
                    self._observer(event)
