"""Stations in the pump, and the segment sizes that it lowers."""

from lanparty_client_core import FramePump, InMemoryPort
from lanparty_client_core.station import Station
from lanparty_proto import cut, decode, stamp
from lanparty_quic.endpoint import ConnectionKey, Outcome

BUDGET = 1_170
SOURCE = 9
OURS = 0x88B5
HEADER = bytes.fromhex("020000000002020000000001")
FOR_STATION = HEADER + OURS.to_bytes(2) + bytes(50)
FOR_HOST = HEADER + b"\x88\xb6" + bytes(50)
_TCP_SYN = (
    HEADER
    + bytes.fromhex("0800")
    + bytes.fromhex("4500002c000040004006000a0a000001" + "0a000002")
    + bytes.fromhex("c0000050000000010000000060022000000000000204")
)
SYN = _TCP_SYN + (1_460).to_bytes(2)


class Recorder:
    """A station that keeps what it is told to keep, and sends what it is given."""

    def __init__(self, *, keeps: bool = True) -> None:
        self.ethertypes = frozenset({OURS})
        self.received: list[tuple[bytes, int]] = []
        self.outgoing: list[bytes] = []
        self.deadline: float | None = None
        self._keeps = keeps

    def receive_frame(self, frame: bytes, *, source: int, now: float) -> bool:
        self.received.append((frame, source))
        return self._keeps

    def frames_to_send(self, *, now: float) -> list[bytes]:
        frames, self.outgoing = self.outgoing, []
        return frames

    def next_deadline(self) -> float | None:
        return self.deadline


def pumped(*stations: Station, clamp_mss: bool = True) -> tuple[InMemoryPort, FramePump]:
    port = InMemoryPort()
    pump = FramePump(port, first_frame_id=0, stations=stations, clamp_mss=clamp_mss)
    pump.open(mtu=1_500)
    pump.read_port(budget=BUDGET, now=0.0)
    return port, pump


def from_relay(frame: bytes) -> list[bytes]:
    return [stamp(SOURCE, piece) for piece in cut(frame, budget=BUDGET, frame_id=lambda: 0)]


def test_a_station_sees_its_ethertypes_and_keeps_them_from_the_port() -> None:
    station = Recorder()
    port, pump = pumped(station)
    pump.write_port(from_relay(FOR_STATION) + from_relay(FOR_HOST), now=0.0)
    assert station.received == [(FOR_STATION, SOURCE)]
    assert port.take() == [FOR_HOST]
    assert pump.counters().frames_to_stations == 1
    assert pump.counters().frames_written == 1


def test_what_a_station_does_not_keep_goes_to_the_port_too() -> None:
    station = Recorder(keeps=False)
    port, pump = pumped(station)
    pump.write_port(from_relay(FOR_STATION), now=0.0)
    assert len(station.received) == 1
    assert port.take() == [FOR_STATION]


def test_a_segment_size_is_lowered_although_a_station_looked_at_the_frame() -> None:
    station = Recorder(keeps=False)
    station.ethertypes = frozenset({0x0800})
    port, pump = pumped(station)
    pump.write_port(from_relay(SYN), now=0.0)
    assert station.received == [(SYN, SOURCE)]
    [arrived] = port.take()
    assert int.from_bytes(arrived[-2:]) < 1_460


def test_one_station_that_keeps_a_frame_hides_it_from_no_other() -> None:
    first, second = Recorder(), Recorder(keeps=False)
    port, pump = pumped(first, second)
    pump.write_port(from_relay(FOR_STATION), now=0.0)
    assert len(first.received) == len(second.received) == 1
    assert port.take() == []


def test_a_station_that_sleeps_sees_nothing() -> None:
    station = Recorder()
    port, pump = pumped(station)
    station.ethertypes = frozenset()
    pump.write_port(from_relay(FOR_STATION), now=0.0)
    assert station.received == []
    assert port.take() == [FOR_STATION]


def test_a_station_sends_into_the_room_beside_the_port() -> None:
    station = Recorder()
    port, pump = pumped(station)
    port.inject(FOR_HOST)
    station.outgoing.append(FOR_STATION)
    sent = [bytes(decode(each).frame) for each in pump.read_port(budget=BUDGET, now=0.0)]
    assert sent == [FOR_HOST, FOR_STATION]
    assert pump.counters().frames_read == 2


def test_outside_of_the_room_a_station_keeps_its_frames_and_wakes_nobody() -> None:
    station = Recorder()
    _, pump = pumped(station)
    station.outgoing.append(FOR_STATION)
    station.deadline = 1.0
    pump.close()
    assert pump.read_port(budget=BUDGET, now=0.0) == []
    assert pump.next_deadline() is None
    pump.open(mtu=1_500)
    assert pump.next_deadline() == 1.0
    assert len(pump.read_port(budget=BUDGET, now=0.0)) == 1


def offered(frame: bytes) -> int:
    return int.from_bytes(frame[-2:])


def test_an_offered_segment_size_is_lowered_both_ways() -> None:
    port, pump = pumped()
    port.inject(SYN)
    (sent,) = pump.read_port(budget=BUDGET, now=0.0)
    pump.write_port(from_relay(SYN), now=0.0)
    (received,) = port.take()
    # A full segment: 14 + 20 + 20 bytes of headers in the budget without the overlay's 4.
    assert offered(bytes(decode(sent).frame)) == offered(received) == BUDGET - 4 - 54


def test_an_offered_segment_size_stays_if_it_shall() -> None:
    port, pump = pumped(clamp_mss=False)
    port.inject(SYN)
    (sent,) = pump.read_port(budget=BUDGET, now=0.0)
    pump.write_port(from_relay(SYN), now=0.0)
    assert bytes(decode(sent).frame) == SYN
    assert port.take() == [SYN]


def test_the_relay_is_told_the_figures_of_its_own_session() -> None:
    _, pump = pumped()
    pump.write_port(from_relay(FOR_HOST), now=0.0)
    pump.count_outcome(Outcome(ConnectionKey(1), 0, None, 2, 128))
    assert pump.session_counters() == pump.counters().as_seen_by_relay()
    pump.open(mtu=1_500, resumed=True)
    assert pump.session_counters().received == pump.session_counters().sent == 0
    pump.write_port(from_relay(FOR_HOST), now=0.0)
    assert (pump.session_counters().sent, pump.counters().datagrams_received) == (1, 2)


def test_unfinished_frames_survive_a_resumption_and_nothing_else() -> None:
    frame = FOR_HOST + bytes(1_400)
    for resumed in (True, False):
        port, pump = pumped()
        first, second = from_relay(frame)
        pump.write_port([first], now=0.0)
        pump.open(mtu=1_500, resumed=resumed)
        pump.write_port([second], now=0.0)
        assert port.take() == ([frame] if resumed else [])
