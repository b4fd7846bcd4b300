"""What presses in each row of the pressure bench, and how much a relay can take of it."""

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from handshake_flood import HandshakeFlood, press_handshakes
from pressure_floods import Flood, Offender, Sleeper, Wrongdoer, press
from pressure_players import Seat
from pressure_scrapes import scrape
from pressure_stand import SETTLING, Stand, mac
from pressure_workers import Worker

from lanparty_proto import BROADCAST
from lanparty_sim.relay_process import RelayProcess

__all__ = ["CASES", "FLOODS", "Case", "measure_capacity", "pressing"]

_CROWD: Final = 500
_HOSTILE: Final = 50
_FLOODER: Final = 100
"""The first offender's number, for its MAC."""

_CAPACITY_SECONDS: Final = 2.0
_NICENESS: Final = 10
"""Of the offenders: the two players don't wait for them where they share a processor."""

_FIRST_OFFER: Final = 1_000.0
"""Frames a second."""

_STILL_MORE: Final = 1.05
"""More than the last time by this factor: go on."""


@dataclass(frozen=True, slots=True)
class Case:
    """A row."""

    name: str
    title: str
    floods: bool = False
    """By more than the relay's capacity."""
    broadcast: bool = False
    bystanders: int = 0
    crowd: int = 0
    warm_up: float = SETTLING
    """Seconds from the first pressure until it is what it will be."""

    @property
    def copies(self) -> int:
        """How many the relay makes of an offender's frame."""
        return 2 + self.bystanders if self.broadcast else 1

    def stand(self, relay: RelayProcess) -> Stand:
        """Return the stand for it."""
        return Stand(relay, bystanders=self.bystanders, crowd=self.crowd)


CASES: Final = (
    Case("a", "one that never reads and is offered 1,000 frames/s"),
    Case("b", "3x the capacity as unicast to one of the two", floods=True),
    Case(
        "c",
        "3x the capacity as broadcast in a room of 8",
        floods=True,
        broadcast=True,
        bystanders=5,
    ),
    Case("d", f"{_HOSTILE} hostile endpoints that offer 3x the capacity", floods=True),
    Case(
        "h",
        "5,000 half-open handshakes, then 2,000 first packets/s, from forged addresses",
        warm_up=3.0,
    ),
    Case("p", "the same from addresses that answer", warm_up=3.0),
    Case("m", f"/metrics scraped every 100 ms, {_CROWD} peers", crowd=_CROWD),
)

FLOODS: Final = {case.broadcast: case for case in CASES[1:3]}
"""What the capacity is measured with."""


def pressing(case: Case, stand: Stand, capacity: float, options: argparse.Namespace) -> Worker:
    """Start the worker that presses; `capacity` in frames a second of the case's kind."""
    if case.name in "hp":
        flood = HandshakeFlood(stand.seat.relay, proves_addresses=case.name == "p")
        return Worker(press_handshakes, flood, niceness=_NICENESS)
    if case.name == "m":
        token = stand.relay.token_file.read_text(encoding="utf-8").strip()
        return Worker(scrape, stand.relay.admin_url, token)
    offenders = _offenders(case, stand.seat, options.times * capacity, options)
    return Worker(press, offenders, niceness=_NICENESS)


def _offenders(
    case: Case, seat: Seat, frame_rate: float, options: argparse.Namespace
) -> list[Offender]:
    relay, code = seat.relay, seat.room_code
    size, packed = options.frame_size, options.frames_in_packet
    if case.name == "a":
        sleeper = Sleeper(Seat(relay, mac(_FLOODER + 1), code))
        return [sleeper, Flood(Seat(relay, mac(_FLOODER), code), sleeper.seat.mac, 1_000, size)]
    rate = frame_rate / packed
    if case.name == "d":
        return _crew(
            [Seat(relay, mac(_FLOODER + each), code) for each in range(_HOSTILE)],
            rate,
            size,
            packed,
        )
    to = BROADCAST if case.broadcast else mac(0)
    return [Flood(Seat(relay, mac(_FLOODER), code), to, rate, size, packed)]


def _crew(seats: list[Seat], rate: float, size: int, packed: int) -> list[Offender]:
    """Return hostile endpoints of every kind; those who flood share the rate."""
    sleeping, wrong, flooding = seats[:5], seats[5:15], seats[15:]
    crew: list[Offender] = [Sleeper(seat) for seat in sleeping]
    crew += [Wrongdoer(seat, number) for number, seat in enumerate(wrong)]
    for number, seat in enumerate(flooding):
        # To either of the two, to one that never reads, to all.
        to = (mac(0), mac(1), mac(0), sleeping[0].mac, BROADCAST)[number % 5]
        crew.append(Flood(seat, to, rate / len(flooding), size, packed))
    return crew


async def measure_capacity(relay: RelayProcess, case: Case, options: argparse.Namespace) -> float:
    """Return how many frames of this kind the relay forwards in a second at best.

    It is offered twice as much each time, until it doesn't forward more.
    """
    best, offer = 0.0, _FIRST_OFFER
    async with case.stand(relay) as stand:
        while True:
            offenders = _offenders(case, stand.seat, offer, options)
            forwarded = await _forwarded(relay, offenders, copies=case.copies)
            if forwarded < best * _STILL_MORE:
                return best
            best, offer = max(best, forwarded), 2 * offer


async def _forwarded(relay: RelayProcess, offenders: Sequence[Offender], *, copies: int) -> float:
    worker = Worker(press, offenders, niceness=_NICENESS)
    try:
        await worker.receive()
        async with relay.api() as api:
            worker.send(None)
            await asyncio.sleep(SETTLING)
            before, began = await api.relay(), time.monotonic()
            await asyncio.sleep(_CAPACITY_SECONDS)
            after, ended = await api.relay(), time.monotonic()
        worker.send(None)
        await worker.receive()
    finally:
        await worker.stop()
    return (after.sent - before.sent) / copies / (ended - began)
