"""The relay's name, resolved again whenever it is dialed: homes change their addresses.

`getaddrinfo` can't be cancelled and may hang for half a minute. So it runs in a thread of its own
that nobody waits for, also not the end of the process; while one hangs no second one is started.
This module acts; it is a shell, as `join` is.
"""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeAlias

from lanparty_command import RelayAddress
from lanparty_quic.endpoint import Address

__all__ = ["RelayNotFoundError", "Resolver"]

_Found: TypeAlias = Callable[[tuple[Address, ...]], None]

LOOKUPS_LIMIT: Final = 32
"""Lookups of a process at one time. One that hangs can't be ended: who joins and gives up again
and again would fill the process with threads, and take them from the other sessions."""

_lookups: Final = threading.BoundedSemaphore(LOOKUPS_LIMIT)

_FRESH: Final = 1.0
"""Seconds for which an answer is not asked for again."""


class RelayNotFoundError(Exception):
    """The relay's name has no address. The text is for a person."""

    def __init__(self, host: str) -> None:
        super().__init__(f"No relay is called {host!r}. Check the name, and that you are online.")


class Resolver:
    """Resolves one relay's name, in the running loop."""

    def __init__(self, relay: RelayAddress) -> None:
        self._relay = relay
        self._loop = asyncio.get_running_loop()
        self._never_changes = _is_numeric(relay.host)
        self._running = False
        self._answered_at = float("-inf")

    async def resolve(self) -> tuple[Address, ...]:
        """Return the addresses in the system's order (RFC 6724), each once.

        Raises `RelayNotFoundError`.
        """
        answer: asyncio.Future[tuple[Address, ...]] = self._loop.create_future()

        def take(found: tuple[Address, ...]) -> None:
            if not answer.done():
                answer.set_result(found)

        self._start(take)
        found = await answer
        if not found:
            raise RelayNotFoundError(self._relay.host)
        return found

    def ask(self, take: _Found) -> None:
        """Call `take` in the loop with what the name resolves to, if anything and if it is news."""
        fresh = self._loop.time() - self._answered_at < _FRESH
        if not (self._never_changes or self._running or fresh):
            self._start(lambda found: take(found) if found else None)

    def _start(self, take: _Found) -> None:
        self._running = True

        def answer(found: tuple[Address, ...]) -> None:
            self._running = False
            if found:
                self._answered_at = self._loop.time()
            take(found)

        def run() -> None:
            try:
                found = _look_up(self._relay)
            finally:
                _lookups.release()
            with suppress(RuntimeError):  # The loop is closed: nobody wants to know any more.
                self._loop.call_soon_threadsafe(answer, found)

        if self._never_changes:  # so nobody is asked, and nothing hangs
            self._loop.call_soon(answer, _look_up(self._relay))
        elif _lookups.acquire(blocking=False):
            threading.Thread(target=run, name="resolver", daemon=True).start()
        else:
            self._loop.call_soon(answer, ())


def _look_up(relay: RelayAddress) -> tuple[Address, ...]:
    try:
        found = socket.getaddrinfo(relay.host, relay.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys((str(where[0]), int(where[1])) for *_, where in found))


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
