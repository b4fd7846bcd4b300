"""Notices that network interfaces come, go and change (rtnetlink(7)); needs no privilege."""

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Final

__all__ = ["LinkWatch"]

_LINKS: Final = 0x1  # RTMGRP_LINK of linux/rtnetlink.h
_MESSAGES_PER_TURN: Final = 256
"""A machine that starts a hundred containers must not starve the frames."""


class LinkWatch:
    """Says that something has changed, of any interface: whoever is told looks by himself.

    So an event that was lost in a storm (ENOBUFS) makes no difference.
    """

    def __init__(self) -> None:
        """Listen from now on; what comes before `on_change` is told then."""
        self._socket: Final = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE
        )
        try:
            self._socket.bind((0, _LINKS))
        except OSError:
            self._socket.close()
            raise
        self._loop: asyncio.AbstractEventLoop | None = None

    def on_change(self, call: Callable[[], None] | None) -> None:
        """Name what the running event loop calls after a change; None for nobody."""
        if self._loop is not None:
            self._loop.remove_reader(self._socket)
            self._loop = None
        if call is not None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._socket, self._drain, call)

    def close(self) -> None:
        """Listen no more."""
        self.on_change(None)
        self._socket.close()

    def _drain(self, call: Callable[[], None]) -> None:
        for _ in range(_MESSAGES_PER_TURN):
            try:
                self._socket.recv(1)  # the rest of the message is dropped
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
        call()
