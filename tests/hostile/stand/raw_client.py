# ruff: noqa: SLF001  reaching into what an honest client leaves alone is the purpose
"""A client of `lanparty/1` on bare aioquic and one blocking socket, with nothing in the way.

The polite one keeps every rule and adds little of its own to what it measures; offenders begin as
polite ones, because the relay hears nobody before a handshake, and then reach into `quic`.
"""

import select
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

from aioquic.quic import events as quic_events
from aioquic.quic.connection import QuicConnection

from lanparty_ctrl import (
    Disconnect,
    Hello,
    Message,
    MessageDecoder,
    Ping,
    Pong,
    Reject,
    Role,
    RoomCode,
    RoomReady,
    Welcome,
    encode_message,
)
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MacAddress, encode_whole
from lanparty_quic import EndpointLimits, PinnedKey
from lanparty_quic.aioquic_engine.configuration import client_configuration

__all__ = ["Arrival", "RawClient", "RefusedError"]

_LIMIT: Final = 15.0
"""Seconds that the relay has for a handshake or an answer: it may be under attack meanwhile."""

_PACKETS_PER_TURN: Final = 64
_LARGEST_PACKET: Final = 2_048
_SO_TIMESTAMPNS: Final = 35
"""Linux's number (include/uapi/asm-generic/socket.h): each packet comes with the realtime clock."""

_TIMESTAMP: Final = struct.Struct("@qq")
_ANCILLARY_SIZE: Final = socket.CMSG_SPACE(_TIMESTAMP.size)
_DATAGRAMS_WAITING: Final = 64
"""aioquic's own queue has no bound: what a congested path doesn't take in time is dropped here."""


class RefusedError(Exception):
    """The relay doesn't want this client. `code` is None if it said nothing."""

    def __init__(self, code: SessionEnd | None, text: str = "") -> None:
        super().__init__(text or code or "no answer")
        self.code = code


class Arrival(NamedTuple):
    """An overlay datagram and when its packet reached this machine's socket."""

    payload: bytes
    wire_time: float
    """Seconds of the realtime clock, from the kernel."""


class RawClient:
    """One connection and its session. Whoever made it calls `serve` all along, then `close`."""

    def __init__(
        self,
        relay: tuple[str, int],
        *,
        mac: MacAddress,
        name: str = "raw client",
        receive_buffer: int | None = None,
    ) -> None:
        """Nothing is sent yet. `relay` is numeric; `receive_buffer` bytes are the kernel's."""
        self.mac = mac
        self.name = name
        self.socket = socket.socket(
            socket.AF_INET6 if ":" in relay[0] else socket.AF_INET, socket.SOCK_DGRAM
        )
        self.socket.setblocking(False)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.socket.connect(relay)
        self.relay = relay
        self.quic = QuicConnection(
            configuration=client_configuration(
                EndpointLimits(), server_name="relay", trust=PinnedKey("")
            )
        )
        self.welcome: Welcome | None = None
        self.is_ready = False
        self.ended: SessionEnd | None = None
        """The relay's own code, once it has said one."""
        self.close_reason: quic_events.ConnectionTerminated | None = None
        self.messages: list[Message] = []
        """Every control message, as it came."""
        self.on_arrival: Callable[[Arrival], object] | None = None
        self.unsent = 0
        """Datagrams that the congestion window didn't let go."""
        self.arrived = 0
        """Datagrams."""
        self._decoder = MessageDecoder()
        self._handshake_done = False

    # The life of a session

    def connect(self) -> None:
        """Complete the handshake. Raises `RefusedError`."""
        self.quic.connect(self.relay, time.monotonic())
        self.flush()
        self._serve_until(lambda: self._handshake_done, "no handshake")

    def hello(self, room_code: RoomCode | None, *, create: bool = False) -> Hello:
        """Make the hello of a client that keeps the rules."""
        return Hello(
            role=Role.CLIENT,
            room_code=room_code,
            create=create,
            mac=self.mac,
            name=self.name,
            datagram_budget=1_442,
            port_mtu=1_500,
        )

    def join(self, room_code: RoomCode | None, *, create: bool = False) -> Welcome:
        """Connect, say hello, wait until the room is ready. Raises `RefusedError`."""
        self.connect()
        self.send_message(self.hello(room_code, create=create))
        self._serve_until(lambda: self.is_ready, "no welcome")
        assert self.welcome is not None
        return self.welcome

    def leave(self) -> None:
        """Say goodbye, and give the socket back."""
        if self.close_reason is None:
            self.quic.close()
            self.flush()
        self.socket.close()

    def crash(self) -> None:
        """Be gone without a word."""
        self.socket.close()

    @property
    def is_over(self) -> bool:
        """The relay has ended it, one way or another."""
        return self.ended is not None or self.close_reason is not None

    # What it sends

    def send_message(self, message: Message) -> None:
        """Write a control message."""
        self.send_control(encode_message(message))

    def send_control(self, data: bytes, *, stream: int = 0, end_stream: bool = False) -> None:
        """Write bytes to a stream: the control stream is the first."""
        self.quic.send_stream_data(stream, data, end_stream)
        self.flush()

    def send_frame(self, frame: bytes) -> None:
        """Send an Ethernet frame whole, if the congestion window has room for it."""
        if len(self.quic._datagrams_pending) >= _DATAGRAMS_WAITING:
            self.unsent += 1
            return
        self.quic.send_datagram_frame(encode_whole(frame))

    # Its turns

    def fileno(self) -> int:
        """Return the socket's descriptor, for a selector."""
        return self.socket.fileno()

    def wait(self, seconds: float) -> None:
        """Serve for so long."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end and not self.close_reason:
            select.select([self], [], [], max(0.0, min(end, self.next_deadline(now)) - now))
            self.serve()

    def next_deadline(self, now: float) -> float:
        """When `serve` must be called at the latest."""
        timer = self.quic.get_timer()
        return now + 1.0 if timer is None else timer

    def serve(self) -> bool:
        """Take in what waits, answer, never wait. True if more waits."""
        packets = 0
        while packets < _PACKETS_PER_TURN:
            try:
                data, ancillary, _, _ = self.socket.recvmsg(_LARGEST_PACKET, _ANCILLARY_SIZE)
            except (BlockingIOError, ConnectionRefusedError):
                break
            packets += 1
            self.quic.receive_datagram(data, self.relay, time.monotonic())
            self._take_events(_wire_time(ancillary))
        now = time.monotonic()
        timer = self.quic.get_timer()
        if timer is not None and timer <= now:
            self.quic.handle_timer(now)
            self._take_events(0.0)
        self.flush()
        return packets == _PACKETS_PER_TURN

    def flush(self) -> None:
        """Write what is due."""
        for packet, _ in self.quic.datagrams_to_send(time.monotonic()):
            self.send_packet(packet)

    def send_packet(self, packet: bytes) -> None:
        """Put bytes on the wire. What the kernel doesn't take is lost."""
        with suppress(BlockingIOError, ConnectionRefusedError):
            self.socket.send(packet)

    def _serve_until(self, condition: Callable[[], bool], otherwise: str) -> None:
        give_up_at = time.monotonic() + _LIMIT
        while not condition():
            if self.ended is not None:
                raise RefusedError(self.ended)
            if self.close_reason is not None:
                raise RefusedError(None, self.close_reason.reason_phrase)
            if time.monotonic() > give_up_at:
                raise RefusedError(None, otherwise)
            self.wait(0.01)

    def _take_events(self, wire_time: float) -> None:
        while (event := self.quic.next_event()) is not None:
            if isinstance(event, quic_events.DatagramFrameReceived):
                self.arrived += 1
                if self.on_arrival is not None:
                    self.on_arrival(Arrival(event.data, wire_time))
            elif isinstance(event, quic_events.StreamDataReceived):
                if event.stream_id == 0:
                    self._decoder.receive_bytes(event.data)
                    for message in self._decoder.messages():
                        self._take_message(message)
            elif isinstance(event, quic_events.HandshakeCompleted):
                self._handshake_done = True
        # aioquic's own event comes three timeouts later, when nothing is left to be drained.
        self.close_reason = self.quic._close_event

    def _take_message(self, message: Message) -> None:
        self.messages.append(message)
        if isinstance(message, Welcome):
            self.welcome = message
        elif isinstance(message, RoomReady):
            self.is_ready = True
        elif isinstance(message, Ping):
            self.send_message(Pong(nonce=message.nonce))
        elif isinstance(message, Reject | Disconnect):
            self.ended = message.code


def _wire_time(ancillary: list[tuple[int, int, bytes]]) -> float:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESTAMP.unpack(data)
            return float(seconds + nanoseconds / 1e9)
    return time.time()
