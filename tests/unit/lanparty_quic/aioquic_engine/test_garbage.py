"""An ended connection is freed at once, without the collector of cycles."""

import gc
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from lanparty_obs.codes import SessionEnd
from lanparty_quic import EndpointLimits

if TYPE_CHECKING:
    from tests.unit.lanparty_quic.aioquic_engine.conftest import Bench


@pytest.fixture
def collected() -> Iterator[Callable[[], int]]:
    """Collect, and return how many objects in cycles that freed; nothing else collects."""
    gc.collect()
    gc.disable()
    yield gc.collect
    gc.enable()


@pytest.fixture
def bench(make_bench: "Callable[..., Bench]") -> "Bench":
    return make_bench(EndpointLimits(maximum_handshakes=3, handshakes_without_retry=100))


def test_a_closed_session_leaves_no_cycles(bench: "Bench", collected: Callable[[], int]) -> None:
    rogue = bench.rogue()
    bench.exchange()
    rogue.quic.send_datagram_frame(b"game")
    rogue.quic.send_stream_data(0, b"hello")
    bench.exchange()
    collected()
    bench.endpoint.close_connection(bench.key, end=SessionEnd.KICKED, text="")
    bench.exchange(1)
    assert bench.endpoint.endpoint_statistics().connections == 0
    bench.forget_rogues()
    assert collected() == 0


def test_forged_handshakes_leave_no_cycles(bench: "Bench", collected: Callable[[], int]) -> None:
    packets = [bench.rogue().packets(now=bench.now)[0] for _ in range(10)]
    bench.forget_rogues()
    collected()
    for serial, packet in enumerate(packets):
        bench.feed(packet, (f"192.0.2.{serial}", 1))
    assert bench.endpoint.endpoint_statistics().handshakes.pending == 3
    assert collected() == 0
    bench.now += 11.0
    bench.exchange(2)
    assert bench.endpoint.endpoint_statistics().connections == 0
    assert collected() == 0
