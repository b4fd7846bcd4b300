"""`make bench-packet-port`: what the gateway's port alone carries, beside a plain socket loop.

    sender process ---> far0 === eth0 ---> reader      a veth in a network namespace: needs root

Port and plain loop take turns in each round, so the ratios hold on a noisy machine; the absolute
figures don't travel. The plain loop calls recv() and send() on a packet socket with as much memory
as the port's ring; it knows neither VLAN tags, unfinished checksums nor superframes, and filters
nothing.

Usage: PYTHONPATH=tests/netns/stand python bench/packet_port.py --help
"""

import asyncio
import multiprocessing
import socket
import statistics
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, fields
from typing import Final, Protocol

from comparison import comparison_options, publish, require
from machine import describe_machine
from namespaces import Namespace
from rich.console import Console

from lanparty_client_core.port import FRAMES_PER_READ
from lanparty_gateway.packet import FilterWish, PacketPort
from lanparty_gateway.packet.ring import SLOT_SIZE, SLOTS

_ETH_P_ALL: Final = 0x0003
_SOL_PACKET: Final = 263
_PACKET_STATISTICS: Final = 6
_SO_RCVBUFFORCE: Final = 33
_LARGEST_READ: Final = 65_536

_PLAYERS: Final = [bytes.fromhex("0200") + (0x5E100000 + 977 * n).to_bytes(4) for n in range(50)]
_SIZES: Final = (60, 1_514)
_LOWEST_RATE: Final = 10_000
_STEPS: Final = 7
"""Halvings between the lowest rate and the sender's best: to one per cent of it."""
_WRITES: Final = 20_000


class Reader(Protocol):
    """What is measured."""

    def read_frames(self) -> list[bytes]: ...
    def write_frames(self, frames: Sequence[bytes]) -> int: ...
    def on_readable(self, wake: Callable[[], None] | None) -> None: ...
    def drops(self) -> int: ...
    def close(self) -> None: ...


class MeasuredPort(PacketPort):
    """The gateway's port in a room of fifty."""

    def drops(self) -> int:
        """Count the kernel's drops so far."""
        return self.counters().kernel_drops


class PlainLoop:
    """recv() and send() until there is no more."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, SLOT_SIZE * SLOTS)
        self._socket.bind(("eth0", _ETH_P_ALL))
        self._drops = 0

    def read_frames(self) -> list[bytes]:
        frames: list[bytes] = []
        receive = self._socket.recv
        with suppress(BlockingIOError):
            while len(frames) < FRAMES_PER_READ:
                frames.append(receive(_LARGEST_READ))
        return frames

    def write_frames(self, frames: Sequence[bytes]) -> int:
        send = self._socket.send
        for frame in frames:
            send(frame)
        return len(frames)

    def on_readable(self, wake: Callable[[], None] | None) -> None:
        loop = asyncio.get_running_loop()
        if wake is None:
            loop.remove_reader(self._socket)
        else:
            loop.add_reader(self._socket, wake)

    def drops(self) -> int:
        answer = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        self._drops += struct.unpack("=II", answer)[1]
        return self._drops

    def close(self) -> None:
        self._socket.close()


def open_port() -> MeasuredPort:
    port = MeasuredPort.open("eth0")
    port.admit(FilterWish(destinations=frozenset(_PLAYERS)))
    return port


@dataclass(frozen=True, slots=True)
class Measured:
    """One round of one reader. Rates in frames a second, times in seconds of CPU for a frame."""

    taken_60: float
    taken_1514: float
    read_cpu_60: float
    read_cpu_1514: float
    written_60: float
    written_1514: float


def frame_of(size: int, number: int = 0) -> bytes:
    return _PLAYERS[number % len(_PLAYERS)] + bytes.fromhex("001122334455 88b5") + bytes(size - 14)


def send(size: int, rate: float, seconds: float) -> None:
    """Send to the players in turn at a rate; busy, so that it is even."""
    frames = [frame_of(size, n) for n in range(len(_PLAYERS))]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as packets:
        packets.bind(("far0", 0))
        begin, sent, total = time.monotonic(), 0, int(rate * seconds)
        while sent < total:
            due = min(int((time.monotonic() - begin) * rate), total)
            while sent < due:
                packets.send(frames[sent % len(frames)])
                sent += 1


async def read_at(
    open_it: Callable[[], Reader], size: int, rate: float, seconds: float
) -> tuple[int, int, float, float]:
    """Read what is sent at a rate; return frames, drops, the CPU of it, and how long it took."""
    sender = multiprocessing.get_context("fork").Process(target=send, args=(size, rate, seconds))
    taken, last = 0, 0.0
    with closing(open_it()) as reader:

        def wake() -> None:
            nonlocal taken, last
            frames = reader.read_frames()
            taken += len(frames)
            last = time.monotonic()

        reader.on_readable(wake)
        cpu, begin = time.process_time(), time.monotonic()
        sender.start()
        await asyncio.to_thread(sender.join)
        while frames := reader.read_frames():
            taken += len(frames)
        cpu = time.process_time() - cpu
        reader.on_readable(None)
        return taken, reader.drops(), cpu, last - begin


async def without_drops(
    open_it: Callable[[], Reader], size: int, seconds: float
) -> tuple[float, float]:
    """Find the highest rate at which none is dropped, and the CPU of a frame there."""
    taken, drops, cpu, lasted = await read_at(open_it, size, 1e9, seconds / 1e3)
    low, high = float(_LOWEST_RATE), 1.1 * (taken + drops) / lasted
    best, cost = low, cpu / max(taken, 1)
    for _ in range(_STEPS):
        rate = (low + high) / 2
        taken, drops, cpu, lasted = await read_at(open_it, size, rate, seconds)
        if drops:
            high = rate
        else:
            low, best, cost = rate, min(rate, taken / lasted), cpu / taken
    return best, cost


def write_rate(open_it: Callable[[], Reader], size: int) -> float:
    """Write batches; return how many frames a second of CPU."""
    frames = [frame_of(size, n) for n in range(FRAMES_PER_READ)]
    with closing(open_it()) as reader:
        cpu, taken = time.process_time(), 0
        while taken < _WRITES:
            taken += reader.write_frames(frames)
        return taken / (time.process_time() - cpu)


async def measure(open_it: Callable[[], Reader], seconds: float) -> Measured:
    """Measure one reader once."""
    reads = [await without_drops(open_it, size, seconds) for size in _SIZES]
    writes = [write_rate(open_it, size) for size in _SIZES]
    return Measured(reads[0][0], reads[1][0], reads[0][1], reads[1][1], *writes)


READERS: Final[Mapping[str, Callable[[], Reader]]] = {
    "port": open_port,
    "recv() and send()": PlainLoop,
}


def measure_all(rounds: int, seconds: float) -> dict[str, list[Measured]]:
    """Lay the cable, and let both take turns."""
    console = Console(stderr=True)
    box = Namespace("bench")
    try:
        box.set_sysctl("ipv6.conf.default.disable_ipv6", 1)
        box.ip("link", "add", "eth0", "type", "veth", "peer", "name", "far0")
        for name in ("eth0", "far0"):
            box.ip("link", "set", name, "up")
        measured: dict[str, list[Measured]] = {name: [] for name in READERS}
        with box.entered():
            for number in range(rounds):
                for name, open_it in READERS.items():
                    console.print(f"round {number + 1} of {rounds}: {name}", style="dim")
                    measured[name].append(asyncio.run(measure(open_it, seconds)))
        return measured
    finally:
        box.remove()


def thousands(value: float) -> str:
    return f"{value / 1e3:,.0f},000"


def microseconds(value: float) -> str:
    return f"{value * 1e6:.2f} us"


ROWS: Final[Sequence[tuple[str, Callable[[float], str]]]] = (
    ("60 B frames a second before the kernel drops", thousands),
    ("1,514 B frames a second before the kernel drops", thousands),
    ("CPU of reading a 60 B frame at that rate", microseconds),
    ("CPU of reading a 1,514 B frame at that rate", microseconds),
    ("60 B frames written in a second of CPU", thousands),
    ("1,514 B frames written in a second of CPU", thousands),
)


def show(measured: Mapping[str, Sequence[Measured]]) -> tuple[list[str], list[list[str]]]:
    """Return headings and cells: medians, and the median ratio of a round."""
    rows = []
    for (title, text), field in zip(ROWS, fields(Measured), strict=True):
        runs = [[getattr(run, field.name) for run in measured[name]] for name in READERS]
        ratio = statistics.median(ours / plain for ours, plain in zip(*runs, strict=True))
        rows.append([title, *(text(statistics.median(values)) for values in runs), f"{ratio:.2f}"])
    return ["", *READERS, "ratio"], rows


def main() -> None:
    """Measure, print, keep."""
    options = comparison_options(__doc__, seconds=0.5, of_what="each step").parse_args()
    require({})
    measured = measure_all(options.rounds, options.seconds)
    publish(
        options,
        "packet-port",
        show(measured),
        title="The gateway's port",
        machine=describe_machine(),
        measured=measured,
    )


if __name__ == "__main__":
    main()
