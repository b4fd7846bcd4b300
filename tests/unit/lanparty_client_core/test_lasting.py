"""A session over memory endpoints, against a relay that says what a test tells it to say."""

from collections.abc import Sequence

import pytest

from lanparty_client_core import (
    InMemoryPort,
    LastingSession,
    MemberJoined,
    MemberLeft,
    RelayTarget,
    SessionEvent,
    SessionState,
    StateChanged,
    Welcomed,
)
from lanparty_ctrl import (
    Disconnect,
    Hello,
    Message,
    MessageDecoder,
    PeerJoined,
    PeerLeft,
    Ping,
    Pong,
    Reject,
    Role,
    RoomCode,
    RoomReady,
    Stats,
    Welcome,
    encode_message,
)
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MacAddress, cut, stamp
from lanparty_quic.endpoint import (
    Address,
    CertificateAuthority,
    Connected,
    ConnectionClosed,
    ConnectionKey,
    ControlReceived,
    Endpoint,
    PinnedKey,
    Trust,
)
from lanparty_quic.simulation import Simulation

RELAY: Address = ("203.0.113.1", 443)
PLAYER: Address = ("198.51.100.7", 50_000)
HELLO = Hello(
    role=Role.CLIENT,
    room_code=RoomCode("ABCDE"),
    mac=MacAddress.parse("02:00:00:00:00:01"),
    name="alice",
    datagram_budget=1_500,
    port_mtu=1_500,
)
WELCOME = Welcome(
    version=1,
    peer_id=7,
    room_code=RoomCode("ABCDE"),
    room_id="room",
    mtu=1_500,
    datagram_budget=1_160,
    resume_token="0" * 32,
    heartbeat_seconds=10,
    peers_limit=64,
    server_version="softlan 1",
)
BOB = PeerJoined(peer_id=8, role=Role.CLIENT, mac=MacAddress.parse("02:00:00:00:00:02"), name="bob")
FRAME = bytes.fromhex("020000000002020000000001") + b"\x88\xb6" + bytes(1_500)


class ScriptedRelay:
    """Answers hello with its script, and keeps what it hears."""

    def __init__(self, endpoint: Endpoint, script: Sequence[Message]) -> None:
        self._endpoint = endpoint
        self._script = script
        self._decoder = MessageDecoder()
        self._sends: list[bytes] = []
        self._goodbye: SessionEnd | None = None
        self._say: list[Message] = []
        self.connection: ConnectionKey | None = None
        self.heard: list[Message] = []
        self.datagrams: list[bytes] = []
        self.closed: ConnectionClosed | None = None

    def say(self, *messages: Message) -> None:
        self._say += messages

    def send(self, *datagrams: bytes) -> None:
        self._sends += datagrams

    def hang_up(self, end: SessionEnd) -> None:
        self._goodbye = end

    def serve(self, *, now: float) -> None:
        for received in self._endpoint.datagrams():
            self.datagrams += received.payloads
        for event in self._endpoint.events():
            match event:
                case Connected(connection=connection):
                    self.connection = connection
                case ControlReceived(data=data):
                    self._decoder.receive_bytes(data)
                    for message in self._decoder.messages():
                        self.heard.append(message)
                        if isinstance(message, Hello):
                            self.say(*self._script)
                case ConnectionClosed():
                    self.closed = event
        if self.connection is not None:
            for message in self._say:
                self._endpoint.send_control(self.connection, encode_message(message))
            self._say.clear()
            sends = [(self.connection, 8, datagram) for datagram in self._sends]
            self._endpoint.queue(sends, now=now)
            self._sends.clear()
            if self._goodbye is not None:
                self._endpoint.close_connection(self.connection, end=self._goodbye, text="bye")
        self._endpoint.flush(now=now)
        self._endpoint.outcomes()

    def next_deadline(self) -> float | None:
        return None


class Bench:
    """A player and a scripted relay on one simulated wire."""

    def __init__(
        self,
        *script: Message,
        trust: Trust | None = None,
        addresses: tuple[Address, ...] = (RELAY,),
    ) -> None:
        self.simulation = Simulation(seed=1)
        self.relay_endpoint = self.simulation.memory_endpoint(RELAY, listening=True)
        self.relay = ScriptedRelay(self.relay_endpoint, script)
        self.simulation.attach(self.relay_endpoint, self.relay)
        self.events: list[SessionEvent] = []
        self.port = InMemoryPort()
        endpoint = self.simulation.memory_endpoint(PLAYER)
        self.session = LastingSession(
            endpoint,
            self.port,
            target=RelayTarget(
                addresses=addresses,
                server_name="relay.example",
                trust=trust or PinnedKey(self.relay_endpoint.pin),
            ),
            hello=HELLO,
            observer=self.events.append,
        )
        self.session.connect(now=self.simulation.now)
        self.simulation.attach(endpoint, self.session)
        self.port.on_readable(self.simulation.waker(endpoint))

    def run_until(self, state: SessionState) -> None:
        self.simulation.run_until(lambda: self.session.state is state)

    @property
    def code(self) -> SessionEnd | None:
        return None if self.session.ended is None else self.session.ended.code


def joined() -> Bench:
    bench = Bench(WELCOME, BOB, RoomReady())
    bench.run_until(SessionState.JOINED)
    return bench


def test_a_session_says_hello_and_enters_the_room() -> None:
    bench = joined()
    assert bench.relay.heard == [HELLO]
    assert bench.session.welcome == WELCOME
    assert bench.session.members == {8: BOB}
    assert bench.events == [
        StateChanged(SessionState.JOINING),
        Welcomed(WELCOME),
        MemberJoined(BOB),
        StateChanged(SessionState.JOINED),
    ]


@pytest.mark.parametrize(
    ("trust", "code"),
    [
        (PinnedKey("sha256:somebody-else"), SessionEnd.PIN),
        (CertificateAuthority(), SessionEnd.CERTIFICATE),
    ],
)
def test_nothing_is_said_to_a_relay_that_is_not_the_one(trust: Trust, code: SessionEnd) -> None:
    bench = Bench(WELCOME, RoomReady(), trust=trust)
    bench.run_until(SessionState.DISCONNECTED)
    bench.simulation.run_for(1)
    assert bench.code is code
    assert bench.relay.heard == []


def test_the_addresses_of_a_relay_are_tried_in_order() -> None:
    bench = Bench(WELCOME, RoomReady(), addresses=(("192.0.2.1", 443), RELAY))
    bench.run_until(SessionState.JOINED)
    assert bench.events[0] == StateChanged(SessionState.JOINING)


def test_a_relay_that_does_not_answer_is_unreachable() -> None:
    bench = Bench(addresses=(("192.0.2.1", 443), ("192.0.2.2", 443)))
    bench.run_until(SessionState.DISCONNECTED)
    assert bench.code is SessionEnd.RELAY_UNREACHABLE
    assert bench.session.ended is not None
    assert not bench.session.ended.final


def test_frames_leave_within_the_smaller_of_both_budgets() -> None:
    bench = joined()
    bench.port.inject(FRAME)
    bench.simulation.run_for(0.1)
    assert len(bench.relay.datagrams) == 2
    assert max(map(len, bench.relay.datagrams)) <= WELCOME.datagram_budget
    counters = bench.session.counters()
    assert counters.datagrams_queued == counters.datagrams_sent == 2


def test_frames_of_a_busy_port_all_leave_without_another_event() -> None:
    bench = joined()
    for _ in range(200):
        bench.port.inject(FRAME[:60])
    bench.simulation.run_for(0.1)
    assert len(bench.relay.datagrams) == 200


def test_datagrams_become_frames_on_the_port() -> None:
    bench = joined()
    frame_ids = iter(range(10))
    pieces = cut(FRAME, budget=1_160, frame_id=lambda: next(frame_ids))
    bench.relay.send(*(stamp(8, piece) for piece in pieces))
    bench.simulation.run_for(0.1)
    assert bench.port.take() == [FRAME]


def test_frames_are_delivered_before_every_member_is_named() -> None:
    bench = Bench(WELCOME)
    bench.simulation.run_until(lambda: bench.session.welcome is not None)
    pieces = cut(FRAME[:60], budget=1_160, frame_id=lambda: 0)
    bench.relay.send(*(stamp(8, piece) for piece in pieces))
    bench.simulation.run_for(0.1)
    assert bench.session.state is SessionState.JOINING
    assert bench.port.take() == [FRAME[:60]]


def test_a_member_is_told_of_before_the_frame_that_came_together_with_its_name() -> None:
    bench = joined()
    known: list[bool] = []
    bench.port.on_written(
        lambda: known.append(any(event == MemberJoined(cem) for event in bench.events))
    )
    cem = BOB.model_copy(update={"peer_id": 9, "name": "Cem"})
    bench.relay.send(stamp(9, cut(FRAME[:60], budget=1_160, frame_id=lambda: 0)[0]))
    bench.relay.say(cem)
    bench.simulation.run_for(0.1)
    assert known == [True]


def test_a_ping_is_answered_and_reports_come_at_every_heartbeat() -> None:
    bench = joined()
    bench.port.inject(FRAME[:60])
    bench.relay.say(Ping(nonce=3))
    bench.simulation.run_for(20.5)
    pong, *reports = bench.relay.heard[1:]
    assert pong == Pong(nonce=3)
    assert len(reports) == 2
    for report in reports:
        assert isinstance(report, Stats)
        assert report.counters.received == 1
        assert report.round_trip_time == pytest.approx(0.02)


def test_a_leave_is_told_to_the_relay() -> None:
    bench = joined()
    bench.session.leave()
    bench.simulation.run_for(1)
    assert bench.relay.heard[-1] == Disconnect(code=SessionEnd.LEFT)
    assert bench.relay.closed is not None
    assert bench.relay.closed.end is SessionEnd.LEFT
    assert bench.session.state is SessionState.LEFT
    assert bench.events[-1] == StateChanged(SessionState.LEFT, bench.session.ended)


def test_a_leave_while_connecting_ends_the_try() -> None:
    bench = Bench(WELCOME, RoomReady())
    bench.session.leave()
    bench.simulation.run_for(1)
    assert bench.session.state is SessionState.LEFT
    assert bench.relay.heard == []


def test_a_rejection_closes_the_connection() -> None:
    bench = Bench(Reject(code=SessionEnd.ROOM_UNKNOWN, text="no such room"))
    bench.run_until(SessionState.REJECTED)
    bench.simulation.run_for(1)
    assert bench.code is SessionEnd.ROOM_UNKNOWN
    assert bench.relay.closed is not None


def test_a_reason_in_the_close_alone_is_understood() -> None:
    bench = joined()
    bench.relay.hang_up(SessionEnd.SHUTDOWN)
    bench.run_until(SessionState.DISCONNECTED)
    assert bench.code is SessionEnd.SHUTDOWN
    assert bench.session.ended is not None
    assert bench.session.ended.by_relay


def test_a_relay_that_vanishes_is_noticed() -> None:
    bench = joined()
    bench.simulation.cut(bench.relay_endpoint)
    bench.run_until(SessionState.DISCONNECTED)
    assert bench.code is SessionEnd.CONNECTION_LOST


def test_a_second_stream_breaks_the_protocol() -> None:
    bench = Bench(WELCOME, RoomReady())
    bench.run_until(SessionState.JOINED)
    assert bench.relay.connection is not None
    bench.relay_endpoint.open_extra_stream(bench.relay.connection)
    bench.simulation.run_for(1)
    assert bench.code is SessionEnd.PROTOCOL_ERROR


def test_parts_from_a_member_that_left_are_forgotten() -> None:
    bench = joined()
    first, second = (stamp(8, piece) for piece in cut(FRAME, budget=1_160, frame_id=lambda: 0))
    bench.relay.send(first)
    bench.simulation.run_for(0.1)
    bench.relay.say(PeerLeft(peer_id=8, reason=SessionEnd.LEFT))
    bench.simulation.run_for(0.1)
    bench.relay.send(second)
    bench.simulation.run_for(0.1)
    assert bench.events[-1] == MemberLeft(BOB, SessionEnd.LEFT)
    assert bench.port.take() == []


def test_after_the_end_frames_go_nowhere() -> None:
    bench = joined()
    bench.session.leave()
    bench.simulation.run_for(1)
    bench.port.inject(FRAME)
    bench.simulation.run_for(1)
    assert bench.relay.datagrams == []
