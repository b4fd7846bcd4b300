"""A small host of softlan's own on the segment, beside the machine behind the port.

Address negotiation, the answers to `lanparty-client ping` and the like speak Ethernet with the
room without the kernel's help. Each is a station; the pump shows them what comes from the room.
"""

from typing import Protocol

__all__ = ["Station"]


class Station(Protocol):
    """Takes frames of some ethertypes from the room, and sends its own into it. It never waits."""

    @property
    def ethertypes(self) -> frozenset[int]:
        """What it wants to see, asked for each batch; empty while it sleeps."""
        ...

    def receive_frame(self, frame: bytes, *, source: int, now: float) -> bool:
        """Take a frame from the room; `source` is its sender's peer id.

        True keeps it from the port: it was for softlan alone.
        """
        ...

    def frames_to_send(self, *, now: float) -> list[bytes]:
        """Take the frames that are due for the room. Called only while there is one."""
        ...

    def next_deadline(self) -> float | None:
        """When `frames_to_send` has something; not after now while frames wait."""
        ...
