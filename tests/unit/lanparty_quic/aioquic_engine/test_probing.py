"""Probes over aioquic: the fields that they need, and what they leave alone."""

from functools import reduce
from typing import TYPE_CHECKING

import pytest

from lanparty_quic.aioquic_engine import private, probing
from lanparty_quic.aioquic_engine.congestion import CONGESTION_CONTROL
from lanparty_quic.aioquic_engine.probing import PathProber

if TYPE_CHECKING:
    from tests.unit.lanparty_quic.aioquic_engine.conftest import Bench, Rogue

CEILING = 1472


@pytest.fixture
def connected(bench: "Bench") -> "Rogue":
    rogue = bench.rogue(congestion_control_algorithm=CONGESTION_CONTROL)
    bench.exchange()
    return rogue


@pytest.fixture
def prober(bench: "Bench", connected: "Rogue") -> PathProber:
    """Of the rogue, about to send its first probe."""
    prober = PathProber(connected.quic, base=1200)
    prober.start(ceiling=CEILING)
    prober.update(now=bench.now)
    bench.now += 1
    return prober


@pytest.mark.parametrize("path", probing.PROBING_FIELDS)
def test_a_connection_has_the_field(connected: "Rogue", path: str) -> None:
    reduce(getattr, path.split("."), connected.quic)


def test_a_probe_is_one_packet_of_exactly_its_size(bench: "Bench", prober: PathProber) -> None:
    ((packet, _),) = prober.update(now=bench.now)
    assert len(packet) == CEILING
    assert prober.update(now=bench.now) == []


def test_a_probe_that_is_acknowledged_makes_larger_packets(
    bench: "Bench", connected: "Rogue", prober: PathProber
) -> None:
    ((packet, _),) = prober.update(now=bench.now)
    bench.feed(packet, connected.address)
    bench.exchange(rounds=10)
    assert prober.wants_turn
    prober.update(now=bench.now)
    assert prober.packet_size == CEILING
    assert private.largest_datagram(connected.quic) == CEILING - 30
    connected.quic.send_datagram_frame(b"x" * (CEILING - 30))
    bench.exchange(rounds=10)
    assert bench.payloads == [b"x" * (CEILING - 30)]


def test_lost_probes_are_no_losses_and_no_congestion(
    bench: "Bench", connected: "Rogue", prober: PathProber
) -> None:
    before = private.congestion_room(connected.quic)
    sizes = []
    for _ in range(6):
        for packet, _ in prober.update(now=bench.now):
            sizes.append(len(packet))
        bench.exchange(rounds=100)
    assert [size for size in sizes if size > 1200] == [1472] * 3 + [1336] * 3
    assert private.packets_lost(connected.quic) == 0
    assert private.congestion_room(connected.quic) >= before
    assert prober.packet_size == 1200


def test_a_probe_waits_until_the_window_has_room(
    bench: "Bench", connected: "Rogue", prober: PathProber
) -> None:
    connected.hears = False
    for _ in range(50):
        connected.quic.send_datagram_frame(b"x" * 1100)
    for _ in range(20):
        bench.now += 0.002
        connected.packets(now=bench.now)
    assert private.congestion_room(connected.quic) < CEILING
    assert prober.update(now=bench.now) == []
    assert prober.wants_turn


def test_what_has_become_too_large_is_thrown_away_and_blocks_nothing(
    bench: "Bench", connected: "Rogue", prober: PathProber
) -> None:
    ((packet, _),) = prober.update(now=bench.now)
    bench.feed(packet, connected.address)
    bench.exchange(rounds=10)
    prober.update(now=bench.now)
    connected.quic.send_datagram_frame(b"x" * 1300)
    connected.quic.send_datagram_frame(b"small")
    prober.start(ceiling=CEILING)
    prober.update(now=bench.now)
    assert prober.packet_size == 1200
    assert prober.payloads_discarded == 1
    bench.exchange(rounds=10)
    assert bench.payloads == [b"small"]
