"""A whole loop in simulated time: players' computers that bridge the room back to the LAN.

    hosts --> LAN --> gateway --> room --> the players' computers --> LAN, a moment later

How many frames go round before it stops, how soon it stops, and that busy hosts are no loop.
"""

import heapq
from collections.abc import Iterator, Sequence

import pytest

from lanparty_gateway.bridge import Bridge, BridgePolicy, ForwardingStopped, Phase
from lanparty_proto import BROADCAST, MacAddress, encode_ethernet

OWN = MacAddress.parse("02:00:5e:10:00:fe")
PROBE = b"\x88\xb5"


def host(number: int) -> bytes:
    return b"\x00\x1f\xc5\x00\x00" + bytes([number])


def broadcast(source: bytes, number: int) -> bytes:
    return encode_ethernet(BROADCAST, source, 0x88B6, number.to_bytes(46))


def changing(source: int, *, rate: float, until: float) -> Iterator[tuple[float, bytes]]:
    """Yield the broadcasts of a host none of which is like another."""
    for number in range(int(until * rate)):
        yield number / rate, broadcast(host(source), 1 + number)


def repeated(source: int, *, rate: float, until: float) -> Iterator[tuple[float, bytes]]:
    """Yield the broadcasts of a host that says the same all the time, as a game's server."""
    for number in range(int(until * rate)):
        yield number / rate, broadcast(host(source), 0)


class World:
    """A LAN, its gateway, and the computers that join LAN and room from `joined_at` on."""

    def __init__(
        self,
        *,
        delays: Sequence[float] = (),
        joined_at: float = 5.0,
        probes_pass: bool = True,
    ) -> None:
        self.bridge = Bridge(
            BridgePolicy(),
            instance=1,
            room_secret=2,
            own_mac=OWN,
            interface_mac=MacAddress.parse("d8:3a:dd:00:00:10"),
            jitter=lambda: 0.0,
        )
        self.delays = delays
        self.joined_at = joined_at
        self.probes_pass = probes_pass
        self.coming: list[tuple[float, int, bytes]] = []
        self.number = 0
        self.originals = 0
        self.crossed = 0
        self.copies = 0
        """Frames that the computers put onto the LAN, the gateway's probes left out."""
        self.stopped_at: float | None = None
        self.sentence = ""

    def send(self, at: float, frame: bytes) -> None:
        heapq.heappush(self.coming, (at, self.number, frame))
        self.number += 1

    def run(self, *sources: Iterator[tuple[float, bytes]], until: float) -> None:
        for at, frame in heapq.merge(*sources):
            self.send(at, frame)
        self.originals = self.number
        bridge = self.bridge
        bridge.set_joined(True, now=0.0)
        now = 0.0
        while now <= until:
            self._timers(now)
            dues = [bridge.next_deadline(), bridge.station.next_deadline()]
            dues += [self.coming[0][0]] if self.coming else []
            now = max(now, min(due for due in dues if due is not None))
            batch: list[bytes] = []
            while self.coming and self.coming[0][0] <= now:
                batch.append(heapq.heappop(self.coming)[2])
            for frame in bridge.from_lan(batch, now=now):
                self.crossed += 1
                self._into_room(frame, now)
            self._look(now)

    def _timers(self, now: float) -> None:
        self.bridge.handle_timer(now=now)
        self.bridge.frames_for_lan(now=now)
        for frame in self.bridge.station.frames_to_send(now=now):
            self._into_room(frame, now)
        self._look(now)

    def _into_room(self, frame: bytes, now: float) -> None:
        if now < self.joined_at:
            return
        is_probe = frame[12:14] == PROBE
        if is_probe and not self.probes_pass:
            return
        for delay in self.delays:
            self.copies += not is_probe
            self.send(now + delay, frame)

    def _look(self, now: float) -> None:
        for event in self.bridge.events():
            if isinstance(event, ForwardingStopped) and self.stopped_at is None:
                self.stopped_at = now
                self.sentence = event.sentence


@pytest.mark.parametrize(
    "delays", [(0.0003,), (0.005,), (0.05,), (0.2,), (0.001, 0.02), (0.03,) * 3]
)
def test_a_loop_is_stopped_within_a_second_and_fewer_than_a_thousand_frames_go_round(
    delays: tuple[float, ...],
) -> None:
    world = World(delays=delays)
    world.run(
        changing(1, rate=10, until=8),
        changing(2, rate=10, until=8),
        repeated(3, rate=30, until=8),
        repeated(4, rate=60, until=8),
        until=6.5,
    )
    assert world.stopped_at is not None
    assert world.stopped_at - world.joined_at < 1.0
    assert world.copies < 1_000
    assert world.sentence.startswith("loop: ")


@pytest.mark.parametrize("delays", [(0.0003,), (0.005,), (0.05,), (0.001, 0.02)])
def test_a_loop_that_swallows_probes_is_found_by_the_frames_that_go_round(
    delays: tuple[float, ...],
) -> None:
    world = World(delays=delays, probes_pass=False)
    world.run(*(changing(number, rate=10, until=9) for number in range(1, 4)), until=8.0)
    assert world.stopped_at is not None
    assert world.stopped_at - world.joined_at < 1.0
    assert world.copies < 1_000
    assert "go round" in world.sentence


def test_even_a_loop_that_is_not_found_carries_a_frame_only_a_few_times() -> None:
    world = World(delays=(0.001,), probes_pass=False)
    world.run(changing(1, rate=10, until=10), until=10.0)
    assert world.stopped_at is None, "one host's frames prove nothing"
    assert world.copies <= 50 * 10


def test_busy_hosts_are_no_loop_and_keep_nearly_all_their_frames() -> None:
    world = World()
    announcing = [
        (at, frame)
        for start in (0, 0.25, 0.75)
        for at, frame in changing(9, rate=1000, until=0.05)
        for at in [at + start + 3]
    ]
    world.run(
        *(repeated(number, rate=30, until=20) for number in range(20)),
        *(repeated(number, rate=60, until=20) for number in range(20, 25)),
        iter(sorted(announcing)),
        until=20.0,
    )
    assert world.stopped_at is None
    assert world.bridge.state.phase is Phase.FORWARDING
    lost_in_check = 25 * 60 * 1.2
    lost_in_trial = 25 * (60 * 0.2 + 1)
    assert world.crossed >= world.originals - lost_in_check - lost_in_trial


def test_hosts_that_repeat_a_question_three_times_and_fall_silent_lose_nothing() -> None:
    world = World()
    questions = [
        (2.0 + 0.25 * turn, broadcast(host(number), 0)) for turn in range(3) for number in range(40)
    ]
    world.run(iter(sorted(questions)), until=5.0)
    assert world.crossed == 120
    assert world.stopped_at is None
