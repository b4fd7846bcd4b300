import pytest

from lanparty_client_core.memory_port import InMemoryPort
from lanparty_client_core.port import FRAMES_PER_READ
from lanparty_client_core.pump import FrameDrop, FramePump
from lanparty_obs.reasons import EgressDrop
from lanparty_proto import cut, decode, encode_whole, stamp
from lanparty_quic.endpoint import ConnectionKey, Outcome

BUDGET = 1_170
SOURCE = 9


def frame(length: int, *, fill: int = 0x5A) -> bytes:
    header = bytes.fromhex("020000000002020000000001") + b"\x88\xb6"
    return (header + bytes([fill]) * (length - 14))[:length]


def tagged_frame(length: int) -> bytes:
    header = bytes.fromhex("020000000002020000000001") + b"\x81\x00\x00\x64\x88\xb6"
    return header + bytes(length - 18)


def opened(*, queue_limit: int = 1_024) -> tuple[InMemoryPort, FramePump]:
    port = InMemoryPort(queue_limit=queue_limit)
    pump = FramePump(port, first_frame_id=0xFFFFFFFF)
    pump.open(mtu=1_500)
    return port, pump


def from_relay(whole: bytes) -> list[bytes]:
    frame_ids = iter(range(100))
    datagrams = cut(whole, budget=BUDGET, frame_id=lambda: next(frame_ids))
    return [stamp(SOURCE, datagram) for datagram in datagrams]


def test_a_small_frame_goes_out_whole() -> None:
    port, pump = opened()
    port.inject(frame(60))
    assert pump.read_port(budget=BUDGET, now=0.0) == [encode_whole(frame(60))]


def test_a_large_frame_goes_out_in_pieces_within_the_budget() -> None:
    port, pump = opened()
    port.inject(frame(1_514))
    port.inject(frame(1_514))
    datagrams = pump.read_port(budget=BUDGET, now=0.0)
    assert len(datagrams) == 4
    assert max(map(len, datagrams)) <= BUDGET
    assert [decode(datagram).frame_id for datagram in datagrams] == [0xFFFFFFFF] * 2 + [0] * 2
    assert pump.counters().datagrams_queued == 4
    assert pump.counters().frames_read == 2


@pytest.mark.parametrize("length", [14, 60, 1_166, 1_167, 1_514])
def test_what_arrives_is_the_frame_that_was_sent(length: int) -> None:
    port, pump = opened()
    pump.write_port(from_relay(frame(length)), now=0.0)
    assert port.take() == [frame(length)]


def test_a_tagged_frame_may_be_four_bytes_longer() -> None:
    port, pump = opened()
    port.inject(tagged_frame(1_518))
    assert len(pump.read_port(budget=BUDGET, now=0.0)) == 2
    pump.write_port(from_relay(tagged_frame(1_518)), now=0.0)
    assert port.take() == [tagged_frame(1_518)]
    assert pump.counters().dropped == {}


@pytest.mark.parametrize(
    ("unfit", "reason"),
    [
        (frame(13), FrameDrop.RUNT),
        (b"", FrameDrop.RUNT),
        (frame(1_515), FrameDrop.OVERSIZE),
        (tagged_frame(1_519), FrameDrop.OVERSIZE),
    ],
)
def test_frames_that_no_room_carries_are_dropped_on_both_ways(
    unfit: bytes, reason: FrameDrop
) -> None:
    port, pump = opened()
    port.inject(unfit)
    assert pump.read_port(budget=BUDGET, now=0.0) == []
    pump.write_port([stamp(SOURCE, encode_whole(unfit))], now=0.0)
    assert port.take() == []
    assert pump.counters().dropped == {reason: 2}


def test_frames_are_drained_and_counted_while_there_is_no_room() -> None:
    port = InMemoryPort()
    pump = FramePump(port, first_frame_id=0)
    port.inject(frame(60))
    assert pump.read_port(budget=None, now=0.0) == []
    assert port.read_frames() == []
    assert pump.counters().dropped == {FrameDrop.NOT_JOINED: 1}


def test_datagrams_before_the_welcome_are_dropped() -> None:
    port = InMemoryPort()
    pump = FramePump(port, first_frame_id=0)
    pump.write_port(from_relay(frame(60)), now=0.0)
    assert port.take() == []
    assert pump.counters().dropped == {FrameDrop.BEFORE_WELCOME: 1}


def test_a_closed_pump_carries_nothing() -> None:
    port, pump = opened()
    pump.close()
    port.inject(frame(60))
    assert pump.read_port(budget=BUDGET, now=0.0) == []


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x10\x00", b"\xff" * 40, encode_whole(frame(60))],
    ids=["empty", "short", "another version", "unstamped"],
)
def test_what_is_no_stamped_datagram_is_counted_as_malformed(garbage: bytes) -> None:
    port, pump = opened()
    pump.write_port([garbage], now=0.0)
    assert port.take() == []
    counters = pump.counters()
    assert counters.dropped == {FrameDrop.MALFORMED: 1}
    assert counters.datagrams_received == 1
    assert counters.datagram_bytes_received == len(garbage)


def test_a_full_port_loses_the_newest_and_says_how_many() -> None:
    port, pump = opened(queue_limit=1)
    pump.write_port(from_relay(frame(60)) + from_relay(frame(61)), now=0.0)
    assert port.take() == [frame(60)]
    counters = pump.counters()
    assert counters.dropped == {FrameDrop.PORT_FULL: 1}
    assert (counters.frames_written, counters.bytes_written) == (1, 60)


def test_a_full_batch_asks_for_another_turn() -> None:
    port, pump = opened()
    for _ in range(FRAMES_PER_READ + 1):
        port.inject(frame(60))
    assert len(pump.read_port(budget=BUDGET, now=0.0)) == FRAMES_PER_READ
    assert pump.port_has_more
    assert len(pump.read_port(budget=BUDGET, now=0.0)) == 1
    assert not pump.port_has_more


def test_parts_whose_rest_never_comes_go_with_their_time() -> None:
    port, pump = opened()
    first, second = from_relay(frame(1_514))
    pump.write_port([first], now=5.0)
    deadline = pump.next_deadline()
    assert deadline is not None
    assert deadline > 5.0
    pump.handle_timer(now=deadline)
    assert pump.next_deadline() is None
    assert pump.counters().dropped_parts.total() == 1
    pump.write_port([second], now=deadline)
    assert port.take() == []


def test_parts_of_a_member_that_left_go_with_it() -> None:
    port, pump = opened()
    first, second = from_relay(frame(1_514))
    pump.write_port([first], now=0.0)
    pump.forget_source(SOURCE)
    pump.write_port([second], now=0.0)
    assert port.take() == []


def test_outcomes_are_counted_by_reason() -> None:
    _, pump = opened()
    key = ConnectionKey(1)
    pump.count_outcome(Outcome(key, 0, None, 3, 180))
    pump.count_outcome(Outcome(key, 0, EgressDrop.QUEUE_TIMEOUT, 2, 120))
    counters = pump.counters()
    assert (counters.datagrams_sent, counters.datagram_bytes_sent) == (3, 180)
    assert counters.dropped_datagrams == {EgressDrop.QUEUE_TIMEOUT: 2}


def test_counters_once_read_do_not_change() -> None:
    port, pump = opened()
    before = pump.counters()
    port.inject(frame(13))
    pump.read_port(budget=BUDGET, now=0.0)
    assert before.frames_read == 0
    assert before.dropped == {}


def test_the_relay_reads_the_counters_in_its_own_directions() -> None:
    _, pump = opened()
    pump.write_port(from_relay(frame(60)), now=0.0)
    pump.count_outcome(Outcome(ConnectionKey(1), 0, None, 2, 128))
    seen = pump.counters().as_seen_by_relay()
    assert (seen.received, seen.received_bytes) == (2, 128)
    assert (seen.sent, seen.sent_bytes) == (1, 64)
    assert seen.chosen == seen.sent
