"""One frame's fate as a value for the log, and the sampler that keeps the log readable.

Frames are logged at DEBUG only, and only so many a second: a relay forwards more in a second than
a disk takes lines. What the sampler passes over is counted, so that no line pretends to be all.
"""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["FrameAction", "FrameLogged", "FrameSampler"]


class FrameAction(StrEnum):
    """What was done with a frame."""

    SENT = "sent"
    """Taken from a host's port and sent to the relay."""
    DELIVERED = "delivered"
    """Received from the relay and written to a host's port."""
    FORWARDED = "forwarded"
    """Chosen for at least one member by the relay."""
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameLogged:
    """A frame that was chosen for the log."""

    action: FrameAction
    destination: bytes
    """MAC address, 6 octets."""
    source: bytes
    """MAC address, 6 octets."""
    ethertype: int
    """Behind an 802.1Q tag, the inner one; up to 1,500 it is a length (IEEE 802.3)."""
    length: int
    """Bytes of the frame, Ethernet header included."""
    peer: int
    """The member's id that sent the frame; 0 if not known."""
    reason: str = ""
    """Of a drop its reason, of a forwarded frame its cast."""
    passed_over: int = 0
    """Frames since the last line that have none."""

    def to_dict(self) -> dict[str, object]:
        """Return the log line's fields, in the spelling that people search for."""
        fields: dict[str, object] = {
            "action": self.action.value,
            "destination": self.destination.hex(":"),
            "source": self.source.hex(":"),
            "ethertype": f"0x{self.ethertype:04x}",
            "length": self.length,
            "peer": self.peer,
        }
        if self.reason:
            fields["reason"] = str(self.reason)
        if self.passed_over:
            fields["passed_over"] = self.passed_over
        return fields


class FrameSampler:
    """Chooses which frames are logged: a token bucket of lines.

    A quiet room has every frame in its log, a busy one a sample spread over time.
    """

    def __init__(self, *, per_second: float = 20.0, burst: int = 50) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._tokens = float(burst)
        self._filled_at: float | None = None
        self._passed_over = 0

    def sample(self, *, now: float) -> int | None:
        """Decide on one frame: None to pass it over, else log it.

        The number is how many were passed over since the last one, for `FrameLogged.passed_over`.
        """
        if self._filled_at is not None:
            gained = (now - self._filled_at) * self._per_second
            self._tokens = min(self._burst, self._tokens + gained)
        self._filled_at = now
        if self._tokens < 1.0:
            self._passed_over += 1
            return None
        self._tokens -= 1.0
        passed_over, self._passed_over = self._passed_over, 0
        return passed_over
