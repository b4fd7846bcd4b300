"""The control stream of one connection, from this side's pen to the peer's acknowledgement."""

from aioquic.quic.connection import QuicConnection

from lanparty_quic.aioquic_engine import private

__all__ = ["ControlWriter"]


class ControlWriter:
    """Holds control bytes back until the stream may carry them."""

    def __init__(self, quic: QuicConnection, *, opens_stream: bool) -> None:
        """`opens_stream`: this side dialed, so the stream is its own to open."""
        self._quic = quic
        self._opens_stream = opens_stream
        self._held = bytearray()
        self._ended = False

    @property
    def backlog(self) -> int:
        """Bytes that the peer has not acknowledged."""
        return len(self._held) + private.control_backlog(self._quic)

    @property
    def waits(self) -> bool:
        """Bytes on the stream have never left, or must leave again."""
        return private.control_waits(self._quic)

    def write(self, data: bytes) -> None:
        """Append; nothing once the peer has refused the stream."""
        if not self._ended:
            self._held += data

    def push(self) -> None:
        """Hand what is held to aioquic, unless the peer has not opened the stream yet."""
        if self._held and (self._opens_stream or private.stream_is_open(self._quic)):
            self._quic.send_stream_data(private.CONTROL_STREAM, bytes(self._held))
            self._held.clear()

    def end(self) -> None:
        """Stop: the peer wants no more of it, and writing would be an error of ours."""
        self._ended = True
        self._held.clear()
