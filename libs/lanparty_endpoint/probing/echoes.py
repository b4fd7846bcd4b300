"""What a series of echoes says, as `ping` prints it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final, Self

__all__ = ["Echo", "EchoSummary"]

_MILLISECONDS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """One question and what became of it. Times in seconds."""

    sequence: int
    seconds: float | None = None
    """There and back; None: no answer came."""
    relay_seconds: float | None = None
    """From here to the relay and back, as this endpoint's QUIC measures it."""
    friend_relay_seconds: float | None = None
    """From the friend to the relay and back, as the friend says."""

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> Self:  # Any: JSON of the running session
        """Read what a running session said of one echo."""
        return cls(
            sequence=int(answer.get("sequence", 0)),
            seconds=answer.get("seconds"),
            relay_seconds=answer.get("relay_seconds"),
            friend_relay_seconds=answer.get("friend_relay_seconds"),
        )

    @property
    def rest(self) -> float | None:
        """What neither way to the relay explains: the relay itself and both computers."""
        whole, own, theirs = self.seconds, self.relay_seconds, self.friend_relay_seconds
        if whole is None or own is None or theirs is None:
            return None
        # The ways are running averages, so they may add up to more than this one echo took.
        return max(0.0, whole - own - theirs)

    def line(self, player: str) -> str:
        """Say it in a line; `player` is the friend's name."""
        if self.seconds is None:
            return f"{self.sequence}: no answer"
        shares = [
            f"{what} {_in_milliseconds(share)}"
            for what, share in (
                ("you to relay", self.relay_seconds),
                (f"relay to {player}", self.friend_relay_seconds),
                ("rest", self.rest),
            )
            if share is not None
        ]
        total = f"{self.sequence}: {_in_milliseconds(self.seconds)}"
        return f"{total}  ({', '.join(shares)})" if shares else total

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return {
            "event": "lost" if self.seconds is None else "reply",
            "sequence": self.sequence,
            "seconds": self.seconds,
            "relay_seconds": self.relay_seconds,
            "friend_relay_seconds": self.friend_relay_seconds,
            "rest_seconds": self.rest,
        }


@dataclass(slots=True)
class EchoSummary:
    """Adds up echoes; keeps one number for each that was answered."""

    sent: int = 0
    times: list[float] = field(default_factory=list)

    def add(self, echo: Echo) -> None:
        """Count one."""
        self.sent += 1
        if echo.seconds is not None:
            self.times.append(echo.seconds)

    @property
    def loss(self) -> float:
        """The share that was not answered, 0 to 1."""
        return (self.sent - len(self.times)) / self.sent if self.sent else 0.0

    def line(self, player: str) -> str:
        """Say it in a line."""
        counts = f"{player}: {self.sent} sent, {len(self.times)} answered, {self.loss:.0%} lost"
        if not self.times:
            return counts
        figures = (min(self.times), median(self.times), max(self.times))
        return f"{counts}; {' / '.join(map(_in_milliseconds, figures))} (least / median / most)"

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        times = self.times
        return {
            "event": "summary",
            "sent": self.sent,
            "answered": len(times),
            "loss": self.loss,
            "least_seconds": min(times, default=None),
            "median_seconds": median(times) if times else None,
            "most_seconds": max(times, default=None),
        }


def _in_milliseconds(seconds: float) -> str:
    return f"{seconds * _MILLISECONDS:.1f} ms"
