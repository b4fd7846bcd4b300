"""The driver under asyncio."""

import asyncio
from collections.abc import Callable

import pytest

from lanparty_obs.codes import SessionEnd
from lanparty_quic import Connected, ConnectionClosed, EndpointEvent, PinnedKey
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.loop import EndpointDriver, UdpEndpoint, bind_endpoint
from lanparty_quic.udp_socket import UdpSocket


class Consumer:
    def __init__(self, endpoint: UdpEndpoint) -> None:
        self.endpoint = endpoint
        self.events: list[EndpointEvent] = []
        self.turns = 0
        self.deadline: float | None = None
        self.changed = asyncio.Event()
        self.in_turn: Callable[[], None] = lambda: None

    def serve(self, *, now: float) -> None:
        self.turns += 1
        if self.deadline is not None and self.deadline <= now:
            self.deadline = None
        self.endpoint.datagrams()
        self.events += self.endpoint.events()
        self.in_turn()
        self.endpoint.flush(now=now)
        self.endpoint.outcomes()
        self.changed.set()

    def next_deadline(self) -> float | None:
        return self.deadline

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


def drive(endpoint: UdpEndpoint) -> tuple[EndpointDriver, Consumer]:
    consumer = Consumer(endpoint)
    driver = EndpointDriver(endpoint, consumer)
    driver.start()
    return driver, consumer


async def test_many_wakes_before_a_turn_make_one_turn() -> None:
    driver, consumer = drive(bind_endpoint("127.0.0.1", 0))
    for _ in range(10):
        driver.wake()
    await consumer.until(lambda: consumer.turns > 0)
    assert consumer.turns == 1
    await driver.aclose()


async def test_a_wake_from_within_a_turn_makes_another() -> None:
    driver, consumer = drive(bind_endpoint("127.0.0.1", 0))

    def wake_twice() -> None:
        if consumer.turns <= 2:
            driver.wake()

    consumer.in_turn = wake_twice
    await consumer.until(lambda: consumer.turns >= 3)
    await driver.aclose()


async def test_the_consumers_deadline_is_kept() -> None:
    driver, consumer = drive(bind_endpoint("127.0.0.1", 0))
    consumer.deadline = asyncio.get_running_loop().time() + 0.02
    await consumer.until(lambda: consumer.deadline is None)
    await driver.aclose()


async def test_a_failing_consumer_stops_the_driver_loudly() -> None:
    driver, consumer = drive(bind_endpoint("127.0.0.1", 0))

    def fail() -> None:
        raise RuntimeError("a bug")

    consumer.in_turn = fail
    with pytest.raises(RuntimeError, match="a bug"):
        await driver.wait_closed()
    turns = consumer.turns
    driver.wake()
    await driver.aclose()
    assert consumer.turns == turns


async def test_closing_delivers_what_was_closed_and_frees_the_port(
    identity: ServerIdentity,
) -> None:
    relay = bind_endpoint("127.0.0.1", 0, identity=identity)
    relay_driver, relay_consumer = drive(relay)
    player = bind_endpoint("127.0.0.1", 0)
    driver, consumer = drive(player)
    now = asyncio.get_running_loop().time()
    key = player.dial(relay.local_address, server_name="", trust=PinnedKey(identity.pin), now=now)
    driver.wake()
    await consumer.until(lambda: bool(consumer.events))
    assert isinstance(consumer.events[0], Connected)
    player.close_connection(key, end=SessionEnd.LEFT, text="")
    await driver.aclose()
    await driver.wait_closed()
    await relay_consumer.until(
        lambda: ConnectionClosed in [type(event) for event in relay_consumer.events]
    )
    UdpSocket.bind(*player.local_address).close()
    await relay_driver.aclose()


async def test_a_driver_that_never_started_closes_its_socket() -> None:
    endpoint = bind_endpoint("127.0.0.1", 0)
    driver = EndpointDriver(endpoint, Consumer(endpoint))
    await driver.aclose()
    await driver.aclose()
    assert endpoint.socket.fileno() == -1


async def test_the_sockets_overflows_are_in_the_statistics() -> None:
    endpoint = bind_endpoint("127.0.0.1", 0, buffer_size=4000)
    sender = UdpSocket.bind("127.0.0.1", 0)
    driver, consumer = drive(endpoint)
    sender.send([(b"x" * 1000, endpoint.local_address)] * 100)
    await consumer.until(lambda: endpoint.endpoint_statistics().packets_received > 0)
    sender.send([(b"x", endpoint.local_address)])
    await consumer.until(lambda: endpoint.endpoint_statistics().socket_overflows > 0)
    sender.close()
    await driver.aclose()
