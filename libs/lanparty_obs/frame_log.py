"""One frame's fate as a value for a log, and the sampler that keeps the log readable.

Only so many frames a second are logged: a relay forwards more in a second than anybody reads. What
the sampler passes over is counted, so that no log pretends to be all.
"""

from dataclasses import dataclass
from enum import StrEnum

from lanparty_obs.reasons import Cast, IngressDrop

__all__ = ["FrameDirection", "FrameLogged", "FrameSampler"]


class FrameDirection(StrEnum):
    """Which way a datagram went, as the one peer sees it whose log it is."""

    FROM_PEER = "from_peer"
    TO_PEER = "to_peer"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameLogged:
    """A datagram that was chosen for the log: a frame, or a piece of one. Header fields alone.

    None stands for what there isn't, or what couldn't be read.
    """

    at: float
    """When, in seconds of whoever logs it."""
    direction: FrameDirection
    """In a room's log always from the peer."""
    peer: int
    """The member's id that sent it."""
    cast: Cast | None
    """Of one of which copies were chosen; whether each of them was sent, the counters say."""
    dropped: IngressDrop | None
    """Why no copy was chosen of one that has no cast."""
    destinations: int
    """How many copies were chosen."""
    length: int
    """Bytes of the Ethernet frame, header included; of a piece, its own and the repeated header."""
    piece_offset: int | None
    """Where in its frame's payload a piece begins; None for a whole frame."""
    destination: str | None
    """MAC address."""
    source: str | None
    """MAC address."""
    ethertype: int | None
    """Behind VLAN tags; up to 1,500 it is a length (IEEE 802.3)."""
    vlan: int | None
    """VLAN identifier of the outer tag."""
    source_address: str | None
    """IP address; of ARP, the sender's."""
    destination_address: str | None
    """IP address; of ARP, the one that is asked for or answered to."""
    protocol: int | None
    """IP protocol number as IANA assigns them."""
    source_port: int | None
    destination_port: int | None
    arp: str | None
    """`request` or `reply`."""
    passed_over: int
    """Datagrams since the one before that aren't in the log."""


class FrameSampler:
    """Chooses which frames are logged: a token bucket of lines.

    A quiet room has every frame in its log, a busy one a sample spread over time.
    """

    def __init__(self, *, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._tokens = float(burst)
        self._filled_at: float | None = None
        self.passed_over = 0
        """Frames since the last one that was chosen."""

    def sample(self, *, now: float) -> int | None:
        """Decide on one frame: None to pass it over, else log it.

        The number is how many were passed over since the last one, for `FrameLogged.passed_over`.
        """
        if self._filled_at is not None:
            gained = (now - self._filled_at) * self._per_second
            self._tokens = min(self._burst, self._tokens + gained)
        self._filled_at = now
        if self._tokens < 1.0:
            self.passed_over += 1
            return None
        self._tokens -= 1.0
        passed_over, self.passed_over = self.passed_over, 0
        return passed_over

    def pass_over(self) -> None:
        """Count one frame that can't be logged, whatever the rate allows."""
        self.passed_over += 1
