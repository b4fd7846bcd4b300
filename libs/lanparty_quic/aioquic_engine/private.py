# ruff: noqa: SLF001  reading private fields is this module's only purpose
"""aioquic's private fields that the engine needs, each behind a function that says why.

The version range in pyproject.toml holds them still; `PRIVATE_FIELDS` lists them for the contract
test, which fails when an update renames one. Beside it only `bounding` and `probing` read such
fields, each with a list of its own.
"""

import math
from typing import Final, cast

from aioquic.quic.connection import QuicConnection, QuicConnectionState
from aioquic.quic.events import ConnectionTerminated
from aioquic.tls import Epoch
from cryptography.x509 import Certificate

from lanparty_quic.aioquic_engine.congestion import CountingReno
from lanparty_quic.endpoint import Address

__all__ = [
    "CONTROL_STREAM",
    "DATAGRAM_OVERHEAD",
    "PRIVATE_FIELDS",
    "SPACE_FIELDS",
    "STREAM_FIELDS",
    "acknowledge_by",
    "acknowledgement_waits",
    "acknowledgements",
    "close_event",
    "closed_by_peer",
    "congestion_room",
    "control_backlog",
    "control_waits",
    "datagrams_pending",
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

PRIVATE_FIELDS: Final = (
    "_ack_delay",
    "_ack_eliciting_sent_since_receipt",
    "_close_event",
    "_datagrams_pending",
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
