"""Load: many players in one room, each sending at a steady rate; what arrives, and how late.

Every frame carries the moment of its sending. The players are spread over processes of this
machine, which share one monotonic clock, so one-way latencies are exact.
"""

import multiprocessing
import secrets
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Final

from lanparty_ctrl import RoomCode
from lanparty_sim.latency import LatencyHistogram
from lanparty_sim.load_worker import Answer, LoadFailedError, LoadPlan, LoadTally, Share, work
from lanparty_sim.settings import LoadCast

__all__ = ["LoadFailedError", "LoadPlan", "LoadResult", "result_of", "run_load"]

_START_DELAY: Final = 0.5
"""Between everybody's join and the first frame, so that all processes start together."""
_JOIN_LIMIT: Final = 120.0
_LEAVE_LIMIT: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """What a load run measured. Times in seconds."""

    players: int
    frame_size: int
    cast: LoadCast
    seconds: float
    offered: int
    """Frames that the players wanted to send."""
    unsent: int
    """Frames and datagrams that their own queues dropped: more than the path or this machine can
    take."""
    expected: int
    """Copies that should have arrived."""
    delivered: int
    delivered_per_second: float
    loss: float
    """Share of the expected copies, 0 to 1."""
    latency_p50: float | None
    latency_p99: float | None


def run_load(plan: LoadPlan, *, tell: Callable[[str], None]) -> LoadResult:
    """Run it and return what was measured; raise `LoadFailedError` if somebody can't join.

    `tell` gets a line for a person when something begins.
    """
    tell(f"{plan.players} players join through {plan.relay.address}.")
    workers = _Workers()
    try:
        workers.start(plan)
        tell(f"{plan.players} players are in the room and send for {plan.seconds:g} s.")
        tallies = workers.send(time.monotonic() + _START_DELAY)
    except (EOFError, BrokenPipeError):
        workers.terminate()
        raise LoadFailedError("One of the load's processes died.") from None
    except BaseException:
        workers.terminate()
        raise
    finally:
        workers.join()
    return result_of(plan, tallies)


def result_of(plan: LoadPlan, tallies: Iterable[LoadTally]) -> LoadResult:
    """Put together what the processes of a run counted."""
    latencies = LatencyHistogram()
    unsent = delivered = 0
    for tally in tallies:
        unsent += tally.unsent
        delivered += tally.delivered
        latencies.add(LatencyHistogram(tally.latencies))
    offered = plan.frames_per_player * plan.players
    expected = offered * plan.copies
    return LoadResult(
        players=plan.players,
        frame_size=plan.frame_size,
        cast=plan.cast,
        seconds=plan.seconds,
        offered=offered,
        unsent=unsent,
        expected=expected,
        delivered=delivered,
        delivered_per_second=delivered / plan.seconds,
        loss=1 - delivered / expected if expected else 0.0,
        latency_p50=latencies.percentile(0.50),
        latency_p99=latencies.percentile(0.99),
    )


class _Workers:
    """The processes of a run.

    Their owner always calls `join`, and `terminate` before it if the run is off.
    """

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._running: list[tuple[BaseProcess, Connection]] = []

    def start(self, plan: LoadPlan) -> None:
        """Start them and wait until all players are in the room."""
        processes = min(plan.processes, plan.players)
        mac_prefix = b"\x02\x5b" + secrets.token_bytes(2)
        room_code, create = plan.room_code, plan.create
        for first in range(processes):
            share = Share(
                plan=plan,
                mac_prefix=mac_prefix,
                numbers=range(first, plan.players, processes),
                room_code=room_code,
                create=create,
            )
            pipe = self._start_one(share)
            if first == 0:
                # The room is there, and has a code, when the first process is in it.
                room_code, create = _joined(pipe), False
        for _, pipe in self._running[1:]:
            _joined(pipe)

    def send(self, begin_at: float) -> list[LoadTally]:
        """Let them send from this moment on; return what each counted.

        Raises `LoadFailedError` if players lost their places meanwhile.
        """
        for _, pipe in self._running:
            pipe.send(begin_at)
        answers: list[Answer] = [pipe.recv() for _, pipe in self._running]
        tallies = [answer for answer in answers if isinstance(answer, LoadTally)]
        for answer in answers:
            if isinstance(answer, LoadFailedError):
                raise answer
        return tallies

    def terminate(self) -> None:
        """Have the players leave at once."""
        for process, _ in self._running:
            process.terminate()

    def join(self) -> None:
        """Wait until the players have left; a process that takes too long has to go."""
        for _, pipe in self._running:
            pipe.close()
        give_up_at = time.monotonic() + _LEAVE_LIMIT
        for process, _ in self._running:
            process.join(timeout=max(0.0, give_up_at - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()

    def _start_one(self, share: Share) -> Connection:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=work, args=(theirs, share), daemon=True)
        with _interrupts_held():
            process.start()
        theirs.close()
        self._running.append((process, ours))
        return ours


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C for after the block; a process that is started in it never sees any.

    The terminal sends it to the whole group, but the players' owner decides what it means.
    """
    # Its own start would let interrupts through again, inside the block.
    resource_tracker.ensure_running()
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _joined(pipe: Connection) -> RoomCode:
    if not pipe.poll(_JOIN_LIMIT):
        raise LoadFailedError("The players didn't get into the room in time.")
    answer: Answer = pipe.recv()
    if isinstance(answer, LoadFailedError):
        raise answer
    assert isinstance(answer, RoomCode)
    return answer
