"""Notices when the machine's other networks change (rtnetlink's multicast groups)."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable
from typing import Final

from pyroute2.netlink.exceptions import NetlinkError

from lanparty_client.linux.surroundings import Surroundings, read

__all__ = ["SETTLE_SECONDS", "NetworkWatch"]

SETTLE_SECONDS: Final = 0.1
"""From the first event to the look at what became of it: a cable that is plugged in makes a dozen
events, and a look at the tables costs a few milliseconds."""

_GROUPS: Final = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
"""RTMGRP_LINK, IPV4_IFADDR, IPV4_ROUTE, IPV6_IFADDR, IPV6_ROUTE of linux/rtnetlink.h."""


class NetworkWatch:
    """Calls back when a way out of the machine came, went or changed.

    The events only wake it; then it compares the tables with those of before. So the room's own
    interface, softlan's routes, renewed lifetimes and lost events (ENOBUFS) make no difference.
    """

    def __init__(self, *, room: int | None) -> None:
        """Watch all but the interface with the index `room`."""
        self._room = room
        self._event = asyncio.Event()
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None
        self._surroundings = Surroundings(links=(), addresses=(), routes=())

    @property
    def surroundings(self) -> Surroundings:
        """What was there when it last looked."""
        return self._surroundings

    async def start(self, on_change: Callable[[], None]) -> None:
        """Look once, and call `on_change` after every change from now on until `aclose`."""
        netlink = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE
        )
        self._socket = netlink
        netlink.bind((0, _GROUPS))
        self._surroundings = await read(room=self._room)
        asyncio.get_running_loop().add_reader(netlink, self._drain, netlink)
        self._task = asyncio.create_task(self._watch(on_change), name="network watch")

    async def aclose(self) -> None:
        """Stop; `on_change` is not called any more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _drain(self, netlink: socket.socket) -> None:
        self._event.set()
        while True:
            try:
                netlink.recv(1)  # the rest of the message is dropped: only that it came counts
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise

    async def _watch(self, on_change: Callable[[], None]) -> None:
        while True:
            await self._event.wait()
            await asyncio.sleep(SETTLE_SECONDS)
            self._event.clear()
            try:
                now = await read(room=self._room)
            except (NetlinkError, OSError):  # changed while it was read: there is another event
                self._event.set()
                continue
            before, self._surroundings = self._surroundings, now
            if now.ways_out() != before.ways_out():
                on_change()
