"""When acknowledgements leave: counted in the endpoint's packets to a peer that only sends."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.lanparty_quic.aioquic_engine.conftest import Bench, Rogue


class Sender:
    """A peer whose datagrams arrive when the test says so."""

    def __init__(self, bench: "Bench") -> None:
        self._bench = bench
        self._rogue: Rogue = bench.rogue()
        self._clock = 0.0
        """The peer's, which runs ahead, so that its pacing lets packets go."""
        bench.exchange()
        self.rest()

    def rest(self) -> None:
        """Let everything be acknowledged, and time pass."""
        self._bench.exchange(rounds=60)

    def arrive(self, count: int = 1) -> list[bytes]:
        """Bring packets in one turn; return what the endpoint answers in that turn."""
        packets = []
        for _ in range(count):
            self._clock = max(self._clock, self._bench.now) + 0.01
            self._rogue.quic.send_datagram_frame(bytes(1100))
            packets += self._rogue.packets(now=self._clock)
        assert len(packets) == count
        for packet in packets[:-1]:
            self._bench.endpoint.receive_packet(packet, self._rogue.address, now=self._bench.now)
        return self._bench.feed(packets[-1], self._rogue.address)

    def wait(self) -> float:
        """Move the clock to the endpoint's next deadline; return how long that was."""
        deadline = self._bench.endpoint.next_deadline()
        assert deadline is not None
        waited, self._bench.now = deadline - self._bench.now, deadline
        return waited

    def turn(self) -> list[bytes]:
        """Give the endpoint a turn in which only time has passed."""
        bench = self._bench
        bench.endpoint.handle_turn(now=bench.now)
        bench.endpoint.flush(now=bench.now)
        return [data for data, _ in bench.endpoint.packets_to_send()]


@pytest.fixture
def sender(bench: "Bench") -> Sender:
    return Sender(bench)


def test_the_first_packet_after_a_silence_is_acknowledged_after_a_millisecond(
    sender: Sender,
) -> None:
    assert sender.arrive() == []
    assert sender.wait() == pytest.approx(0.001)
    assert len(sender.turn()) == 1


def test_the_next_acknowledgement_keeps_its_distance(sender: Sender) -> None:
    sender.arrive()
    sender.wait()
    sender.turn()
    assert sender.arrive() == []
    assert sender.wait() == pytest.approx(0.01)
    assert len(sender.turn()) == 1


def test_the_fourth_packet_is_acknowledged_at_once(sender: Sender) -> None:
    assert sender.arrive(3) == []
    assert len(sender.arrive()) == 1
    assert sender.arrive(3) == []
    assert len(sender.arrive()) == 1


@pytest.mark.parametrize(("size", "goes_with_it"), [(100, True), (1170, False)])
def test_an_acknowledgement_goes_with_a_datagram_that_leaves_room(
    bench: "Bench", sender: Sender, size: int, goes_with_it: bool
) -> None:
    sender.arrive()
    bench.endpoint.queue([(bench.key, 1, bytes(size))], now=bench.now)
    (packet,) = sender.turn()
    assert (len(packet) > size + 30) is goes_with_it
    bench.now += 0.002
    assert len(sender.turn()) == (0 if goes_with_it else 1)
