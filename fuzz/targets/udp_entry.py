"""Invariant: whatever comes to the relay's UDP port, the game of others goes on.

The input is a row of steps from several addresses: raw packets, bent copies of real ones, headers
of any version, first packets whose encryption is genuine and whose frames are not, time. No
exception escapes, packets and frames are accounted for, connections and memory stay bounded.
"""

from itertools import count
from typing import Final

from aioquic.quic.crypto import CryptoPair
from choices import Choices
from target import Feed, Target

from lanparty_quic.limits import EndpointLimits
from targets.quic_stack import QuicStack

__all__ = ["TARGET"]

_INPUTS_APART: Final = 64
"""Inputs between two looks at the players: a look costs as much as a few inputs."""

_MOST_CONNECTIONS: Final = 600
_VERSIONS: Final = (b"\0\0\0\1", b"\0\0\0\0", b"k3C\xcf", b"\xff\0\0\x1d", b"\x1a\x2a\x3a\x4a")
_WAITS: Final = (0.0, 0.001, 0.02, 0.3)


def client_hello(packet: bytes) -> bytes:
    """Decrypt a first packet and return what its CRYPTO frame carries."""
    crypto = CryptoPair()
    crypto.setup_initial(cid=packet[6:14], is_client=False, version=1)
    end = 26 + (int.from_bytes(packet[24:26], "big") & 0x3FFF)
    _, plain, _ = crypto.decrypt_packet(packet[:end], 26, 0)
    length = int.from_bytes(plain[2:4], "big") & 0x3FFF
    return plain[4 : 4 + length]


def bent(choices: Choices, packet: bytes) -> bytes:
    """Change a packet in up to seven places."""
    changed = bytearray(packet)
    for _ in range(choices.byte() % 8):
        place = choices.number(2) % (len(changed) + 1)
        match choices.byte() % 4:
            case 0 | 1:
                changed[place : place + 1] = choices.take(1)
            case 2:
                del changed[place:]
            case _:
                changed[place:place] = choices.take(choices.byte())
    return bytes(changed)


class Entry:
    """One stack, and who sends to it."""

    def __init__(self) -> None:
        self.stack = QuicStack(EndpointLimits(maximum_connections=_MOST_CONNECTIONS))
        self.captured = list(self.stack.seen[:16])
        self.hello = client_hello(self.captured[0])
        self.ids = count()
        self.inputs = 0

    def feed(self, data: bytes) -> None:
        choices = Choices(data)
        for _ in range(64):
            if not choices.left:
                break
            self.step(choices)
        self.stack.now += 0.001
        for _ in self.stack.turn():
            pass
        assert self.stack.endpoint.endpoint_statistics().connections <= _MOST_CONNECTIONS
        self.inputs += 1
        if self.inputs % _INPUTS_APART == 0:
            self.stack.now += 0.05
            self.stack.play()
            self.captured = [*self.captured[:8], *self.stack.seen[-8:]]

    def step(self, choices: Choices) -> None:
        kind = choices.byte()
        host = choices.byte()
        source = (f"192.0.2.{host}", 1 + host)
        if host >= 0xF0:
            source = self.stack.players[host & 1].address
        match kind % 8:
            case 0:
                packet = choices.piece()
            case 1 | 2 | 3:
                packet = bent(choices, choices.of(self.captured))
            case 4:
                packet = self.header(choices, kind)
            case 5 | 6:
                packet = self.first_packet(choices, kind)
            case _:
                self.stack.wait(choices.of(_WAITS))
                return
        self.stack.endpoint.receive_packet(packet, source, now=self.stack.now)

    def header(self, choices: Choices, kind: int) -> bytes:
        """Return a packet with a long header of any version, and ids of any length."""
        packet = bytes((0x80 | choices.byte(),)) + choices.of(_VERSIONS)
        for _ in range(2):
            length = choices.byte()
            packet += bytes((length,)) + choices.take(length)
        packet += choices.rest()[:1300]
        return packet.ljust(1200, b"\0") if kind & 0x80 else packet

    def first_packet(self, choices: Choices, kind: int) -> bytes:
        """Return a client's first packet, genuinely encrypted, with chosen frames."""
        destination = next(self.ids).to_bytes(8, "big")
        token = choices.take(choices.byte() % 64) if kind & 0x40 else b""
        frames = b""
        if kind & 0x20:
            hello = bent(choices, self.hello)
            frames = b"\x06\0" + (len(hello) | 0x4000).to_bytes(2, "big") + hello
        frames += choices.piece()
        frames = frames[:1150].ljust(0 if kind & 0x10 else 1150 - len(token), b"\0")
        crypto = CryptoPair()
        crypto.setup_initial(cid=destination, is_client=True, version=1)
        length = len(frames) + 2 + 16
        packet = (
            b"\xc1\0\0\0\1\x08"
            + destination
            + b"\x08"
            + destination[::-1]
            + bytes((len(token),))
            + token
            + (length | 0x4000).to_bytes(2, "big")
            + b"\0\0"
        )
        return crypto.encrypt_packet(packet, frames, 0) if len(frames) > 3 else packet + frames


def begin() -> Feed:
    """Make a relay with two players."""
    return Entry().feed


TARGET = Target(
    name="udp_entry",
    subject="the relay's UDP port: packets of strangers, with a game going on",
    largest_input=4096,
    begin=begin,
    inputs_for_one_subject=4096,
)
