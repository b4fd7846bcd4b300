"""Measures the way to a relay without speaking QUIC to it: version probes over a plain UDP socket.

Acts: resolves a name, opens sockets, takes time. It tells apart why nothing comes back, which a
QUIC handshake can't.
"""

import asyncio
import errno
import secrets
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, cast

from lanparty_endpoint.doctor.facts import Obstacle, PathFacts
from lanparty_endpoint.doctor.version_probe import (
    SMALLEST_VERSION_PROBE,
    answered_nonce,
    version_probe,
)

__all__ = ["MEASURE_SECONDS", "measure_path"]

MEASURE_SECONDS: Final = 5.0

_INTERVAL: Final = 0.1
"""Seconds between questions: ten a second of 1,200 bytes are less than a game sends."""
_FIRST_ANSWER_WITHIN: Final = 2.0
"""Seconds that one address of the relay has before the next is tried."""
_FIRST_TRIES: Final = 4
_LAST_ANSWER_WITHIN: Final = 1.0
_SIZES: Final = {
    socket.AF_INET: (1_252, 1_312, 1_372, 1_412, 1_432, 1_452, 1_472),
    socket.AF_INET6: (1_232, 1_292, 1_352, 1_392, 1_412, 1_432, 1_452),
}
"""UDP payloads of packets of 1,280 to 1,500 bytes, at the steps that tunnels on the way make."""
_TRIES_PER_SIZE: Final = 3

# Linux's numbers (linux/in.h, linux/in6.h); the socket module has no names for them.
_IP_MTU_DISCOVER: Final = 10
_IPV6_MTU_DISCOVER: Final = 23
_PMTUDISC_PROBE: Final = 3

_REASONS: Final = {
    errno.ECONNREFUSED: Obstacle.REFUSED,
    errno.EHOSTUNREACH: Obstacle.UNREACHABLE,
    errno.ENETUNREACH: Obstacle.UNREACHABLE,
    errno.EPERM: Obstacle.FORBIDDEN,
    errno.EACCES: Obstacle.FORBIDDEN,
}


async def measure_path(host: str, port: int, *, seconds: float = MEASURE_SECONDS) -> PathFacts:
    """Ask each address of the relay until one answers, then measure it for `seconds`."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return PathFacts(obstacle=Obstacle.NAME)
    obstacle = Obstacle.SILENT
    sent = 0
    for family, address in dict.fromkeys((family, where[:2]) for family, *_, where in found):
        try:
            asking = await _Asking.open(family, (str(address[0]), int(address[1])))
        except OSError:
            obstacle = Obstacle.NO_ROUTE
            continue
        try:
            if await asking.find():
                await asking.measure(_SIZES.get(family, ()), seconds=seconds)
                return asking.facts()
        finally:
            asking.close()
        sent += asking.sent
        obstacle = asking.obstacle
    return PathFacts(obstacle=obstacle, sent=sent)


class _Asking(asyncio.DatagramProtocol):
    """One address of the relay, and what it answered."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._destination_id = secrets.token_bytes(8)
        self._asked: list[tuple[float, int]] = []
        """When each probe left, and its size; its nonce is its index."""
        self._answered: dict[int, float] = {}
        self._measured: range = range(0)
        self._news = asyncio.Event()
        self._error: int | None = None
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls, family: int, address: tuple[str, int]) -> "_Asking":
        """Connect a socket, so that ICMP answers become errors; OSError if there is no route."""
        connected = socket.socket(family, socket.SOCK_DGRAM)
        try:
            connected.setblocking(False)
            # Whole or not at all: a packet that is cut on the way says nothing of sizes.
            with suppress(OSError):
                if family == socket.AF_INET6:
                    connected.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_PROBE)
                else:
                    connected.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_PROBE)
            connected.connect(address)
            loop = asyncio.get_running_loop()
            _, asking = await loop.create_datagram_endpoint(lambda: cls(address), sock=connected)
        except BaseException:
            connected.close()
            raise
        return asking

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def sent(self) -> int:
        return len(self._asked)

    @property
    def obstacle(self) -> Obstacle:
        return _REASONS.get(self._error or 0, Obstacle.SILENT)

    async def find(self) -> bool:
        """Ask a few times; True with the first answer, False when ICMP or the time says no."""
        for _ in range(_FIRST_TRIES):
            self._ask(SMALLEST_VERSION_PROBE)
            with suppress(TimeoutError):
                async with asyncio.timeout(_FIRST_ANSWER_WITHIN / _FIRST_TRIES):
                    await self._news.wait()
            self._news.clear()
            if self._answered:
                return True
        return False

    async def measure(self, sizes: Sequence[int], *, seconds: float) -> None:
        """Ask at an even pace, and beside it now and then with larger packets."""
        count = max(2, round(seconds / _INTERVAL))
        larger = [size for size in sizes for _ in range(_TRIES_PER_SIZE)]
        self._error = None
        begin, first = time.monotonic(), len(self._asked)
        for number in range(count):
            self._ask(SMALLEST_VERSION_PROBE)
            if number < len(larger):
                self._ask(larger[number])
            await asyncio.sleep(begin + (number + 1) * _INTERVAL - time.monotonic())
        self._measured = range(first, len(self._asked))
        waited_until = time.monotonic() + _LAST_ANSWER_WITHIN
        while not set(self._measured) <= self._answered.keys() and time.monotonic() < waited_until:
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(waited_until - time.monotonic()):
                    await self._news.wait()

    def facts(self) -> PathFacts:
        plain = [
            nonce for nonce in self._measured if self._asked[nonce][1] == SMALLEST_VERSION_PROBE
        ]
        answered_sizes = [self._asked[nonce][1] for nonce in self._answered]
        return PathFacts(
            address=self._address,
            sent=len(plain),
            round_trips=tuple(self._answered[nonce] for nonce in plain if nonce in self._answered),
            largest_packet=max(answered_sizes),
            sizes_tried=tuple(sorted({size for _, size in self._asked})),
        )

    def _ask(self, size: int) -> int:
        assert self._transport is not None, "asyncio has made it"
        nonce = len(self._asked)
        probe = version_probe(nonce, destination_id=self._destination_id, size=size)
        self._asked.append((time.monotonic(), size))
        self._transport.sendto(probe)
        return nonce

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002
        nonce = answered_nonce(data, destination_id=self._destination_id)
        if nonce is not None and nonce < len(self._asked):
            self._answered.setdefault(nonce, time.monotonic() - self._asked[nonce][0])
            self._news.set()

    def error_received(self, exc: Exception) -> None:
        if isinstance(exc, OSError) and exc.errno in _REASONS:
            self._error = exc.errno
            self._news.set()
