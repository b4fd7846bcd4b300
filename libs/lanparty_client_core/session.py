"""An endpoint's session: one try to be in a room, from the dial to the goodbye.

A `Consumer` of `lanparty_quic`, driven in turns, without I/O, clock or platform of its own: it
joins a QUIC endpoint, a frame port and the conversation with the relay. Being over, it stays over;
whoever wants to try again makes another session, with the resume token of `welcome` in its hello.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lanparty_client_core.conversation import Conversation
from lanparty_client_core.events import MemberLeft, Observer, SessionEnded, SessionState
from lanparty_client_core.port import FramePort
from lanparty_client_core.pump import FramePump, PumpCounters
from lanparty_ctrl import Hello, PeerJoined, Stats, Welcome
from lanparty_obs.codes import SessionEnd
from lanparty_quic.endpoint import (
    Address,
    AddressChanged,
    Connected,
    ConnectionClosed,
    ConnectionKey,
    ControlReceived,
    Endpoint,
    EndpointEvent,
    ExtraStreamOpened,
    Trust,
)

__all__ = ["EndpointSession", "RelayTarget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayTarget:
    """Where the relay is and how to know that it is the right one."""

    addresses: tuple[Address, ...]
    """Tried in order until one answers; at least one."""
    server_name: str
    """The name that the user typed: for SNI, and for the certificate if an authority is trusted."""
    trust: Trust


class EndpointSession:
    """A session over any endpoint and port.

    `connect` begins it; the endpoint's driver then calls `serve`. The endpoint may have other
    connections, but no other consumer: events of connections that are not this session's are lost.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        port: FramePort,
        *,
        target: RelayTarget,
        hello: Hello,
        first_frame_id: int = 0,
        observer: Observer | None = None,
    ) -> None:
        """`first_frame_id` should be random, so that a resumed session doesn't repeat old ids."""
        self._endpoint = endpoint
        self._target = target
        self._conversation = Conversation(hello)
        self._pump = FramePump(port, first_frame_id=first_frame_id)
        self._observer = observer
        self._connection: ConnectionKey | None = None
        self._untried = list(target.addresses)
        self._closing = False

    @property
    def state(self) -> SessionState:
        """Where the session is. Changes are observed as `StateChanged`."""
        return self._conversation.state

    @property
    def welcome(self) -> Welcome | None:
        """What the relay granted; None before."""
        return self._conversation.welcome

    @property
    def members(self) -> Mapping[int, PeerJoined]:
        """Who else is in the room, by peer id; stays as it was when the session is over."""
        return self._conversation.members

    @property
    def ended(self) -> SessionEnded | None:
        """Why the session is over; None before."""
        return self._conversation.ended

    @property
    def relay_stats(self) -> Stats | None:
        """What the relay last said that it counted for this endpoint."""
        return self._conversation.relay_stats

    @property
    def round_trip_time(self) -> float | None:
        """Seconds to the relay and back; None before it was measured."""
        if self._connection is None:
            return None
        statistics = self._endpoint.statistics(self._connection)
        return None if statistics is None else statistics.round_trip_time

    def counters(self) -> PumpCounters:
        """Look at what this endpoint counted."""
        return self._pump.counters()

    def connect(self, *, now: float) -> None:
        """Dial the relay. Called once."""
        self._connection = self._endpoint.dial(
            self._untried.pop(0),
            server_name=self._target.server_name,
            trust=self._target.trust,
            now=now,
        )

    def leave(self) -> None:
        """Say goodbye at the next turn, which the caller asks the driver for."""
        self._conversation.disconnect(SessionEnd.LEFT, "")

    def serve(self, *, now: float) -> None:
        """One turn; see `lanparty_quic.endpoint`."""
        for event in self._endpoint.events():
            if event.connection == self._connection:
                self._handle_event(event, now=now)
        for received in self._endpoint.datagrams():
            if received.connection == self._connection:
                self._pump.write_port(received.payloads, now=now)
        self._queue_frames(now=now)
        self._handle_timers(now=now)
        self._speak()
        self._endpoint.flush(now=now)
        for outcome in self._endpoint.outcomes():
            self._pump.count_outcome(outcome)
        self._tell()

    def next_deadline(self) -> float | None:
        """When the next turn is due at the latest."""
        if self._pump.port_has_more:
            return float("-inf")
        deadlines = (self._conversation.next_deadline(), self._pump.next_deadline())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def _handle_event(self, event: EndpointEvent, *, now: float) -> None:
        match event:
            case Connected():
                self._conversation.handle_connected(now=now)
            case ControlReceived(data=data):
                before = self.welcome
                self._conversation.receive_bytes(data, now=now)
                if before is None and self.welcome is not None:
                    self._pump.open(mtu=self.welcome.mtu)
            case ExtraStreamOpened():
                self._conversation.disconnect(SessionEnd.PROTOCOL_ERROR, "a second stream")
            case ConnectionClosed():
                self._handle_closed(event, now=now)
            case AddressChanged():
                pass  # The relay's address; the connection goes on.

    def _handle_closed(self, event: ConnectionClosed, *, now: float) -> None:
        self._connection = None
        unreachable = event.end is SessionEnd.RELAY_UNREACHABLE
        if unreachable and self._untried and self.state is SessionState.CONNECTING:
            self.connect(now=now)
            return
        self._conversation.handle_closed(event.end, event.text, by_relay=event.by_peer)

    def _queue_frames(self, *, now: float) -> None:
        datagrams = self._pump.read_port(budget=self._budget())
        if datagrams and self._connection is not None:
            connection = self._connection
            self._endpoint.queue([(connection, 0, datagram) for datagram in datagrams], now=now)

    def _budget(self) -> int | None:
        """Bytes that a datagram may have on the way to the relay now."""
        if self._connection is None or self.welcome is None:
            return None
        statistics = self._endpoint.statistics(self._connection)
        if statistics is None:
            return None
        return min(statistics.datagram_budget, self.welcome.datagram_budget)

    def _handle_timers(self, *, now: float) -> None:
        self._pump.handle_timer(now=now)
        if self._conversation.handle_timer(now=now):
            self._conversation.report(
                Stats(
                    counters=self._pump.counters().as_seen_by_relay(),
                    round_trip_time=self.round_trip_time,
                )
            )

    def _speak(self) -> None:
        if self._connection is None:
            return
        data = self._conversation.to_send()
        if data:
            self._endpoint.send_control(self._connection, data)
        ended = self._conversation.ended
        if ended is not None and not self._closing:
            self._closing = True
            self._pump.close()
            # The relay's own goodbye is not said back to it.
            end = SessionEnd.LEFT if ended.by_relay else ended.code
            text = "" if ended.by_relay else ended.text
            self._endpoint.close_connection(self._connection, end=end, text=text)

    def _tell(self) -> None:
        for event in self._conversation.events():
            if isinstance(event, MemberLeft):
                self._pump.forget_source(event.member.peer_id)
            if self._observer is not None:
                self._observer(event)
