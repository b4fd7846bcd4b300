"""The relay's core over the memory endpoint: peers that misbehave or vanish; counters that hold.

Beside `test_session_in_memory`, whose players keep to the rules, the peers here are raw: they say
and don't read what they like.
"""

import random

import pytest

from lanparty_ctrl import (
    Disconnect,
    Hello,
    Message,
    MessageDecoder,
    Pong,
    Reject,
    Role,
    RoomCode,
    Welcome,
    encode_message,
)
from lanparty_ctrl import Ping as ControlPing
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import GENERATION, SLOTS_PER_BLOCK, TunnelCounters
from lanparty_obs.reasons import EgressDrop, IngressDrop
from lanparty_proto import BROADCAST, MacAddress, encode_whole
from lanparty_quic.endpoint import (
    Address,
    Connected,
    ConnectionClosed,
    ConnectionKey,
    ControlReceived,
    PinnedKey,
)
from lanparty_quic.limits import EndpointLimits, QueueLimits
from lanparty_quic.simulation import Path, Simulation
from lanparty_relay.core import (
    CounterBlocks,
    LeaseBook,
    LifecycleEvent,
    Relay,
    RelayLimits,
    SessionFault,
)
from lanparty_relay.serving import RelayConsumer

RELAY: Address = ("203.0.113.1", 443)
BLOCKS = 64


class Hall:
    """A relay on a simulated network."""

    def __init__(
        self, path: Path | None = None, *, send_rate: float | None = None, wait: float = 0.05
    ) -> None:
        self.simulation = Simulation(seed=5, path=path or Path(latency=0.01))
        self.random = random.Random(5)
        self.endpoint = self.simulation.memory_endpoint(
            RELAY,
            listening=True,
            send_rate=send_rate,
            limits=EndpointLimits(queue=QueueLimits(maximum_wait=wait)),
        )
        self.slots = memoryview(bytearray(8 * SLOTS_PER_BLOCK * BLOCKS)).cast("Q")
        blocks = CounterBlocks(self.slots, BLOCKS)
        self.relay = Relay(
            limits=RelayLimits(joins_per_minute=None),
            blocks=blocks,
            random_bytes=self.random.randbytes,
            server_version="test",
            leases=LeaseBook(bytes(32)),
        )
        consumer = RelayConsumer(
            endpoint=self.endpoint,
            relay=self.relay,
            blocks=blocks,
            on_events=self._check,
            on_answer=lambda answer: None,
        )
        self.simulation.attach(self.endpoint, consumer)
        self.peers = 0

    def run(self, seconds: float) -> None:
        self.simulation.run_for(seconds)

    def _check(self, events: list[LifecycleEvent], now: float) -> None:
        self.total()

    def total(self) -> TunnelCounters:
        """The sum of all blocks, each of which must conserve at the end of each turn."""
        assert self.slots[GENERATION] % 2 == 0
        total = TunnelCounters()
        for block in range(BLOCKS):
            counters = TunnelCounters.from_block(self.slots, block)
            verdicts = (*counters.forwarded.values(), *counters.dropped_ingress.values())
            assert counters.received == sum(verdicts)
            dropped = sum(counters.dropped_egress.values())
            assert counters.chosen == counters.sent + dropped + counters.queued
            total += counters
        return total

    def faults(self) -> dict[SessionFault, int]:
        return dict(self.relay.session_counts().faults)


class RawPeer:
    """A consumer that says a hello at once, unless told not to, and keeps what it hears."""

    def __init__(self, hall: Hall, number: int, *, hello: bool = True, token: str | None = None):
        hall.peers += 1
        self.hall = hall
        self.mac = MacAddress(bytes([2, 0, 0, 0, 0, number]))
        self.hello = Hello(
            role=Role.CLIENT,
            room_code=RoomCode("TEST"),
            create=True,
            mac=self.mac,
            name=f"peer {number}",
            datagram_budget=1170,
            port_mtu=1500,
            resume_token=token,
        )
        self.endpoint = hall.simulation.memory_endpoint((f"198.51.100.{hall.peers}", 5000))
        self.heard: list[Message] = []
        self.frames = 0
        self.closed: SessionEnd | None = None
        self.answers_pings = True
        self._says_hello = hello
        self._decoder = MessageDecoder()
        self._wake = hall.simulation.waker(self.endpoint)
        trust = PinnedKey(hall.endpoint.pin)
        now = hall.simulation.now
        self.key: ConnectionKey = self.endpoint.dial(
            RELAY, server_name="relay.example", trust=trust, now=now
        )
        hall.simulation.attach(self.endpoint, self)
        hall.run(0.2)

    def serve(self, *, now: float) -> None:
        self.frames += sum(len(received.payloads) for received in self.endpoint.datagrams())
        for event in self.endpoint.events():
            match event:
                case Connected() if self._says_hello:
                    self.endpoint.send_control(self.key, encode_message(self.hello))
                case ControlReceived(data=data):
                    self._decoder.receive_bytes(data)
                    for message in self._decoder.messages():
                        self._hear(message)
                case ConnectionClosed(end=end):
                    self.closed = end
        self.endpoint.flush(now=now)
        self.endpoint.outcomes()

    def next_deadline(self) -> float | None:
        return None

    def say(self, *messages: Message) -> None:
        self.endpoint.send_control(self.key, b"".join(map(encode_message, messages)))
        self._wake()

    def broadcast(self, count: int = 1, size: int = 100) -> None:
        datagram = encode_whole(BROADCAST + self.mac + bytes(size - 16))
        sends = [(self.key, 0, datagram)] * count
        self.endpoint.queue(sends, now=self.hall.simulation.now)
        self._wake()

    @property
    def welcome(self) -> Welcome:
        (welcome,) = [message for message in self.heard if isinstance(message, Welcome)]
        return welcome

    @property
    def end(self) -> SessionEnd:
        """The code of the last message, which the close repeats."""
        last = self.heard[-1]
        assert isinstance(last, Reject | Disconnect)
        assert last.code is self.closed
        return last.code

    def _hear(self, message: Message) -> None:
        self.heard.append(message)
        if isinstance(message, ControlPing) and self.answers_pings:
            self.endpoint.send_control(self.key, encode_message(Pong(nonce=message.nonce)))


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_a_hello_that_never_comes_ends_the_connection_after_five_seconds(hall: Hall) -> None:
    silent = RawPeer(hall, 1, hello=False)
    hall.run(4.7)
    assert not silent.heard
    hall.run(0.3)
    assert silent.end is SessionEnd.HELLO_TIMEOUT
    assert hall.faults() == {SessionFault.HELLO_TIMEOUT: 1}


def test_a_second_stream_ends_the_session(hall: Hall) -> None:
    peer = RawPeer(hall, 1)
    peer.endpoint.open_extra_stream(peer.key)
    hall.run(0.2)
    assert peer.end is SessionEnd.PROTOCOL_ERROR
    assert hall.faults() == {SessionFault.EXTRA_STREAM: 1}


def test_a_second_hello_ends_the_session(hall: Hall) -> None:
    peer = RawPeer(hall, 1)
    peer.say(peer.hello)
    hall.run(0.2)
    assert peer.end is SessionEnd.PROTOCOL_ERROR
    assert hall.faults() == {SessionFault.SECOND_HELLO: 1}


def test_datagrams_before_the_welcome_are_dropped_and_counted(hall: Hall) -> None:
    other, peer = RawPeer(hall, 2), RawPeer(hall, 1, hello=False)
    peer.broadcast(3)
    hall.run(0.2)
    assert hall.total().dropped_ingress[IngressDrop.BEFORE_WELCOME] == 3
    assert hall.faults() == {SessionFault.DATAGRAM_BEFORE_WELCOME: 3}
    peer.say(peer.hello)
    hall.run(0.2)
    peer.broadcast(2)
    hall.run(0.2)
    assert other.frames == 2


def test_a_member_that_does_not_read_its_control_stream_is_too_slow(hall: Hall) -> None:
    peer = RawPeer(hall, 1)
    peer.endpoint.hold_control(peer.key, held=True)
    closed = []
    for _ in range(2):
        hall.run(10.5)
        closed.append(peer.closed)
    assert closed == [None, SessionEnd.TOO_SLOW]
    assert hall.faults() == {SessionFault.CONTROL_NOT_READ: 1}


def test_a_member_that_asks_much_and_reads_nothing_is_too_slow_soon(hall: Hall) -> None:
    peer = RawPeer(hall, 1)
    peer.endpoint.hold_control(peer.key, held=True)
    for _ in range(20):
        peer.say(*[ControlPing(nonce=2**52)] * 500)
        hall.run(0.05)
    assert peer.closed is SessionEnd.TOO_SLOW


def test_a_member_that_reads_stays_for_hours(hall: Hall) -> None:
    peer = RawPeer(hall, 1)
    hall.run(7200)
    assert peer.closed is None
    assert peer.welcome.peer_id == 1


def test_a_member_behind_a_cut_cable_gives_way_within_a_second(hall: Hall) -> None:
    RawPeer(hall, 9)
    stale = RawPeer(hall, 1)
    hall.simulation.cut(stale.endpoint)
    fresh = RawPeer(hall, 1)
    hall.run(1.0)
    assert fresh.welcome.peer_id == 3
    assert not fresh.welcome.resumed


def test_a_member_that_answers_keeps_its_place(hall: Hall) -> None:
    holder, newcomer = RawPeer(hall, 1), RawPeer(hall, 1)
    assert newcomer.end is SessionEnd.MAC_IN_USE
    hall.run(5.0)
    assert holder.closed is None


def test_a_member_behind_a_cut_cable_resumes_at_once_with_its_token(hall: Hall) -> None:
    stale = RawPeer(hall, 1)
    hall.simulation.cut(stale.endpoint)
    fresh = RawPeer(hall, 1, token=stale.welcome.resume_token)
    assert fresh.welcome.resumed
    assert fresh.welcome.peer_id == stale.welcome.peer_id


def test_copies_that_wait_for_a_leaving_member_are_counted_as_left() -> None:
    hall = Hall(send_rate=1_000, wait=60.0)
    sender, receiver = RawPeer(hall, 1), RawPeer(hall, 2)
    sender.broadcast(50)
    hall.run(0.5)
    assert hall.total().queued > 30
    receiver.say(Disconnect(code=SessionEnd.LEFT))
    hall.run(0.5)
    total = hall.total()
    assert total.queued == 0
    assert total.dropped_egress[EgressDrop.DESTINATION_LEFT] > 30
    assert total.sent + total.dropped_egress[EgressDrop.DESTINATION_LEFT] == total.chosen == 50


def test_counters_conserve_in_every_turn_while_peers_come_flood_and_vanish() -> None:
    hall = Hall(Path(latency=0.02, jitter=0.02, loss=0.05), send_rate=100_000)
    peers: list[RawPeer] = []
    for step in range(60):
        choice = hall.random.random()
        if len(peers) < 3 or choice < 0.2:
            peers.append(RawPeer(hall, step + 1))
        elif choice < 0.3:
            peers.pop(hall.random.randrange(len(peers))).say(Disconnect(code=SessionEnd.LEFT))
        elif choice < 0.4:
            hall.simulation.cut(peers.pop(hall.random.randrange(len(peers))).endpoint)
        else:
            hall.random.choice(peers).broadcast(hall.random.randrange(60), size=1000)
        hall.run(hall.random.choice([0.001, 0.03, 0.5]))
    for peer in peers:
        peer.say(Disconnect(code=SessionEnd.LEFT))
    hall.run(40.0)
    total = hall.total()
    assert total.queued == 0
    assert total.sent > 500
    assert total.dropped_egress[EgressDrop.DESTINATION_LEFT] > 0
    assert total.dropped_egress[EgressDrop.QUEUE_TIMEOUT] > 0
    counts = hall.relay.session_counts()
    assert counts.admitted == sum(counts.ended.values())
    # Who is unreachable is silent, not slow.
    assert counts.ended.keys() == {SessionEnd.LEFT, SessionEnd.IDLE}
