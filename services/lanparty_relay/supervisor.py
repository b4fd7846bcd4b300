"""Keeps one admin process alive beside the relay, and never lets the relay wait for it."""

import asyncio
import itertools
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from lanparty_obs.logging import get_logger
from lanparty_relay.admin_link import (
    HEARTBEAT_SECONDS,
    AnyAnswer,
    Command,
    CommandMessage,
    Configuration,
    FromAdmin,
    Heartbeat,
    HeartbeatSeen,
    InventoryChange,
    Serving,
    Synchronised,
    ToAdmin,
)
from lanparty_relay.counter_memory import CounterMemory
from lanparty_relay.event_feed import EventFeed
from lanparty_relay.inventory import Inventory
from lanparty_relay.link_connection import OUTBOX_BYTES, LinkConnection
from lanparty_relay.stopgap import Stopgap

__all__ = ["AdminPatience", "AdminSupervisor"]

_EVENTS_WAIT_FROM: Final = 262_144
"""Bytes that wait for the admin process above which events wait in the feed, and go if there are
too many: the inventory's changes go before, since nothing makes up for one that is missing."""

_SHORTEST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 5.0


@dataclass(frozen=True, slots=True)
class AdminPatience:
    """How long an admin process may take, in seconds; a machine may be busy with players."""

    to_serve: float = 30.0
    """From its start until it answers HTTP."""
    to_answer: float = 10.0
    """Between two signs of life; who gives none is killed."""
    to_end: float = 0.5
    """To go by itself once its link is closed, before it is killed."""
    steady: float = 10.0
    """Who lived so long is started again at once, and not after ever longer pauses."""


class AdminSupervisor:
    """Starts the admin process, feeds it, and starts it again when it dies or hangs.

    Its owner calls `start` once and awaits `aclose`. The listener, the memory and the inventory
    stay the owner's; the inventory must have each change before `announce` gets it.
    """

    def __init__(
        self,
        *,
        listener: socket.socket,
        memory: CounterMemory,
        configuration: Configuration,
        inventory: Inventory,
        events: EventFeed,
        heartbeat: Callable[[int], Heartbeat],
        on_command: Callable[[Command], None],
        patience: AdminPatience = AdminPatience(),
    ) -> None:
        self._listener: Final = listener
        self._memory: Final = memory
        self._configuration = configuration
        self._inventory: Final = inventory
        self._events: Final = events
        self._last_told = 0
        """Number of the last event that this admin process was told."""
        self._heartbeat: Final = heartbeat
        self._on_command: Final = on_command
        self._patience: Final = patience
        self._stopgap: Final = Stopgap(listener)
        self._link: LinkConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._last_sign = 0.0
        self._serving = False
        self._log = get_logger("relay.admin")
        self.restarts = 0
        """How often an admin process was started again."""

    def start(self) -> None:
        """Begin to keep an admin process alive."""
        self._task = asyncio.get_running_loop().create_task(self._keep_alive())

    async def aclose(self) -> None:
        """End the admin process and wait until it is gone."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._stopgap.close()

    def renew(self, *, token: str, pin: str) -> None:
        """Have this admin process and all later ones use another token, and show another pin."""
        self._configuration = self._configuration.model_copy(update={"token": token, "pin": pin})
        if self._link is not None:
            self._link.send(self._introduction())

    def announce(self, change: InventoryChange) -> None:
        """Pass a change on, if there is somebody to hear it."""
        if self._link is not None:
            self._link.send(change)

    def tell_events(self) -> None:
        """Pass on what the feed has, as far as the admin process reads."""
        if self._link is not None:
            self._tell_events(self._link, while_below=_EVENTS_WAIT_FROM)

    def answer(self, answer: AnyAnswer) -> None:
        """Say what became of a command; announce what it changed before."""
        if self._link is not None:
            self._link.send(answer)

    async def _keep_alive(self) -> None:
        loop = asyncio.get_running_loop()
        short_lives = 0
        while True:
            began = loop.time()
            reason = await self._one_life()
            steady = loop.time() - began >= self._patience.steady
            short_lives = 0 if steady else short_lives + 1
            pause = _pause_after(short_lives)
            self._log.warning("admin process starts again", reason=reason, pause_seconds=pause)
            await asyncio.sleep(pause)
            self.restarts += 1

    async def _one_life(self) -> str:
        """Start an admin process, see it to its end and return why it ended."""
        try:
            await self._stopgap.start()
            process, own_end = await self._spawn()
        except OSError as error:
            return f"it can't be started: {error.strerror}"
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def end(reason: str) -> None:
            if not ended.done():
                ended.set_result(reason)

        link = LinkConnection(own_end, on_message=self._receive, on_closed=end)
        beats = asyncio.create_task(self._beat(link, end))
        death = asyncio.create_task(process.wait())
        death.add_done_callback(lambda _: end("it ended"))
        try:
            self._introduce(link)
            reason = await ended
        finally:
            self._link = None
            beats.cancel()
            link.flush()
            link.close()
            await self._see_to_its_end(process, death)
        return f"{reason} (exit code {process.returncode})"

    async def _spawn(self) -> tuple[Process, socket.socket]:
        own_end, other_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        descriptors = (other_end.fileno(), self._memory.descriptor, self._listener.fileno())
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # what lies in the working directory must not be imported
                "-m",
                "lanparty_relay.admin",
                *map(str, descriptors),
                stdin=DEVNULL,
                pass_fds=descriptors,
                start_new_session=True,  # Ctrl-C is for the relay, which ends both
            )
        except OSError:
            own_end.close()
            raise
        finally:
            other_end.close()
        return process, own_end

    def _introduce(self, link: LinkConnection) -> None:
        self._serving = False
        self._last_sign = asyncio.get_running_loop().time()
        self._link = link
        link.send(self._introduction())
        self._last_told = 0
        self._events.admin_started(self.restarts, now=self._last_sign)
        # All that are kept, before anybody can ask.
        self._tell_events(link, while_below=OUTBOX_BYTES)
        link.send_account(self._account())

    def _tell_events(self, link: LinkConnection, *, while_below: int) -> None:
        while (
            link.waiting < while_below and (told := self._events.after(self._last_told)) is not None
        ):
            link.send(told)
            self._last_told = told.number

    def _introduction(self) -> Configuration:
        return self._configuration.model_copy(update={"admin_restarts": self.restarts})

    def _account(self) -> Iterator[ToAdmin]:
        return itertools.chain(self._inventory.everything(), [Synchronised()])

    async def _beat(self, link: LinkConnection, end: Callable[[str], None]) -> None:
        loop = asyncio.get_running_loop()
        for number in itertools.count():
            link.send(self._heartbeat(number))
            self._events.tell_sums(now=loop.time())
            self.tell_events()
            await asyncio.sleep(HEARTBEAT_SECONDS)
            patience = self._patience.to_answer if self._serving else self._patience.to_serve
            if loop.time() - self._last_sign > patience:
                end("it gave no sign of life")

    def _receive(self, message: ToAdmin | FromAdmin) -> None:
        match message:
            case Serving():
                self._log.info("admin process serves", restarts=self.restarts)
                self._serving = True
                self._last_sign = asyncio.get_running_loop().time()
                self._stopgap.stop()
            case HeartbeatSeen():
                self._last_sign = asyncio.get_running_loop().time()
            case CommandMessage():
                self._on_command(message)

    async def _see_to_its_end(self, process: Process, death: asyncio.Task[int]) -> None:
        """Wait for the process, which has lost its link, and kill it if it doesn't go."""
        done, _ = await asyncio.wait({death}, timeout=self._patience.to_end)
        if not done:
            with suppress(ProcessLookupError):
                process.kill()
            await death


def _pause_after(short_lives: int) -> float:
    """Start again at once the first time, then ever later."""
    if short_lives <= 1:
        return 0.0
    return min(_SHORTEST_PAUSE * 2.0 ** min(short_lives - 2, 10), _LONGEST_PAUSE)
