"""The stand of the pressure bench: two polite players in a room, and what they measure."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from machine import cpu_seconds
from pressure_players import Exchange, Joined, Seat, Tally, play, stand_by
from pressure_workers import Summary, Worker

from lanparty_proto import MacAddress
from lanparty_sim.relay_process import RelayProcess

__all__ = ["SETTLING", "Measured", "Stand", "a_relay", "mac"]

RATE: Final = 200.0
"""Frames a second from each of the two."""

_PROCESSORS: Final = sorted(os.sched_getaffinity(0))

SETTLING: Final = 1.0
"""Seconds, until what has just begun or ended is no news any more."""

_BEGIN_AFTER: Final = 0.2
_LOOK_EVERY: Final = 0.1
_ROOM_OF_CROWD: Final = 50
_SETTLING_OF_CROWD: Final = 5.0
"""Each has to find what its path carries."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. Times in seconds, sizes in bytes, shares from 0 to 1."""

    loss: float
    """Of the worse direction, with what a player's own window didn't let go."""
    loss_of_first: float
    """Of what goes to the first player, whom floods are for."""
    loss_of_second: float
    wire_p50: float
    wire_p99: float
    """Until the packet is at the receiver's socket; of the worse direction."""
    port_p50: float
    port_p99: float
    """Until the receiver has the frame."""
    unsent: int
    growth: int
    """Largest resident memory of the relay, over what it had before the offenders came."""
    kept: int
    """The same, once the offenders are gone."""
    relay_cpu: float
    """Of one core."""
    offered: float
    """What all offenders did, a second: packets, scrapes."""
    ended: int
    """Offenders that the relay sent away."""

    def __str__(self) -> str:
        return (
            f"loss {self.loss_of_first:.2%} to first, {self.loss_of_second:.2%} to second, "
            f"wire {self.wire_p50 * 1e3:.2f} / {self.wire_p99 * 1e3:.2f} ms, "
            f"port {self.port_p50 * 1e3:.2f} / {self.port_p99 * 1e3:.2f} ms, "
            f"unsent {self.unsent}, +{self.growth / 1e6:.1f} MB, kept {self.kept / 1e6:.1f} MB, "
            f"cpu {self.relay_cpu:.0%}, offered {self.offered:,.0f}/s, ended {self.ended}"
        )


def mac(number: int) -> MacAddress:
    """Return a member's MAC: 0 and 1 are the two players'."""
    return MacAddress(b"\x02\x5b\x70\x72" + number.to_bytes(2))


def a_relay() -> RelayProcess:
    """Return a relay that lets everybody of this machine join.

    The first processor becomes its own: players, offenders and its admin process have the others.
    """
    os.sched_setaffinity(0, _PROCESSORS[1:] or _PROCESSORS)
    return RelayProcess("--joins-per-minute=0")


def _give_the_first_processor_to(process_id: int) -> None:
    if len(_PROCESSORS) > 1:
        os.sched_setaffinity(process_id, _PROCESSORS[:1])


class Stand:
    """Two polite players in one room of a relay, and others that say nothing."""

    def __init__(self, relay: RelayProcess, *, bystanders: int = 0, crowd: int = 0) -> None:
        """`bystanders` are in the same room, a `crowd` is in others."""
        self.relay: Final = relay
        self.seat = Seat((relay.address.host, relay.address.port), mac(0), None)
        """The first player's: its room code is that of all."""
        self._bystanders = bystanders
        self._crowd = crowd
        self._workers: list[Worker] = []
        self._players: list[Worker] = []

    async def __aenter__(self) -> Self:
        try:
            await self._fill()
        except BaseException:
            await self._empty()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._empty()

    async def _fill(self) -> None:
        _give_the_first_processor_to(self.relay.process_id)
        for number in range(2):
            player = self._start(play, Seat(self.seat.relay, mac(number), self.seat.room_code))
            self._players.append(player)
            joined: Joined = await player.receive()
            self.seat = Seat(self.seat.relay, mac(0), joined.room_code)
        if self._bystanders:
            numbers = range(2, 2 + self._bystanders)
            seats = [Seat(self.seat.relay, mac(each), self.seat.room_code) for each in numbers]
            await self._start(stand_by, [seats]).receive()
        if self._crowd:
            await self._start(stand_by, self._rooms_of_crowd()).receive()
        await asyncio.sleep(_SETTLING_OF_CROWD if self._crowd else SETTLING)

    async def _empty(self) -> None:
        for worker in self._workers:
            await worker.stop()

    def _rooms_of_crowd(self) -> list[list[Seat]]:
        seats = [Seat(self.seat.relay, mac(1_000 + each), None) for each in range(self._crowd)]
        return [
            seats[first : first + _ROOM_OF_CROWD] for first in range(0, self._crowd, _ROOM_OF_CROWD)
        ]

    def _start(self, target: Any, *arguments: Any) -> Worker:  # Any: as `Worker`
        worker = Worker(target, *arguments)
        self._workers.append(worker)
        return worker

    async def measure(
        self, seconds: float, pressing: Worker | None = None, *, warm_up: float = SETTLING
    ) -> Measured:
        """Measure the two, beside what a worker does meanwhile and has done for `warm_up` seconds.

        The worker is over afterwards.
        """
        process_id = self.relay.process_id
        resident_before = resident(process_id)
        summary = Summary()
        if pressing is not None:
            await pressing.receive()
            pressing.send(None)
            await asyncio.sleep(warm_up)
        watching = asyncio.create_task(_largest_resident(process_id))
        spent, began = cpu_seconds(process_id), time.monotonic()
        tallies = await self._exchange(seconds)
        cpu = (cpu_seconds(process_id) - spent) / (time.monotonic() - began)
        if pressing is not None:
            pressing.send(None)
            summary = await pressing.receive()
            await pressing.stop()
        watching.cancel()
        peak = await watching
        return _summed_up(
            tallies,
            summary,
            growth=peak - resident_before,
            kept=resident(process_id) - resident_before,
            cpu=cpu,
        )

    async def _exchange(self, seconds: float) -> list[Tally]:
        begin_at = time.monotonic() + _BEGIN_AFTER
        for number, player in enumerate(self._players):
            # Half an interval apart: the two don't always send at one moment.
            begin = begin_at + number / RATE / 2
            player.send(Exchange(mac(1 - number), RATE, seconds, begin))
        return [await player.receive() for player in self._players]


def _summed_up(
    tallies: Sequence[Tally], summary: Summary, *, growth: int, kept: int, cpu: float
) -> Measured:
    to_first, to_second = (
        1 - len(tallies[receiver].wire) / tallies[1 - receiver].offered for receiver in (0, 1)
    )
    return Measured(
        loss=max(to_first, to_second),
        loss_of_first=to_first,
        loss_of_second=to_second,
        wire_p50=max(_percentile(tally.wire, 0.50) for tally in tallies),
        wire_p99=max(_percentile(tally.wire, 0.99) for tally in tallies),
        port_p50=max(_percentile(tally.port, 0.50) for tally in tallies),
        port_p99=max(_percentile(tally.port, 0.99) for tally in tallies),
        unsent=sum(tally.unsent for tally in tallies),
        growth=growth,
        kept=kept,
        relay_cpu=cpu,
        offered=summary.done / summary.seconds,
        ended=summary.ended,
    )


def _percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of all don't exceed; infinite if there is none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("inf")


def resident(process_id: int) -> int:
    """Resident memory of a process, in bytes (proc(5), VmRSS)."""
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(process_id)


async def _largest_resident(process_id: int) -> int:
    """Look until cancelled; return the largest that was seen."""
    largest = resident(process_id)
    try:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            largest = max(largest, resident(process_id))
    except asyncio.CancelledError:
        return max(largest, resident(process_id))
