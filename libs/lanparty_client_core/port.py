"""The frame port: where Ethernet frames enter and leave an endpoint's host.

Real ports are a TAP interface or a packet socket; `InMemoryPort` is the one that needs no kernel,
for simulated players and tests. A frame is a whole Ethernet frame without its FCS, with its
802.1Q tag in place if it has one.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

__all__ = ["FRAMES_PER_READ", "FramePort"]

FRAMES_PER_READ: Final = 64
"""The most frames that one `read_frames` returns, so that sending never starves receiving."""


class FramePort(Protocol):
    """Reads and writes batches of frames; never waits."""

    @property
    def mtu(self) -> int:
        """Largest Ethernet payload, in bytes, that the port can carry."""
        ...

    def read_frames(self) -> list[bytes]:
        """Take the frames that wait, oldest first, at most `FRAMES_PER_READ`; empty if none do."""
        ...

    def write_frames(self, frames: Sequence[bytes]) -> int:
        """Hand frames to the host. Returns how many it took from the front; the rest are lost."""
        ...

    def on_readable(self, wake: Callable[[], None] | None) -> None:
        """Name what to call when `read_frames` has something again; None for nobody."""
        ...

    def close(self) -> None:
        """Give the port back. Later reads are empty and later writes take nothing."""
        ...
