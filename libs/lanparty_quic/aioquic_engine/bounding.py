# ruff: noqa: SLF001  reading private fields is this module's purpose, as that of `private`
"""What a peer could make aioquic keep or do without an end, bounded by its private fields."""

from typing import Final, cast

from aioquic._buffer import Buffer
from aioquic.quic.connection import Limit, QuicConnection, QuicConnectionError
from aioquic.quic.packet import QuicErrorCode, QuicFrameType
from aioquic.quic.stream import QuicStream
from aioquic.tls import Epoch, State

__all__ = [
    "BOUNDING_FIELDS",
    "BOUNDING_STREAM_FIELDS",
    "FrameHandlers",
    "bound_acknowledgements",
    "bound_peer",
    "bound_streams",
    "buffered_control",
    "buffered_handshake",
    "count_frames",
    "dissolve",
    "drop_handshake_buffers",
]

_FRAME_HANDLERS: Final = "_QuicConnection__frame_handlers"
"""Mangled, as a class's own name with two underscores is."""

BOUNDING_FIELDS: Final = (
    _FRAME_HANDLERS,
    "_crypto_buffers",
    "_crypto_streams",
    "_local_max_data",
    "_local_max_streams_bidi",
    "_local_max_streams_uni",
    "_spaces",
    "_streams",
    "tls.state",
)
"""Paths from a `QuicConnection`, for the contract test."""

BOUNDING_STREAM_FIELDS: Final = ("receiver._buffer", "receiver._buffer_start")
"""Paths from a `QuicStream`."""

_PEER_STREAMS: Final = 2
"""Bidirectional streams that a peer may open: the second only to be told that it broke the rule."""


# Windows: aioquic doubles a window when half of it is used and never shrinks it, so a peer that
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
