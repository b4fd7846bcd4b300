"""Who presses in the pressure bench: those who flood, who never read, and who do other wrongs.

All of one run's offenders are in one process, so that the machine's other core is the relay's.
"""

import select
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Event, Thread
from typing import Final, TypeAlias

from fast_sender import FastSender, datagram_frame
from offences import OFFENCES
from pressure_players import ETHERTYPE, Seat
from pressure_workers import Summary
from raw_client import RawClient, RefusedError

from lanparty_proto import MacAddress, encode_whole

__all__ = ["Flood", "Offender", "Sleeper", "Wrongdoer", "press"]

_TICK: Final = 0.001
"""Seconds; what is due within it leaves together."""

_SERVE_EVERY: Final = 0.02
"""Seconds between two looks at what comes in: enough to stay in the room."""

_MOST_AT_ONCE: Final = 2_000
"""Packets. An offender that falls behind doesn't make it up: a late burst would be another case."""

_SMALL_BUFFER: Final = 8_192
_BETWEEN_WRONGS: Final = 0.3
"""Seconds, also to see what comes of each."""


@dataclass(frozen=True, slots=True)
class Flood:
    """One connection that sends too much."""

    seat: Seat
    to: MacAddress
    rate: float
    """Packets a second."""
    frame_size: int
    frames_in_packet: int = 1


@dataclass(frozen=True, slots=True)
class Sleeper:
    """One connection that joins and never looks at its socket again."""

    seat: Seat


@dataclass(frozen=True, slots=True)
class Wrongdoer:
    """One that does wrong, is sent away, and comes again with another wrong."""

    seat: Seat
    first: int
    """Of `OFFENCES`."""


Offender: TypeAlias = Flood | Sleeper | Wrongdoer


class _Flooder:
    def __init__(self, flood: Flood) -> None:
        self.client = RawClient(flood.seat.relay, mac=flood.seat.mac, name="flooder")
        self.client.join(flood.seat.room_code)
        self.sender = FastSender(self.client)
        self.rate = flood.rate
        self._owed = 0.0
        header = flood.to + flood.seat.mac + ETHERTYPE
        payload = encode_whole(header + bytes(flood.frame_size - len(header)))
        more = datagram_frame(payload, is_last=False) * (flood.frames_in_packet - 1)
        self._frames = more + datagram_frame(payload)

    def send(self, elapsed: float) -> None:
        self._owed = min(self._owed + elapsed * self.rate, _MOST_AT_ONCE)
        count = int(self._owed)
        self._owed -= count
        self.sender.send([self.sender.seal(self._frames) for _ in range(count)])


def press(pipe: Connection, offenders: Sequence[Offender]) -> None:
    """Join with all, say so, begin when told to, go on until told again; say what was offered."""
    sleepers: list[RawClient] = []
    flooders: list[_Flooder] = []
    over = Event()
    wrongdoers: list[Thread] = []
    try:
        for offender in offenders:
            if isinstance(offender, Flood):
                flooders.append(_Flooder(offender))
            elif isinstance(offender, Sleeper):
                sleepers.append(_asleep(offender))
            else:
                wrongdoers.append(Thread(target=_do_wrong, args=(offender, over)))
        pipe.send(None)
        while not pipe.poll(0):
            _serve(flooders)
            time.sleep(_SERVE_EVERY)
        pipe.recv()
        for wrongdoer in wrongdoers:
            wrongdoer.start()
        seconds = _flood(pipe, flooders)
        pipe.recv()
        ended = sum(flooder.client.is_over for flooder in flooders)
        pipe.send(Summary(sum(each.sender.sent for each in flooders), seconds, ended))
    except RefusedError as refused:
        pipe.send(refused)
    finally:
        over.set()
        for sleeper in sleepers:
            sleeper.crash()
        for flooder in flooders:
            flooder.client.leave()


def _do_wrong(wrongdoer: Wrongdoer, over: Event) -> None:
    number = wrongdoer.first
    while not over.wait(_BETWEEN_WRONGS):
        client = RawClient(wrongdoer.seat.relay, mac=wrongdoer.seat.mac, name="wrongdoer")
        assert wrongdoer.seat.room_code is not None
        with suppress(RefusedError):
            OFFENCES[number % len(OFFENCES)](client, wrongdoer.seat.room_code)
            client.wait(_BETWEEN_WRONGS)
        client.leave()
        number += 1


def _asleep(sleeper: Sleeper) -> RawClient:
    client = RawClient(
        sleeper.seat.relay, mac=sleeper.seat.mac, name="sleeper", receive_buffer=_SMALL_BUFFER
    )
    client.join(sleeper.seat.room_code)
    return client


def _flood(pipe: Connection, flooders: Sequence[_Flooder]) -> float:
    """Flood until the pipe says something; return for how long."""
    began = last = served = time.monotonic()
    while not pipe.poll(0):
        now = time.monotonic()
        for flooder in flooders:
            if not flooder.client.is_over:  # Its keys are gone.
                flooder.send(now - last)
        last = now
        if now - served > _SERVE_EVERY:
            served = now
            _serve(flooders)
        select.select([pipe], [], [], max(0.0, last + _TICK - time.monotonic()))
    return time.monotonic() - began


def _serve(flooders: Sequence[_Flooder]) -> None:
    for flooder in flooders:
        if not flooder.client.is_over:
            flooder.client.serve()
