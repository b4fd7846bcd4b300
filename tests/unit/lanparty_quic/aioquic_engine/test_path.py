"""Two endpoints over paths that carry just so much, on a simulated clock."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest

from lanparty_quic import (
    Address,
    Connected,
    ConnectionKey,
    Endpoint,
    EndpointEvent,
    EndpointLimits,
    Outcome,
    PinnedKey,
    Send,
)
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.simulation import Path, Simulation

IPV4: tuple[Address, Address] = ("203.0.113.1", 443), ("198.51.100.1", 50_000)
IPV6: tuple[Address, Address] = ("2001:db8::1", 443), ("2001:db8::2", 50_000)

SEARCHED = 6.0
"""Seconds after which any search on these paths has come to its end."""


class Actor:
    """A consumer that keeps when what came, and sends what a test gives it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.events: list[EndpointEvent] = []
        self.arrivals: list[tuple[float, bytes]] = []
        self.outcomes: list[Outcome] = []
        self.sends: list[Send] = []

    def serve(self, *, now: float) -> None:
        for received in self.endpoint.datagrams():
            self.arrivals += [(now, payload) for payload in received.payloads]
        self.events += self.endpoint.events()
        sends, self.sends = self.sends, []
        self.endpoint.queue(sends, now=now)
        self.endpoint.flush(now=now)
        self.outcomes += self.endpoint.outcomes()

    def next_deadline(self) -> float | None:
        return None

    @property
    def key(self) -> ConnectionKey:
        return next(event.connection for event in self.events if isinstance(event, Connected))

    @property
    def is_connected(self) -> bool:
        return any(isinstance(event, Connected) for event in self.events)

    @property
    def packet_size(self) -> int:
        statistics = self.endpoint.statistics(self.key)
        assert statistics is not None
        return statistics.packet_size

    @property
    def budget(self) -> int:
        statistics = self.endpoint.statistics(self.key)
        assert statistics is not None
        return statistics.datagram_budget


@dataclass
class Line:
    """A relay and a player that have just connected."""

    simulation: Simulation
    relay: Actor
    player: Actor

    def narrow(self, mtu: int) -> None:
        self.simulation.path = replace(self.simulation.path, mtu=mtu)

    def send(self, sender: Actor, payload: bytes, count: int = 1) -> None:
        sender.sends += [(sender.key, 0, payload)] * count
        self.simulation.waker(sender.endpoint)()


@pytest.fixture
def make_line(identity: ServerIdentity) -> Callable[..., Line]:
    def make(
        path: Path,
        *,
        addresses: tuple[Address, Address] = IPV4,
        limits: EndpointLimits | None = None,
    ) -> Line:
        simulation = Simulation(seed=8899, path=path, trace=True)
        listening = simulation.aioquic_endpoint(addresses[0], identity=identity, limits=limits)
        dialing = simulation.aioquic_endpoint(addresses[1], limits=limits)
        relay, player = Actor(listening), Actor(dialing)
        simulation.attach(listening, relay)
        simulation.attach(dialing, player)
        trust = PinnedKey(identity.pin)
        dialing.dial(addresses[0], server_name="relay.example", trust=trust, now=simulation.now)
        simulation.waker(dialing)()
        simulation.run_until(lambda: relay.is_connected and player.is_connected)
        return Line(simulation, relay, player)

    return make


# Finding


@pytest.mark.parametrize("latency", [0.001, 0.05])
@pytest.mark.parametrize("mtu", [1200, 1252, 1300, 1372, 1452, 1472, 1500])
def test_both_sides_find_what_the_path_carries(
    make_line: Callable[..., Line], mtu: int, latency: float
) -> None:
    line = make_line(Path(latency=latency, mtu=mtu))
    assert line.relay.packet_size == line.player.packet_size == 1200
    line.simulation.run_for(SEARCHED)
    for actor in (line.relay, line.player):
        assert min(mtu, 1472) - 16 <= actor.packet_size <= min(mtu, 1472)
        assert actor.budget == actor.packet_size - 30


def test_over_ipv6_packets_are_smaller_by_the_longer_header(
    make_line: Callable[..., Line],
) -> None:
    line = make_line(Path(mtu=1500), addresses=IPV6)
    line.simulation.run_for(SEARCHED)
    assert line.relay.packet_size == line.player.packet_size == 1452


def test_the_largest_datagram_of_a_found_path_arrives(make_line: Callable[..., Line]) -> None:
    line = make_line(Path(mtu=1372))
    line.simulation.run_for(SEARCHED)
    for sender, receiver in ((line.player, line.relay), (line.relay, line.player)):
        largest = b"x" * sender.budget
        line.send(sender, largest, 20)
        line.simulation.run_for(1)
        assert [payload for _, payload in receiver.arrivals] == [largest] * 20


def test_without_larger_packets_allowed_none_is_sent(make_line: Callable[..., Line]) -> None:
    line = make_line(Path(mtu=1500), limits=EndpointLimits(largest_packet_size=1200))
    line.simulation.run_for(2000)
    assert max(len(packet.packet) for packet in line.simulation.packets) == 1200


@pytest.mark.parametrize(("accepted", "size"), [(1150, 1180), (1170, 1200), (1300, 1330)])
@pytest.mark.parametrize("after", [0.01, 5.0], ids=["before its search", "after its search"])
def test_who_accepts_no_larger_payload_is_sent_no_larger_packet(
    make_line: Callable[..., Line], accepted: int, size: int, after: float
) -> None:
    line = make_line(Path(mtu=1500))
    line.simulation.run_for(after)
    line.relay.endpoint.limit_datagrams(line.relay.key, accepted)
    line.simulation.waker(line.relay.endpoint)()
    before = len(line.simulation.packets)
    line.simulation.run_for(SEARCHED)
    line.send(line.relay, b"x" * accepted, 20)
    line.simulation.run_for(1)
    from_relay = [
        len(packet.packet)
        for packet in line.simulation.packets[before:]
        if packet.source == line.relay.endpoint.local_address
    ]
    assert max(from_relay) == size
    assert [payload for _, payload in line.player.arrivals] == [b"x" * accepted] * 20
    assert line.player.packet_size == 1472


@pytest.mark.parametrize("mtu", [1200, 1372, 1472])
def test_an_idle_hour_costs_few_probes(make_line: Callable[..., Line], mtu: int) -> None:
    line = make_line(Path(mtu=mtu))
    line.simulation.run_for(3600)
    probes = [packet for packet in line.simulation.packets if len(packet.packet) > 1200]
    searches = 2 * (3600 // 450 + 1)
    assert len(probes) <= (2 if mtu == 1472 else 18 * searches)
    # Keep-alives and their acknowledgements of both sides, and two small packets for each probe.
    others = len(line.simulation.packets) - len(probes)
    assert others <= 2 * 2 * 360 + 30 + 2 * len(probes)


# Narrowing


@pytest.mark.parametrize("latency", [0.001, 0.02, 0.15])
@pytest.mark.parametrize(
    ("every", "burst"),
    [(0.01, 10), (0.01, 1), (0.2, 1), (0.2, 4)],
    ids=["flood", "steady", "slow", "bursts"],
)
def test_a_path_that_narrows_stalls_a_transfer_for_under_three_seconds(
    make_line: Callable[..., Line], latency: float, every: float, burst: int
) -> None:
    line = make_line(Path(latency=latency, mtu=1472))
    line.simulation.run_for(SEARCHED)
    line.narrow(1272)
    narrowed_at = line.simulation.now
    for _ in range(round(12 / every)):
        line.send(line.player, b"x" * line.player.budget, burst)
        line.simulation.run_for(every)
    times = [narrowed_at, *(at for at, _ in line.relay.arrivals if at > narrowed_at + latency)]
    assert max(after - before for before, after in pairwise(times)) < 1.5
    assert 1256 <= line.player.packet_size <= 1272
    assert not any(type(event).__name__ == "ConnectionClosed" for event in line.player.events)


def test_every_copy_of_such_a_transfer_has_its_outcome(make_line: Callable[..., Line]) -> None:
    line = make_line(Path(latency=0.02, mtu=1472))
    line.simulation.run_for(SEARCHED)
    line.narrow(1272)
    for _ in range(300):
        line.send(line.relay, b"x" * 1442, 5)
        line.simulation.run_for(0.01)
    line.simulation.run_for(2)
    assert sum(outcome.count for outcome in line.relay.outcomes) == 1500


def test_control_bytes_get_through_a_path_that_has_narrowed(
    make_line: Callable[..., Line],
) -> None:
    line = make_line(Path(latency=0.02, mtu=1472))
    line.simulation.run_for(SEARCHED)
    line.narrow(1272)
    line.player.endpoint.send_control(line.player.key, b"c" * 50_000)
    line.simulation.waker(line.player.endpoint)()

    def heard() -> int:
        return sum(len(getattr(event, "data", b"")) for event in line.relay.events)

    line.simulation.run_until(lambda: heard() == 50_000, timeout=3)


def test_loss_alone_is_no_black_hole(make_line: Callable[..., Line]) -> None:
    line = make_line(Path(latency=0.02, mtu=1472))
    line.simulation.run_for(SEARCHED)
    line.simulation.path = replace(line.simulation.path, loss=0.05)
    for _ in range(1000):
        line.send(line.player, b"x" * 1442, 3)
        line.simulation.run_for(0.01)
        assert line.player.packet_size == 1472


def test_a_path_that_grows_is_used_ten_minutes_later(make_line: Callable[..., Line]) -> None:
    line = make_line(Path(mtu=1300))
    line.simulation.run_for(SEARCHED)
    line.narrow(1500)
    line.simulation.run_for(600)
    assert line.relay.packet_size == line.player.packet_size == 1472


# Another path


def test_after_a_change_of_address_the_relay_begins_anew(make_line: Callable[..., Line]) -> None:
    line = make_line(Path(mtu=1472))
    line.simulation.run_for(SEARCHED)
    line.simulation.move(line.player.endpoint, ("198.51.100.77", 1234))
    line.narrow(1300)
    line.send(line.player, b"from elsewhere")
    line.simulation.run_for(0.1)
    assert line.relay.packet_size == 1200
    for _ in range(60):
        line.send(line.player, b"go on")
        line.simulation.run_for(SEARCHED / 60)
    assert 1284 <= line.relay.packet_size <= 1300
    line.send(line.relay, b"x" * line.relay.budget)
    line.simulation.run_for(0.2)
    assert len(line.player.arrivals) == 1
