"""The admin process: from the three descriptors that it inherits to a serving web app.

Its life hangs on the link: when the relay ends, or speaks what can't be read, this process ends.
"""

import asyncio
import contextlib
import mmap
import os
import socket
import time
from collections.abc import Callable
from typing import Final

import uvicorn

from lanparty_obs.logging import configure, get_logger
from lanparty_relay.admin.app import AdminParts, create_app
from lanparty_relay.admin.counter_history import CounterHistory
from lanparty_relay.admin.metrics import MetricsPage
from lanparty_relay.admin.observation import Observer
from lanparty_relay.admin.sampling import Sampling
from lanparty_relay.admin.snapshot import SnapshotReader
from lanparty_relay.admin.state import RelayState
from lanparty_relay.admin_link import (
    Configuration,
    FromAdmin,
    Serving,
    ToAdmin,
)
from lanparty_relay.counter_memory import SLOT_BYTES
from lanparty_relay.link_connection import LinkConnection

__all__ = ["run_admin"]

_NICENESS: Final = 10
"""Where processors are short, frames go before what operators look at: a page of metrics of 500
players is 60 ms of work. Only once this process serves: its start is to be over soon."""


def run_admin(link: int, counters: int, listener: int) -> int:
    """Serve on inherited descriptors until the relay is gone; return the exit code."""
    with contextlib.suppress(asyncio.CancelledError):  # the relay ended before it began
        asyncio.run(_serve(socket.socket(fileno=link), counters, socket.socket(fileno=listener)))
    return 0


async def _serve(link_socket: socket.socket, counters: int, listener: socket.socket) -> None:
    relay = _RelayLink(link_socket)
    configuration = await relay.configured
    configure(json=configuration.log_json, level=configuration.log_level)
    state = RelayState(configuration, send=relay.link.send, clock=time.monotonic)
    relay.hand_to(state)
    reader = SnapshotReader(_shared(counters, configuration.counter_slots))
    observer = Observer(state, reader)
    history = CounterHistory()
    metrics = MetricsPage(observer, clock=time.monotonic)

    def serving() -> None:
        os.nice(_NICENESS)  # threads that come later have it as well: sched(7)
        relay.link.send(Serving())

    server = _Server(
        uvicorn.Config(
            create_app(AdminParts(state, observer, metrics, history)),
            log_config=None,
            access_log=False,
            log_level="warning",
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        ),
        on_started=serving,
    )

    def end() -> None:
        state.relay_is_gone()
        server.finish()

    relay.on_gone(end)
    sampling = Sampling(history, reader, clock=time.monotonic, on_fault=server.stop)
    try:
        await server.serve(sockets=[listener])
    finally:
        await sampling.aclose()


def _shared(descriptor: int, slots: int) -> memoryview:
    mapping = mmap.mmap(descriptor, slots * SLOT_BYTES, prot=mmap.PROT_READ)
    os.close(descriptor)
    return memoryview(mapping).cast("Q")


class _RelayLink:
    """The link, before and after there is a state to hand its messages to."""

    def __init__(self, link_socket: socket.socket) -> None:
        self.configured: Final[asyncio.Future[Configuration]] = (
            asyncio.get_running_loop().create_future()
        )
        self._early: list[ToAdmin | FromAdmin] = []
        self._state: RelayState | None = None
        self._gone = False
        self._on_gone: Callable[[], None] | None = None
        self.link: Final = LinkConnection(
            link_socket, on_message=self._receive, on_closed=self._closed
        )

    def hand_to(self, state: RelayState) -> None:
        """Give the state all messages, also those that came before."""
        self._state = state
        early, self._early = self._early, []
        for message in early:
            self._receive(message)

    def on_gone(self, stop: Callable[[], None]) -> None:
        """Name what to call when the relay is gone, at once if it is."""
        self._on_gone = stop
        if self._gone:
            stop()

    def _receive(self, message: ToAdmin | FromAdmin) -> None:
        if isinstance(message, Configuration) and not self.configured.done():
            self.configured.set_result(message)
        elif self._state is None:
            self._early.append(message)
        else:
            self._state.receive(message)

    def _closed(self, reason: str) -> None:
        get_logger("relay.admin").debug("relay half is gone", reason=reason)
        self._gone = True
        if not self.configured.done():
            self.configured.cancel()
        if self._on_gone is not None:
            self._on_gone()


class _Server(uvicorn.Server):
    """Tells when it serves, and can be ended from within."""

    def __init__(self, config: uvicorn.Config, *, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started: Final = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    def finish(self) -> None:
        """End when the requests on their way are answered, which takes no more than a moment."""
        self.should_exit = True

    def stop(self) -> None:
        """End at once."""
        self.should_exit = True
        self.force_exit = True
