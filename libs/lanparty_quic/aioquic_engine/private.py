# ruff: noqa: SLF001  reading private fields is this module's only purpose
"""aioquic's private fields that the engine needs, each behind a function that says why.

The version range in pyproject.toml holds them still; `PRIVATE_FIELDS` lists them for the contract
test, which fails when an update renames one. Beside it only `probing` reads such fields, with a
list of its own.
"""

import math
from typing import Final, cast

from aioquic._buffer import Buffer
from aioquic.quic.connection import (
    Limit,
    QuicConnection,
    QuicConnectionError,
    QuicConnectionState,
)
from aioquic.quic.events import ConnectionTerminated
from aioquic.quic.packet import QuicErrorCode, QuicFrameType
from aioquic.quic.stream import QuicStream
from aioquic.tls import Epoch, State
from cryptography.x509 import Certificate

from lanparty_quic.aioquic_engine.congestion import CountingReno
from lanparty_quic.endpoint import Address

__all__ = [
    "CONTROL_STREAM",
    "DATAGRAM_OVERHEAD",
    "PRIVATE_FIELDS",
    "SPACE_FIELDS",
    "STREAM_FIELDS",
    "FrameHandlers",
    "acknowledge_by",
    "acknowledgement_waits",
    "acknowledgements",
    "bound_acknowledgements",
    "bound_peer",
    "bound_streams",
    "buffered_control",
    "buffered_handshake",
    "close_event",
    "closed_by_peer",
    "congestion_room",
    "control_backlog",
    "control_waits",
    "count_frames",
    "datagrams_pending",
    "dissolve",
    "drop_handshake_buffers",
    "has_decrypted",
    "has_extra_streams",
    "largest_datagram",
    "packet_room",
    "packets_allowed_by_pacing",
    "packets_in_flight",
    "packets_lost",
    "peer_certificate",
    "set_acknowledgement_delay",
    "shortest_round_trip",
    "smoothed_round_trip",
    "stream_is_open",
    "take_in",
]

_FRAME_HANDLERS: Final = "_QuicConnection__frame_handlers"
"""Mangled, as a class's own name with two underscores is."""

PRIVATE_FIELDS: Final = (
    _FRAME_HANDLERS,
    "_ack_delay",
    "_ack_eliciting_sent_since_receipt",
    "_close_event",
    "_crypto_buffers",
    "_datagrams_pending",
    "_local_max_data",
    "_local_max_streams_bidi",
    "_local_max_streams_uni",
    "_loss",
    "_loss._cc",
    "_loss._pacer",
    "_loss._pacer.bucket_time",
    "_loss._pacer.packet_time",
    "_loss._rtt_initialized",
    "_loss._rtt_min",
    "_loss._rtt_smoothed",
    "_max_datagram_size",
    "_peer_cid",
    "_remote_max_datagram_frame_size",
    "_spaces",
    "_state",
    "_streams",
    "tls._peer_certificate",
    "tls.state",
)
"""Paths from a `QuicConnection`; those of what it holds are in the sets below."""

SPACE_FIELDS: Final = (
    "ack_at",
    "ack_eliciting_in_flight",
    "largest_acked_packet",
    "sent_packets",
)
"""Paths from a `QuicPacketSpace`."""

STREAM_FIELDS: Final = (
    "receiver._buffer",
    "receiver._buffer_start",
    "sender._buffer",
    "sender._pending",
)
"""Paths from a `QuicStream`."""

CONTROL_STREAM: Final = 0
"""The client's first bidirectional stream (RFC 9000 section 2.1)."""

_PACKET_OVERHEAD: Final = 3 + 16
"""First byte, 2-byte packet number and AEAD tag; the connection id comes on top."""

DATAGRAM_OVERHEAD: Final = 3
"""Type and 2-byte length of a DATAGRAM frame (RFC 9221 section 4)."""

_PEER_STREAMS: Final = 2
"""Bidirectional streams that a peer may open: the second only to be told that it broke the rule."""


# Sending: only what may leave now is handed over, because aioquic's own queue has no bound and
# a datagram that is too large blocks it for ever.


def packet_room(quic: QuicConnection) -> int:
    """Return the bytes for frames in a packet to this peer."""
    return quic._max_datagram_size - _PACKET_OVERHEAD - len(quic._peer_cid.cid)


def largest_datagram(quic: QuicConnection) -> int:
    """Return the largest payload that a packet to this peer carries, 0 if it takes none."""
    peer_limit = quic._remote_max_datagram_frame_size
    if peer_limit is None:
        return 0
    return max(0, min(packet_room(quic), peer_limit) - DATAGRAM_OVERHEAD)


def packet_for_datagram(quic: QuicConnection, size: int) -> int:
    """Return the size of the packet to this peer that just carries a payload of `size` bytes."""
    return size + DATAGRAM_OVERHEAD + _PACKET_OVERHEAD + len(quic._peer_cid.cid)


def datagrams_pending(quic: QuicConnection) -> bool:
    """Tell whether datagrams that were handed over have not left yet."""
    return bool(quic._datagrams_pending)


def packets_in_flight(quic: QuicConnection) -> int:
    """Return how many packets after the handshake wait for their acknowledgement."""
    return quic._spaces[Epoch.ONE_RTT].ack_eliciting_in_flight


def congestion_room(quic: QuicConnection) -> int:
    """Return the bytes that the congestion window has room for."""
    loss = quic._loss
    return loss.congestion_window - loss.bytes_in_flight


def packets_allowed_by_pacing(quic: QuicConnection, *, now: float) -> float:
    """Return how many packets the pacer lets leave at once."""
    pacer = quic._loss._pacer
    if pacer.packet_time is None:
        return math.inf
    pacer.update_bucket(now=now)
    return math.ceil(pacer.bucket_time / pacer.packet_time)


# Receiving


def take_in(quic: QuicConnection, packet: bytes, source: Address, *, now: float) -> bool:
    """Feed a packet; tell whether aioquic took it for one of the peer's, and a new one.

    It is silent about what it discards. But it clears a note that its idle timer has with each
    packet that it accepts (RFC 9000 section 10.1), so the note is set first, and put back after a
    packet that left it alone. The packet that ends a connection doesn't clear it.
    """
    noted = quic._ack_eliciting_sent_since_receipt
    quic._ack_eliciting_sent_since_receipt = True
    quic.receive_datagram(packet, source, now)
    if not quic._ack_eliciting_sent_since_receipt or quic._close_event is not None:
        return True
    quic._ack_eliciting_sent_since_receipt = noted
    return False


def acknowledgement_waits(quic: QuicConnection) -> bool:
    """Tell whether a packet after the handshake has not been acknowledged."""
    return quic._spaces[Epoch.ONE_RTT].ack_at is not None


def set_acknowledgement_delay(quic: QuicConnection, delay: float) -> None:
    """Say how long the next packet that asks for an acknowledgement has to wait for it."""
    quic._ack_delay = delay


def acknowledge_by(quic: QuicConnection, moment: float) -> None:
    """Let the acknowledgement that waits be due at this moment."""
    quic._spaces[Epoch.ONE_RTT].ack_at = moment


# The control stream


def stream_is_open(quic: QuicConnection) -> bool:
    """Tell whether the control stream exists: a server can't write before its client did."""
    return CONTROL_STREAM in quic._streams


def control_backlog(quic: QuicConnection) -> int:
    """Return the control bytes that the peer has not acknowledged."""
    stream = quic._streams.get(CONTROL_STREAM)
    return 0 if stream is None else len(stream.sender._buffer)


def control_waits(quic: QuicConnection) -> bool:
    """Tell whether control bytes have never left, or must leave again."""
    stream = quic._streams.get(CONTROL_STREAM)
    return stream is not None and len(stream.sender._pending) > 0


def has_extra_streams(quic: QuicConnection) -> bool:
    """Tell whether there is any stream beside the control stream, with or without data."""
    return len(quic._streams) > (1 if CONTROL_STREAM in quic._streams else 0)


# Bounds: aioquic doubles a window when half of it is used and never shrinks it, so a peer that
# talks for long could make it hold as much as it has ever sent. These slide instead.


class _SlidingLimit(Limit):
    """MAX_DATA that stays a constant step ahead of what was used."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._value = window
        super().__init__(frame_type=QuicFrameType.MAX_DATA, name="max_data", value=window)

    @property
    def value(self) -> int:
        return self._value

    @value.setter
    def value(self, doubled: int) -> None:
        self._value = max(self._value, min(doubled, self.used + self._window))


class _SlidingStream(QuicStream):
    """MAX_STREAM_DATA that stays a constant step ahead of what was taken in order.

    A stream that aioquic has made gets this class afterwards: it offers no other way in.
    """

    @property
    def max_stream_data_local(self) -> int:
        return cast("int", self.__dict__["max_stream_data_local"])

    @max_stream_data_local.setter
    def max_stream_data_local(self, doubled: int) -> None:
        granted = self.__dict__.get("max_stream_data_local", 0)
        window = self.__dict__.setdefault("window", granted)
        ahead = self.receiver._buffer_start + window
        self.__dict__["max_stream_data_local"] = max(granted, min(doubled, ahead))


def bound_peer(quic: QuicConnection, *, window: int) -> None:
    """Bound what the peer may open and send ahead; before the connection's first packet."""
    quic._local_max_data = _SlidingLimit(window)
    quic._local_max_streams_bidi.value = quic._local_max_streams_bidi.sent = _PEER_STREAMS
    quic._local_max_streams_uni.value = quic._local_max_streams_uni.sent = 0


def bound_streams(quic: QuicConnection) -> None:
    """Bound the streams that have appeared; after each packet."""
    for stream in quic._streams.values():
        if stream.__class__ is QuicStream:
            stream.__class__ = _SlidingStream


def buffered_control(quic: QuicConnection) -> int:
    """Return the stream bytes that wait for a gap before them to close."""
    return sum(len(stream.receiver._buffer) for stream in quic._streams.values())


# Work: a packet may hold a thousand frames that ask for nothing

_MOST_FRAMES: Final = 128
"""Frames in a packet, of 1,500 bytes at most, up to which it may have a use: the smallest datagrams
with an Ethernet frame are seventy, and whatever else a connection says at one time is a few."""


class FrameHandlers(dict[int, object]):
    """aioquic's table of what handles a frame, which counts how often it is asked."""

    handled = 0
    """Frames of the packet that is being taken in."""

    def __getitem__(self, frame_type: int) -> object:
        self.handled += 1
        if self.handled > _MOST_FRAMES:
            raise QuicConnectionError(
                error_code=QuicErrorCode.PROTOCOL_VIOLATION,
                frame_type=frame_type,
                reason_phrase="a packet of too many frames",
            )
        return super().__getitem__(frame_type)


def count_frames(quic: QuicConnection) -> FrameHandlers:
    """Count the frames of each packet from now on, and refuse one of too many.

    What a peer may ask for without an end is its listener's to bound (RFC 9000 section 21.9).
    """
    handlers = FrameHandlers(getattr(quic, _FRAME_HANDLERS))
    setattr(quic, _FRAME_HANDLERS, handlers)
    return handlers


# Memory: an unfinished handshake is what a stranger gets for one packet

_SAID_ALL: Final = (State.SERVER_EXPECT_FINISHED, State.SERVER_POST_HANDSHAKE)
_NO_BUFFER: Final = Buffer(capacity=1)


def drop_handshake_buffers(quic: QuicConnection) -> None:
    """Let an accepted connection's buffers for TLS messages go, 48 KB, once it has said them all.

    It has with the answer to the client's greeting: neither session tickets nor certificates of
    clients are used, and TLS in QUIC updates no keys (RFC 9001 section 6).
    """
    if quic.tls.state in _SAID_ALL:
        for epoch in quic._crypto_buffers:
            quic._crypto_buffers[epoch] = _NO_BUFFER


def dissolve(quic: QuicConnection) -> None:
    """Let everything that a connection refers to go; it can't be used any more.

    It refers to itself in many ways. Left to the collector of cycles, a flood of short connections
    makes it search through all that a relay has, for a tenth of a second each time.
    """
    for space in quic._spaces.values():
        space.sent_packets.clear()
    quic.__dict__.clear()


def buffered_handshake(quic: QuicConnection) -> int:
    """Return the handshake's bytes that wait for a gap before them to close."""
    return sum(len(stream.receiver._buffer) for stream in quic._crypto_streams.values())


_MOST_RECORDS: Final = 256
"""Records of sent packets up to which those of plain acknowledgements are kept."""


def bound_acknowledgements(quic: QuicConnection) -> None:
    """Forget the oldest packets that only acknowledged; after each write.

    No peer acknowledges an acknowledgement by itself, so aioquic keeps the record of each until
    something else is acknowledged: of a peer that only sends, half a megabyte a second.
    """
    sent = quic._spaces[Epoch.ONE_RTT].sent_packets
    waiting = quic._spaces[Epoch.ONE_RTT].ack_eliciting_in_flight
    if len(sent) - waiting <= _MOST_RECORDS:
        return
    old = [number for number, packet in sent.items() if not packet.in_flight]
    for number in old[: -_MOST_RECORDS // 2]:
        del sent[number]


# Life and figures


def has_decrypted(quic: QuicConnection) -> bool:
    """Tell whether any packet of the peer was genuine so far."""
    return quic._state is not QuicConnectionState.FIRSTFLIGHT


def close_event(quic: QuicConnection) -> ConnectionTerminated | None:
    """Return why the connection ends; aioquic's own event comes three timeouts later."""
    return quic._close_event


def closed_by_peer(quic: QuicConnection) -> bool:
    """Tell whether the peer's CONNECTION_CLOSE has ended it (RFC 9000 section 10.2.2)."""
    return quic._state is QuicConnectionState.DRAINING


def peer_certificate(quic: QuicConnection) -> Certificate | None:
    """Return the certificate whose key has signed the handshake (RFC 8446 section 4.4.3)."""
    return quic.tls._peer_certificate


def smoothed_round_trip(quic: QuicConnection) -> float | None:
    """Return the smoothed round trip, None before the first sample (RFC 9002 section 5.3)."""
    return quic._loss._rtt_smoothed if quic._loss._rtt_initialized else None


def shortest_round_trip(quic: QuicConnection) -> float | None:
    """Return the shortest round trip, None before the first sample (RFC 9002 section 5.2)."""
    return quic._loss._rtt_min if quic._loss._rtt_initialized else None


def acknowledgements(quic: QuicConnection) -> tuple[int, int]:
    """Return the largest packet number that the peer has acknowledged, and how many packets wait.

    Only packets after the handshake that ask for an acknowledgement (RFC 9002 section 2).
    """
    space = quic._spaces[Epoch.ONE_RTT]
    return space.largest_acked_packet, space.ack_eliciting_in_flight


def packets_lost(quic: QuicConnection) -> int:
    """Return how many packets this side declared lost."""
    return cast("CountingReno", quic._loss._cc).packets_lost
