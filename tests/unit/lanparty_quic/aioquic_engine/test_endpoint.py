"""The endpoint over aioquic: turns, fairness, timers, simulated paths."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from aioquic.tls import Epoch

from lanparty_obs.codes import SessionEnd
from lanparty_obs.reasons import EgressDrop, PacketDrop
from lanparty_quic import (
    Connected,
    ConnectionClosed,
    ConnectionKey,
    EndpointEvent,
    EndpointLimits,
    Outcome,
    PinnedKey,
    QueueLimits,
    Send,
)
from lanparty_quic.aioquic_engine import AioquicEndpoint
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.simulation import Path, Simulation

if TYPE_CHECKING:
    from tests.unit.lanparty_quic.aioquic_engine.conftest import Bench


class Consumer:
    def __init__(self, simulation: Simulation, endpoint: AioquicEndpoint) -> None:
        self.endpoint = endpoint
        self.events: list[EndpointEvent] = []
        self.payloads: list[tuple[float, bytes]] = []
        self.outcomes: list[Outcome] = []
        self.offer: Callable[[float], list[Send]] = lambda now: []
        """What it sends every 10 ms, as long as the time below."""
        self.offers_until = 0.0
        self._next_offer = 0.0
        simulation.attach(endpoint, self)

    def serve(self, *, now: float) -> None:
        for received in self.endpoint.datagrams():
            self.payloads += [(now, payload) for payload in received.payloads]
        self.events += self.endpoint.events()
        if self._next_offer <= now < self.offers_until:
            self._next_offer = now + 0.01
            self.endpoint.queue(self.offer(now), now=now)
        self.endpoint.flush(now=now)
        self.outcomes += self.endpoint.outcomes()

    def next_deadline(self) -> float | None:
        return self._next_offer if self._next_offer < self.offers_until else None


def connect(
    simulation: Simulation, identity: ServerIdentity, limits: EndpointLimits | None = None
) -> tuple[Consumer, Consumer, ConnectionKey]:
    relay = Consumer(
        simulation, simulation.aioquic_endpoint(("203.0.113.1", 443), identity=identity)
    )
    player = Consumer(
        simulation, simulation.aioquic_endpoint(("198.51.100.7", 50_000), limits=limits)
    )
    key = player.endpoint.dial(
        relay.endpoint.local_address,
        server_name="",
        trust=PinnedKey(identity.pin),
        now=simulation.now,
    )
    simulation.run_until(lambda: bool(relay.events and player.events))
    return relay, player, key


def test_a_flooder_does_not_starve_the_others(make_bench: "Callable[..., Bench]") -> None:
    bench = make_bench(EndpointLimits(work_per_turn=32, ingress_packets=100))
    flooder, player = bench.rogue(), bench.rogue()
    bench.exchange()
    flooder.quic.send_datagram_frame(b"flood")
    (flood,) = flooder.packets(now=bench.now)
    for serial in range(5):
        player.quic.send_datagram_frame(b"game%d" % serial)
    game = player.packets(now=bench.now)
    for _ in range(5000):
        bench.endpoint.receive_packet(flood, flooder.address, now=bench.now)
    for packet in game[:-1]:
        bench.endpoint.receive_packet(packet, player.address, now=bench.now)
    bench.feed(game[-1], player.address)
    assert sorted(bench.payloads) == [b"flood", *(b"game%d" % serial for serial in range(5))]
    dropped = bench.endpoint.endpoint_statistics().packets_dropped
    assert dropped[PacketDrop.INGRESS_OVERFLOW] == 4900


def drops(bench: "Bench") -> dict[PacketDrop, int]:
    dropped = bench.endpoint.endpoint_statistics().packets_dropped
    return {reason: count for reason, count in dropped.items() if count}


def test_what_a_connection_can_make_nothing_of_is_counted(bench: "Bench") -> None:
    rogue = bench.rogue()
    bench.exchange()
    rogue.quic.send_datagram_frame(b"game")
    (packet,) = rogue.packets(now=bench.now)
    routed = bench.endpoint.endpoint_statistics().packets_routed
    connection_id = packet[1:9]
    for stray in (
        packet[:-1] + bytes([packet[-1] ^ 1]),
        packet[:9] + bytes(60),
        packet[:12],
        b"\xe0\0\0\0\1\x08" + connection_id + b"\x00\x44\x00" + bytes(1100),
        b"\xc0\x1a\x2a\x3a\x4a\x08" + connection_id + b"\x00" + bytes(1200),
    ):
        bench.feed(stray, rogue.address)
    assert drops(bench) == {PacketDrop.UNDECRYPTABLE: 5}
    bench.feed(packet, rogue.address)
    bench.feed(packet, rogue.address)
    assert drops(bench) == {PacketDrop.UNDECRYPTABLE: 6}
    assert bench.endpoint.endpoint_statistics().packets_routed == routed + 1
    assert bench.payloads == [b"game"]


def test_packets_behind_the_end_of_their_connection_are_counted(
    make_bench: "Callable[..., Bench]",
) -> None:
    bench = make_bench(EndpointLimits(work_per_turn=1))
    rogue = bench.rogue()
    bench.exchange()
    rogue.quic.send_datagram_frame(b"game")
    (game,) = rogue.packets(now=bench.now)
    rogue.quic.close()
    (close,) = rogue.packets(now=bench.now)
    for packet in (close, game, game):
        bench.endpoint.receive_packet(packet, rogue.address, now=bench.now)
    bench.exchange()
    statistics = bench.endpoint.endpoint_statistics()
    assert drops(bench) == {PacketDrop.UNKNOWN_CONNECTION: 2}
    assert statistics.packets_received == statistics.packets_routed + 2


def test_a_path_that_is_too_slow_costs_frames_and_no_time(identity: ServerIdentity) -> None:
    simulation = Simulation(seed=5, path=Path(latency=0.05))
    relay, player, key = connect(simulation, identity)
    begin = simulation.now
    # 48 Mbit/s from the first moment: the congestion window has to grow towards that.
    player.offer = lambda now: [(key, 1, str(now).encode().ljust(1000))] * 60
    player.offers_until = begin + 1.0
    simulation.run_for(2)
    assert sum(outcome.count for outcome in player.outcomes) % 60 == 0
    reasons = {outcome.reason for outcome in player.outcomes}
    assert reasons <= {None, EgressDrop.QUEUE_TIMEOUT, EgressDrop.QUEUE_OVERFLOW}
    delays = [arrived - float(payload) for arrived, payload in relay.payloads]
    assert len(delays) > 500
    assert max(delays) < 0.05 + QueueLimits().maximum_wait + 0.02


def test_what_is_counted_as_sent_arrives_on_a_path_without_loss(
    identity: ServerIdentity,
) -> None:
    simulation = Simulation(seed=5, path=Path(latency=0.02))
    relay, player, key = connect(simulation, identity)
    player.offer = lambda now: [(key, 1, b"x" * 1100)] * 25
    player.offers_until = simulation.now + 0.5
    simulation.run_for(3)
    sent = sum(outcome.count for outcome in player.outcomes if outcome.reason is None)
    assert sent == len(relay.payloads)


def test_losses_are_counted(identity: ServerIdentity) -> None:
    simulation = Simulation(seed=5, path=Path(latency=0.01))
    _, player, key = connect(simulation, identity)
    simulation.path = Path(latency=0.01, loss=0.1)
    player.offer = lambda now: [(key, 1, b"x" * 1100)] * 3
    player.offers_until = simulation.now + 1.0
    simulation.run_for(3)
    statistics = player.endpoint.statistics(key)
    assert statistics is not None
    assert 10 < statistics.packets_lost < 60


def test_a_handshake_survives_loss_and_reordering(identity: ServerIdentity) -> None:
    for seed in range(10):
        path = Path(latency=0.03, jitter=0.05, loss=0.2)
        simulation = Simulation(seed=seed, path=path)
        relay, player, _ = connect(simulation, identity)
        assert isinstance(relay.events[0], Connected)
        assert isinstance(player.events[0], Connected)


def test_a_renewed_identity_is_for_newcomers_and_nobody_has_to_go(
    identity: ServerIdentity, other_identity: ServerIdentity
) -> None:
    simulation = Simulation()
    relay, player, key = connect(simulation, identity)
    relay.endpoint.renew_identity(other_identity)
    newcomer = Consumer(simulation, simulation.aioquic_endpoint(("198.51.100.8", 50_000)))
    for pin in (identity.pin, other_identity.pin):
        newcomer.endpoint.dial(
            relay.endpoint.local_address,
            server_name="",
            trust=PinnedKey(pin),
            now=simulation.now,
        )
    simulation.run_until(lambda: len(newcomer.events) == 2)
    assert {type(event) for event in newcomer.events} == {Connected, ConnectionClosed}
    (connected,) = (event for event in newcomer.events if isinstance(event, Connected))
    assert newcomer.endpoint.statistics(connected.connection) is not None
    player.offer = lambda now: [(key, 1, b"game")]
    player.offers_until = simulation.now + 0.05
    simulation.run_for(1)
    assert relay.payloads
    assert [type(event) for event in player.events] == [Connected]


def test_many_connections_close_and_leave_nothing(identity: ServerIdentity) -> None:
    simulation = Simulation()
    relay = Consumer(
        simulation, simulation.aioquic_endpoint(("203.0.113.1", 443), identity=identity)
    )
    player = Consumer(simulation, simulation.aioquic_endpoint(("198.51.100.7", 50_000)))
    for _ in range(20):
        player.endpoint.dial(
            relay.endpoint.local_address,
            server_name="",
            trust=PinnedKey(identity.pin),
            now=simulation.now,
        )
    simulation.run_until(lambda: len(relay.events) == len(player.events) == 20)
    for event in tuple(player.events):
        player.endpoint.close_connection(event.connection, end=SessionEnd.LEFT, text="")
    simulation.run_until(lambda: len(relay.events) == len(player.events) == 40)
    assert relay.endpoint.endpoint_statistics().connections == 0
    assert player.endpoint.endpoint_statistics().connections == 0
    simulation.run_for(60)
    assert relay.endpoint.next_deadline() is None
    assert player.endpoint.next_deadline() is None


def test_garbage_from_elsewhere_does_not_push_out_the_peers_own_packets(
    make_bench: "Callable[..., Bench]",
) -> None:
    bench = make_bench(EndpointLimits(ingress_packets=50))
    player = bench.rogue()
    bench.exchange()
    game = []
    for serial in range(5):
        player.quic.send_datagram_frame(b"game%d" % serial)
        game += player.packets(now=bench.now)
    connection_id = game[0][1:9]
    for index in range(1000):
        garbage = b"\x40" + connection_id + index.to_bytes(4) + bytes(60)
        bench.endpoint.receive_packet(garbage, ("192.0.2.66", 1), now=bench.now)
    for packet in game[:-1]:
        bench.endpoint.receive_packet(packet, player.address, now=bench.now)
    bench.feed(game[-1], player.address)
    bench.exchange()
    assert bench.payloads == [b"game%d" % serial for serial in range(5)]
    assert drops(bench)[PacketDrop.INGRESS_OVERFLOW] == 950


def test_a_peer_in_two_places_has_no_more_than_two_packets_open(
    make_bench: "Callable[..., Bench]",
) -> None:
    bench = make_bench(EndpointLimits())
    player = bench.rogue()
    bench.exchange()
    player.quic._loss._cc.congestion_window = 10**6  # noqa: SLF001  nothing is acknowledged to it
    packets = []
    for _ in range(100):
        for _ in range(100):
            player.quic.send_datagram_frame(b"..")
        packets += player.packets(now=bench.now)
        bench.now += 0.01
    assert len(packets) == 100
    bench.feed(packets.pop(), player.address)
    # None of these is newer than that, so the peer hasn't moved.
    for packet in packets:
        bench.endpoint.receive_packet(packet, ("198.51.100.9", 9), now=bench.now)
    before = bench.endpoint.endpoint_statistics().packets_routed
    taken = 0
    while taken < 80:
        bench.feed(b"")
        taken = bench.endpoint.endpoint_statistics().packets_routed - before
    assert len(bench.payloads) >= 100 * (taken - 2)


def test_a_peer_that_only_sends_makes_nothing_grow(make_bench: "Callable[..., Bench]") -> None:
    bench = make_bench(EndpointLimits())
    player = bench.rogue()
    bench.exchange()
    for _ in range(1500):
        player.quic.send_datagram_frame(b"game")
        for packet in player.packets(now=bench.now):
            for answer in bench.feed(packet, player.address):
                player.receive(answer, now=bench.now)
        bench.now += 0.03
        bench.exchange(1)
    assert len(bench.payloads) == 1500
    # aioquic tells nobody how much it keeps.
    (connection,) = bench.endpoint._connections.values()  # noqa: SLF001
    records = connection._quic._spaces[Epoch.ONE_RTT].sent_packets  # noqa: SLF001
    assert len(records) < 400
