"""Everything at once."""

import random

import pytest
from reconnecting.house import JOINED, RELAY, House, Seat

from lanparty_quic.simulation import Path


class Chaos:
    """Does one random thing after the other to a house, and puts everything right in the end."""

    def __init__(self, house: House, seats: list[Seat], seed: int) -> None:
        self._house = house
        self._seats = seats
        self._random = random.Random(seed)
        self._relay_runs = True
        self._moves = 0

    def act(self) -> None:
        seat = self._random.choice(self._seats)
        acts = (
            lambda: self._house.simulation.cut(seat.endpoint),
            lambda: self._house.simulation.restore(seat.endpoint),
            self._stop_or_start,
            lambda: seat.endpoint.receive_refusal(RELAY),
            lambda: self._change_network(seat),
            lambda: self._move(seat),
            lambda: self._lose(self._random.choice((0.0, 0.0, 0.3))),
        )
        self._random.choice(acts)()
        self._house.run(self._random.choice((0.01, 0.3, 1.0, 4.0, 12.0)))

    def put_right(self) -> None:
        self._lose(0.0)
        if not self._relay_runs:
            self._stop_or_start()
        for seat in self._seats:
            self._house.simulation.restore(seat.endpoint)

    def _stop_or_start(self) -> None:
        if not self._relay_runs:
            self._house.start_relay()
        elif self._random.random() < 0.5:
            self._house.kill_relay()
        else:
            self._house.stop_relay()
        self._relay_runs = not self._relay_runs

    def _change_network(self, seat: Seat) -> None:
        seat.session.network_changed(now=self._house.now)
        seat.wake()

    def _move(self, seat: Seat) -> None:
        self._moves += 1
        self._house.simulation.move(seat.endpoint, (f"192.0.2.{self._moves}", 40_000))

    def _lose(self, share: float) -> None:
        self._house.simulation.path = Path(latency=0.01, jitter=0.01, loss=share)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happened_everybody_is_back_in_one_room_with_one_connection(
    house: House, seed: int
) -> None:
    house.start_relay()
    seats = [house.joined() for _ in range(3)]
    house.talk(*seats)
    chaos = Chaos(house, seats, seed)
    for _ in range(25):
        chaos.act()
    chaos.put_right()
    house.until(lambda: all(seat.state is JOINED for seat in seats), 8)
    house.run(12)
    house.talk()
    house.run(1)
    assert all(seat.state is JOINED for seat in seats)
    rooms = {seat.session.welcome.room_id for seat in seats if seat.session.welcome}
    assert len(rooms) == 1
    for seat in seats:
        others = {f"player {other.number}" for other in seats if other is not seat}
        assert {member.name for member in seat.session.members.values()} == others
        assert not seat.session.tries
        assert not seat.session.state.is_over
        seat.port.take()
    for seat in seats:
        seat.say(b"still there, %d" % seat.number)
        house.run(0.2)
        for other in seats:
            assert other.heard(b"still there, %d" % seat.number) is (other is not seat)
    house.run(35)
    for seat in seats:
        assert seat.endpoint.endpoint_statistics().connections == 1
        counted = seat.session.counters()
        assert counted.frames_read == counted.datagrams_queued + counted.dropped.total()
        lost = counted.dropped_datagrams.total()
        assert counted.datagrams_queued == counted.datagrams_sent + lost
