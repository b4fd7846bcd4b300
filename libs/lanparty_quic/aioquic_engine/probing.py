# ruff: noqa: SLF001  reading private fields is this module's purpose, as that of `private`
"""Path MTU discovery over aioquic: probes, and packets of another size, by its private fields.

aioquic fixes its packet size by configuration. Three of its objects keep it, and read it anew for
each packet or each acknowledgement, so it can be changed between two calls.
"""

from collections import deque
from typing import Final, cast

from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import QuicFrameType, QuicPacketType
from aioquic.quic.packet_builder import QuicPacketBuilder
from aioquic.tls import Epoch

from lanparty_quic.aioquic_engine import private
from lanparty_quic.aioquic_engine.congestion import CountingReno
from lanparty_quic.endpoint import Address
from lanparty_quic.path_mtu import PathMtu

__all__ = ["PROBING_FIELDS", "PathProber"]

PROBING_FIELDS: Final = (
    "_cryptos",
    "_datagrams_pending",
    "_flush_builder",
    "_is_client",
    "_loss._cc._max_datagram_size",
    "_loss._pacer._max_datagram_size",
    "_loss.handshake_confirmed",
    "_max_datagram_size",
    "_network_paths",
    "_packet_number",
    "_peer_cid",
    "_peer_token",
    "_probe_pending",
    "_spin_bit",
    "_version",
)
"""Paths from a `QuicConnection`, for the contract test."""


_JITTERS: Final = 256


class PathProber:
    """Finds the packet size for one connection's path and makes aioquic use it."""

    def __init__(self, quic: QuicConnection, *, base: int) -> None:
        """Send packets of at most `base` bytes until `start`."""
        self.payloads_discarded = 0
        """Payloads that aioquic had been given and that became too large before they left."""
        self._quic = quic
        # Random enough: the connection id is.
        self._path = PathMtu(base=base, jitter=quic.host_cid[0] / _JITTERS)
        self._ceiling_to_start: int | None = None
        congestion = cast("CountingReno", quic._loss._cc)
        congestion.path = self._path
        congestion.base_size = base

    @property
    def packet_size(self) -> int:
        """Largest packet that is sent now."""
        return self._quic._max_datagram_size

    @property
    def wants_turn(self) -> bool:
        """There is something to change or to send at the next write."""
        return self._path.wants_turn or self._ceiling_to_start is not None

    def start(self, *, ceiling: int) -> None:
        """Begin on a new path, with packets of the base size, at the next `update`."""
        self._ceiling_to_start = ceiling

    def next_deadline(self) -> float:
        """When `update` has something to do; infinity for never."""
        return self._path.next_deadline(timeout=self._timeout)

    def update(self, *, now: float) -> list[tuple[bytes, Address]]:
        """Use the size that is known now, and return what must leave before anything else.

        That is a probe, and the small packet by which a timeout asks for an acknowledgement
        (RFC 9002 section 6.2.4). Called before every write of an open connection.
        """
        if self._ceiling_to_start is not None:
            self._path.start(ceiling=self._ceiling_to_start, now=now)
            self._ceiling_to_start = None
        wanted = self._path.to_send(timeout=self._timeout, now=now)
        if self._path.packet_size != self._quic._max_datagram_size:
            self._use(self._path.packet_size)
        packets: list[tuple[bytes, Address]] = []
        if wanted.probe is not None and self._may_probe(wanted.probe):
            self._path.probe_sent(wanted.probe)
            packets += self._probe(wanted.probe, now)
        if wanted.ping:
            self._quic.send_ping(0)
        if wanted.ping or self._quic._probe_pending:
            # Alone, before there are datagrams for it: a small packet has the best chance.
            packets += self._quic.datagrams_to_send(now)
        return packets

    @property
    def _timeout(self) -> float:
        return self._quic._loss.get_probe_timeout() if self._path.needs_timeout else 0.0

    def _may_probe(self, size: int) -> bool:
        """Tell whether a probe may leave now.

        It counts as in flight like any packet (RFC 9002 section 2), so the window must have room.
        The path must be the peer's (RFC 9000 section 8), and its loss must be noticed, for which
        aioquic waits until the handshake is confirmed.
        """
        loss = self._quic._loss
        return (
            loss.handshake_confirmed
            and self._quic._network_paths[0].is_validated
            and loss.congestion_window - loss.bytes_in_flight >= size
        )

    def _probe(self, size: int, now: float) -> list[tuple[bytes, Address]]:
        """Make a packet of exactly `size` bytes: a PING, and PADDING (RFC 9000 section 14.4)."""
        quic = self._quic
        builder = QuicPacketBuilder(
            host_cid=quic.host_cid,
            is_client=quic._is_client,
            max_datagram_size=size,
            packet_number=quic._packet_number,
            peer_cid=quic._peer_cid.cid,
            peer_token=quic._peer_token,
            spin_bit=quic._spin_bit,
            version=cast("int", quic._version),
        )
        builder.start_packet(QuicPacketType.ONE_RTT, quic._cryptos[Epoch.ONE_RTT])
        buffer = builder.start_frame(QuicFrameType.PING)
        buffer.push_bytes(bytes(builder.remaining_buffer_space))
        cast("CountingReno", quic._loss._cc).probe = quic._packet_number
        packets = quic._flush_builder(
            builder=builder,
            network_path=quic._network_paths[0],
            peer_cid=quic._peer_cid.cid,
            now=now,
        )
        return cast("list[tuple[bytes, Address]]", packets)

    def _use(self, size: int) -> None:
        """Let aioquic send packets of at most `size` bytes from now on.

        What it was given and can't send any more is thrown away: it would wait for that for ever.
        """
        quic = self._quic
        quic._max_datagram_size = size
        cast("CountingReno", quic._loss._cc)._max_datagram_size = size
        quic._loss._pacer._max_datagram_size = size
        largest = private.largest_datagram(quic)
        pending = quic._datagrams_pending
        kept = deque(payload for payload in pending if len(payload) <= largest)
        if len(kept) < len(pending):
            self.payloads_discarded += len(pending) - len(kept)
            quic._datagrams_pending = kept
