"""What a session makes of what it hears over several connections at once, from a scripted relay."""

from collections.abc import Sequence

import pytest

from lanparty_client_core import (
    InMemoryPort,
    LastingSession,
    Persistence,
    RelayTarget,
    SessionState,
)
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
    Waiting,
    Welcome,
    encode_message,
)
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MINIMUM_DATAGRAM_BUDGET, MacAddress
from lanparty_quic import Address, ConnectionKey, ControlReceived, Endpoint, PinnedKey
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
STANDBY = Hello(
    role=Role.GATEWAY,
    room_code=RoomCode("ABCDE"),
    standby=True,
    name="attic",
    datagram_budget=1_500,
    port_mtu=1_500,
)


def welcome(peer_id: int = 7) -> Welcome:
    return Welcome(
        version=1,
        peer_id=peer_id,
        room_code=RoomCode("ABCDE"),
        room_id="room",
        mtu=1_500,
        datagram_budget=1_160,
        resume_token=f"{peer_id:032x}",
        heartbeat_seconds=300,
        peers_limit=64,
        server_version="softlan 1",
        resumed=True,
    )


class ScriptedRelay:
    """Hears hellos, and says what a test tells it to say to any of its connections.

    It answers pings unless told otherwise.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._decoders: dict[ConnectionKey, MessageDecoder] = {}
        self._answers: list[Sequence[Message]] = []
        self.answers_pings = True
        self.hellos: list[tuple[ConnectionKey, Hello, float]] = []

    def answer(self, *messages: Message) -> None:
        """Say this to the next hello that isn't answered yet."""
        self._answers.append(messages)

    def say(self, connection: ConnectionKey, *messages: Message) -> None:
        for message in messages:
            self._endpoint.send_control(connection, encode_message(message))

    def serve(self, *, now: float) -> None:
        self._endpoint.datagrams()
        for event in self._endpoint.events():
            if isinstance(event, ControlReceived):
                decoder = self._decoders.setdefault(event.connection, MessageDecoder())
                decoder.receive_bytes(event.data)
                for message in decoder.messages():
                    self._receive(event.connection, message, now)
        self._endpoint.flush(now=now)
        self._endpoint.outcomes()

    def _receive(self, connection: ConnectionKey, message: Message, now: float) -> None:
        if isinstance(message, Hello):
            self.hellos.append((connection, message, now))
            if self._answers:
                self.say(connection, *self._answers.pop(0))
        elif isinstance(message, Ping) and self.answers_pings:
            self.say(connection, Pong(nonce=message.nonce))

    def next_deadline(self) -> float | None:
        return None


class Bench:
    """A player that is in the room, and its relay."""

    def __init__(self, *, answer: Sequence[Message] = (), hello: Hello = HELLO) -> None:
        """`answer` is what the relay says to the hello, if it doesn't let the player in."""
        self.simulation = Simulation(seed=1)
        listening = self.simulation.memory_endpoint(RELAY, listening=True)
        self.relay = ScriptedRelay(listening)
        self.simulation.attach(listening, self.relay)
        self._relay_endpoint = listening
        self.endpoint = self.simulation.memory_endpoint(PLAYER)
        port = self.port = InMemoryPort()
        self.session = LastingSession(
            self.endpoint,
            port,
            target=RelayTarget(addresses=(RELAY,), server_name="x", trust=PinnedKey(listening.pin)),
            hello=hello,
            persistence=Persistence.AFTER_WELCOME,
        )
        self.relay.answer(*(answer or (welcome(), RoomReady())))
        self.session.connect(now=0.0)
        self.simulation.attach(self.endpoint, self.session)
        if not answer:
            self.simulation.run_until(lambda: self.session.state is SessionState.JOINED)
        self.run(0.1)

    def run(self, seconds: float) -> None:
        self.simulation.run_for(seconds)

    def say(self, number: int, *messages: Message) -> None:
        """Let the relay say something to the connection of this hello."""
        self.relay.say(self.relay.hellos[number][0], *messages)
        self.simulation.waker(self._relay_endpoint)()

    def doubt(self) -> None:
        """Let the session look for a second connection: the old one doesn't answer."""
        self.relay.answers_pings = False
        self.endpoint.receive_refusal(RELAY)
        self.simulation.run_until(lambda: len(self.relay.hellos) == 2, timeout=1)
        self.run(0.1)

    def is_in(self, state: SessionState) -> bool:
        return self.session.state is state

    @property
    def peer_id(self) -> int:
        assert self.session.welcome is not None
        return self.session.welcome.peer_id

    @property
    def connections(self) -> int:
        return self.endpoint.endpoint_statistics().connections


def test_the_second_hello_has_the_token_of_the_welcome() -> None:
    bench = Bench()
    bench.doubt()
    _, hello, _ = bench.relay.hellos[1]
    assert hello.resume_token == welcome().resume_token
    assert hello.create
    assert bench.is_in(SessionState.JOINED)
    assert bench.connections == 2


def test_the_new_welcome_closes_the_old_connection() -> None:
    bench = Bench()
    bench.relay.answer(welcome(8), RoomReady())
    bench.doubt()
    assert bench.peer_id == 8
    assert bench.connections == 1
    assert bench.is_in(SessionState.JOINED)


def test_replaced_by_its_own_second_hello_is_no_end() -> None:
    bench = Bench()
    bench.doubt()
    bench.say(0, Disconnect(code=SessionEnd.REPLACED))
    bench.run(0.1)
    assert bench.is_in(SessionState.RECONNECTING)
    bench.say(1, welcome(8), RoomReady())
    bench.run(0.1)
    assert bench.is_in(SessionState.JOINED)
    assert bench.peer_id == 8


@pytest.mark.parametrize("budget", [0, 5, 600, MINIMUM_DATAGRAM_BUDGET - 1])
def test_a_relay_whose_datagrams_carry_no_frames_is_left(budget: int) -> None:
    small = welcome().model_copy(update={"datagram_budget": budget})
    bench = Bench(answer=(small, RoomReady()))
    bench.port.inject(bytes(1_514))
    bench.run(0.1)
    assert bench.session.ended is not None
    assert bench.session.ended.code is SessionEnd.PROTOCOL_ERROR
    assert bench.connections == 0


def test_replaced_by_somebody_else_is_final() -> None:
    bench = Bench()
    bench.say(0, Disconnect(code=SessionEnd.REPLACED))
    bench.run(0.1)
    assert bench.is_in(SessionState.DISCONNECTED)
    bench.run(60)
    assert len(bench.relay.hellos) == 1


def test_replaced_after_a_swap_is_final_again() -> None:
    bench = Bench()
    bench.relay.answer(welcome(8), RoomReady())
    bench.doubt()
    bench.say(1, Disconnect(code=SessionEnd.REPLACED))
    bench.run(0.1)
    assert bench.is_in(SessionState.DISCONNECTED)


def test_what_a_second_dial_is_refused_for_does_not_end_the_session_in_use() -> None:
    bench = Bench()
    bench.relay.answer(Reject(code=SessionEnd.MAC_IN_USE))
    bench.doubt()
    bench.run(1)
    assert bench.is_in(SessionState.JOINED)
    assert bench.connections == 1


def test_a_candidate_that_is_not_heard_is_followed_by_another() -> None:
    bench = Bench()
    bench.doubt()
    bench.run(30)
    assert len(bench.relay.hellos) > 2
    assert bench.connections <= 3


def test_what_the_relay_asks_to_wait_is_waited() -> None:
    bench = Bench()
    began = bench.simulation.now
    bench.say(0, Disconnect(code=SessionEnd.SHUTDOWN, retry_after=30.0))
    bench.run(1)
    bench.session.network_changed(now=bench.simulation.now)
    bench.run(28)
    assert len(bench.relay.hellos) == 1
    assert bench.session.next_try is not None
    bench.relay.answer(welcome(), RoomReady())
    bench.run(3)
    _, _, when = bench.relay.hellos[1]
    assert when >= began + 30
    assert bench.is_in(SessionState.JOINED)


def test_a_relay_that_does_not_want_it_now_is_asked_every_few_seconds() -> None:
    bench = Bench()
    for _ in range(10):
        bench.relay.answer(Reject(code=SessionEnd.ROOM_FULL))
    bench.say(0, Disconnect(code=SessionEnd.IDLE))
    bench.run(30)
    assert 4 <= len(bench.relay.hellos) <= 8
    assert bench.is_in(SessionState.RECONNECTING)
    assert bench.session.sentence.startswith("The room is full.")


def test_a_reason_that_is_final_ends_a_search() -> None:
    bench = Bench()
    bench.relay.answer(Reject(code=SessionEnd.BANNED))
    bench.say(0, Disconnect(code=SessionEnd.IDLE))
    bench.run(1)
    assert bench.is_in(SessionState.DISCONNECTED)
    assert bench.session.ended is not None
    assert bench.session.ended.code is SessionEnd.BANNED


def test_a_room_that_is_unknown_to_a_restarted_relay_is_asked_for_again() -> None:
    bench = Bench()
    bench.relay.answer(Reject(code=SessionEnd.ROOM_UNKNOWN))
    bench.relay.answer(welcome(9), RoomReady())
    bench.say(0, Disconnect(code=SessionEnd.SHUTDOWN))
    bench.run(10)
    assert bench.is_in(SessionState.JOINED)
    assert bench.peer_id == 9


# Standing by


def waiting_bench() -> Bench:
    return Bench(answer=(Waiting(),), hello=STANDBY)


def test_a_welcome_ends_the_waiting_in_the_same_connection() -> None:
    bench = waiting_bench()
    bench.run(60)
    assert bench.is_in(SessionState.WAITING)
    bench.say(0, welcome(), RoomReady())
    bench.run(0.1)
    assert bench.is_in(SessionState.JOINED)
    assert len(bench.relay.hellos) == bench.connections == 1


def test_who_was_told_to_wait_comes_back_and_makes_the_room_again() -> None:
    bench = waiting_bench()
    assert not bench.relay.hellos[0][1].create
    bench.relay.answer(Reject(code=SessionEnd.ROOM_UNKNOWN))
    bench.relay.answer(welcome(), RoomReady())
    bench.say(0, Reject(code=SessionEnd.SHUTDOWN))
    bench.run(10)
    assert bench.is_in(SessionState.JOINED)
    assert [hello.create for _, hello, _ in bench.relay.hellos] == [False, True, True]


def test_one_that_waits_ends_with_a_reason_that_is_final() -> None:
    bench = waiting_bench()
    bench.say(0, Reject(code=SessionEnd.ROOM_CLOSED))
    bench.run(10)
    assert bench.is_in(SessionState.REJECTED)
    assert len(bench.relay.hellos) == 1


def test_a_relay_that_is_silent_is_dialed_again_by_one_that_waits() -> None:
    bench = waiting_bench()
    bench.run(5)
    bench.relay.answer(Waiting())
    bench.simulation.cut(bench.endpoint)
    bench.run(4)
    assert bench.is_in(SessionState.CONNECTING)
    bench.simulation.restore(bench.endpoint)
    bench.run(3)
    assert bench.is_in(SessionState.WAITING)
    assert len(bench.relay.hellos) == 2


def test_a_relay_that_lets_everybody_wait_and_throws_them_out_is_not_asked_ever_faster() -> None:
    bench = waiting_bench()
    for _ in range(100):
        bench.relay.answer(Waiting(), Reject(code=SessionEnd.CONNECTION_LOST))
    bench.say(0, Reject(code=SessionEnd.CONNECTION_LOST))
    bench.run(60)
    assert len(bench.relay.hellos) < 45


def test_who_is_told_to_wait_beside_its_old_session_has_lost_the_place() -> None:
    bench = Bench(hello=STANDBY)
    bench.relay.answer(Waiting())
    bench.doubt()
    assert bench.is_in(SessionState.WAITING)
    assert bench.connections == 1
    bench.say(1, welcome(8), RoomReady())
    bench.run(0.1)
    assert bench.is_in(SessionState.JOINED)
    assert bench.peer_id == 8


def test_a_place_lost_for_silence_is_no_end() -> None:
    bench = Bench(hello=STANDBY)
    bench.relay.answer(Waiting())
    bench.say(0, Disconnect(code=SessionEnd.CONNECTION_LOST))
    bench.run(1)
    assert bench.is_in(SessionState.WAITING)


def test_a_change_of_the_network_is_asked_about_while_waiting() -> None:
    bench = waiting_bench()
    bench.simulation.cut(bench.endpoint)
    bench.session.network_changed(now=bench.simulation.now)
    bench.simulation.waker(bench.endpoint)()
    bench.run(2.1)
    assert bench.is_in(SessionState.CONNECTING)
