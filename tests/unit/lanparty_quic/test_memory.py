"""What the memory endpoint offers to tests beyond the contract that every engine keeps."""

import pytest

from lanparty_obs.codes import SessionEnd
from lanparty_obs.reasons import EgressDrop, PacketDrop
from lanparty_quic import (
    CertificateAuthority,
    Connected,
    ConnectionClosed,
    ConnectionKey,
    ControlReceived,
    EndpointEvent,
    EndpointLimits,
    ExtraStreamOpened,
    Outcome,
    PinnedKey,
    Trust,
)
from lanparty_quic.memory import MemoryEndpoint
from lanparty_quic.memory_packets import Confirmation, Control, Datagram, Greeting, MemoryPacket
from lanparty_quic.simulation import Simulation

RELAY = ("203.0.113.1", 443)
PLAYER = ("198.51.100.7", 50_000)


class Peer:
    def __init__(self, simulation: Simulation, endpoint: MemoryEndpoint) -> None:
        self.endpoint = endpoint
        self.events: list[EndpointEvent] = []
        self.payloads: list[bytes] = []
        self.outcomes: list[Outcome] = []
        simulation.attach(endpoint, self)

    def serve(self, *, now: float) -> None:
        for received in self.endpoint.datagrams():
            self.payloads += received.payloads
        self.events += self.endpoint.events()
        self.endpoint.flush(now=now)
        self.outcomes += self.endpoint.outcomes()

    def next_deadline(self) -> float | None:
        return None


@pytest.fixture
def simulation() -> Simulation:
    return Simulation(trace=True)


@pytest.fixture
def relay(simulation: Simulation) -> Peer:
    endpoint = simulation.memory_endpoint(RELAY, listening=True, names=["relay.example"])
    return Peer(simulation, endpoint)


def dial(
    simulation: Simulation,
    relay: Peer,
    *,
    trust: Trust | None = None,
    server_name: str = "relay.example",
    limits: EndpointLimits | None = None,
    send_rate: float | None = None,
) -> tuple[Peer, ConnectionKey]:
    endpoint = simulation.memory_endpoint(PLAYER, limits=limits, send_rate=send_rate)
    player = Peer(simulation, endpoint)
    key = endpoint.dial(
        RELAY,
        server_name=server_name,
        trust=trust or PinnedKey(relay.endpoint.pin),
        now=simulation.now,
    )
    simulation.run_for(1)
    return player, key


def test_a_second_stream_is_told(simulation: Simulation, relay: Peer) -> None:
    player, key = dial(simulation, relay)
    player.endpoint.open_extra_stream(key)
    simulation.run_for(1)
    assert isinstance(relay.events[-1], ExtraStreamOpened)


def test_a_peer_that_does_not_read_lets_the_backlog_grow(
    simulation: Simulation, relay: Peer
) -> None:
    player, key = dial(simulation, relay)
    at_relay = relay.events[0].connection
    player.endpoint.hold_control(key, held=True)
    relay.endpoint.send_control(at_relay, b"x" * 5000)
    simulation.run_for(100)
    statistics = relay.endpoint.statistics(at_relay)
    assert statistics is not None
    assert statistics.control_backlog == 5000
    player.endpoint.hold_control(key, held=False)
    simulation.run_for(1)
    assert player.events[-1] == ControlReceived(key, b"x" * 5000)


def test_a_budget_can_change_under_way(simulation: Simulation, relay: Peer) -> None:
    player, key = dial(simulation, relay)
    player.endpoint.set_datagram_budget(key, 1200)
    player.endpoint.queue([(key, 1, b"x" * 1200)], now=simulation.now)
    simulation.run_for(1)
    assert relay.payloads == [b"x" * 1200]


def test_a_slow_sender_drops_what_it_cannot_send_in_time(
    simulation: Simulation, relay: Peer
) -> None:
    player, key = dial(simulation, relay, send_rate=10_000.0)
    player.endpoint.queue([(key, 1, b"x" * 100)] * 50, now=simulation.now)
    simulation.run_for(1)
    counted = {outcome.reason for outcome in player.outcomes}
    assert counted == {None, EgressDrop.QUEUE_TIMEOUT}
    assert sum(outcome.count for outcome in player.outcomes) == 50
    assert len(relay.payloads) == 5


def test_an_authority_vouches_for_the_names_of_the_listener(
    simulation: Simulation, relay: Peer
) -> None:
    player, _ = dial(simulation, relay, trust=CertificateAuthority())
    assert isinstance(player.events[0], Connected)


def test_an_authority_vouches_for_no_other_name(simulation: Simulation, relay: Peer) -> None:
    player, _ = dial(simulation, relay, trust=CertificateAuthority(), server_name="other.example")
    closed = player.events[0]
    assert isinstance(closed, ConnectionClosed)
    assert closed.end is SessionEnd.CERTIFICATE


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (Greeting("x"), PacketDrop.NOT_ACCEPTING),
        (Confirmation("x"), PacketDrop.UNKNOWN_CONNECTION),
        (Control("x", b"hello"), PacketDrop.UNKNOWN_CONNECTION),
    ],
)
def test_a_packet_of_no_connection_is_counted(
    simulation: Simulation, packet: MemoryPacket, reason: PacketDrop
) -> None:
    endpoint = simulation.memory_endpoint(PLAYER)
    simulation.inject(packet, RELAY, PLAYER)
    simulation.run_for(1)
    statistics = endpoint.endpoint_statistics()
    assert {why: count for why, count in statistics.packets_dropped.items() if count} == {reason: 1}


def test_a_flood_fills_only_its_own_queue(simulation: Simulation) -> None:
    limits = EndpointLimits(ingress_packets=4)
    flooded = Peer(simulation, simulation.memory_endpoint(RELAY, listening=True, limits=limits))
    player, key = dial(simulation, flooded)
    player.endpoint.queue([(key, 1, b"x")] * 30, now=simulation.now)
    player.endpoint.send_control(key, b"still read")
    simulation.run_for(1)
    assert len(flooded.payloads) == 3
    statistics = flooded.endpoint.endpoint_statistics()
    assert statistics.packets_dropped[PacketDrop.INGRESS_OVERFLOW] == 27
    assert ControlReceived(flooded.events[0].connection, b"still read") in flooded.events


def test_what_comes_before_the_handshake_is_complete_is_not_told(
    simulation: Simulation, relay: Peer
) -> None:
    for packet in (Greeting("x"), Datagram("x", b"early"), Control("x", b"early")):
        simulation.inject(packet, PLAYER, RELAY)
    simulation.run_for(1)
    assert relay.events == []
    assert relay.payloads == []


def test_a_handshake_that_is_never_complete_is_forgotten(
    simulation: Simulation, relay: Peer
) -> None:
    simulation.inject(Greeting("x"), PLAYER, RELAY)
    simulation.run_for(1)
    assert relay.endpoint.endpoint_statistics().connections == 1
    simulation.run_for(10)
    assert relay.endpoint.endpoint_statistics().connections == 0
    assert relay.events == []
