"""Players behind paths that carry just so much, over real sockets."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise, permutations

import pytest
from udp_path import UdpPath

from lanparty_client_core import InMemoryPort, SessionState
from lanparty_client_core.join import KnownRelay, RunningSession, join_relay
from lanparty_command import RelayAddress
from lanparty_ctrl import Hello, Role, RoomCode
from lanparty_obs.counters import SLOTS_PER_BLOCK, TunnelCounters
from lanparty_proto import MacAddress
from lanparty_quic.endpoint import ConnectionKey, PinnedKey
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.limits import EndpointLimits, QueueLimits
from lanparty_quic.loop import EndpointDriver, UdpEndpoint, bind_endpoint
from lanparty_relay.core import CounterBlocks, LeaseBook, Relay, RelayLimits, cut_copy
from lanparty_relay.serving import RelayConsumer

BLOCKS = 16
TAG = b"\x81\x00\x00\x07"
IPV4 = b"\x08\x00"
PATIENCE = 30.0


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds; TimeoutError if it doesn't for long."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  endpoints, paths and their loop
            await asyncio.sleep(0.002)


@dataclass
class Player:
    """A member behind its own path."""

    mac: MacAddress
    path: UdpPath
    port: InMemoryPort
    running: RunningSession
    key: ConnectionKey
    """Of its connection at the relay."""

    async def next_frames(self) -> list[bytes]:
        """Wait for what comes out of its port."""
        frames: list[bytes] = []

        def has_come() -> bool:
            frames.extend(self.port.take())
            return bool(frames)

        await until(has_come)
        return frames

    @property
    def packet_size(self) -> int:
        statistics = self.running.session.statistics
        return 0 if statistics is None else statistics.packet_size


class Party:
    """A relay on a socket, and players who come one after the other."""

    def __init__(self, endpoint: UdpEndpoint, pin: str) -> None:
        self.endpoint = endpoint
        self.players: list[Player] = []
        self.slots = memoryview(bytearray(8 * SLOTS_PER_BLOCK * BLOCKS)).cast("Q")
        blocks = CounterBlocks(self.slots, BLOCKS)
        relay = Relay(
            limits=RelayLimits(),
            blocks=blocks,
            random_bytes=os.urandom,
            server_version="test",
            leases=LeaseBook(bytes(32)),
        )
        consumer = RelayConsumer(
            endpoint=endpoint,
            relay=relay,
            blocks=blocks,
            on_events=lambda events, now: None,
            on_answer=lambda answer: None,
        )
        self.driver = EndpointDriver(endpoint, consumer)
        self.driver.start()
        self._pin = pin
        self._stack = AsyncExitStack()

    async def join(self, *, mtu: int) -> Player:
        number = len(self.players) + 1
        mac = MacAddress(bytes([2, 0, 0, 0, 0, number]))
        path = await self._stack.enter_async_context(UdpPath(self.endpoint.local_address, mtu))
        port = InMemoryPort(mtu=1_500, queue_limit=100_000)
        running = await join_relay(
            KnownRelay(RelayAddress(*path.address), PinnedKey(self._pin)),
            port,
            hello=Hello(
                role=Role.CLIENT,
                room_code=RoomCode("PATHS"),
                create=True,
                mac=mac,
                name=f"player {number}",
                datagram_budget=1_500,
                port_mtu=1_500,
            ),
        )
        self._stack.push_async_callback(running.aclose)
        await until(lambda: running.session.state is SessionState.JOINED)
        player = Player(mac, path, port, running, ConnectionKey(number))
        self.players.append(player)
        return player

    def packet_size_to(self, player: Player) -> int:
        statistics = self.endpoint.statistics(player.key)
        return 0 if statistics is None else statistics.packet_size

    async def until_found(self, player: Player) -> None:
        """Both directions know their path to 16 bytes."""
        largest = player.path.mtu - 28
        await until(lambda: largest - 16 <= player.packet_size <= largest)
        await until(lambda: largest - 16 <= self.packet_size_to(player) <= largest)

    def counters(self) -> TunnelCounters:
        total = TunnelCounters()
        for block in range(BLOCKS):
            total += TunnelCounters.from_block(self.slots, block)
        return total

    async def aclose(self) -> None:
        await self._stack.aclose()
        await self.driver.aclose()


@asynccontextmanager
async def party_of(identity: ServerIdentity) -> AsyncIterator[Party]:
    limits = EndpointLimits(queue=QueueLimits(maximum_wait=5.0))
    endpoint = bind_endpoint("127.0.0.1", 0, identity=identity, limits=limits, cutter=cut_copy)
    party = Party(endpoint, identity.pin)
    try:
        yield party
    finally:
        await party.aclose()


async def test_frames_pass_between_paths_of_1280_1400_and_1500(identity: ServerIdentity) -> None:
    async with party_of(identity) as party:
        for mtu in (1280, 1400, 1500):
            await party.join(mtu=mtu)
        for player in party.players:
            await party.until_found(player)
        dice = random.Random(1280)
        lengths = [46, 1_500, *range(1_100, 1_500, 29), *range(100, 1_100, 199)]
        for source, destination in permutations(party.players, 2):
            for tag in (b"", TAG):
                for length in lengths:
                    frame = destination.mac + source.mac + tag + IPV4 + dice.randbytes(length)
                    source.port.inject(frame)
                    assert await destination.next_frames() == [frame]
        counters = party.counters()
        assert not any(counters.dropped_egress.values())
        assert counters.chosen == counters.sent


@pytest.mark.parametrize("towards_relay", [True, False])
async def test_a_path_that_narrows_from_1500_to_1300_stalls_a_transfer_for_under_three_seconds(
    identity: ServerIdentity, *, towards_relay: bool
) -> None:
    async with party_of(identity) as party:
        narrow, wide = await party.join(mtu=1500), await party.join(mtu=1500)
        for player in party.players:
            await party.until_found(player)
        source, destination = (narrow, wide) if towards_relay else (wide, narrow)
        header = destination.mac + source.mac + IPV4
        arrivals: list[float] = []

        def take() -> int:
            arrivals.extend([time.monotonic()] * len(destination.port.take()))
            return len(arrivals)

        async def transfer(seconds: float) -> None:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                for _ in range(3):
                    source.port.inject(header + bytes(1_400))
                await asyncio.sleep(0.005)
                take()

        await transfer(1.0)
        assert arrivals
        narrow.path.mtu = 1300
        narrowed_at = time.monotonic()
        await transfer(4.0)
        assert narrow.path.dropped
        times = [narrowed_at, *(at for at in arrivals if at > narrowed_at), time.monotonic()]
        assert max(after - before for before, after in pairwise(times)) < 3.0
        # The way that is used is known anew, on the connection that there was all the time.
        assert narrow.running.session.state is SessionState.JOINED
        assert party.packet_size_to(narrow)

        def knows_again() -> bool:
            size = narrow.packet_size if towards_relay else party.packet_size_to(narrow)
            return 1272 - 16 <= size <= 1272

        await until(knows_again)
        before = take()
        source.port.inject(header + bytes(1_400))
        await until(lambda: take() > before)
