"""A frame port without a kernel: the fake of all others, and a simulated player's real one.

Its *session side* is `FramePort`. Its *host side* is `inject` and `take`: what a host injects, the
session reads; what the session writes, the host takes. Both queues are bounded and refuse the
newest frame when full, as a network card's rings do.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from lanparty_client_core.port import FRAMES_PER_READ

__all__ = ["DEFAULT_QUEUE_LIMIT", "InMemoryPort"]

DEFAULT_QUEUE_LIMIT: Final = 1_024
"""Frames each way: 1.5 MB at most, and longer than any burst that the tunnel lets through."""


class InMemoryPort:
    """A `FramePort` whose host is Python code. Used from one thread."""

    def __init__(self, *, mtu: int = 1_500, queue_limit: int = DEFAULT_QUEUE_LIMIT) -> None:
        self._mtu = mtu
        self._queue_limit = queue_limit
        self._to_session: deque[bytes] = deque()
        self._to_host: deque[bytes] = deque()
        self._wake_session: Callable[[], None] | None = None
        self._wake_host: Callable[[], None] | None = None
        self._closed = False

    @property
    def mtu(self) -> int:
        """Largest Ethernet payload, in bytes."""
        return self._mtu

    @property
    def closed(self) -> bool:
        """The session gave the port back."""
        return self._closed

    # The session's side.

    def read_frames(self) -> list[bytes]:
        """Take what the host injected, oldest first, at most `FRAMES_PER_READ`."""
        count = min(len(self._to_session), FRAMES_PER_READ)
        return [self._to_session.popleft() for _ in range(count)]

    def write_frames(self, frames: Sequence[bytes]) -> int:
        """Hand frames to the host; returns how many fitted, counted from the front."""
        if self._closed:
            return 0
        was_empty = not self._to_host
        taken = min(len(frames), self._queue_limit - len(self._to_host))
        self._to_host.extend(frames[:taken])
        if was_empty and taken and self._wake_host is not None:
            self._wake_host()
        return taken

    def on_readable(self, wake: Callable[[], None] | None) -> None:
        """Name what to call when the host injects into an empty queue."""
        self._wake_session = wake
        if wake is not None and self._to_session:
            wake()

    def close(self) -> None:
        """Drop what the session has not read; what the host has not taken stays for it."""
        self._closed = True
        self._to_session.clear()

    # The host's side.

    def inject(self, frame: bytes) -> bool:
        """Give the session a frame to carry. False if the queue is full or the port closed."""
        if self._closed or len(self._to_session) >= self._queue_limit:
            return False
        self._to_session.append(frame)
        if len(self._to_session) == 1 and self._wake_session is not None:
            self._wake_session()
        return True

    def take(self) -> list[bytes]:
        """Take every frame that the session wrote, oldest first."""
        frames = list(self._to_host)
        self._to_host.clear()
        return frames

    def on_written(self, wake: Callable[[], None] | None) -> None:
        """Name what to call when the session writes into an empty queue."""
        self._wake_host = wake
