"""One process of a load run: its share of the players, from the join to the tally."""

import asyncio
import signal
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from multiprocessing.connection import Connection
from typing import Final, TypeAlias

from lanparty_client_core import FRAMES_PER_READ
from lanparty_client_core.join import KnownRelay
from lanparty_command import ExitCode
from lanparty_ctrl import RoomCode
from lanparty_endpoint.exit_codes import EndpointExitCode, exit_code_of
from lanparty_proto import BROADCAST, ETHERNET_HEADER_LENGTH, MacAddress
from lanparty_sim.latency import LatencyHistogram
from lanparty_sim.player import JoinFailedError, Player
from lanparty_sim.settings import LoadCast
from lanparty_sim.virtual_host import TEST_ETHERTYPE, VirtualHost

__all__ = ["Answer", "LoadFailedError", "LoadPlan", "LoadTally", "Share", "work"]

_STAMP: Final = struct.Struct("!dI")
"""Sent at (seconds of the monotonic clock), number of the frame."""
_FRAME_TYPE: Final = TEST_ETHERTYPE.to_bytes(2)
_ADDRESSES: Final = int(IPv4Address("10.87.0.0"))
_DRAIN_SECONDS: Final = 1.0
"""After the last frame is sent: longer than any queue keeps one."""
_TICK: Final = 0.001
"""Frames due within it leave together: a wake-up for each would measure the generator."""


class LoadFailedError(Exception):
    """The run could not take place. The text is for a person."""

    def __init__(self, text: str, exit_code: int = ExitCode.FAILURE) -> None:
        # Both go to the base, which is what crosses from process to process.
        super().__init__(text, exit_code)
        self.exit_code = exit_code

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """What a load run does."""

    relay: KnownRelay
    room_code: RoomCode | None
    create: bool
    players: int
    processes: int
    frame_size: int
    rate: float
    """Frames a second from each player."""
    seconds: float
    cast: LoadCast

    @property
    def copies(self) -> int:
        """How many players each frame should reach."""
        return 1 if self.cast is LoadCast.UNICAST else self.players - 1

    @property
    def frames_per_player(self) -> int:
        """How many frames each player sends."""
        return round(self.rate * self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one process has to do with the plan."""

    plan: LoadPlan
    mac_prefix: bytes
    """Four bytes that every player of the run has in its MAC, and nobody else."""
    numbers: range
    """Its players, of all the run's."""
    room_code: RoomCode | None
    create: bool

    def mac(self, number: int) -> MacAddress:
        """Return the MAC of any player of the run."""
        return MacAddress(self.mac_prefix + number.to_bytes(2))

    def destination(self, number: int) -> MacAddress:
        """Return where a player's frames go."""
        if self.plan.cast is LoadCast.BROADCAST:
            return BROADCAST
        return self.mac((number + 1) % self.plan.players)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTally:
    """What one process counted."""

    unsent: int
    """Frames and datagrams that the players' own queues dropped."""
    delivered: int
    latencies: dict[int, int]
    """The buckets of a `LatencyHistogram`."""


Answer: TypeAlias = RoomCode | LoadTally | LoadFailedError
"""What a process says: the room's code when its players are in, its tally at the end."""


def work(pipe: Connection, share: Share) -> None:
    """Join and say so, wait for the moment to begin, send, and say what was counted.

    SIGTERM makes the players leave at once.
    """
    with suppress(asyncio.CancelledError, EOFError, BrokenPipeError):
        asyncio.run(_work(pipe, share))


async def _work(pipe: Connection, share: Share) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    hosts = [_LoadHost(share.mac(number), number) for number in share.numbers]
    players = [Player(host, name=f"load {host.number}") for host in hosts]
    try:
        pipe.send(await _join_all(share, players))
        begin_at: float = await asyncio.to_thread(pipe.recv)
        unsent = await _send_all(share, players, begin_at)
        await asyncio.sleep(_DRAIN_SECONDS)
        unsent += sum(player.session.counters().dropped_datagrams.total() for player in players)
        pipe.send(_what_became_of(players) or _tally(hosts, unsent))
    except JoinFailedError as failure:
        pipe.send(LoadFailedError(str(failure), exit_code_of(failure.ended, joined=False)))
    finally:
        await asyncio.gather(*(player.leave() for player in players))


def _what_became_of(players: list[Player]) -> LoadFailedError | None:
    """Say why the run is worth nothing: players that didn't stay until its end."""
    ended = [player.session.ended for player in players if player.session.ended is not None]
    if not ended:
        return None
    return LoadFailedError(
        f"{len(ended)} of {len(players)} players didn't stay to the end. {ended[0].sentence}",
        exit_code_of(ended[0], joined=True) or EndpointExitCode.ENDED,
    )


async def _join_all(share: Share, players: list[Player]) -> RoomCode | None:
    room_code, create = share.room_code, share.create
    for player in players:
        await player.join(share.plan.relay, room_code=room_code, create=create)
        room_code, create = player.welcome.room_code, False
    return room_code


async def _send_all(share: Share, players: list[Player], begin_at: float) -> int:
    """Send at the plan's rate; a late wake-up is caught up with a burst.

    Returns how many frames no port took.
    """
    plan = share.plan
    padding = bytes(plan.frame_size - ETHERNET_HEADER_LENGTH - _STAMP.size)
    destinations = [share.destination(number) for number in share.numbers]
    # Evenly over the interval: players of a game don't send at one moment either.
    phases = [number / plan.players / plan.rate for number in share.numbers]
    unsent = 0
    for turn in range(plan.frames_per_player * len(players)):
        number, place = divmod(turn, len(players))
        early = begin_at + number / plan.rate + phases[place] - time.monotonic()
        if early > _TICK or turn % FRAMES_PER_READ == 0:
            await asyncio.sleep(max(0.0, early))
        stamp = _STAMP.pack(time.monotonic(), number)
        frame = players[place].host.frame(destinations[place], stamp + padding)
        unsent += not players[place].send(frame)
    return unsent


def _tally(hosts: "list[_LoadHost]", unsent: int) -> LoadTally:
    latencies = LatencyHistogram()
    for host in hosts:
        latencies.add(host.latencies)
    return LoadTally(unsent=unsent, delivered=latencies.count, latencies=latencies.buckets())


class _LoadHost(VirtualHost):
    """A host that measures the load's frames and forgets them."""

    def __init__(self, mac: MacAddress, number: int) -> None:
        super().__init__(mac=mac, address=IPv4Address(_ADDRESSES | number))
        self.number = number
        self.latencies = LatencyHistogram()

    def receive_frame(self, frame: bytes) -> list[bytes]:
        """Measure a frame of the load; anything else is a host's everyday business."""
        start = ETHERNET_HEADER_LENGTH
        if frame[start - 2 : start] != _FRAME_TYPE or len(frame) < start + _STAMP.size:
            return super().receive_frame(frame)
        sent_at, _ = _STAMP.unpack_from(frame, start)
        self.latencies.record(time.monotonic() - sent_at)
        return []
