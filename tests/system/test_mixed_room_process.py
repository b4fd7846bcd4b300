"""The room of test_mixed_room.py over real sockets, with a relay in a process of its own."""

import asyncio
import dataclasses
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Container, Sequence
from contextlib import AsyncExitStack
from typing import Final

import pytest

from lanparty_client_core import InMemoryPort, SessionState
from lanparty_client_core.join import KnownRelay, RunningSession, join_relay
from lanparty_ctrl import Hello, Role, RoomCode
from lanparty_endpoint.packet_size import receive_budget
from lanparty_proto import BROADCAST, MacAddress
from lanparty_sim.conservation import imbalance
from lanparty_sim.relay_process import RelayProcess

TAG: Final = b"\x81\x00\x00\x07"
IPV4: Final = b"\x08\x00"
MTU: Final = 1_500
TASTES: Final = ((1_200, 1_150), (1_200, receive_budget(1_200)), (1_450, receive_budget(1_450)))
"""For each member the packet size that it was started with, and the budget in its hello."""

BATCH: Final = 4
"""Frames at once: even in pieces they fit the congestion window of a connection's beginning."""
AGAIN_AFTER: Final = 2.0
"""A machine without a moment for its relay loses what waits over 50 ms; such frames go again."""
PATIENCE: Final = 60.0


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds; TimeoutError if it doesn't for long."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  a session, its endpoint and their loop
            await asyncio.sleep(0.01)


class Member:
    """A player in the room."""

    def __init__(self, number: int) -> None:
        self.mac = MacAddress(bytes([2, 0, 0, 0, 0, number]))
        self.port = InMemoryPort(mtu=MTU, queue_limit=10_000)
        self.news = asyncio.Event()
        self.port.on_written(self.news.set)
        self._running: RunningSession | None = None

    async def join(self, relay: KnownRelay, *, budget: int) -> None:
        hello = Hello(
            role=Role.CLIENT,
            room_code=RoomCode("MIXED"),
            create=True,
            mac=self.mac,
            name=f"player {self.mac[-1]}",
            datagram_budget=budget,
            port_mtu=MTU,
        )
        self._running = await join_relay(relay, self.port, hello=hello, clamp_mss=False)
        session = self._running.session
        await until(lambda: session.state is SessionState.JOINED)

    @property
    def running(self) -> RunningSession:
        assert self._running is not None
        return self._running

    @property
    def packet_size(self) -> int:
        statistics = self.running.session.statistics
        return 0 if statistics is None else statistics.packet_size

    def frames(self, destination: MacAddress, lengths: Sequence[int]) -> list[bytes]:
        """A frame of each length, untagged and tagged."""
        dice = random.Random(self.mac + destination)
        header = destination + self.mac
        return [
            header + tag + IPV4 + dice.randbytes(length) for length in lengths for tag in (b"", TAG)
        ]

    async def receive(self, expected: Counter[bytes], known: Container[bytes]) -> Counter[bytes]:
        """Wait for these frames; return which of them didn't come in time.

        One that comes late, when it has gone again already, is `known`.
        """
        missing = Counter(expected)
        try:
            async with asyncio.timeout(AGAIN_AFTER):
                while missing:
                    self.news.clear()
                    for frame in self.port.take():
                        assert frame in known, "a frame that nobody sent"
                        missing[frame] -= 1
                    missing = +missing
                    if missing:
                        await self.news.wait()
        except TimeoutError:
            pass
        return missing


@pytest.fixture
async def relay() -> AsyncIterator[RelayProcess]:
    async with RelayProcess() as relay:
        yield relay


@pytest.fixture
async def members(relay: RelayProcess) -> AsyncIterator[list[Member]]:
    async with AsyncExitStack() as leaving:
        members = []
        for number, (packet_size, budget) in enumerate(TASTES, start=1):
            member = Member(number)
            known = dataclasses.replace(relay.known_relay(), packet_size=packet_size)
            await member.join(known, budget=budget)
            leaving.push_async_callback(member.running.aclose)
            members.append(member)
        await until(lambda: [each.packet_size for each in members] == [size for size, _ in TASTES])
        yield members


async def carry(source: Member, frames: Sequence[bytes], others: Sequence[Member]) -> None:
    """Send frames and see them arrive at all others, bit for bit."""
    known = frozenset(frames)
    for start in range(0, len(frames), BATCH):
        missing = Counter(frames[start : start + BATCH])
        async with asyncio.timeout(PATIENCE):
            while missing:
                for frame in missing:
                    source.port.inject(frame)
                expected = missing
                missing = Counter()
                for other in others:
                    missing |= await other.receive(expected, known)


@pytest.mark.timeout(240)
async def test_a_room_of_small_and_large_packets_carries_every_frame_and_counts_every_piece(
    relay: RelayProcess, members: list[Member]
) -> None:
    for source in members:
        others = [member for member in members if member is not source]
        await carry(source, source.frames(BROADCAST, range(MTU + 1)), others)
        for other in others:
            lengths = [0, 46, *range(1_100, MTU + 1, 16), MTU]
            await carry(source, source.frames(other.mac, lengths), [other])
    welcome = members[0].running.session.welcome
    assert welcome is not None
    async with relay.api() as api:
        room = await api.room(welcome.room_id)
        peers = await api.peers(welcome.room_id)
    assert room is not None
    assert imbalance(room) == ""
    assert room.cut == sum(peer.cut for peer in peers.values())
    assert room.pieces == sum(peer.pieces for peer in peers.values())
    for member in members:
        member_welcome = member.running.session.welcome
        assert member_welcome is not None
        counted = peers[member_welcome.peer_id]
        assert imbalance(counted) == ""
        assert counted.datagrams_sent == member.running.session.counters().datagrams_received
    narrowest, narrow, wide = peers.values()
    # What the one with large packets sent of 1,171 to 1,420 bytes had to be cut for both others.
    assert narrowest.cut >= 2 * 250
    assert narrow.cut >= 2 * 250
    assert narrowest.pieces >= 2 * narrowest.cut
    assert wide.cut < narrow.cut
