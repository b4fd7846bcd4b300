"""One connection over aioquic, with peers that break the rules."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from aioquic.quic.connection import QuicConnection

from lanparty_obs.codes import SessionEnd, quic_error_code
from lanparty_obs.reasons import EgressDrop, PacketDrop
from lanparty_quic import (
    Connected,
    ConnectionClosed,
    ControlReceived,
    EndpointLimits,
    ExtraStreamOpened,
    Outcome,
)

if TYPE_CHECKING:
    from tests.unit.lanparty_quic.aioquic_engine.conftest import Bench

WINDOW = 65_536


def kinds(bench: "Bench") -> list[type]:
    return [type(event) for event in bench.events]


def test_plain_aioquic_can_be_a_client(bench: "Bench") -> None:
    rogue = bench.rogue()
    bench.exchange()
    rogue.quic.send_stream_data(0, b"hello")
    rogue.quic.send_datagram_frame(b"frame")
    bench.exchange()
    assert kinds(bench) == [Connected, ControlReceived]
    assert bench.payloads == [b"frame"]


def test_a_second_stream_is_told_once(bench: "Bench") -> None:
    rogue = bench.rogue()
    bench.exchange()
    rogue.quic.send_stream_data(0, b"hello")
    rogue.quic.send_stream_data(4, b"psst")
    bench.exchange()
    rogue.quic.send_stream_data(4, b"more")
    bench.exchange()
    assert kinds(bench) == [Connected, ControlReceived, ExtraStreamOpened]


def test_streams_beyond_the_second_end_the_connection(bench: "Bench") -> None:
    rogue = bench.rogue()
    bench.exchange()
    rogue.quic.send_stream_data(2, b"one way")
    bench.exchange()
    # An honest client waits for permission that never comes.
    assert kinds(bench) == [Connected]
    rogue.quic.close()


@pytest.mark.parametrize(
    "misuse",
    [
        lambda quic: quic.send_stream_data(0, b"", end_stream=True),
        lambda quic: quic.reset_stream(0, 7),
        lambda quic: quic.stop_stream(0, 7),
    ],
    ids=["fin", "reset", "stop"],
)
def test_an_end_of_the_control_stream_is_told(
    bench: "Bench", misuse: Callable[[QuicConnection], None]
) -> None:
    rogue = bench.rogue()
    bench.exchange()
    rogue.quic.send_stream_data(0, b"hello")
    bench.exchange()
    misuse(rogue.quic)
    bench.exchange()
    assert kinds(bench) == [Connected, ControlReceived, ExtraStreamOpened]
    bench.endpoint.send_control(bench.key, b"to nobody")
    bench.exchange()
    assert bench.endpoint.statistics(bench.key) is not None


def test_control_bytes_wait_until_the_client_has_opened_the_stream(bench: "Bench") -> None:
    rogue = bench.rogue()
    bench.exchange()
    bench.endpoint.send_control(bench.key, b"early")
    bench.exchange()
    statistics = bench.endpoint.statistics(bench.key)
    assert statistics is not None
    assert statistics.control_backlog == 5
    rogue.quic.send_stream_data(0, b"hello")
    bench.exchange()
    statistics = bench.endpoint.statistics(bench.key)
    assert statistics is not None
    assert statistics.control_backlog == 0


def test_another_protocol_is_refused_in_the_handshake(bench: "Bench") -> None:
    rogue = bench.rogue(alpn_protocols=["h3"])
    bench.exchange()
    bench.exchange(rounds=400)
    ended = rogue.end()
    assert ended is not None
    assert ended.error_code == 0x100 + 120
    assert bench.events == []
    assert bench.endpoint.endpoint_statistics().connections == 0


def test_a_peer_without_datagrams_gets_none(bench: "Bench") -> None:
    bench.rogue(max_datagram_frame_size=None)
    bench.exchange()
    statistics = bench.endpoint.statistics(bench.key)
    assert statistics is not None
    assert statistics.datagram_budget == 0
    bench.endpoint.queue([(bench.key, 1, b"x")], now=bench.now)
    bench.exchange(rounds=1)
    assert bench.outcomes == [Outcome(bench.key, 1, EgressDrop.OVER_BUDGET, 1, 1)]


def test_a_peer_with_small_datagrams_gets_small_ones(bench: "Bench") -> None:
    bench.rogue(max_datagram_frame_size=500)
    bench.exchange()
    statistics = bench.endpoint.statistics(bench.key)
    assert statistics is not None
    assert 490 <= statistics.datagram_budget <= 497


def test_the_window_slides_and_never_grows(bench: "Bench") -> None:
    rogue = bench.rogue()
    bench.exchange()
    # Long talk in order, after which aioquic alone would grant as much again.
    for _ in range(60):
        rogue.quic.send_stream_data(0, b"x" * 10_000)
        bench.exchange(rounds=8)
    received = sum(len(event.data) for event in bench.events if isinstance(event, ControlReceived))
    assert received == 600_000
    # Now a gap that is never closed, because the client hears nothing of it.
    rogue.hears = False
    gap = rogue.sent + 1
    rogue.keeps = lambda serial: serial != gap
    before = rogue.sent
    rogue.quic.send_stream_data(0, b"y" * 600_000)
    bench.exchange(rounds=10)
    assert (rogue.sent - before) * 1200 < 2 * WINDOW


def test_an_exception_of_the_engine_ends_only_its_connection(
    bench: "Bench", monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = bench.rogue()
    honest = bench.rogue()
    bench.exchange()
    receive = QuicConnection.receive_datagram

    def fail(self: QuicConnection, data: bytes, addr: object, now: float) -> None:
        if addr == broken.address:
            raise KeyError("a bug of the engine")
        receive(self, data, addr, now)

    monkeypatch.setattr(QuicConnection, "receive_datagram", fail)
    broken.quic.send_datagram_frame(b"x")
    bench.feed(broken.packets(now=bench.now)[0], broken.address)
    (closed,) = [event for event in bench.events if isinstance(event, ConnectionClosed)]
    assert closed.end is SessionEnd.PROTOCOL_ERROR
    assert "KeyError" in closed.text
    statistics = bench.endpoint.endpoint_statistics()
    assert statistics.packets_dropped[PacketDrop.MALFORMED] == 1
    assert statistics.connections == 1
    monkeypatch.undo()
    honest.quic.send_datagram_frame(b"still here")
    bench.exchange()
    assert bench.payloads == [b"still here"]


def test_an_exception_while_writing_ends_only_its_connection(
    bench: "Bench", monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.rogue()
    bench.exchange()

    def fail(self: QuicConnection, now: float) -> None:
        raise AssertionError("a bug of the engine")

    monkeypatch.setattr(QuicConnection, "datagrams_to_send", fail)
    bench.endpoint.queue([(bench.key, 1, b"x")], now=bench.now)
    bench.feed(b"wake up")
    assert kinds(bench) == [Connected, ConnectionClosed]
    assert sum(outcome.count for outcome in bench.outcomes) == 1


def test_a_code_that_nobody_knows_is_a_lost_connection(bench: "Bench") -> None:
    rogue = bench.rogue()
    bench.exchange()
    rogue.quic.close(error_code=0xFFFF, reason_phrase="?" * 800)
    bench.exchange()
    closed = bench.events[-1]
    assert isinstance(closed, ConnectionClosed)
    assert (closed.end, closed.by_peer) == (SessionEnd.CONNECTION_LOST, True)
    assert len(closed.text) == 256


def test_a_close_waits_a_little_for_control_bytes_and_no_longer(bench: "Bench") -> None:
    rogue = bench.rogue()
    bench.exchange()
    rogue.quic.send_stream_data(0, b"hello")
    bench.exchange()
    bench.endpoint.send_control(bench.key, b"z" * 400_000)
    bench.endpoint.close_connection(bench.key, end=SessionEnd.KICKED, text="out")
    rogue.hears = False
    bench.exchange(rounds=10)
    assert kinds(bench) == [Connected, ControlReceived]
    assert bench.endpoint.is_closing
    assert bench.endpoint.statistics(bench.key) is None
    bench.exchange(rounds=60)
    assert kinds(bench) == [Connected, ControlReceived, ConnectionClosed]
    assert not bench.endpoint.is_closing


def test_a_lost_close_is_repeated_to_a_peer_that_goes_on_talking(bench: "Bench") -> None:
    rogue = bench.rogue()
    bench.exchange()
    rogue.hears = False
    bench.endpoint.close_connection(bench.key, end=SessionEnd.KICKED, text="out")
    bench.exchange(rounds=2)
    assert bench.endpoint.endpoint_statistics().connections == 0
    rogue.hears = True
    rogue.quic.send_datagram_frame(b"anybody there?")
    bench.exchange(rounds=100)
    ended = rogue.end()
    assert ended is not None
    assert ended.error_code == quic_error_code(SessionEnd.KICKED)


def test_a_handshake_that_stops_half_way_is_forgotten(
    make_bench: "Callable[..., Bench]",
) -> None:
    bench = make_bench(EndpointLimits(handshake_timeout=2.0))
    rogue = bench.rogue()
    rogue.hears = False
    bench.exchange(rounds=10)
    assert bench.endpoint.endpoint_statistics().connections == 1
    rogue.keeps = lambda serial: False
    bench.exchange(rounds=500)
    assert bench.endpoint.endpoint_statistics().connections == 0
    assert bench.events == []


def test_a_packet_of_more_frames_than_have_a_use_ends_the_connection(bench: "Bench") -> None:
    rogue = bench.rogue()
    bench.exchange()
    for _ in range(100):
        rogue.quic.send_datagram_frame(b"")
    bench.exchange()
    assert len(bench.payloads) == 100
    for _ in range(200):
        rogue.quic.send_datagram_frame(b"")
    bench.exchange()
    (closed,) = (event for event in bench.events if isinstance(event, ConnectionClosed))
    assert closed.end is SessionEnd.PROTOCOL_ERROR
    assert "too many frames" in closed.text
