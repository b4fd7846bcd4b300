"""The private fields of aioquic are where the engine reads them: fails when an update moves one."""

import inspect
from functools import reduce
from typing import TYPE_CHECKING

import pytest
from aioquic.quic.connection import Limit, QuicConnection
from aioquic.quic.recovery import QuicPacketSpace
from aioquic.quic.stream import QuicStream

from lanparty_obs.codes import SessionEnd
from lanparty_quic import Address
from lanparty_quic.aioquic_engine import bounding, private

if TYPE_CHECKING:
    from tests.unit.lanparty_quic.aioquic_engine.conftest import Bench, Rogue


RELAY: Address = ("203.0.113.1", 443)


@pytest.fixture
def connected(bench: "Bench") -> "Rogue":
    rogue = bench.rogue()
    bench.exchange()
    rogue.quic.send_stream_data(0, b"hello")
    bench.exchange()
    return rogue


def packet_for(bench: "Bench", rogue: "Rogue") -> bytes:
    """What the endpoint has to send to the rogue: a datagram, or a close if it is closing."""
    bench.endpoint.queue([(bench.key, 1, b"frame")], now=bench.now)
    bench.endpoint.flush(now=bench.now)
    bench.endpoint.handle_turn(now=bench.now)
    (packet,) = (data for data, address in bench.endpoint.packets_to_send())
    return packet


@pytest.mark.parametrize("path", [*private.PRIVATE_FIELDS, *bounding.BOUNDING_FIELDS])
def test_a_connection_has_the_field(connected: "Rogue", path: str) -> None:
    reduce(getattr, path.split("."), connected.quic)


@pytest.mark.parametrize("path", [*private.STREAM_FIELDS, *bounding.BOUNDING_STREAM_FIELDS])
def test_a_stream_has_the_field(path: str) -> None:
    reduce(getattr, path.split("."), QuicStream(stream_id=0))


@pytest.mark.parametrize("path", private.SPACE_FIELDS)
def test_a_packet_space_has_the_field(path: str) -> None:
    reduce(getattr, path.split("."), QuicPacketSpace())


def test_a_packet_is_genuine_once(bench: "Bench", connected: "Rogue") -> None:
    packet = packet_for(bench, connected)
    damaged = packet[:-1] + bytes([packet[-1] ^ 1])
    taken = [
        private.take_in(connected.quic, each, RELAY, now=bench.now)
        for each in (damaged, packet, packet)
    ]
    assert taken == [False, True, False]


def test_the_packet_that_ends_a_connection_is_genuine(bench: "Bench", connected: "Rogue") -> None:
    bench.endpoint.close_connection(bench.key, end=SessionEnd.KICKED, text="")
    packet = packet_for(bench, connected)
    assert private.take_in(connected.quic, packet, RELAY, now=bench.now)


def test_the_note_that_tells_genuine_packets_serves_the_idle_timer_alone() -> None:
    source = inspect.getsource(QuicConnection)
    assert source.count("self._ack_eliciting_sent_since_receipt = False") == 2
    assert source.count("self._ack_eliciting_sent_since_receipt = True") == 1
    assert source.count("self._ack_eliciting_sent_since_receipt") == 4


def test_an_acknowledgement_waits_as_long_as_it_is_told(bench: "Bench", connected: "Rogue") -> None:
    quic, now = connected.quic, bench.now
    packet = packet_for(bench, connected)
    private.set_acknowledgement_delay(quic, 5.0)
    private.take_in(quic, packet, RELAY, now=now)
    assert private.acknowledgement_waits(quic)
    assert quic.datagrams_to_send(now + 4) == []
    assert quic.get_timer() == now + 5
    private.acknowledge_by(quic, now + 4)
    assert len(quic.datagrams_to_send(now + 4)) == 1
    assert not private.acknowledgement_waits(quic)


def test_the_pacer_counts_seconds_for_a_packet(connected: "Rogue") -> None:
    allowed = private.packets_allowed_by_pacing(connected.quic, now=1000.0)
    assert 1 <= allowed < 1000


def test_the_windows_have_the_expected_meaning(connected: "Rogue") -> None:
    assert private.congestion_room(connected.quic) >= 10 * 1200
    assert private.largest_datagram(connected.quic) == 1170
    assert private.smoothed_round_trip(connected.quic) is not None
    assert private.has_decrypted(connected.quic)
    assert not private.has_extra_streams(connected.quic)
    assert private.stream_is_open(connected.quic)
    assert private.control_backlog(connected.quic) == 0
    assert bounding.buffered_control(connected.quic) == 0


def test_the_largest_datagram_fits_and_one_byte_more_does_not(
    bench: "Bench", connected: "Rogue"
) -> None:
    connected.quic.send_datagram_frame(b"x" * 1170)
    bench.exchange()
    assert bench.payloads == [b"x" * 1170]
    assert not private.datagrams_pending(connected.quic)
    connected.quic.send_datagram_frame(b"x" * 1171)
    bench.exchange()
    # If this holds no longer, aioquic has learned to refuse it.
    assert private.datagrams_pending(connected.quic)


def test_a_close_is_seen_at_once_and_with_its_side(bench: "Bench", connected: "Rogue") -> None:
    assert private.close_event(connected.quic) is None
    connected.quic.close(error_code=5)
    event = private.close_event(connected.quic)
    assert event is not None
    assert event.error_code == 5
    assert not private.closed_by_peer(connected.quic)


def test_limits_are_raised_by_assigning_their_value() -> None:
    source = inspect.getsource(QuicConnection)
    assert "max_data.value *= 2" in source
    assert "stream.max_stream_data_local *= 2" in source
    assert "self.used" in inspect.getsource(Limit)
