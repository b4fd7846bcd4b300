"""`AioquicEndpoint`: one address, many aioquic connections, no socket and no clock."""

import logging
from collections.abc import Iterable

from aioquic.quic.connection import QuicConnection

from lanparty_obs.codes import SessionEnd
from lanparty_obs.reasons import EgressDrop, HandshakeFailure, PacketDrop
from lanparty_quic.aioquic_engine.acceptance import (
    Acceptance,
    Refused,
    claims_proof,
    destination_id,
)
from lanparty_quic.aioquic_engine.closing import ClosingPeriods
from lanparty_quic.aioquic_engine.configuration import client_configuration
from lanparty_quic.aioquic_engine.connection import AioquicConnection, OutgoingPacket
from lanparty_quic.aioquic_engine.inbox import Inbox
from lanparty_quic.aioquic_engine.timers import Timers
from lanparty_quic.endpoint import (
    Address,
    ConnectionKey,
    ConnectionStatistics,
    Cutter,
    EndpointEvent,
    EndpointHolds,
    EndpointStatistics,
    Outcome,
    PathRefused,
    Received,
    Send,
    Trust,
)
from lanparty_quic.handshakes import Handshakes
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.ingress_queues import IngressQueues
from lanparty_quic.limits import EndpointLimits
from lanparty_quic.newcomers import (
    FORGERY_WORK,
    FURTHER_WORK,
    HANDSHAKE_WORK,
    NewcomerQueues,
)
from lanparty_quic.packet_counts import PacketCounts
from lanparty_quic.pool import Pool
from lanparty_quic.send_queue import OutcomeTally, SendQueue
from lanparty_quic.sources import source_of

__all__ = ["AioquicEndpoint"]

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
        self._handshakes = Handshakes(self._limits, always_prove=retry)
        self._newcomers: NewcomerQueues[OutgoingPacket] = NewcomerQueues(self._limits)
        self._acceptance = Acceptance(identity, limits=self._limits, handshakes=self._handshakes)
        self._connections: dict[ConnectionKey, AioquicConnection] = {}
        self._last_key = ConnectionKey(0)
        self._inbox = Inbox()
        self._tally = OutcomeTally()
        self._arrivals: IngressQueues[ConnectionKey, OutgoingPacket | bytes] = IngressQueues(
            capacity=self._limits.ingress_packets,
            total_capacity=self._limits.ingress_packets_in_all,
        )
        self._egress = Pool(self._limits.queued_bytes_in_all)
        self._flights = Pool(self._limits.packets_in_flight_in_all)
        self._cutter = cutter
        self._closing = ClosingPeriods()
        self._touched: dict[ConnectionKey, AioquicConnection] = {}
        self._timers = Timers(self._connections)
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
        self._timers.schedule(connection)
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
            found.limit_datagrams(size)
            self._touched[connection] = found

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
                self._timers.schedule(connection)
            elif not connection.closed:
                self._to_send += connection.write(now=now)
                self._settle(connection, now=now)
                self._timers.schedule(connection)

    def outcomes(self) -> list[Outcome]:
        """Take the outcomes that became known."""
        return self._tally.outcomes()

    def statistics(self, connection: ConnectionKey) -> ConnectionStatistics | None:
        """Look at a connection; None once it is closed."""
        found = self._connections.get(connection)
        return None if found is None or found.closing else found.statistics()

    def endpoint_statistics(self) -> EndpointStatistics:
        """Look at the endpoint."""
        return self._counts.statistics(
            connections=len(self._connections),
            handshakes=self._handshakes.statistics(now=self._now),
            holds=EndpointHolds(
                packets_waiting=self._arrivals.packets + len(self._newcomers),
                bytes_queued=self._egress.used,
                packets_in_flight=self._flights.used,
            ),
        )

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
            elif not self._queue_first(packet, source):
                self._counts.dropped[PacketDrop.INGRESS_OVERFLOW] += 1
        elif key in self._handshakes:
            if not self._newcomers.push_further(key, (packet, source)):
                self._counts.dropped[PacketDrop.INGRESS_OVERFLOW] += 1
        elif not self._arrivals.push(self._place_of(key, source), (packet, source)):
            self._counts.dropped[PacketDrop.INGRESS_OVERFLOW] += 1

    def receive_refusal(self, address: Address) -> None:
        """Tell of every dialed connection to an address where nobody seems to listen."""
        for connection in self._connections.values():
            if connection.dialed and connection.address == address:
                self._inbox.add_event(PathRefused(connection.key))

    def handle_turn(self, *, now: float) -> None:
        """Take in what waits, by turns, and handle what is due."""
        self._now = now
        self._take_in_by_turns(now)
        self._take_in_newcomers(now)
        for connection in self._timers.take_due(now=now):
            connection.handle_timer(now=now)
            connection.collect()
            self._touched[connection.key] = connection
        self._closing.expire(now=now)
        for connection in tuple(self._touched.values()):
            self._settle(connection, now=now)

    def packets_to_send(self) -> list[OutgoingPacket]:
        """Take what the wire must carry."""
        taken, self._to_send = self._to_send, []
        self._counts.sent += len(taken)
        return taken

    def next_deadline(self) -> float | None:
        """When the next turn is due: at once while packets or news wait."""
        if len(self._arrivals) or len(self._newcomers) or self._inbox.has_news:
            return self._now
        return self._timers.next_deadline()

    # Below: arrivals

    def _place_of(self, key: ConnectionKey, source: Address) -> ConnectionKey:
        """Tell in which queue a packet for a connection waits: strangers have one beside it.

        Whoever has seen a connection id can send garbage to it, from anywhere: that competes with
        the packets of a peer that has moved, not with those of one that stays where it is.
        """
        return key if self._connections[key].address == source else ConnectionKey(-key)

    def _take_in_by_turns(self, now: float) -> None:
        """Take in what a turn has time for: packets, then what was in them, by work.

        A packet may hold fifty payloads and each go to a whole room, so they are put back and
        handed on one by one: nobody's work can be foreseen, and who caused too much waits after.
        """
        arrivals = self._arrivals
        work_left = float(self._limits.work_per_turn)
        while work_left > 0:
            taken = arrivals.take()
            if taken is None:
                return
            place, item = taken
            key = ConnectionKey(abs(place))
            if isinstance(item, bytes):
                work = arrivals.anticipate(key)
                if place != key:
                    # What it causes is charged to its connection, and both must wait for it.
                    arrivals.spend(place, work)
                work_left -= work
                self._inbox.add_payload(key, item)
                continue
            packet, source = item
            further = self._take_in(self._connections[key], packet, source, place, now=now)
            arrivals.spend(place, further)
            work_left -= 1 + further

    def _take_in(
        self,
        connection: AioquicConnection,
        packet: bytes,
        source: Address,
        place: ConnectionKey,
        *,
        now: float,
    ) -> float:
        """Take in a packet, and return the work that it was beyond that of any packet.

        What is in it waits in `place`, which has no more of another packet then.
        """
        refused = connection.receive(packet, source, now=now)
        if refused is None:
            self._counts.routed += 1
        else:
            self._counts.dropped[refused] += 1
        self._touched[connection.key] = connection
        connection.collect()
        payloads = self._inbox.take_opened()
        if payloads:
            self._arrivals.put_back(place, payloads)
        elif refused is None and connection.take_answer():
            # Who is flooded must acknowledge it, and mustn't pay for that with his own turns.
            self._arrivals.refund(place)
        return connection.further_work()

    # Below: arrivals of those without a finished handshake

    def _queue_first(self, packet: bytes, source: Address) -> bool:
        try:
            proven = claims_proof(packet)
        except IndexError:
            proven = False
        return self._newcomers.push_first(source_of(source), (packet, source), claims_proof=proven)

    def _take_in_newcomers(self, now: float) -> None:
        self._newcomers.begin_turn()
        while (taken := self._newcomers.take()) is not None:
            key, (packet, source) = taken
            if key is None:
                # Its first packet may have been taken in while this one waited.
                connection_id = destination_id(packet)
                key = None if connection_id is None else self._inbox.routes.get(connection_id)
            if key is None:
                work = self._take_in_first(packet, source, now=now)
            else:
                work = self._take_in_further(self._connections[key], packet, source, now=now)
            self._newcomers.charge(work)

    def _take_in_further(
        self, connection: AioquicConnection, packet: bytes, source: Address, *, now: float
    ) -> int:
        was_connected = connection.connected
        further = round(self._take_in(connection, packet, source, connection.key, now=now))
        if was_connected or not connection.connected:
            return further + FURTHER_WORK
        # At once: its consumer will hear of it, so it must not have to give way any more.
        self._handshakes.complete(connection.key)
        return further + HANDSHAKE_WORK

    def _take_in_first(self, packet: bytes, source: Address, *, now: float) -> int:
        """Take in a packet of no connection, and return the work that it was."""
        verdict = self._acceptance.examine(
            packet, source, connections=len(self._connections), now=now
        )
        if isinstance(verdict, Refused):
            self._counts.dropped[verdict.reason] += 1
            if verdict.answer is not None:
                self._to_send.append((verdict.answer, source))
            return 1
        connection = self._add(verdict.quic, source, None, now=now)
        connection.add_first_route(verdict.first_id)
        self._take_in(connection, packet, source, connection.key, now=now)
        if not connection.has_decrypted:
            # Not a client's first packet, only the looks of one: keep nothing of it.
            self._forget(connection)
            return FORGERY_WORK
        displaced = self._handshakes.begin(
            connection.key, verdict.source, is_proven=verdict.is_proven, now=now
        )
        if displaced is not None:
            self._forget(self._connections[displaced])
        return HANDSHAKE_WORK

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
            pool=self._egress,
        )
        connection = AioquicConnection(
            self._last_key,
            quic,
            inbox=self._inbox,
            queue=queue,
            limits=self._limits,
            address=address,
            trust=trust,
            flights=self._flights,
            now=now,
        )
        self._connections[connection.key] = connection
        return connection

    def _settle(self, connection: AioquicConnection, *, now: float) -> None:
        """Note what a call has changed: it may be connected or closed."""
        if connection.connected:
            self._handshakes.complete(connection.key)
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
        self._forget_arrivals(connection.key)
        self._touched.pop(connection.key, None)
        self._handshakes.fail(connection.key, connection.failure or HandshakeFailure.TRANSPORT)
        self._counts.dropped[PacketDrop.UNKNOWN_CONNECTION] += self._newcomers.forget(
            connection.key
        )
        del self._connections[connection.key]
        connection.release()

    def _forget_arrivals(self, key: ConnectionKey) -> None:
        for place in (key, ConnectionKey(-key)):
            for item in self._arrivals.forget(place):
                if isinstance(item, bytes):
                    self._inbox.add_payload(key, item)  # it came before the end
                else:
                    self._counts.dropped[PacketDrop.UNKNOWN_CONNECTION] += 1
