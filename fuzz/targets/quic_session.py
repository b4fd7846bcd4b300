"""Invariant: whatever a client says once its handshake is done, the game of others goes on.

The input is a row of steps in genuinely encrypted packets: frames of every kind of QUIC with any
fields, control messages and bytes, datagrams, gaps of packet numbers, other addresses, time. No
exception escapes, counters conserve, connections stay bounded. A client that was thrown out begins
anew, so a step later in the input meets a new session.
"""

from typing import Final

from aioquic.buffer import encode_uint_var
from choices import Choices
from target import Feed, Target

from lanparty_ctrl import Hello, Ping, Role, RoomCode, encode_message
from lanparty_proto import MacAddress, encode_ethernet, encode_whole
from lanparty_quic.endpoint import Address
from targets.control_framing import framed
from targets.quic_stack import QuicStack
from targets.rogue import Rogue

__all__ = ["TARGET"]

_ADDRESS: Final[Address] = ("192.0.2.66", 6666)
_INPUTS_APART: Final = 32
_MAC: Final = MacAddress(b"\2\0\0\0\2\1")
_WAITS: Final = (0.0, 0.001, 0.03, 0.3, 1.5)
_HELLO: Final = encode_message(
    Hello(
        role=Role.CLIENT,
        room_code=RoomCode("PARTY"),
        create=True,
        mac=_MAC,
        name="rogue",
        datagram_budget=1170,
        port_mtu=1500,
    )
)
_FIELDS: Final = {
    0x02: 4, 0x03: 7, 0x04: 3, 0x05: 2, 0x06: 1, 0x10: 1, 0x11: 2, 0x12: 1, 0x13: 1, 0x14: 1,
    0x15: 2, 0x16: 1, 0x17: 1, 0x18: 2, 0x19: 1, 0x1C: 3, 0x1D: 2, 0x1E: 0, 0x01: 0,
}  # fmt: skip
"""Integers at the beginning of a frame, by its type (RFC 9000 section 19)."""
_BYTES_BEHIND: Final = {0x18: 25, 0x1A: 8, 0x1B: 8, 0x06: 40, 0x07: 16}
_LARGEST_PACKET: Final = 1400


def integer(choices: Choices) -> int:
    """Choose an integer, mostly a small one or one near a power of two."""
    first = choices.byte()
    if first < 0x80:
        return first
    if first < 0xC0:
        return max(0, (1 << (first & 0x3F) % 62) - (choices.byte() & 3))
    return choices.number(first & 7) & (1 << 62) - 1


def quic_frame(choices: Choices) -> bytes:
    """Return any frame but STREAM and DATAGRAM, with chosen fields."""
    kinds = sorted({*_FIELDS, *_BYTES_BEHIND})
    kind = choices.of(kinds)
    frame = encode_uint_var(kind)
    for _ in range(_FIELDS.get(kind, 0)):
        frame += encode_uint_var(integer(choices))
    behind = _BYTES_BEHIND.get(kind, 0)
    return frame + choices.take(choices.byte() if choices.byte() & 1 else behind)


class Sessions:
    """One stack, and the client that goes wrong."""

    def __init__(self) -> None:
        self.stack = QuicStack()
        self.rogue = self.connect()
        self.inputs = 0

    def connect(self) -> Rogue:
        return Rogue(self.stack, _ADDRESS)

    @property
    def is_over(self) -> bool:
        return self.stack.endpoint.endpoint_statistics().connections < len(self.stack.players) + 1

    def feed(self, data: bytes) -> None:
        choices = Choices(data)
        if self.is_over:
            self.rogue = self.connect()
        for _ in range(32):
            if not choices.left or self.is_over:
                break
            self.step(choices)
        self.turn(0.002)
        assert self.stack.endpoint.endpoint_statistics().connections <= 8
        self.inputs += 1
        if self.inputs % _INPUTS_APART == 0:
            self.stack.wait(0.05)
            self.stack.play()

    def turn(self, seconds: float) -> None:
        """Let time pass, and the relay take in what came."""
        self.rogue.answers += len(self.stack.wait(seconds))
        self.rogue.answers += sum(1 for _ in self.stack.turn())

    def step(self, choices: Choices) -> None:
        kind = choices.byte()
        rogue = self.rogue
        frames = b""
        match kind & 15:
            case 0:
                frames = choices.piece()
            case 1 | 2 | 3 | 4:
                for _ in range(1 + (kind >> 4) % 4):
                    frames += quic_frame(choices)
            case 5:
                frames = rogue.control(_HELLO)
            case 6:
                frames = rogue.control(framed(choices.piece()))
            case 7:
                frames = rogue.control(choices.piece(), end=bool(kind & 0x80))
            case 8:
                frames = self.stream(choices)
            case 9:
                frames = b"\x30" + choices.piece()
            case 10 | 11:
                destination = (self.stack.players[0].mac, b"\xff" * 6, b"\2\0\0\0\0\x77")
                frame = encode_ethernet(
                    choices.of(destination), _MAC, 0x0800, bytes(choices.number(2) % 1200)
                )
                frames = b"\x30" + encode_whole(frame)
            case 12:
                count = 1 + (kind >> 4)
                frames = rogue.control(encode_message(Ping(nonce=kind)) * count)
            case 13:
                self.turn(choices.of(_WAITS))
                return
            case 14:
                frames = b"\x1b" + choices.take(8).ljust(8, b"\0") + b"\x01" * (kind >> 4)
            case _:
                frames = self.acknowledgement(choices)
        host = choices.byte()
        source = (f"192.0.2.{host & 7}", 6000) if host >= 0xC0 else None
        rogue.send(frames[:_LARGEST_PACKET], skip=host & 3 if host & 0x20 else 0, source=source)
        if kind & 0x40:
            self.turn(0.0005)

    def stream(self, choices: Choices) -> bytes:
        """Return a STREAM frame of any stream and place."""
        flags = choices.byte() & 7
        frame = bytes((0x08 | flags,)) + encode_uint_var(integer(choices))
        if flags & 4:
            frame += encode_uint_var(integer(choices))
        data = choices.piece()
        return frame + (encode_uint_var(len(data)) if flags & 2 else b"") + data

    def acknowledgement(self, choices: Choices) -> bytes:
        """Return an ACK frame with chosen ranges (RFC 9000 section 19.3)."""
        ranges = choices.byte() % 32
        frame = b"\x02" + encode_uint_var(integer(choices)) + encode_uint_var(integer(choices))
        frame += encode_uint_var(ranges) + encode_uint_var(integer(choices))
        for _ in range(2 * ranges):
            frame += encode_uint_var(integer(choices))
        return frame


def begin() -> Feed:
    """Make a relay with two players and a client that goes wrong."""
    return Sessions().feed


TARGET = Target(
    name="quic_session",
    subject="QUIC after the handshake: frames, control stream, datagrams, with a game going on",
    largest_input=1024,
    begin=begin,
    inputs_for_one_subject=1024,
)
