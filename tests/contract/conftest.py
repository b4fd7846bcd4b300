"""Worlds in which an endpoint contract is tested: one for each engine and each kind of wire."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Protocol

import pytest

from lanparty_obs.codes import SessionEnd
from lanparty_quic import (
    Address,
    Connected,
    ConnectionClosed,
    ConnectionKey,
    ControlReceived,
    Cutter,
    EndpointEvent,
    EndpointLimits,
    Outcome,
    PinnedKey,
    Send,
    Trust,
)
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.loop import EndpointDriver, UdpEndpoint, bind_endpoint
from lanparty_quic.simulation import Path, Simulation
from lanparty_quic.wire import PacketEndpoint

SERVER_NAME = "relay.example"
_NOBODY: Address = ("192.0.2.9", 443)


class Actor:
    """A consumer that records everything and does what a test asks of it, in its turns."""

    def __init__(self, endpoint: PacketEndpoint[Any], pin: str) -> None:
        self.endpoint = endpoint
        self.pin = pin
        self.events: list[EndpointEvent] = []
        self.payloads: dict[ConnectionKey, list[bytes]] = {}
        self.outcomes: list[Outcome] = []
        self.wake: Callable[[], None] = lambda: None
        self.on_turn: Callable[[], None] = lambda: None
        self._orders: list[Callable[[float], None]] = []

    def serve(self, *, now: float) -> None:
        for received in self.endpoint.datagrams():
            self.payloads.setdefault(received.connection, []).extend(received.payloads)
        self.events += self.endpoint.events()
        orders, self._orders = self._orders, []
        for order in orders:
            order(now)
        self.endpoint.flush(now=now)
        self.outcomes += self.endpoint.outcomes()
        self.on_turn()

    def next_deadline(self) -> float | None:
        return None

    def order(self, action: Callable[[float], None]) -> None:
        self._orders.append(action)
        self.wake()

    def queue(self, sends: Iterable[Send]) -> None:
        copies = list(sends)
        self.order(lambda now: self.endpoint.queue(copies, now=now))

    def send_control(self, connection: ConnectionKey, data: bytes) -> None:
        self.order(lambda now: self.endpoint.send_control(connection, data))

    def close(self, connection: ConnectionKey, end: SessionEnd, text: str = "") -> None:
        self.order(lambda now: self.endpoint.close_connection(connection, end=end, text=text))

    def control(self, connection: ConnectionKey) -> bytes:
        return b"".join(
            event.data
            for event in self.events
            if isinstance(event, ControlReceived) and event.connection == connection
        )

    def received(self, connection: ConnectionKey) -> list[bytes]:
        return self.payloads.get(connection, [])

    def connected(self) -> list[ConnectionKey]:
        return [event.connection for event in self.events if isinstance(event, Connected)]

    def closed(self) -> list[ConnectionClosed]:
        return [event for event in self.events if isinstance(event, ConnectionClosed)]

    def counted(self) -> int:
        return sum(outcome.count for outcome in self.outcomes)


class World(Protocol):
    """Where endpoints live."""

    simulated: bool

    async def listen(
        self, limits: EndpointLimits | None = None, *, cutter: Cutter | None = None
    ) -> Actor: ...

    async def player(self, limits: EndpointLimits | None = None) -> Actor: ...

    async def dial(
        self, player: Actor, relay: Actor, *, trust: Trust | None = None, nat: bool = False
    ) -> ConnectionKey: ...

    async def dial_nobody(self, player: Actor) -> ConnectionKey: ...

    async def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None: ...

    async def pass_time(self, seconds: float) -> None: ...

    async def rebind(self, player: Actor) -> None: ...

    async def cut(self, player: Actor) -> None: ...

    async def refuse(self, player: Actor) -> None: ...


class SimulatedWorld:
    simulated = True

    def __init__(self, engine: str, identity: ServerIdentity) -> None:
        self.simulation = Simulation(seed=11, path=Path(latency=0.01), trace=True)
        self._engine = engine
        self._identity = identity
        self._hosts = 0

    async def listen(
        self, limits: EndpointLimits | None = None, *, cutter: Cutter | None = None
    ) -> Actor:
        address = ("203.0.113.1", 443)
        if self._engine == "memory":
            memory = self.simulation.memory_endpoint(
                address, listening=True, limits=limits, cutter=cutter
            )
            return self._attach(memory, memory.pin)
        quic = self.simulation.aioquic_endpoint(
            address, identity=self._identity, limits=limits, cutter=cutter
        )
        return self._attach(quic, self._identity.pin)

    async def player(self, limits: EndpointLimits | None = None) -> Actor:
        self._hosts += 1
        address = (f"198.51.100.{self._hosts}", 50_000)
        if self._engine == "memory":
            return self._attach(self.simulation.memory_endpoint(address, limits=limits), "")
        return self._attach(self.simulation.aioquic_endpoint(address, limits=limits), "")

    def _attach(self, endpoint: PacketEndpoint[Any], pin: str) -> Actor:
        actor = Actor(endpoint, pin)
        self.simulation.attach(endpoint, actor)
        actor.wake = self.simulation.waker(endpoint)
        return actor

    async def dial(
        self, player: Actor, relay: Actor, *, trust: Trust | None = None, nat: bool = False
    ) -> ConnectionKey:
        return player.endpoint.dial(
            relay.endpoint.local_address,
            server_name=SERVER_NAME,
            trust=trust or PinnedKey(relay.pin),
            now=self.simulation.now,
        )

    async def dial_nobody(self, player: Actor) -> ConnectionKey:
        return player.endpoint.dial(
            _NOBODY,
            server_name=SERVER_NAME,
            trust=PinnedKey("sha256:nobody"),
            now=self.simulation.now,
        )

    async def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        self.simulation.run_until(condition, timeout=seconds)

    async def pass_time(self, seconds: float) -> None:
        self.simulation.run_for(seconds)

    async def rebind(self, player: Actor) -> None:
        self.simulation.move(player.endpoint, ("198.51.100.200", 61_000))

    async def cut(self, player: Actor) -> None:
        self.simulation.cut(player.endpoint)

    async def refuse(self, player: Actor) -> None:
        """Let the network say that nobody listens where `dial_nobody` dials."""
        player.endpoint.receive_refusal(_NOBODY)
        player.wake()


class Nat(asyncio.DatagramProtocol):
    """A UDP port that passes packets on to a relay, from an outer port that can change."""

    def __init__(self, relay: Address) -> None:
        self._relay = relay
        self._client: Address | None = None
        self._inner: asyncio.DatagramTransport | None = None
        self._outer: asyncio.DatagramTransport | None = None
        self._is_cut = False

    async def open(self) -> Address:
        loop = asyncio.get_running_loop()
        self._inner, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        await self.rebind()
        host, port = self._inner.get_extra_info("sockname")
        return host, port

    async def rebind(self) -> None:
        outside = _NatOutside(self._answer)
        loop = asyncio.get_running_loop()
        if self._outer is not None:
            self._outer.close()
        self._outer, _ = await loop.create_datagram_endpoint(
            lambda: outside, local_addr=("127.0.0.1", 0)
        )

    def cut(self) -> None:
        self._is_cut = True

    def close(self) -> None:
        for transport in (self._inner, self._outer):
            if transport is not None:
                transport.close()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._client = addr
        if self._outer is not None and not self._is_cut:
            self._outer.sendto(data, self._relay)

    def _answer(self, data: bytes) -> None:
        if self._inner is not None and self._client is not None and not self._is_cut:
            self._inner.sendto(data, self._client)


class _NatOutside(asyncio.DatagramProtocol):
    def __init__(self, answer: Callable[[bytes], None]) -> None:
        self._answer = answer

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._answer(data)


class SocketWorld:
    simulated = False

    def __init__(self, identity: ServerIdentity) -> None:
        self._identity = identity
        self._drivers: list[EndpointDriver] = []
        self._nats: list[Nat] = []
        self._turn = asyncio.Event()

    async def listen(
        self, limits: EndpointLimits | None = None, *, cutter: Cutter | None = None
    ) -> Actor:
        endpoint = bind_endpoint("::", 0, identity=self._identity, limits=limits, cutter=cutter)
        return self._attach(endpoint, self._identity.pin)

    async def player(self, limits: EndpointLimits | None = None) -> Actor:
        return self._attach(bind_endpoint("0.0.0.0", 0, limits=limits), "")

    def _attach(self, endpoint: UdpEndpoint, pin: str) -> Actor:
        actor = Actor(endpoint, pin)
        driver = EndpointDriver(endpoint, actor)
        driver.start()
        actor.wake = driver.wake
        actor.on_turn = self._turn.set
        self._drivers.append(driver)
        return actor

    async def dial(
        self, player: Actor, relay: Actor, *, trust: Trust | None = None, nat: bool = False
    ) -> ConnectionKey:
        address = ("127.0.0.1", relay.endpoint.local_address[1])
        if nat:
            self._nats.append(Nat(address))
            address = await self._nats[-1].open()
        return self._dial(player, address, trust or PinnedKey(relay.pin))

    async def dial_nobody(self, player: Actor) -> ConnectionKey:
        return self._dial(player, ("127.0.0.1", 9), PinnedKey("sha256:nobody"))

    def _dial(self, player: Actor, address: Address, trust: Trust) -> ConnectionKey:
        now = asyncio.get_running_loop().time()
        key = player.endpoint.dial(address, server_name=SERVER_NAME, trust=trust, now=now)
        player.wake()
        return key

    async def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        # A busy machine may be slow; a simulated one never is.
        async with asyncio.timeout(4 * seconds):
            while not condition():
                self._turn.clear()
                await self._turn.wait()

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def rebind(self, player: Actor) -> None:
        for nat in self._nats:
            await nat.rebind()

    async def cut(self, player: Actor) -> None:
        for nat in self._nats:
            nat.cut()

    async def refuse(self, player: Actor) -> None:
        """Nothing is to be done: the kernel's ICMP says so by itself."""

    async def aclose(self) -> None:
        for driver in self._drivers:
            await driver.aclose()
            await driver.wait_closed()
        for nat in self._nats:
            nat.close()


@pytest.fixture(params=["memory", "aioquic", "aioquic-sockets"])
async def world(request: pytest.FixtureRequest, identity: ServerIdentity) -> AsyncIterator[World]:
    if request.param == "aioquic-sockets":
        sockets = SocketWorld(identity)
        yield sockets
        await sockets.aclose()
    else:
        yield SimulatedWorld(request.param, identity)
