"""`AioquicEndpoint`: one address, many aioquic connections, no socket and no clock."""

import heapq
import logging
from collections.abc import Iterable
from typing import Final

from aioquic.quic.connection import QuicConnection

from lanparty_obs.codes import SessionEnd
from lanparty_obs.reasons import EgressDrop, PacketDrop
from lanparty_quic.aioquic_engine.acceptance import Acceptance, Refused, destination_id
from lanparty_quic.aioquic_engine.closing import ClosingPeriods
from lanparty_quic.aioquic_engine.configuration import client_configuration
from lanparty_quic.aioquic_engine.connection import AioquicConnection, OutgoingPacket
from lanparty_quic.aioquic_engine.inbox import Inbox
from lanparty_quic.endpoint import (
    Address,
    ConnectionKey,
    ConnectionStatistics,
    Cutter,
    EndpointEvent,
    EndpointStatistics,
    Outcome,
    PathRefused,
    Received,
    Send,
    Trust,
)
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.ingress_queues import IngressQueues
from lanparty_quic.limits import EndpointLimits
from lanparty_quic.packet_counts import PacketCounts
from lanparty_quic.send_queue import OutcomeTally, SendQueue

__all__ = ["AioquicEndpoint"]

_NEWCOMERS: Final = ConnectionKey(0)
"""All packets of no known connection share one place in the ingress queues."""

# aioquic logs what peers do wrong, at their rate; what matters of it becomes an event here.
logging.getLogger("quic").setLevel(logging.CRITICAL)


class AioquicEndpoint:
    """The endpoint over aioquic. See `PacketEndpoint` and `Endpoint` for how it is driven."""

    def __init__(
        self,
        local_address: Address,
        *,
        identity: ServerIdentity | None = None,
        limits: EndpointLimits | None = None,
        retry: bool = False,
        cutter: Cutter | None = None,
    ) -> None:
        """With an `identity` it accepts connections; `retry` makes clients prove their address."""
        self._local_address = local_address
        self._limits = limits or EndpointLimits()
        self._acceptance = Acceptance(identity, limits=self._limits, retry=retry)
        self._connections: dict[ConnectionKey, AioquicConnection] = {}
        self._handshakes: set[ConnectionKey] = set()
        self._last_key = _NEWCOMERS
        self._inbox = Inbox()
        self._tally = OutcomeTally()
        self._arrivals: IngressQueues[ConnectionKey, OutgoingPacket] = IngressQueues(
            capacity=self._limits.ingress_packets,
            total_capacity=self._limits.ingress_packets_in_all,
        )
        self._cutter = cutter
        self._closing = ClosingPeriods()
        self._touched: dict[ConnectionKey, AioquicConnection] = {}
        self._timers: list[tuple[float, ConnectionKey]] = []
        self._to_send: list[OutgoingPacket] = []
        self._counts = PacketCounts()
        self._now = 0.0

    # What its consumer calls

    @property
    def local_address(self) -> Address:
        """The bound address."""
        return self._local_address

    @property
    def is_closing(self) -> bool:
        """A closed connection still has control bytes to deliver: the wire is needed a little."""
        return any(connection.closing for connection in self._connections.values())

    def dial(
        self, address: Address, *, server_name: str, trust: Trust, now: float
    ) -> ConnectionKey:
        """Begin a connection. Raises ValueError for a server name that is no name."""
        configuration = client_configuration(self._limits, server_name=server_name, trust=trust)
        quic = QuicConnection(configuration=configuration)
        connection = self._add(quic, address, trust, now=now)
        connection.begin(now=now)
        self._touched[connection.key] = connection
        self._schedule(connection)
        return connection.key

    def renew_identity(self, identity: ServerIdentity) -> None:
        """Accept with this identity from now on; connections that began before keep theirs."""
        self._acceptance.renew_identity(identity)

    def charge(self, connection: ConnectionKey, work: int) -> None:
        """Let a connection's next packets wait for those of others, by what it caused."""
        if connection in self._connections:
            self._arrivals.charge(connection, work)

    def events(self) -> list[EndpointEvent]:
        """Take what happened."""
        return self._inbox.events()

    def datagrams(self) -> list[Received]:
        """Take the datagrams that came in."""
        return self._inbox.datagrams()

    def limit_datagrams(self, connection: ConnectionKey, size: int) -> None:
        """Send a connection's peer no payload over `size` bytes."""
        found = self._connections.get(connection)
        if found is not None:
            found.queue.limit(size)

    def queue(self, sends: Iterable[Send], *, now: float) -> None:
        """Queue copies; each gets an outcome, `destination_left` for an unknown connection."""
        connections = self._connections
        touched = self._touched
        for key, flow, payload in sends:
            connection = connections.get(key)
            if connection is None or connection.closing:
                self._tally.count(key, flow, EgressDrop.DESTINATION_LEFT, len(payload))
            else:
                connection.queue.push(flow, payload, now=now)
                touched[key] = connection

    def send_control(self, connection: ConnectionKey, data: bytes) -> None:
        """Append bytes to the control stream."""
        found = self._connections.get(connection)
        if found is not None and not found.closing:
            found.send_control(data)
            self._touched[connection] = found

    def close_connection(self, connection: ConnectionKey, *, end: SessionEnd, text: str) -> None:
        """Close at the flush that has delivered the control bytes, within a quarter second."""
        found = self._connections.get(connection)
        if found is not None:
            found.close(end, text)
            self._touched[connection] = found

    def flush(self, *, now: float) -> None:
        """Write what is due on every touched connection, those with datagrams to send first."""
        touched, self._touched = self._touched, {}
        first = [connection for connection in touched.values() if len(connection.queue)]
        rest = [connection for connection in touched.values() if not len(connection.queue)]
        for connection in (*first, *rest):
            if connection.can_rest:
                self._schedule(connection)
            elif not connection.closed:
                self._to_send += connection.write(now=now)
                self._settle(connection, now=now)
                self._schedule(connection)

    def outcomes(self) -> list[Outcome]:
        """Take the outcomes that became known."""
        return self._tally.outcomes()

    def statistics(self, connection: ConnectionKey) -> ConnectionStatistics | None:
        """Look at a connection; None once it is closed."""
        found = self._connections.get(connection)
        return None if found is None or found.closing else found.statistics()

    def endpoint_statistics(self) -> EndpointStatistics:
        """Look at the endpoint."""
        return self._counts.statistics(connections=len(self._connections))

    # What its driver calls

    def receive_packet(self, packet: bytes, source: Address, *, now: float) -> None:
        """Route a packet into its connection's queue, undecrypted."""
        self._now = now
        self._counts.received += 1
        connection_id = destination_id(packet)
        if connection_id is None:
            self._counts.dropped[PacketDrop.MALFORMED] += 1
            return
        key = self._inbox.routes.get(connection_id)
        if key is None:
            answer = self._closing.answer(connection_id)
            if answer is not None:
                self._to_send += answer
                self._counts.dropped[PacketDrop.UNKNOWN_CONNECTION] += 1
            elif not packet[0] & 0x80:
                self._counts.dropped[PacketDrop.UNKNOWN_CONNECTION] += 1
            elif not self._arrivals.push(_NEWCOMERS, (packet, source)):
                self._counts.dropped[PacketDrop.INGRESS_OVERFLOW] += 1
        elif not self._arrivals.push(key, (packet, source)):
            self._counts.dropped[PacketDrop.INGRESS_OVERFLOW] += 1

    def receive_refusal(self, address: Address) -> None:
        """Tell of every dialed connection to an address where nobody seems to listen."""
        for connection in self._connections.values():
            if connection.dialed and connection.address == address:
                self._inbox.add_event(PathRefused(connection.key))

    def handle_turn(self, *, now: float) -> None:
        """Take in what waits, by turns, and handle what is due."""
        self._now = now
        for key, (packet, source) in self._arrivals.take(self._limits.packets_per_turn):
            if key == _NEWCOMERS:
                self._take_in_newcomer(packet, source, now=now)
            else:
                self._take_in(self._connections[key], packet, source, now=now)
        self._handle_timers(now)
        self._closing.expire(now=now)
        for connection in tuple(self._touched.values()):
            connection.collect()
            self._settle(connection, now=now)

    def packets_to_send(self) -> list[OutgoingPacket]:
        """Take what the wire must carry."""
        taken, self._to_send = self._to_send, []
        self._counts.sent += len(taken)
        return taken

    def next_deadline(self) -> float | None:
        """When the next turn is due: at once while packets or news wait."""
        if len(self._arrivals) or self._inbox.has_news:
            return self._now
        return self._timers[0][0] if self._timers else None

    # Below: arrivals

    def _take_in(
        self, connection: AioquicConnection, packet: bytes, source: Address, *, now: float
    ) -> None:
        refused = connection.receive(packet, source, now=now)
        if refused is None:
            self._counts.routed += 1
        else:
            self._counts.dropped[refused] += 1
        self._touched[connection.key] = connection

    def _take_in_newcomer(self, packet: bytes, source: Address, *, now: float) -> None:
        connection_id = destination_id(packet)
        key = None if connection_id is None else self._inbox.routes.get(connection_id)
        if key is not None:
            # Its first packet was taken in while this one waited.
            self._take_in(self._connections[key], packet, source, now=now)
            return
        verdict = self._acceptance.examine(
            packet,
            source,
            connections=len(self._connections),
            handshakes=len(self._handshakes),
            now=now,
        )
        if isinstance(verdict, Refused):
            self._counts.dropped[verdict.reason] += 1
            if verdict.answer is not None:
                self._to_send.append((verdict.answer, source))
            return
        connection = self._add(verdict.quic, source, None, now=now)
        connection.add_first_route(verdict.first_id)
        self._take_in(connection, packet, source, now=now)
        if connection.has_decrypted:
            self._handshakes.add(connection.key)
        else:
            # Not a client's first packet, only the looks of one: keep nothing of it.
            self._forget(connection)

    # Below: the life of connections

    def _add(
        self, quic: QuicConnection, address: Address, trust: Trust | None, *, now: float
    ) -> AioquicConnection:
        self._last_key = ConnectionKey(self._last_key + 1)
        queue = SendQueue(
            self._last_key,
            limits=self._limits.queue,
            budget=self._limits.packet_size,
            tally=self._tally,
            cutter=self._cutter,
        )
        connection = AioquicConnection(
            self._last_key,
            quic,
            inbox=self._inbox,
            queue=queue,
            limits=self._limits,
            address=address,
            trust=trust,
            now=now,
        )
        self._connections[connection.key] = connection
        return connection

    def _settle(self, connection: AioquicConnection, *, now: float) -> None:
        """Note what a call has changed: it may be connected or closed."""
        if connection.connected:
            self._handshakes.discard(connection.key)
        if connection.closed:
            self._retire(connection, now=now)

    def _retire(self, connection: AioquicConnection, *, now: float) -> None:
        packets = connection.farewell(now=now)
        if packets:
            self._to_send += packets
            self._closing.add(connection.routes, packets, now=now)
        self._forget(connection)

    def _forget(self, connection: AioquicConnection) -> None:
        for connection_id in connection.routes:
            self._inbox.routes.pop(connection_id, None)
        self._counts.dropped[PacketDrop.UNKNOWN_CONNECTION] += self._arrivals.forget(connection.key)
        self._touched.pop(connection.key, None)
        self._handshakes.discard(connection.key)
        del self._connections[connection.key]

    # Below: one heap of deadlines; a connection has one entry that counts, older ones are skipped

    def _schedule(self, connection: AioquicConnection) -> None:
        if connection.key not in self._connections:
            return
        deadline = connection.next_deadline()
        if connection.scheduled_at is None or deadline < connection.scheduled_at:
            connection.scheduled_at = deadline
            heapq.heappush(self._timers, (deadline, connection.key))

    def _handle_timers(self, now: float) -> None:
        while self._timers and self._timers[0][0] <= now:
            moment, key = heapq.heappop(self._timers)
            connection = self._connections.get(key)
            if connection is None or connection.scheduled_at != moment:
                continue
            connection.scheduled_at = None
            if connection.next_deadline() > now:
                self._schedule(connection)
                continue
            connection.handle_timer(now=now)
            self._touched[key] = connection
