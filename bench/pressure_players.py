"""The players of the pressure bench, each in a process of its own.

A frame carries the moment of its sending. What arrives is timed twice: when the packet reached the
player's socket (the kernel's stamp: relay and network alone), and when the player had the frame
(with what an overloaded player adds by itself).
"""

import select
import selectors
import struct
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Final, TypeAlias

from raw_client import Arrival, RawClient

from lanparty_ctrl import RoomCode
from lanparty_proto import HEADER_LENGTH, MacAddress

__all__ = ["Exchange", "Joined", "Seat", "Tally", "play", "stand_by"]

ETHERTYPE: Final = b"\x88\xb6"
"""Local experimental ethertype 2 (IEEE 802-2014 clause 9.2.3)."""

_STAMP: Final = struct.Struct("!8sId")
"""Mark, number, sent at (seconds of the realtime clock)."""

_MARK: Final = b"pressure"
_AFTER_ETHERNET: Final = 14
_PADDING: Final = bytes(100)
_GRACE: Final = 1.0
"""Seconds in which the last frames may arrive."""

_LONGEST_WAIT: Final = 0.01
_TIMERS_EVERY: Final = 0.05


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a player sits."""

    relay: tuple[str, int]
    mac: MacAddress
    room_code: RoomCode | None


@dataclass(frozen=True, slots=True)
class Joined:
    """What a player says when it is in the room."""

    room_code: RoomCode
    room_id: str
    peer_id: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a player is told: send to that one, so fast, so long."""

    to: MacAddress
    rate: float
    seconds: float
    begin_at: float
    """Seconds of the monotonic clock."""


@dataclass(slots=True)
class Tally:
    """What a player counted. Latencies in seconds, one for each frame."""

    offered: int = 0
    unsent: int = 0
    """Not let go by this player's own congestion window."""
    wire: list[float] = field(default_factory=list)
    port: list[float] = field(default_factory=list)
    others: int = 0
    """Datagrams that came from somebody else."""


Command: TypeAlias = Exchange | None
"""None: leave."""


def play(pipe: Connection, seat: Seat) -> None:
    """Join, say so, exchange as often as it is told to, leave."""
    client = RawClient(seat.relay, mac=seat.mac, name="polite player")
    try:
        welcome = client.join(seat.room_code, create=True)
        pipe.send(Joined(welcome.room_code, welcome.room_id, welcome.peer_id))
        while (command := _next_command(pipe, [client])) is not None:
            pipe.send(_exchange(client, command))
    finally:
        client.leave()


def stand_by(pipe: Connection, rooms: Iterable[Iterable[Seat]]) -> None:
    """Join rooms with many clients that take what comes and say nothing.

    Seats without a room code are in the room that the first of them makes.
    """
    clients: list[RawClient] = []
    try:
        for seats in rooms:
            room_code = None
            for seat in seats:
                clients.append(RawClient(seat.relay, mac=seat.mac, name="bystander"))
                room_code = clients[-1].join(seat.room_code or room_code).room_code
                _serve(clients)
        pipe.send(None)
        _next_command(pipe, clients)
    finally:
        for client in clients:
            client.leave()


def _next_command(pipe: Connection, clients: Sequence[RawClient]) -> Command:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        for client in clients:
            selector.register(client, selectors.EVENT_READ, client)
        served = 0.0
        while True:
            ready = [key.data for key, _ in selector.select(_LONGEST_WAIT)]
            if None in ready:
                command: Command = pipe.recv()
                return command
            for client in ready:
                client.serve()
            if time.monotonic() - served > _TIMERS_EVERY:
                served = time.monotonic()
                _serve(clients)


def _serve(clients: Iterable[RawClient]) -> None:
    """Give everybody a turn whose timer has come."""
    now = time.monotonic()
    for client in clients:
        if client.next_deadline(now) <= now:
            client.serve()


def _exchange(client: RawClient, exchange: Exchange) -> Tally:
    tally = Tally()
    seen: set[int] = set()

    def arrive(arrival: Arrival) -> None:
        start = HEADER_LENGTH + _AFTER_ETHERNET
        if arrival.payload[start : start + len(_MARK)] != _MARK:
            tally.others += 1
            return
        _, number, sent_at = _STAMP.unpack_from(arrival.payload, start)
        if number not in seen:
            seen.add(number)
            tally.wire.append(arrival.wire_time - sent_at)
            tally.port.append(time.time() - sent_at)

    header = exchange.to + client.mac + ETHERTYPE
    total = round(exchange.rate * exchange.seconds)
    unsent_before = client.unsent
    client.on_arrival = arrive
    end = exchange.begin_at + exchange.seconds + _GRACE
    while (now := time.monotonic()) < end:
        due = min(total, int((now - exchange.begin_at) * exchange.rate) + 1)
        while tally.offered < due:
            client.send_frame(header + _STAMP.pack(_MARK, tally.offered, time.time()) + _PADDING)
            tally.offered += 1
        # Sending first: receiving must not delay what other players measure.
        client.flush()
        if client.serve():
            continue
        now = time.monotonic()
        next_send = exchange.begin_at + tally.offered / exchange.rate
        next_turn = min(end, client.next_deadline(now), next_send if due < total else end)
        select.select([client], [], [], min(_LONGEST_WAIT, max(0.0, next_turn - now)))
    client.on_arrival = None
    tally.unsent = client.unsent - unsent_before
    return tally
