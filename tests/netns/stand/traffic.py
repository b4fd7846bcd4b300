"""Traffic between two machines, from threads of the test: a steady stream, a file, raw frames.

Sockets are made inside a machine and stay there, so the threads needn't be inside.
"""

import hashlib
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from types import TracebackType
from typing import Final, Self

from namespaces import Namespace
from programs import wait_until

__all__ = ["STREAM_PORT", "Arrival", "Stream", "Transfer", "udp_socket"]

STREAM_PORT: Final = 7_000
_TRANSFER_PORT: Final = 7_001
_NUMBER: Final = struct.Struct("!Q")
_CHUNK: Final = 65_536
_JOIN_LIMIT: Final = 10.0


def udp_socket(machine: Namespace, port: int = 0) -> socket.socket:
    """Make an ordinary UDP socket on a machine, as a game does: any address, broadcast allowed."""
    with machine.entered():
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    made.bind(("0.0.0.0", port))
    return made


@dataclass(frozen=True, slots=True)
class Arrival:
    """A packet of a stream that has come: its number, when it was sent and when it came."""

    number: int
    sent: float
    came: float


class Stream:
    """Numbered UDP packets at a steady rate from one machine to an address of another."""

    def __init__(
        self, source: Namespace, target: Namespace, address: str, *, rate: float = 10.0
    ) -> None:
        """Start it; `rate` in packets a second."""
        self._address: Final = (address, STREAM_PORT)
        self._pause: Final = 1 / rate
        self._sender: Final = udp_socket(source)
        self._receiver: Final = udp_socket(target, STREAM_PORT)
        self._receiver.settimeout(0.2)
        self._sent: Final[list[float]] = []
        self._arrivals: Final[list[Arrival]] = []
        self._ended: Final = threading.Event()
        self._threads: Final = [
            threading.Thread(target=work, daemon=True) for work in (self._send, self._receive)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def sent(self) -> int:
        """How many packets have been sent."""
        return len(self._sent)

    @property
    def arrivals(self) -> list[Arrival]:
        """What has come so far, in the order of coming."""
        return list(self._arrivals)

    def seconds_until_flowing(self, since: float, *, limit: float) -> float:
        """Wait for a packet that was sent after `since`; return how long after it it came."""

        def look() -> Arrival | None:
            return next((one for one in reversed(self.arrivals) if one.sent > since), None)

        wait_until(look, "a packet of the stream arrives", limit=limit)
        return min(one.came for one in self.arrivals if one.sent > since) - since

    def stop(self) -> None:
        """Stop sending, and take what is still on its way for a moment."""
        self._ended.set()
        for thread in self._threads:
            thread.join(_JOIN_LIMIT)
        self._sender.close()
        self._receiver.close()

    def _send(self) -> None:
        due = time.monotonic()
        while not self._ended.wait(max(0.0, due - time.monotonic())):
            due += self._pause
            number = len(self._sent)
            self._sent.append(time.monotonic())
            # Without a route, as while a link is down, the packet is lost like any other.
            with suppress(OSError):
                self._sender.sendto(_NUMBER.pack(number), self._address)

    def _receive(self) -> None:
        quiet_after_end = False
        while not quiet_after_end:
            try:
                (number,) = _NUMBER.unpack(self._receiver.recv(_CHUNK))
            except TimeoutError:
                quiet_after_end = self._ended.is_set()
            else:
                came = time.monotonic()
                self._arrivals.append(Arrival(number, self._sent[number], came))


class Transfer:
    """A TCP connection that carries bytes as fast as it can, until so many or until stopped."""

    def __init__(
        self, source: Namespace, target: Namespace, address: str, *, size: int | None = None
    ) -> None:
        """Connect and start; `size` in bytes, None for no end but `stop`."""
        self.failure: OSError | None = None
        """What ended the connection, if not its natural end."""
        self._size: Final = size
        self._ended: Final = threading.Event()
        self._sent_hash: Final = hashlib.sha256()
        self._came_hash: Final = hashlib.sha256()
        self._progress: Final[list[tuple[float, int]]] = [(time.monotonic(), 0)]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        place = (address, _TRANSFER_PORT)
        with target.entered(), socket.create_server(place, family=family) as listener:
            listener.settimeout(_JOIN_LIMIT)
            with source.entered():
                self._sender: Final = socket.create_connection(place, timeout=_JOIN_LIMIT)
            self._receiver: Final = listener.accept()[0]
        # As long as TCP itself tries, so does the test: its own limits are shorter.
        self._sender.settimeout(None)
        self._receiver.settimeout(None)
        self._threads: Final = [
            threading.Thread(target=work, daemon=True) for work in (self._send, self._receive)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def received(self) -> int:
        """How many bytes have come."""
        return self._progress[-1][1]

    @property
    def is_intact(self) -> bool:
        """Whether what came is what was sent; after the end."""
        return self._sent_hash.digest() == self._came_hash.digest()

    def longest_stall(self, since: float) -> float:
        """Return the longest time without a new byte, from `since` on, in seconds."""
        times = [since, *(at for at, _ in self._progress if at > since), time.monotonic()]
        return max(later - earlier for earlier, later in pairwise(times))

    def wait_received(self, size: int, *, limit: float) -> None:
        """Wait until so many bytes have come."""
        wait_until(
            lambda: self.received >= size or self.failure,
            f"{size:,} bytes arrive",
            limit=limit,
            explain=lambda: f"{self.received:,} have come",
        )
        assert self.failure is None, self.failure

    def finish(self, *, limit: float) -> None:
        """Stop sending, and wait until all has come."""
        if self._size is None:
            self._ended.set()
        for thread in self._threads:
            thread.join(limit)
        running = any(thread.is_alive() for thread in self._threads)
        self.close()
        assert not running, f"not at its end after {limit:g} s; {self.received:,} bytes came"
        assert self.failure is None, self.failure

    def close(self) -> None:
        """Give it up."""
        self._ended.set()
        for end in (self._sender, self._receiver):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _send(self) -> None:
        left = self._size
        number = 0
        try:
            while not self._ended.is_set() and left != 0:
                number += 1
                # No two chunks are alike: one that came twice or in another's place shows.
                chunk = _NUMBER.pack(number) * (_CHUNK // _NUMBER.size)
                chunk = chunk if left is None else chunk[:left]
                left = None if left is None else left - len(chunk)
                self._sent_hash.update(chunk)
                self._sender.sendall(chunk)
            self._sender.shutdown(socket.SHUT_WR)
        except OSError as error:
            self._fail(error)

    def _receive(self) -> None:
        total = 0
        try:
            while chunk := self._receiver.recv(_CHUNK):
                total += len(chunk)
                self._came_hash.update(chunk)
                self._progress.append((time.monotonic(), total))
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        if not self._ended.is_set():
            self.failure = error
