"""The socket that hears what a game would hear, on a machine with nothing but its loopback."""

import asyncio
import socket
from collections.abc import Callable, Iterator

import pytest
from namespaces import Namespace

from lanparty_client.doctor.listening import OrdinarySocket
from lanparty_endpoint.probing import AnswerCount, ProbeStation
from lanparty_ethernet import PROBE_UDP_PORT, Probe, ProbeKind
from lanparty_proto import BROADCAST, MacAddress

FRIEND = MacAddress.parse("02:00:5e:10:00:02")
ASKER = MacAddress.parse("02:00:5e:10:00:01")
QUESTION = Probe(kind=ProbeKind.SEEN_BY, nonce=7)


class Listener:
    """An ordinary socket on a machine, its station, and a neighbour that sends to it."""

    def __init__(self, machine: Namespace) -> None:
        self.machine = machine
        self.woken = asyncio.Event()
        self.station = ProbeStation(FRIEND, relay_round_trip=lambda: None)
        self.ordinary = OrdinarySocket(self.station, wake=self.woken.set)
        with machine.entered():
            self.neighbour = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.rival = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def open(self) -> None:
        with self.machine.entered():
            self.ordinary.open("lo")

    @property
    def hearing(self) -> str:
        return self.station.hearing.name

    def send(self, payload: bytes) -> None:
        self.neighbour.sendto(payload, ("127.0.0.1", PROBE_UDP_PORT))

    def close(self) -> None:
        self.neighbour.close()
        self.rival.close()


@pytest.fixture
def make_listener(machine: Callable[[str], Namespace]) -> Iterator[Callable[[], Listener]]:
    made: list[Listener] = []

    def make() -> Listener:
        made.append(Listener(machine("ear")))
        return made[-1]

    yield make
    for listener in made:
        listener.close()


async def test_what_it_hears_is_told_to_who_asked(make_listener: Callable[[], Listener]) -> None:
    listener = make_listener()
    listener.open()
    assert listener.hearing == "LISTENING"
    now = asyncio.get_running_loop().time()
    listener.station.receive_frame(QUESTION.frame(BROADCAST, ASKER), source=1, now=now)
    listener.station.frames_to_send(now=now)
    listener.send(QUESTION.encode())
    await asyncio.wait_for(listener.woken.wait(), 5)
    [told] = listener.station.frames_to_send(now=now)
    assert told[:6] == ASKER
    assert Probe.parse(told[14:]).kind is ProbeKind.SEEN_DATAGRAM
    listener.ordinary.close()


async def test_a_port_that_another_program_has_makes_it_deaf_until_it_is_free(
    make_listener: Callable[[], Listener],
) -> None:
    listener = make_listener()
    listener.rival.bind(("", PROBE_UDP_PORT))
    listener.open()
    assert listener.hearing == "DEAF"
    listener.rival.close()
    listener.open()
    assert listener.hearing == "LISTENING"
    listener.ordinary.close()
    assert listener.hearing == "DEAF"


async def test_it_tells_whether_a_broadcast_of_its_own_came_through(
    make_listener: Callable[[], Listener],
) -> None:
    listener = make_listener()
    listener.open()
    ordinary = listener.ordinary
    assert await ordinary.hears(7, lambda: listener.send(QUESTION.encode()), limit=5)
    assert not await ordinary.hears(8, lambda: listener.send(QUESTION.encode()), limit=0.2)
    assert not await ordinary.hears(7, lambda: listener.send(b"noise"), limit=0.2)
    ordinary.close()


async def test_noise_and_floods_are_counted_and_do_no_harm(
    make_listener: Callable[[], Listener],
) -> None:
    listener = make_listener()
    listener.open()
    for number in range(200):
        listener.send(number.to_bytes(2) * (number % 50))
    while listener.station.counts[AnswerCount.UNEXPECTED] < 200:
        listener.woken.clear()
        await asyncio.wait_for(listener.woken.wait(), 5)
    assert not listener.station.frames_to_send(now=0.0)
    listener.ordinary.close()
    listener.ordinary.close()
