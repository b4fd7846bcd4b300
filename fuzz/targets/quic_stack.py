"""A whole relay over QUIC without sockets, with two honest players whose game must go on."""

import datetime
import random
from collections.abc import Iterator
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from lanparty_ctrl import Hello, MessageDecoder, Role, RoomCode, Welcome, encode_message
from lanparty_obs.counters import SLOTS_PER_BLOCK
from lanparty_proto import MacAddress, encode_ethernet, encode_whole
from lanparty_quic.aioquic_engine import AioquicEndpoint
from lanparty_quic.endpoint import Address, ConnectionClosed, ControlReceived, PinnedKey
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.limits import EndpointLimits
from lanparty_relay.core import CounterBlocks, LeaseBook, Relay, RelayLimits, cut_copy
from lanparty_relay.serving import RelayConsumer
from targets.relay_shell import check_conservation

__all__ = ["RELAY", "Player", "QuicStack", "identity"]

RELAY: Address = ("203.0.113.1", 443)
_BLOCKS = 64
_TURN = 0.002
_LONGEST_REST = 1.0


@cache
def identity() -> ServerIdentity:
    """Make the relay's certificate, once."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "relay.example")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    return ServerIdentity(certificate, (), key)


class Player:
    """An honest endpoint: joins, sends frames, counts those that come."""

    def __init__(self, number: int, now: float) -> None:
        self.address: Address = (f"198.51.100.{number}", 50_000)
        self.mac = MacAddress(bytes((2, 0, 0, 0, 1, number)))
        self.endpoint = AioquicEndpoint(self.address)
        self.key = self.endpoint.dial(
            RELAY, server_name="relay.example", trust=PinnedKey(identity().pin), now=now
        )
        hello = Hello(
            role=Role.CLIENT,
            room_code=RoomCode("PARTY"),
            create=True,
            mac=self.mac,
            name=f"player {number}",
            datagram_budget=1170,
            port_mtu=1500,
        )
        self.endpoint.send_control(self.key, encode_message(hello))
        self.decoder = MessageDecoder()
        self.welcome: Welcome | None = None
        self.frames = 0

    def send(self, destination: MacAddress, count: int, *, now: float) -> None:
        """Queue frames for another player."""
        frame = encode_ethernet(destination, self.mac, 0x0800, bytes(100))
        self.endpoint.queue([(self.key, 0, encode_whole(frame))] * count, now=now)

    def turn(self, *, now: float) -> list[bytes]:
        """Return the packets that leave."""
        self.endpoint.handle_turn(now=now)
        for received in self.endpoint.datagrams():
            self.frames += sum(self._is_of_player(payload) for payload in received.payloads)
        for event in self.endpoint.events():
            assert not isinstance(event, ConnectionClosed), "an honest player was thrown out"
            if isinstance(event, ControlReceived):
                self.decoder.receive_bytes(event.data)
                for message in self.decoder.messages():
                    if isinstance(message, Welcome):
                        self.welcome = message
        self.endpoint.flush(now=now)
        self.endpoint.outcomes()
        return [packet for packet, _ in self.endpoint.packets_to_send()]

    def _is_of_player(self, payload: bytes) -> bool:
        # Behind the overlay header and the destination; nobody else can send under these MACs.
        return payload[10:15] == self.mac[:5]


class QuicStack:
    """The relay's endpoint and core, driven by the packets that it is given."""

    def __init__(self, limits: EndpointLimits | None = None) -> None:
        buffer = memoryview(bytearray(_BLOCKS * SLOTS_PER_BLOCK * 8)).cast("Q")
        self.now = self.last_round = 0.0
        self.blocks = CounterBlocks(buffer, _BLOCKS)
        self.endpoint = AioquicEndpoint(RELAY, identity=identity(), limits=limits, cutter=cut_copy)
        self.relay = Relay(
            limits=RelayLimits(joins_per_minute=None, hello_timeout=2.0, rooms=20),
            blocks=self.blocks,
            random_bytes=random.Random(7).randbytes,
            server_version="fuzz",
            leases=LeaseBook(bytes(32)),
        )
        self.consumer = RelayConsumer(
            endpoint=self.endpoint,
            relay=self.relay,
            blocks=self.blocks,
            on_events=lambda _events, _now: None,
            on_answer=lambda _answer: None,
        )
        self.seen: list[bytes] = []
        """Packets that the first player sent."""
        self.players = [Player(1, self.now), Player(2, self.now)]
        for _ in range(40):
            self.round()
        assert all(player.welcome for player in self.players)
        self.play()

    def turn(self) -> Iterator[tuple[bytes, Address]]:
        """Serve once; yield what leaves for others than the players."""
        self.endpoint.handle_turn(now=self.now)
        self.consumer.serve(now=self.now)
        for packet, address in self.endpoint.packets_to_send():
            for player in self.players:
                if player.address == address:
                    player.endpoint.receive_packet(packet, RELAY, now=self.now)
                    break
            else:
                yield packet, address

    def wait(self, seconds: float) -> list[tuple[bytes, Address]]:
        """Let time pass: not so much between two turns that an honest player is given up."""
        self.now += seconds
        return self.round() if self.now - self.last_round >= _LONGEST_REST else []

    def round(self) -> list[tuple[bytes, Address]]:
        """Let a little time pass, and everybody have a turn."""
        self.now += _TURN
        self.last_round = self.now
        for player in self.players:
            for packet in player.turn(now=self.now):
                if player is self.players[0]:
                    self.seen.append(packet)
                self.endpoint.receive_packet(packet, player.address, now=self.now)
        return list(self.turn())

    def play(self) -> None:
        """Require that frames go both ways, that packets are accounted for, and counters too."""
        one, other = self.players
        before = one.frames, other.frames
        one.send(other.mac, 3, now=self.now)
        other.send(one.mac, 3, now=self.now)
        for _ in range(200):
            self.round()
            if (one.frames, other.frames) == (before[0] + 3, before[1] + 3):
                break
        else:
            raise AssertionError(f"frames got lost: {before} {one.frames} {other.frames}")
        check_conservation(self.blocks)
        statistics = self.endpoint.endpoint_statistics()
        dropped = sum(statistics.packets_dropped.values())
        assert statistics.packets_received >= statistics.packets_routed + dropped
        del self.seen[8:-8]
