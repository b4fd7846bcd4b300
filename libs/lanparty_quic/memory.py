"""`MemoryEndpoint`: the endpoint without QUIC, for tests of what stands above it.

It keeps every promise of `lanparty_quic.endpoint` that its users can see: budgets, bounded queues
and their outcomes, an ordered and reliable control stream, datagrams that may be lost, pins,
deadlines, a peer that vanishes. `lanparty_quic.simulation` carries its packets.
"""

from collections.abc import Iterable
from typing import Final

from lanparty_obs.codes import SessionEnd
from lanparty_obs.reasons import EgressDrop, HandshakeFailure, PacketDrop
from lanparty_quic.endpoint import (
    Address,
    AddressChanged,
    Connected,
    ConnectionClosed,
    ConnectionKey,
    ConnectionStatistics,
    ControlReceived,
    Cutter,
    EndpointEvent,
    EndpointHolds,
    EndpointStatistics,
    ExtraStreamOpened,
    Outcome,
    PathRefused,
    Received,
    Send,
    Trust,
)
from lanparty_quic.handshakes import Handshakes, Judgement
from lanparty_quic.ingress_queues import IngressQueues
from lanparty_quic.limits import DEFAULT_DATAGRAM_BUDGET, EndpointLimits
from lanparty_quic.memory_connection import MemoryConnection
from lanparty_quic.memory_packets import (
    Ack,
    Confirmation,
    Control,
    Datagram,
    ExtraStream,
    Farewell,
    Greeting,
    Identity,
    MemoryPacket,
    Ping,
    Pong,
    Receipt,
)
from lanparty_quic.packet_counts import PacketCounts
from lanparty_quic.pool import Pool
from lanparty_quic.send_queue import OutcomeTally, SendQueue
from lanparty_quic.sources import source_of

__all__ = ["MemoryEndpoint"]

_TEXT_LIMIT: Final = 256


class MemoryEndpoint:
    """An endpoint whose packets are values. Made by `Simulation.memory_endpoint`."""

    def __init__(
        self,
        address: Address,
        *,
        listening: bool,
        pin: str,
        names: frozenset[str] = frozenset(),
        limits: EndpointLimits | None = None,
        datagram_budget: int = DEFAULT_DATAGRAM_BUDGET,
        send_rate: float | None = None,
        cutter: Cutter | None = None,
    ) -> None:
        """`send_rate` bounds the payload bytes a second of each connection; None for no bound."""
        self.pin = pin
        """What a dialer must name in `PinnedKey` to trust this endpoint."""
        self._address = address
        self._listening = listening
        self._names = names
        self._limits = limits or EndpointLimits()
        self._budget = datagram_budget
        self._send_rate = send_rate
        self._cutter = cutter
        self._keys = 0
        self._connections: dict[ConnectionKey, MemoryConnection] = {}
        self._by_name: dict[str, ConnectionKey] = {}
        self._arrivals: IngressQueues[str, tuple[MemoryPacket, Address]] = IngressQueues(
            capacity=self._limits.ingress_packets,
            total_capacity=self._limits.ingress_packets_in_all,
        )
        self._egress = Pool(self._limits.queued_bytes_in_all)
        self._tally = OutcomeTally()
        self._events: list[EndpointEvent] = []
        self._received: dict[ConnectionKey, list[bytes]] = {}
        self._to_send: list[tuple[MemoryPacket, Address]] = []
        self._counts = PacketCounts()
        self._handshakes = Handshakes(self._limits)
        self._now = 0.0

    # What its consumer calls

    @property
    def local_address(self) -> Address:
        """Where the simulation delivers its packets."""
        return self._address

    def dial(
        self, address: Address, *, server_name: str, trust: Trust, now: float
    ) -> ConnectionKey:
        """Begin a connection; see `Endpoint.dial`."""
        self._keys += 1
        name = f"{self._address[0]}:{self._address[1]}#{self._keys}"
        connection = self._add(ConnectionKey(self._keys), name, address, now=now)
        connection.expect(server_name, trust)
        self._transmit(connection, Greeting(name), now=now)
        return connection.key

    def charge(self, connection: ConnectionKey, work: int) -> None:
        """Let a connection's next packets wait for those of others, by what it caused."""
        found = self._connections.get(connection)
        if found is not None:
            self._arrivals.charge(found.name, work)

    def events(self) -> list[EndpointEvent]:
        """Take what happened."""
        taken, self._events = self._events, []
        return taken

    def datagrams(self) -> list[Received]:
        """Take the datagrams that came in."""
        taken, self._received = self._received, {}
        return [Received(key, payloads) for key, payloads in taken.items()]

    def limit_datagrams(self, connection: ConnectionKey, size: int) -> None:
        """Send a connection's peer no payload over `size` bytes."""
        found = self._connections.get(connection)
        if found is not None:
            found.queue.limit(size)

    def queue(self, sends: Iterable[Send], *, now: float) -> None:
        """Queue copies; each gets an outcome, `destination_left` for an unknown connection."""
        for key, flow, payload in sends:
            connection = self._connections.get(key)
            if connection is None or connection.closing is not None:
                self._tally.count(key, flow, EgressDrop.DESTINATION_LEFT, len(payload))
            else:
                connection.queue.push(flow, payload, now=now)

    def send_control(self, connection: ConnectionKey, data: bytes) -> None:
        """Append bytes to the control stream."""
        found = self._connections.get(connection)
        if found is not None and found.closing is None:
            found.control_pending += data

    def close_connection(self, connection: ConnectionKey, *, end: SessionEnd, text: str) -> None:
        """Close at the next flush, after the control bytes."""
        found = self._connections.get(connection)
        if found is not None and found.closing is None:
            found.closing = (end, text[:_TEXT_LIMIT])
            found.queue.clear()

    def flush(self, *, now: float) -> None:
        """Write what is due on every connection."""
        for connection in tuple(self._connections.values()):
            if connection.connected:
                self._write(connection, now=now)
            if connection.closing is not None:
                end, text = connection.closing
                self._transmit(connection, Farewell(connection.name, end, text), now=now)
                self._remove(connection, end, text, by_peer=False)

    def outcomes(self) -> list[Outcome]:
        """Take the outcomes that became known."""
        return self._tally.outcomes()

    def statistics(self, connection: ConnectionKey) -> ConnectionStatistics | None:
        """Look at a connection; None once it is closed."""
        found = self._connections.get(connection)
        if found is None or found.closing is not None:
            return None
        return ConnectionStatistics(
            address=found.address,
            datagram_budget=found.queue.budget,
            packet_size=found.packet_size,
            round_trip_time=found.round_trip_time,
            shortest_round_trip=found.shortest_round_trip,
            queued=len(found.queue),
            control_backlog=len(found.control_pending) + found.control_unacknowledged,
            packets_lost=0,
            heard_at=found.heard_at,
            unacknowledged_since=found.unacknowledged_since,
        )

    def endpoint_statistics(self) -> EndpointStatistics:
        """Look at the endpoint."""
        return self._counts.statistics(
            connections=len(self._connections),
            handshakes=self._handshakes.statistics(now=self._now),
            holds=EndpointHolds(
                packets_waiting=self._arrivals.packets, bytes_queued=self._egress.used
            ),
        )

    # What tests ask of it beside the interface

    def hold_control(self, connection: ConnectionKey, *, held: bool) -> None:
        """Stop taking the control stream, as a peer that doesn't read; `held=False` goes on."""
        found = self._connections.get(connection)
        if found is not None:
            found.hold_control = held

    def open_extra_stream(self, connection: ConnectionKey) -> None:
        """Break the rule of the one stream."""
        found = self._connections.get(connection)
        if found is not None:
            self._transmit(found, ExtraStream(found.name), now=self._now)

    def set_datagram_budget(self, connection: ConnectionKey, budget: int) -> None:
        """Change what the path carries, as path MTU discovery would."""
        found = self._connections.get(connection)
        if found is not None:
            found.set_budget(budget)

    # What its driver calls

    def receive_packet(self, packet: MemoryPacket, source: Address, *, now: float) -> None:
        """Route a packet into its connection's queue."""
        self._now = now
        self._counts.received += 1
        if packet.connection not in self._by_name:
            reason = self._reason_to_refuse(packet, source, now=now)
            if reason is not None:
                self._counts.dropped[reason] += 1
                return
            self._keys += 1
            key = ConnectionKey(self._keys)
            self._add(key, packet.connection, source, now=now)
            # Addresses are genuine here.
            displaced = self._handshakes.begin(key, source_of(source), is_proven=True, now=now)
            if displaced is not None:
                self._forget(self._connections[displaced])
        # What QUIC would send again must not be lost here; its sender bounds it by a window.
        beyond = packet.reliable
        if not self._arrivals.push(packet.connection, (packet, source), beyond_capacity=beyond):
            self._counts.dropped[PacketDrop.INGRESS_OVERFLOW] += 1
        else:
            self._counts.routed += 1

    def receive_refusal(self, address: Address) -> None:
        """Tell of every dialed connection to an address where nobody seems to listen."""
        self._events += [
            PathRefused(connection.key)
            for connection in self._connections.values()
            if connection.trust is not None and connection.address == address
        ]

    def handle_turn(self, *, now: float) -> None:
        """Take in what waits, by turns, and handle what is due."""
        self._now = now
        work_left = float(self._limits.work_per_turn)
        while work_left > 0 and (taken := self._arrivals.take()) is not None:
            name, (packet, source) = taken
            work_left -= 1
            key = self._by_name.get(name)
            if key is not None:
                if isinstance(packet, Datagram):
                    work_left -= self._arrivals.anticipate(name)
                self._take_in(self._connections[key], packet, source, now=now)
        for connection in tuple(self._connections.values()):
            self._handle_time(connection, now=now)

    def packets_to_send(self) -> list[tuple[MemoryPacket, Address]]:
        """Take what the wire must carry."""
        taken, self._to_send = self._to_send, []
        self._counts.sent += len(taken)
        return taken

    def next_deadline(self) -> float | None:
        """When the next turn is due: at once while packets or news wait."""
        if len(self._arrivals) or self._events or self._received:
            return self._now
        return min(
            (connection.next_deadline() for connection in self._connections.values()),
            default=None,
        )

    # Below: one connection's life

    def _add(
        self, key: ConnectionKey, name: str, address: Address, *, now: float
    ) -> MemoryConnection:
        queue = SendQueue(
            key,
            limits=self._limits.queue,
            budget=self._budget,
            tally=self._tally,
            cutter=self._cutter,
            pool=self._egress,
        )
        connection = MemoryConnection(key, name, address, queue, self._limits, now=now)
        self._connections[key] = connection
        self._by_name[name] = key
        return connection

    def _reason_to_refuse(
        self, packet: MemoryPacket, source: Address, *, now: float
    ) -> PacketDrop | None:
        if not isinstance(packet, Greeting):
            return PacketDrop.UNKNOWN_CONNECTION
        if not self._listening:
            return PacketDrop.NOT_ACCEPTING
        if len(self._connections) >= self._limits.maximum_connections:
            return PacketDrop.TOO_MANY_CONNECTIONS
        verdict = self._handshakes.judge(source_of(source), is_proven=True, now=now)
        return PacketDrop.TOO_MANY_HANDSHAKES if verdict is Judgement.REFUSE else None

    def _take_in(
        self, connection: MemoryConnection, packet: MemoryPacket, source: Address, *, now: float
    ) -> None:
        connection.heard_at = now
        if source != connection.address and connection.trust is None:
            connection.address = source
            if connection.connected:
                self._events.append(AddressChanged(connection.key, source))
        match packet:
            case Datagram(payload=payload) if connection.connected:
                self._received.setdefault(connection.key, []).append(payload)
                connection.owes_receipt = True
            case Control(data=data) if connection.connected:
                connection.control_received += data
            case Ack(size=size):
                connection.control_unacknowledged -= size
                connection.unacknowledged_since = None
            case Receipt():
                connection.unacknowledged_since = None
            case ExtraStream() if connection.connected:
                self._events.append(ExtraStreamOpened(connection.key))
            case Ping(sent_at=sent_at):
                self._transmit(connection, Pong(connection.name, sent_at), now=now)
            case Pong(sent_at=sent_at):
                connection.measure(now - sent_at)
                connection.unacknowledged_since = None
            case Farewell(end=end, text=text):
                self._deliver_control(connection, now=now)
                self._remove(connection, end, text, by_peer=True)
            case _:
                self._take_in_handshake(connection, packet, now=now)

    def _take_in_handshake(
        self, connection: MemoryConnection, packet: MemoryPacket, *, now: float
    ) -> None:
        match packet:
            case Greeting():
                self._transmit(
                    connection, Identity(connection.name, self.pin, self._names), now=now
                )
            case Identity() if connection.trust is not None and not connection.connected:
                refused = connection.reason_to_distrust(packet)
                if refused is not None:
                    text = "the listener is not the one that was dialed"
                    self._transmit(connection, Farewell(connection.name, refused, text), now=now)
                    self._remove(connection, refused, text, by_peer=False)
                    return
                self._transmit(connection, Confirmation(connection.name), now=now)
                self._complete(connection, now=now)
            case Confirmation() if not connection.connected:
                self._complete(connection, now=now)

    def _complete(self, connection: MemoryConnection, *, now: float) -> None:
        connection.measure(now - connection.began_at)
        connection.connected = True
        self._handshakes.complete(connection.key)
        self._events.append(Connected(connection.key, connection.address))

    def _write(self, connection: MemoryConnection, *, now: float) -> None:
        if connection.control_pending:
            data = bytes(connection.control_pending)
            connection.control_pending.clear()
            connection.control_unacknowledged += len(data)
            self._transmit(connection, Control(connection.name, data), now=now)
        connection.queue.expire(now=now)
        while connection.may_send_at <= now:
            payload = connection.queue.pop(now=now)
            if payload is None:
                break
            if self._send_rate is not None:
                connection.may_send_at = now + len(payload) / self._send_rate
            self._transmit(connection, Datagram(connection.name, payload), now=now)

    def _deliver_control(self, connection: MemoryConnection, *, now: float) -> None:
        if connection.control_received and not connection.hold_control:
            data = bytes(connection.control_received)
            connection.control_received.clear()
            self._events.append(ControlReceived(connection.key, data))
            self._transmit(connection, Ack(connection.name, len(data)), now=now)

    def _handle_time(self, connection: MemoryConnection, *, now: float) -> None:
        self._deliver_control(connection, now=now)
        if connection.owes_receipt:
            connection.owes_receipt = False
            self._transmit(connection, Receipt(connection.name), now=now)
        end = connection.reason_to_give_up(now=now)
        if end is not None:
            self._remove(connection, end, "no answer", by_peer=False)
        elif connection.connected and now >= connection.next_ping():
            self._transmit(connection, Ping(connection.name, now), now=now)

    def _transmit(self, connection: MemoryConnection, packet: MemoryPacket, *, now: float) -> None:
        connection.sent_at = now
        if (
            isinstance(packet, Datagram | Control | Ping)
            and connection.unacknowledged_since is None
        ):
            connection.unacknowledged_since = now
        self._to_send.append((packet, connection.address))

    def _remove(
        self, connection: MemoryConnection, end: SessionEnd, text: str, *, by_peer: bool
    ) -> None:
        failure = HandshakeFailure.CLOSED_BY_PEER if by_peer else HandshakeFailure.TIMEOUT
        self._handshakes.fail(connection.key, failure)
        self._forget(connection)
        # An accepted connection that never completed its handshake was never announced.
        if connection.connected or connection.trust is not None:
            closed = ConnectionClosed(connection.key, end, text[:_TEXT_LIMIT], by_peer)
            self._events.append(closed)

    def _forget(self, connection: MemoryConnection) -> None:
        del self._connections[connection.key]
        del self._by_name[connection.name]
        self._arrivals.forget(connection.name)
        connection.queue.clear()
