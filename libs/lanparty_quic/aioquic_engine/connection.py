"""One connection over aioquic: what its endpoint feeds it, and what it reports and sends.

aioquic's exceptions for a peer's bytes end here: they are counted as the connection's failure,
and the peer gets a close.
"""

import math
from typing import Final, TypeAlias

from aioquic.quic import events as quic_events
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import QuicErrorCode, QuicFrameType
from aioquic.tls import AlertDescription

from lanparty_obs.codes import SessionEnd, quic_error_code
from lanparty_obs.reasons import HandshakeFailure, PacketDrop
from lanparty_quic.aioquic_engine import bounding, private
from lanparty_quic.aioquic_engine.acknowledging import AcknowledgementPace
from lanparty_quic.aioquic_engine.control import ControlWriter
from lanparty_quic.aioquic_engine.endings import NO_ANSWER, end_of, failure_of
from lanparty_quic.aioquic_engine.feeding import feed
from lanparty_quic.aioquic_engine.flight import Flight
from lanparty_quic.aioquic_engine.inbox import Inbox
from lanparty_quic.aioquic_engine.liveness import Liveness
from lanparty_quic.aioquic_engine.probing import PathProber
from lanparty_quic.aioquic_engine.work import PacketWork
from lanparty_quic.endpoint import (
    Address,
    AddressChanged,
    Connected,
    ConnectionClosed,
    ConnectionKey,
    ConnectionStatistics,
    ControlReceived,
    ExtraStreamOpened,
    PinnedKey,
    Trust,
)
from lanparty_quic.identity import pin_of
from lanparty_quic.limits import EndpointLimits
from lanparty_quic.pool import Pool
from lanparty_quic.send_queue import SendQueue

__all__ = ["AioquicConnection", "OutgoingPacket"]

OutgoingPacket: TypeAlias = tuple[bytes, Address]

_TEXT_LIMIT: Final = 256
"""Characters of a close's text in an event."""

_REASON_LIMIT: Final = 200
"""Bytes of a close's text on the wire, so that the frame fits a packet with any other close."""

_CLOSE_GRACE: Final = 0.25
"""Seconds that control bytes may hold a close back when pacing or congestion holds them."""

_ROUNDING: Final = 1e-6
"""Seconds. aioquic's loss timer is due at a sum of times and acts on a difference of the same,
which may be just too small at that very moment."""

_HANDSHAKE_GAP_LIMIT: Final = 16_384
"""Bytes of a handshake that may wait for a gap to close: any certificate chain fits. aioquic would
keep half a megabyte for everybody who says hello."""

_GAP_LIMIT: Final = 131_072
"""Stream bytes that may wait for a gap to close before the peer is called broken."""


class AioquicConnection:
    """A connection from its first packet to its last. Its endpoint calls; nothing raises."""

    def __init__(
        self,
        key: ConnectionKey,
        quic: QuicConnection,
        *,
        inbox: Inbox,
        queue: SendQueue,
        limits: EndpointLimits,
        address: Address,
        trust: Trust | None,
        flights: Pool,
        now: float,
    ) -> None:
        """`trust` is None for an accepted connection. `flights` counts the packets of all."""
        self.key = key
        self.queue = queue
        self.connected = False
        self.closed = False
        """Nothing more will come; the endpoint forgets it."""
        self.failure: HandshakeFailure | None = None
        """Why its handshake came to nothing, once it has and the reason is known."""
        self.routes: set[bytes] = set()
        """The connection ids by which its peer addresses it."""
        self.scheduled_at: float | None = None
        """The endpoint's note of when it will look at `next_deadline` again."""
        self._quic = quic
        self._inbox = inbox
        self._limits = limits
        self._address = address
        self._trust = trust
        self._liveness = Liveness(limits, now=now)
        self._pace = AcknowledgementPace(quic)
        self._prober = PathProber(quic, base=limits.packet_size)
        self._control = ControlWriter(quic, opens_stream=trust is not None)
        self._extra_stream_reported = False
        self._closing: tuple[SessionEnd, str] | None = None
        self._close_by: float | None = None
        self._must_write = True
        """Something happened after which only `write` knows whether there is something to say."""
        self._losses_seen = 0
        self._packet_limit: int | None = None
        self._work = PacketWork(quic)
        self._flight = Flight(quic, most=limits.packets_in_flight, all_flights=flights)
        bounding.bound_peer(quic, window=limits.stream_window)
        self._add_route(quic.host_cid)

    @property
    def dialed(self) -> bool:
        """This side began it."""
        return self._trust is not None

    @property
    def address(self) -> Address:
        """Where its peer is."""
        return self._address

    @property
    def closing(self) -> bool:
        """This side has decided to close it."""
        return self._closing is not None

    @property
    def has_decrypted(self) -> bool:
        """At least one packet of the peer was genuine."""
        return private.has_decrypted(self._quic)

    def add_first_route(self, connection_id: bytes) -> None:
        """Name the id that the client chose for its first packets (RFC 9000 section 7.2)."""
        self._add_route(connection_id)

    # In

    def begin(self, *, now: float) -> None:
        """Send the first flight of a dialed connection, at the next `write`."""
        self._quic.connect(self._address, now=now)

    def receive(self, packet: bytes, source: Address, *, now: float) -> PacketDrop | None:
        """Take in one packet, or say why not; `collect` follows, once for a batch."""
        if self.connected:
            self._pace.expect_packet(now=now)
        self._work.begin()
        try:
            genuine = private.take_in(self._quic, packet, source, now=now)
        except Exception as error:  # noqa: BLE001  the border: a peer's bytes must not end the endpoint
            self._fail(error)
            return PacketDrop.MALFORMED
        if genuine:
            if not self.connected and not self.dialed:
                bounding.drop_handshake_buffers(self._quic)
            self._work.opened(len(packet))
            self._liveness.heard_at = now
            self._look_at_acknowledgements(now)
            return None
        # What a dialed listener answers first may be no packet of the connection, but a Retry.
        return None if self.dialed and not self.connected else PacketDrop.UNDECRYPTABLE

    def further_work(self) -> float:
        """Say what the packet just taken in and collected has cost beyond that of any packet."""
        return self._work.further()

    def take_answer(self) -> bool:
        """Use up an acknowledgement of payloads that may have come; False if none was to come."""
        return self._flight.take_answer()

    def release(self) -> None:
        """Free what it holds, after its last packet; none of its verbs may be called again."""
        self._let_go()
        bounding.dissolve(self._quic)

    def handle_timer(self, *, now: float) -> None:
        """Do what time has made due; `collect` and `write` follow."""
        self._must_write = True
        try:
            self._handle_due(now)
        except Exception as error:  # noqa: BLE001  the border, as above
            self._fail(error)

    def _handle_due(self, now: float) -> None:
        if not self.connected and self._liveness.handshake_is_late(now=now):
            self.failure = HandshakeFailure.TIMEOUT
            self._quic.close()
            self._report_closed(SessionEnd.RELAY_UNREACHABLE, NO_ANSWER, by_peer=False)
            return
        deadline = self._quic.get_timer()
        if deadline is not None and now >= deadline:
            self._quic.handle_timer(now + _ROUNDING)
        if self.connected and self._liveness.ping_is_due(now=now):
            self._liveness.spoke(now=now)
            self._quic.send_ping(0)

    # Out

    def limit_datagrams(self, size: int) -> None:
        """Send no payload over `size` bytes, and try no packet that is larger than it needs."""
        self.queue.limit(size)
        self._packet_limit = private.packet_for_datagram(self._quic, size)
        if self.connected and self._packet_limit < self._largest_packet():
            self._must_write = True
            self._search_path()

    def send_control(self, data: bytes) -> None:
        """Append to the control stream."""
        self._control.write(data)
        self._must_write = True

    def close(self, end: SessionEnd, text: str) -> None:
        """Close at the next `write` that leaves no control bytes behind, soon in any case."""
        if self._closing is None:
            self._closing = (end, text[:_TEXT_LIMIT])
            self._must_write = True
            self.queue.clear()

    @property
    def can_rest(self) -> bool:
        """Since the last `write` only packets came that need no answer before the next timer.

        An acknowledgement waits a little for company, and has a timer. Asking aioquic
        instead would cost as much as writing a packet, for each that comes in.
        """
        return not (
            self._must_write
            or len(self.queue)
            or private.datagrams_pending(self._quic)
            or private.packets_lost(self._quic) != self._losses_seen
            or self._pace.is_due
            or self._prober.wants_turn
        )

    def write(self, *, now: float) -> list[OutgoingPacket]:
        """Return the packets that may leave now."""
        owed_acknowledgement = self._pace.waits
        try:
            packets = self._write(now)
        except Exception as error:  # noqa: BLE001  the border: what a peer announced can break a write
            self._fail(error)
            packets = []
        if packets:
            self._liveness.spoke(now=now)
            self._look_at_acknowledgements(now)
        if owed_acknowledgement and not self._pace.waits:
            self._pace.sent(now=now)
        self._losses_seen = private.packets_lost(self._quic)
        if not self.closed:
            self._flight.count()
        bounding.bound_acknowledgements(self._quic)
        # Whatever the congestion window holds back may leave with the next acknowledgement.
        has_room = private.congestion_room(self._quic) >= self._prober.packet_size
        self._must_write = not (self.connected and has_room) or self._control.waits
        self.collect()
        return packets

    def _look_at_acknowledgements(self, now: float) -> None:
        if self.connected:
            largest, waiting = private.acknowledgements(self._quic)
            self._liveness.look_at_acknowledgements(largest=largest, waiting=waiting, now=now)

    def farewell(self, *, now: float) -> list[OutgoingPacket]:
        """Return the close that a closed connection owes its peer; empty if the peer closed it.

        A client that went silent in its handshake gets none: its address may be another's.
        """
        if self.failure is HandshakeFailure.TIMEOUT and not self.dialed:
            return []
        try:
            return self._quic.datagrams_to_send(now)
        except Exception:  # noqa: BLE001  the border: it is over in any case, only silently now
            return []

    def _write(self, now: float) -> list[OutgoingPacket]:
        packets: list[OutgoingPacket] = []
        if self.connected:
            packets += self._prober.update(now=now)
            self.queue.budget = private.largest_datagram(self._quic)
            self._control.push()
        self.queue.expire(now=now)
        while True:
            room = None
            if self.connected:
                room = feed(
                    self._quic,
                    self.queue,
                    packet_size=self._prober.packet_size,
                    most_packets=self._flight.packets_left(),
                    now=now,
                )
                self._pace.hasten(room=room or 0, now=now)
            written = self._quic.datagrams_to_send(now)
            packets += written
            if room is not None:
                self._flight.sent(len(written))
            if room is None or not len(self.queue):
                break
        if self._closing is not None and self._may_close(now):
            end, text = self._closing
            reason = text.encode()[:_REASON_LIMIT].decode(errors="ignore") if self.connected else ""
            self._quic.close(error_code=quic_error_code(end), reason_phrase=reason)
            self._report_closed(end, text, by_peer=False)
        return packets

    def _may_close(self, now: float) -> bool:
        if not self.connected or not self._control.waits:
            return True
        if self._close_by is None:
            self._close_by = now + _CLOSE_GRACE
        return now >= self._close_by

    # What it knows of itself

    def next_deadline(self) -> float:
        """When `handle_timer` or `write` has something to do."""
        own = self._liveness.next_deadline(connected=self.connected)
        own = min(own, self._prober.next_deadline())
        try:
            deadline = self._quic.get_timer()
        except Exception as error:  # noqa: BLE001  the border, as above
            self._fail(error)
            return -math.inf
        if self._close_by is not None:
            own = min(own, self._close_by)
        expiry = self.queue.next_deadline()
        if expiry is not None:
            own = min(own, expiry)
        return own if deadline is None else min(own, deadline)

    def statistics(self) -> ConnectionStatistics:
        """Look at it."""
        quic = self._quic
        return ConnectionStatistics(
            address=self._address,
            datagram_budget=min(self.queue.budget, private.largest_datagram(quic)),
            packet_size=self._prober.packet_size,
            round_trip_time=private.smoothed_round_trip(quic),
            shortest_round_trip=private.shortest_round_trip(quic),
            queued=len(self.queue),
            control_backlog=self._control.backlog,
            packets_lost=private.packets_lost(quic),
            heard_at=self._liveness.heard_at,
            unacknowledged_since=self._liveness.unacknowledged_since,
            payloads_discarded=self._prober.payloads_discarded,
        )

    # What aioquic reports

    def collect(self) -> None:
        """Turn aioquic's news into the endpoint's, before anything is written for them."""
        quic = self._quic
        while not self.closed and (event := quic.next_event()) is not None:
            self._collect_event(event)
        if self.closed:
            return
        ended = private.close_event(quic)
        if ended is not None:
            by_peer = private.closed_by_peer(quic)
            end = end_of(ended, by_peer=by_peer, connected=self.connected, dialed=self.dialed)
            if not self.connected:
                self.failure = failure_of(ended, by_peer=by_peer)
            self._report_closed(end, ended.reason_phrase, by_peer=by_peer)
            return
        bounding.bound_streams(quic)
        if self.connected:
            self._check_streams()
            self._check_address()
        elif bounding.buffered_handshake(quic) > _HANDSHAKE_GAP_LIMIT:
            quic.close(error_code=QuicErrorCode.CRYPTO_BUFFER_EXCEEDED)
            self.failure = HandshakeFailure.TRANSPORT
            self._report_closed(
                SessionEnd.PROTOCOL_ERROR, "too much of a handshake beyond a gap", by_peer=False
            )

    def _collect_event(self, event: quic_events.QuicEvent) -> None:
        match event:
            case quic_events.DatagramFrameReceived(data=data):
                if self.connected:
                    self._inbox.open_payload(data)
                    self._work.brought_payload(len(data))
            case quic_events.StreamDataReceived(stream_id=private.CONTROL_STREAM):
                self._work.brought_control(len(event.data))
                if event.data and self.connected:
                    self._inbox.add_event(ControlReceived(self.key, event.data))
                if event.end_stream:
                    self._report_extra_stream()
            case quic_events.StreamReset() | quic_events.StopSendingReceived():
                self._control.end()
                self._report_extra_stream()
            case quic_events.HandshakeCompleted():
                self._complete()
            case quic_events.ConnectionIdIssued(connection_id=connection_id):
                self._add_route(connection_id)
            case quic_events.ConnectionIdRetired(connection_id=connection_id):
                self.routes.discard(connection_id)
                self._inbox.routes.pop(connection_id, None)

    def _complete(self) -> None:
        """Check whom this is before anything is told or sent beyond the handshake."""
        if isinstance(self._trust, PinnedKey):
            certificate = private.peer_certificate(self._quic)
            if certificate is None or pin_of(certificate) != self._trust.pin:
                self._quic.close(
                    error_code=QuicErrorCode.CRYPTO_ERROR + AlertDescription.bad_certificate,
                    frame_type=QuicFrameType.CRYPTO,
                )
                self._report_closed(
                    SessionEnd.PIN, "the relay's key is not the pinned one", by_peer=False
                )
                return
        self.connected = True
        self._must_write = True
        self.queue.budget = private.largest_datagram(self._quic)
        self._search_path()
        self._inbox.add_event(Connected(self.key, self._address))

    def _check_streams(self) -> None:
        quic = self._quic
        if private.has_extra_streams(quic):
            self._report_extra_stream()
        if bounding.buffered_control(quic) > _GAP_LIMIT:
            quic.close(error_code=QuicErrorCode.FLOW_CONTROL_ERROR)
            self._report_closed(
                SessionEnd.PROTOCOL_ERROR, "too much stream data beyond a gap", by_peer=False
            )

    def _check_address(self) -> None:
        address = self._quic.get_peer_address()
        if address is not None and address != self._address:
            self._address = address
            self._must_write = True
            self._search_path()
            self._inbox.add_event(AddressChanged(self.key, address))

    def _search_path(self) -> None:
        ceiling = self._largest_packet()
        if self._packet_limit is not None:
            ceiling = min(ceiling, self._packet_limit)
        self._prober.start(ceiling=ceiling)

    def _largest_packet(self) -> int:
        return self._limits.packet_size_to_reach(self._address[0])

    def _report_extra_stream(self) -> None:
        if self.connected and not self._extra_stream_reported:
            self._extra_stream_reported = True
            self._inbox.add_event(ExtraStreamOpened(self.key))

    def _fail(self, error: Exception) -> None:
        if not self.closed:
            self._quic.close(error_code=QuicErrorCode.INTERNAL_ERROR)
            end = SessionEnd.PROTOCOL_ERROR if self.connected else SessionEnd.RELAY_UNREACHABLE
            self._report_closed(end, f"engine failure: {error!r}", by_peer=False)

    def _report_closed(self, end: SessionEnd, text: str, *, by_peer: bool) -> None:
        self.closed = True
        self._let_go()
        if self.connected or self.dialed:
            closed = ConnectionClosed(self.key, end, text[:_TEXT_LIMIT], by_peer)
            self._inbox.add_event(closed)

    def _let_go(self) -> None:
        self.queue.clear()
        self._flight.end()

    def _add_route(self, connection_id: bytes) -> None:
        self.routes.add(connection_id)
        self._inbox.routes[connection_id] = self.key
