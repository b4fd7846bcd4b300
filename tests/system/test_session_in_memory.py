"""Sessions and the relay's core together, in memory, on a network that delays, loses, reorders."""

import random
from collections import Counter
from collections.abc import Callable

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
)
from lanparty_ctrl import Hello, Role, RoomCode
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import SLOTS_PER_BLOCK, TunnelCounters
from lanparty_proto import BROADCAST, MacAddress
from lanparty_quic.endpoint import Address, PinnedKey
from lanparty_quic.memory import MemoryEndpoint
from lanparty_quic.simulation import Path, Simulation
from lanparty_relay.core import CounterBlocks, LeaseBook, LifecycleEvent, Relay, RelayLimits
from lanparty_relay.core import MemberJoined as RelayMemberJoined
from lanparty_relay.serving import RelayConsumer

RELAY: Address = ("203.0.113.1", 443)
CODE = RoomCode("PARTY")
BLOCKS = 64
GOOD_PATH = Path(latency=0.01)
BAD_PATH = Path(latency=0.03, jitter=0.02, loss=0.02)


class Seat:
    """One endpoint of the party."""

    def __init__(
        self, party: "Party", address: Address, hello: Hello, *, pin: str | None = None
    ) -> None:
        self.events: list[SessionEvent] = []
        self.port = InMemoryPort(mtu=1_500, queue_limit=10_000)
        self.endpoint: MemoryEndpoint = party.simulation.memory_endpoint(address)
        self.session = LastingSession(
            self.endpoint,
            self.port,
            target=RelayTarget(
                addresses=(RELAY,),
                server_name="relay.example",
                trust=PinnedKey(pin or party.endpoint.pin),
            ),
            hello=hello,
            first_frame_id=party.random.randrange(2**32),
            observer=self.events.append,
        )
        self.session.connect(now=party.simulation.now)
        party.simulation.attach(self.endpoint, self.session)
        self.port.on_readable(party.simulation.waker(self.endpoint))

    @property
    def peer_id(self) -> int:
        assert self.session.welcome is not None
        return self.session.welcome.peer_id

    @property
    def code(self) -> SessionEnd | None:
        return None if self.session.ended is None else self.session.ended.code

    @property
    def names(self) -> set[str]:
        return {member.name for member in self.session.members.values()}


class Party:
    """A relay, and who comes to it."""

    def __init__(self, path: Path = GOOD_PATH, *, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.simulation = Simulation(seed=seed, path=path)
        self.endpoint = self.simulation.memory_endpoint(RELAY, listening=True)
        self.slots = memoryview(bytearray(8 * SLOTS_PER_BLOCK * BLOCKS)).cast("Q")
        blocks = CounterBlocks(self.slots, BLOCKS)
        self.relay = Relay(
            limits=RelayLimits(),
            blocks=blocks,
            random_bytes=self.random.randbytes,
            server_version="softlan test",
            leases=LeaseBook(bytes(32)),
        )
        self.lifecycle: list[LifecycleEvent] = []
        self.consumer = RelayConsumer(
            endpoint=self.endpoint,
            relay=self.relay,
            blocks=blocks,
            on_events=self._keep,
            on_answer=lambda answer: None,
        )
        self.simulation.attach(self.endpoint, self.consumer)
        self._seats = 0

    def _keep(self, events: list[LifecycleEvent], now: float) -> None:
        self.lifecycle += events

    def seat(
        self,
        name: str,
        *,
        role: Role = Role.CLIENT,
        mac: int = 0,
        resume_token: str | None = None,
        room_code: RoomCode = CODE,
        create: bool = True,
        pin: str | None = None,
        versions: tuple[int, ...] = (1,),
    ) -> Seat:
        self._seats += 1
        hello = Hello(
            versions=versions,
            role=role,
            room_code=room_code,
            create=create,
            mac=mac_of(mac or self._seats) if role is Role.CLIENT else None,
            name=name,
            datagram_budget=1_500,
            port_mtu=1_500,
            resume_token=resume_token,
        )
        return Seat(self, (f"198.51.100.{self._seats}", 50_000), hello, pin=pin)

    def joined(self, name: str, **options: object) -> Seat:
        seat = self.seat(name, **options)  # type: ignore[arg-type]  # passed through
        self.run_until(lambda: seat.session.state is SessionState.JOINED)
        return seat

    def run_until(self, condition: Callable[[], bool]) -> None:
        self.simulation.run_until(condition, timeout=40)

    def run_until_over(self, seat: Seat) -> None:
        self.run_until(lambda: seat.session.state.is_over)

    def shut_down(self) -> None:
        self.consumer.shut_down()
        self.simulation.waker(self.endpoint)()

    def counters(self) -> TunnelCounters:
        """Add every block: what the relay counted in all."""
        total = TunnelCounters()
        for index in range(BLOCKS):
            total += TunnelCounters.from_block(self.slots, index)
        return total


def mac_of(number: int) -> MacAddress:
    return MacAddress(b"\x02\x00\x00\x00" + number.to_bytes(2))


def frame(destination: MacAddress, source: int, payload: bytes) -> bytes:
    return destination + mac_of(source) + b"\x88\xb6" + payload


def test_players_see_each_other_come_and_go() -> None:
    party = Party()
    alice, bob = party.joined("alice"), party.joined("bob")
    party.run_until(lambda: alice.names == {"bob"})
    assert bob.names == {"alice"}
    bob.session.leave()
    party.simulation.waker(bob.endpoint)()
    party.run_until(lambda: not alice.names)
    assert isinstance(alice.events[-1], MemberLeft)
    assert alice.events[-1].reason is SessionEnd.LEFT


@pytest.mark.parametrize("seed", range(5))
def test_frames_arrive_whole_and_once_over_a_bad_path(seed: int) -> None:
    party = Party(BAD_PATH, seed=seed)
    seats = [party.joined(name) for name in ("alice", "bob", "carol")]
    sent: Counter[bytes] = Counter()
    for number in range(200):
        payload = number.to_bytes(2) + party.random.randbytes(party.random.randrange(20, 1_499))
        whole = frame(BROADCAST, 1, payload)
        sent[whole] += 1
        seats[0].port.inject(whole)
        party.simulation.run_for(0.01)
    party.simulation.run_for(2)
    assert seats[0].port.take() == []
    for seat in seats[1:]:
        heard = Counter(seat.port.take())
        assert not heard - sent
        # Two links of 2 % loss, and a frame of two pieces needs both: 92 % on average.
        assert heard.total() > 160


def test_an_ordered_path_loses_nothing() -> None:
    party = Party()
    alice, bob = party.joined("alice"), party.joined("bob")
    frames = [frame(mac_of(2), 1, bytes([length % 256]) * length) for length in range(1_501)]
    for start in range(0, len(frames), 50):
        for each in frames[start : start + 50]:
            alice.port.inject(each)
        party.simulation.run_for(0.1)
    assert bob.port.take() == frames


def test_a_resumed_session_keeps_its_peer_id_and_the_others_notice_nothing() -> None:
    party = Party()
    alice, bob = party.joined("alice"), party.joined("bob")
    party.run_until(lambda: alice.names == {"bob"})
    before = list(alice.events)
    assert bob.session.welcome is not None
    again = party.joined("bob", mac=2, resume_token=bob.session.welcome.resume_token)
    party.run_until_over(bob)
    party.simulation.run_for(1)
    assert again.peer_id == bob.peer_id
    assert again.session.welcome is not None
    assert again.session.welcome.resumed
    assert again.session.welcome.resume_token != bob.session.welcome.resume_token
    assert bob.code is SessionEnd.REPLACED
    assert bob.session.ended is not None
    assert bob.session.ended.final
    assert alice.events == before
    alice.port.inject(frame(mac_of(2), 1, b"still there?"))
    party.simulation.run_for(0.1)
    assert again.port.take() == [frame(mac_of(2), 1, b"still there?")]


def test_a_player_whose_line_broke_takes_its_place_back_at_once() -> None:
    party = Party()
    party.joined("alice")
    bob = party.joined("bob")
    assert bob.session.welcome is not None
    party.simulation.cut(bob.endpoint)
    broken_at = party.simulation.now
    again = party.joined("bob", mac=2, resume_token=bob.session.welcome.resume_token)
    assert again.peer_id == bob.peer_id
    assert party.simulation.now - broken_at < 0.5
    party.run_until_over(bob)
    assert bob.code is SessionEnd.CONNECTION_LOST


def test_without_a_token_the_silent_holder_of_a_mac_is_given_up_after_a_second() -> None:
    party = Party()
    party.joined("alice")
    bob = party.joined("bob")
    party.simulation.cut(bob.endpoint)
    asked_at = party.simulation.now
    again = party.joined("bob", mac=2)
    assert 1 <= party.simulation.now - asked_at < 1.5
    assert again.peer_id != bob.peer_id


def test_a_mac_in_use_is_refused_while_its_holder_answers() -> None:
    party = Party()
    alice = party.joined("alice")
    intruder = party.seat("intruder", mac=1)
    party.run_until_over(intruder)
    assert intruder.session.state is SessionState.REJECTED
    assert intruder.code is SessionEnd.MAC_IN_USE
    assert alice.session.state is SessionState.JOINED


def test_a_second_gateway_is_refused() -> None:
    party = Party()
    party.joined("gateway", role=Role.GATEWAY)
    second = party.seat("second", role=Role.GATEWAY)
    party.run_until_over(second)
    assert second.code is SessionEnd.GATEWAY_PRESENT


def test_a_code_that_names_no_room_is_refused() -> None:
    party = Party()
    seat = party.seat("alice", create=False)
    party.run_until_over(seat)
    assert seat.code is SessionEnd.ROOM_UNKNOWN
    assert seat.session.ended is not None
    assert seat.session.ended.final


def test_a_kicked_player_reads_the_reason_and_the_others_see_it_go() -> None:
    party = Party()
    alice, bob = party.joined("alice"), party.joined("bob")
    party.run_until(lambda: alice.names == {"bob"})
    room_id = next(e.room_id for e in party.lifecycle if isinstance(e, RelayMemberJoined))
    assert party.relay.kick(room_id, bob.peer_id, now=party.simulation.now)
    party.run_until_over(bob)
    assert bob.code is SessionEnd.KICKED
    assert bob.session.ended is not None
    assert bob.session.ended.final
    assert bob.session.ended.by_relay
    party.run_until(lambda: not alice.names)


def test_a_shutdown_tells_everybody_and_is_not_final() -> None:
    party = Party()
    seats = [party.joined("alice"), party.joined("bob")]
    party.shut_down()
    party.simulation.run_for(1)
    for seat in seats:
        assert seat.session.state is SessionState.DISCONNECTED
        assert seat.code is SessionEnd.SHUTDOWN
        assert seat.session.ended is not None
        assert not seat.session.ended.final


def test_a_wrong_pin_ends_the_try_before_the_relay_hears_of_a_room() -> None:
    party = Party()
    seat = party.seat("alice", pin="sha256:somebody-else")
    party.run_until_over(seat)
    party.simulation.run_for(1)
    assert seat.code is SessionEnd.PIN
    assert seat.events == [StateChanged(SessionState.DISCONNECTED, seat.session.ended)]
    assert party.lifecycle == []


def test_a_version_that_the_relay_does_not_speak_is_refused() -> None:
    party = Party()
    seat = party.seat("alice", versions=(250,))
    party.run_until_over(seat)
    assert seat.session.state is SessionState.REJECTED
    assert seat.code is SessionEnd.VERSION


def test_a_player_in_another_room_hears_nothing() -> None:
    party = Party()
    alice = party.joined("alice")
    outsider = party.joined("outsider", room_code=RoomCode("0THER"))
    alice.port.inject(frame(BROADCAST, 1, b"hello"))
    party.simulation.run_for(1)
    assert outsider.port.take() == []
    assert not any(isinstance(event, MemberJoined) for event in outsider.events)


def test_a_session_outlives_hours_of_silence() -> None:
    party = Party()
    alice, bob = party.joined("alice"), party.joined("bob")
    party.simulation.run_for(3 * 3_600)
    alice.port.inject(frame(mac_of(2), 1, b"awake?"))
    party.simulation.run_for(1)
    assert bob.port.take() == [frame(mac_of(2), 1, b"awake?")]


def test_the_endpoints_and_the_relays_counts_agree_on_a_good_path() -> None:
    party = Party()
    alice, bob = party.joined("alice"), party.joined("bob")
    for number in range(50):
        alice.port.inject(frame(BROADCAST, 1, bytes(1_400) + bytes([number])))
        bob.port.inject(frame(mac_of(1), 2, bytes([number])))
        party.simulation.run_for(0.01)
    party.simulation.run_for(1)
    relay = party.counters()
    counts = [seat.session.counters() for seat in (alice, bob)]
    assert relay.received == sum(count.datagrams_sent for count in counts) == 150
    assert relay.sent == sum(count.datagrams_received for count in counts) == 150
    assert relay.received == sum(relay.forwarded.values())
    assert relay.chosen == relay.sent
    assert relay.queued == 0
