"""Whatever arrives at a listening endpoint's UDP port: no exception escapes, memory stays bounded,
what is dropped is counted, and the sessions of others go on.
"""

import gc
import random
import resource
from pathlib import Path

import pytest
from aioquic.quic.crypto import CryptoPair

from lanparty_quic import (
    Address,
    Connected,
    ConnectionClosed,
    ConnectionKey,
    EndpointLimits,
    PinnedKey,
)
from lanparty_quic.aioquic_engine import AioquicEndpoint
from lanparty_quic.identity import ServerIdentity

RELAY: Address = ("203.0.113.1", 443)
PLAYER: Address = ("198.51.100.7", 50_000)
INPUTS = 100_000
SETTLED = 10_000
"""Inputs after which memory may not grow any more."""
GROWTH = 5_000_000

WITHOUT_RETRY = EndpointLimits(
    maximum_handshakes=2_000,
    handshakes_per_source=2_000,
    handshakes_without_retry=2_000,
    handshakes_per_source_without_retry=2_000,
    arrivals_without_retry=10_000,
)
"""Every first packet is looked into."""


def resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


class Session:
    """A relay and a connected player on a clock that the test moves; keeps what the player sent."""

    def __init__(self, identity: ServerIdentity, limits: EndpointLimits | None = None) -> None:
        self.now = 0.0
        self.relay = AioquicEndpoint(RELAY, identity=identity, limits=limits)
        self.player = AioquicEndpoint(PLAYER)
        self.captured: list[bytes] = []
        self.frames = 0
        self.closed = 0
        self.key = self.player.dial(
            RELAY, server_name="relay.example", trust=PinnedKey(identity.pin), now=self.now
        )
        self.run(20)
        self.player.send_control(self.key, b"hello")
        self.talk()

    def talk(self) -> int:
        """Send a few frames and return how many arrived."""
        before = self.frames
        self.player.queue([(self.key, 1, b"frame" * 50)] * 5, now=self.now)
        self.run(40)
        return self.frames - before

    def run(self, rounds: int) -> None:
        for _ in range(rounds):
            self.now += 0.005
            self.player.handle_turn(now=self.now)
            self.player.events()
            self.player.datagrams()
            self.player.flush(now=self.now)
            self.player.outcomes()
            for packet, _ in self.player.packets_to_send():
                self.captured.append(packet)
                self.relay.receive_packet(packet, PLAYER, now=self.now)
            for packet, address in self.relay_turn():
                if address == PLAYER:
                    self.player.receive_packet(packet, RELAY, now=self.now)

    def relay_turn(self) -> list[tuple[bytes, Address]]:
        self.relay.handle_turn(now=self.now)
        for received in self.relay.datagrams():
            self.frames += len(received.payloads)
        events = self.relay.events()
        self.closed += sum(isinstance(event, ConnectionClosed) for event in events)
        self.relay.flush(now=self.now)
        self.relay.outcomes()
        return self.relay.packets_to_send()

    def drain(self) -> None:
        """Give the relay turns until nothing waits."""
        for _ in range(100):
            self.relay_turn()

    def check_accounts(self) -> None:
        statistics = self.relay.endpoint_statistics()
        dropped = sum(statistics.packets_dropped.values())
        assert statistics.packets_received == statistics.packets_routed + dropped


def mutate(dice: random.Random, packets: list[bytes]) -> bytes:
    packet = bytearray(dice.choice(packets))
    match dice.randrange(9):
        case 0:
            return dice.randbytes(dice.randrange(0, 1500))
        case 1:
            return bytes(packet)
        case 2:
            return bytes(packet[: dice.randrange(len(packet))])
        case 3:
            return bytes(packet) + dice.randbytes(dice.randrange(1, 300))
        case 4:
            other = dice.choice(packets)
            return (
                bytes(packet[: dice.randrange(len(packet))]) + other[dice.randrange(len(other)) :]
            )
        case 5:
            packet[0] = dice.randrange(256)
        case 6:
            packet[1:5] = dice.choice([b"\0\0\0\1", b"\0\0\0\0", b"k3C\xcf", dice.randbytes(4)])
        case _:
            for _ in range(dice.randrange(1, 8)):
                packet[dice.randrange(min(len(packet), 60))] = dice.randrange(256)
    return bytes(packet)


@pytest.mark.slow
def test_random_and_mutated_packets(identity: ServerIdentity) -> None:
    session = Session(identity)
    session.talk()
    dice = random.Random(1)
    captured = list(session.captured)
    assert len(captured) >= 7
    settled = 0
    for serial in range(INPUTS):
        source = PLAYER if dice.random() < 0.3 else (f"192.0.2.{dice.randrange(256)}", 1)
        session.relay.receive_packet(mutate(dice, captured), source, now=session.now)
        if serial % 32 == 31:
            session.now += 0.002
            for packet, address in session.relay_turn():
                if address == PLAYER:
                    session.player.receive_packet(packet, RELAY, now=session.now)
        if serial % 1000 == 999:
            assert session.talk() == 5
            captured = [*captured[:7], *session.captured[-8:]]
            del session.captured[:]
        if serial == SETTLED:
            settled = resident_bytes()
    session.drain()
    assert resident_bytes() - settled <= GROWTH
    session.check_accounts()
    dropped = session.relay.endpoint_statistics().packets_dropped
    assert sum(count > 0 for count in dropped.values()) >= 4
    assert session.closed == 0
    assert session.talk() == 5


def genuine_initial(payload: bytes, dice: random.Random) -> bytes:
    """Encrypt any payload as a client's first packet: its keys follow from its own header."""
    destination, source = dice.randbytes(8), dice.randbytes(8)
    crypto = CryptoPair()
    crypto.setup_initial(cid=destination, is_client=True, version=1)
    length = len(payload) + 2 + 16
    header = b"\xc1\0\0\0\1\x08" + destination + b"\x08" + source + b"\0"
    header += (length | 0x4000).to_bytes(2, "big") + b"\0\0"
    return crypto.encrypt_packet(header, payload, 0)


def random_frames(dice: random.Random, hello: bytes) -> bytes:
    frames = b""
    for _ in range(dice.randrange(1, 4)):
        kind = dice.randrange(4)
        if kind == 0:
            frames += bytes([dice.randrange(0x32)]) + dice.randbytes(dice.randrange(20))
        elif kind == 1:
            data = dice.randbytes(dice.randrange(60))
            frames += b"\x06\0" + (len(data) | 0x4000).to_bytes(2, "big") + data
        else:
            mutant = bytearray(hello)
            for _ in range(dice.randrange(6)):
                mutant[dice.randrange(len(mutant))] = dice.randrange(256)
            frames += b"\x06\0" + (len(mutant) | 0x4000).to_bytes(2, "big") + mutant
    return frames[:1160].ljust(1160, b"\0")


def client_hello(packet: bytes) -> bytes:
    """Decrypt a captured first packet and return what its CRYPTO frame carries."""
    crypto = CryptoPair()
    crypto.setup_initial(cid=packet[6:14], is_client=False, version=1)
    end = 26 + (int.from_bytes(packet[24:26], "big") & 0x3FFF)
    _, plain, _ = crypto.decrypt_packet(packet[:end], 26, 0)
    assert plain[:2] == b"\x06\0"
    length = int.from_bytes(plain[2:4], "big") & 0x3FFF
    return plain[4 : 4 + length]


@pytest.mark.slow
def test_genuinely_encrypted_nonsense_in_first_packets(identity: ServerIdentity) -> None:
    session = Session(identity, WITHOUT_RETRY)
    dice = random.Random(2)
    hello = client_hello(session.captured[0])
    for serial in range(6000):
        packet = genuine_initial(random_frames(dice, hello), dice)
        source = (f"192.0.2.{dice.randrange(256)}", dice.randrange(1, 65_536))
        session.relay.receive_packet(packet, source, now=session.now)
        session.now += 0.0015
        session.relay_turn()
        if serial % 500 == 499:
            assert session.talk() == 5
    session.drain()
    session.check_accounts()
    assert session.relay.endpoint_statistics().packets_routed > 1000
    assert session.closed == 0
    for _ in range(300):
        session.run(10)
    assert session.relay.endpoint_statistics().connections == 1
    assert session.talk() == 5


def test_the_capture_holds_every_kind_of_packet(identity: ServerIdentity) -> None:
    captured = Session(identity).captured
    kinds = {"long" if packet[0] & 0x80 else "short" for packet in captured}
    assert kinds == {"long", "short"}
    assert Connected(ConnectionKey(1), PLAYER).address == PLAYER
