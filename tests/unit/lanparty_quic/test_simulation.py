"""The network in one process: what its wire does to packets, and how its time passes."""

import pytest

from lanparty_obs.codes import SessionEnd
from lanparty_quic import (
    AddressChanged,
    Connected,
    ConnectionClosed,
    ConnectionKey,
    EndpointEvent,
    PinnedKey,
)
from lanparty_quic.memory import MemoryEndpoint
from lanparty_quic.simulation import Path, Simulation

RELAY = ("203.0.113.1", 443)
PLAYER = ("198.51.100.7", 50_000)


class Recorder:
    """Keeps what its endpoint tells, with the time of each payload."""

    def __init__(self, simulation: Simulation, endpoint: MemoryEndpoint) -> None:
        self.simulation = simulation
        self.endpoint = endpoint
        self.events: list[EndpointEvent] = []
        self.payloads: list[tuple[float, bytes]] = []
        self.turns: list[float] = []
        self.deadline: float | None = None
        simulation.attach(endpoint, self)

    def serve(self, *, now: float) -> None:
        self.turns.append(now)
        if self.deadline is not None and self.deadline <= now:
            self.deadline = None
        for received in self.endpoint.datagrams():
            self.payloads += [(now, payload) for payload in received.payloads]
        self.events += self.endpoint.events()
        self.endpoint.flush(now=now)
        self.endpoint.outcomes()

    def next_deadline(self) -> float | None:
        return self.deadline


class Link:
    """A relay and a connected player."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.relay = Recorder(simulation, simulation.memory_endpoint(RELAY, listening=True))
        self.player = Recorder(simulation, simulation.memory_endpoint(PLAYER))
        self.key = self.player.endpoint.dial(
            RELAY,
            server_name="",
            trust=PinnedKey(self.relay.endpoint.pin),
            now=simulation.now,
        )
        simulation.run_until(lambda: bool(self.relay.events and self.player.events))

    @property
    def at_relay(self) -> ConnectionKey:
        return self.relay.events[0].connection

    def send(self, *payloads: bytes) -> float:
        now = self.simulation.now
        self.player.endpoint.queue([(self.key, 1, payload) for payload in payloads], now=now)
        return now


def test_a_packet_takes_the_latency_of_the_path() -> None:
    link = Link(Simulation(path=Path(latency=0.04)))
    sent_at = link.send(b"x")
    link.simulation.run_for(1)
    ((arrived_at, _),) = link.relay.payloads
    assert arrived_at == pytest.approx(sent_at + 0.04)


def test_time_jumps_to_what_happens_next() -> None:
    simulation = Simulation()
    consumer = Recorder(simulation, simulation.memory_endpoint(RELAY, listening=True))
    consumer.deadline = 5000.0
    simulation.run_for(10_000)
    assert simulation.now == 10_000
    assert consumer.turns == [0.0, 5000.0]


def test_a_waker_gives_a_turn_at_the_moment_of_its_call() -> None:
    simulation = Simulation()
    consumer = Recorder(simulation, simulation.memory_endpoint(RELAY, listening=True))
    simulation.run_for(3)
    wake = simulation.waker(consumer.endpoint)
    wake()
    wake()
    simulation.run_for(1)
    assert consumer.turns == [0.0, 3.0]


def test_loss_takes_its_share_of_datagrams() -> None:
    link = Link(Simulation(seed=3, path=Path(loss=0.3)))
    link.send(*[b"x" * 10] * 200)
    link.simulation.run_for(1)
    assert 110 < len(link.relay.payloads) < 170


def test_jitter_reorders_datagrams() -> None:
    link = Link(Simulation(seed=3, path=Path(latency=0.01, jitter=0.05)))
    payloads = [bytes([index]) for index in range(100)]
    link.send(*payloads)
    link.simulation.run_for(1)
    arrived = [payload for _, payload in link.relay.payloads]
    assert arrived != payloads
    assert sorted(arrived) == payloads


def test_a_packet_over_the_mtu_vanishes() -> None:
    link = Link(Simulation(path=Path(mtu=1000)))
    link.send(b"s" * 900, b"L" * 1100)
    link.simulation.run_for(1)
    assert [payload for _, payload in link.relay.payloads] == [b"s" * 900]


def test_one_seed_gives_one_run() -> None:
    def run(seed: int) -> list[tuple[float, bytes]]:
        link = Link(Simulation(seed=seed, path=Path(latency=0.01, jitter=0.02, loss=0.2)))
        link.send(*[bytes([index]) for index in range(200)])
        link.simulation.run_for(1)
        return link.relay.payloads

    assert run(5) == run(5)
    assert run(5) != run(6)


def test_a_pulled_cable_carries_nothing_until_it_is_plugged_in() -> None:
    link = Link(Simulation())
    link.simulation.cut(link.player.endpoint)
    link.send(b"lost")
    link.simulation.run_for(1)
    link.simulation.restore(link.player.endpoint)
    link.send(b"found")
    link.simulation.run_for(1)
    assert [payload for _, payload in link.relay.payloads] == [b"found"]


def test_a_moved_endpoint_is_told_apart_by_its_connection() -> None:
    link = Link(Simulation())
    link.simulation.move(link.player.endpoint, ("192.0.2.5", 9))
    link.send(b"from there")
    link.simulation.run_for(1)
    assert link.relay.events[-1] == AddressChanged(link.at_relay, ("192.0.2.5", 9))
    assert link.player.endpoint.local_address == PLAYER


def test_an_endpoint_that_is_switched_off_says_no_word_and_leaves_its_address() -> None:
    simulation = Simulation()
    link = Link(simulation)
    simulation.remove(link.relay.endpoint)
    link.player.endpoint.queue([(link.key, 1, b"anybody?")], now=simulation.now)
    simulation.run_for(5)
    assert link.relay.payloads == []
    assert len(link.player.events) == 1
    simulation.memory_endpoint(RELAY, listening=True)


def test_a_trace_tells_what_was_lost() -> None:
    simulation = Simulation(trace=True)
    link = Link(simulation)
    simulation.path = Path(loss=1.0)
    link.send(b"x")
    simulation.run_for(1)
    traced = simulation.packets[-1]
    assert (traced.source, traced.destination, traced.delivered) == (PLAYER, RELAY, False)
    assert len(traced.packet) > 1


def test_an_injected_packet_arrives_like_any_other() -> None:
    simulation = Simulation()
    endpoint = simulation.aioquic_endpoint(RELAY)
    simulation.inject(b"junk", PLAYER, RELAY)
    simulation.run_for(1)
    assert endpoint.endpoint_statistics().packets_received == 1


def test_an_address_is_given_once() -> None:
    simulation = Simulation()
    simulation.memory_endpoint(RELAY)
    with pytest.raises(ValueError, match="taken"):
        simulation.memory_endpoint(RELAY)


def test_a_condition_that_never_holds_is_a_timeout() -> None:
    simulation = Simulation()
    with pytest.raises(TimeoutError):
        simulation.run_until(lambda: False, timeout=7)
    assert simulation.now == 7


def test_a_deadline_that_stays_in_the_past_is_found() -> None:
    class Restless(Recorder):
        def next_deadline(self) -> float | None:
            return 0.0

    simulation = Simulation()
    Restless(simulation, simulation.memory_endpoint(RELAY))
    with pytest.raises(RuntimeError, match="no progress"):
        simulation.run_for(1)


def test_an_endpoint_without_a_consumer_answers_all_the_same() -> None:
    simulation = Simulation()
    relay = simulation.memory_endpoint(RELAY, listening=True)
    player = Recorder(simulation, simulation.memory_endpoint(PLAYER))
    player.endpoint.dial(RELAY, server_name="", trust=PinnedKey(relay.pin), now=0.0)
    simulation.run_for(1)
    assert isinstance(player.events[0], Connected)


def test_a_listener_that_leaves_is_noticed() -> None:
    link = Link(Simulation())
    link.relay.endpoint.close_connection(link.at_relay, end=SessionEnd.SHUTDOWN, text="")
    link.simulation.run_for(1)
    closed = link.player.events[-1]
    assert isinstance(closed, ConnectionClosed)
    assert closed.end is SessionEnd.SHUTDOWN
