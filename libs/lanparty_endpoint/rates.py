"""Rates and loss from two looks at an endpoint's counters. Pure."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Rates", "Reading", "written_rate"]

_LOSS_WINDOW: Final = 10
"""Looks, a second apart, that the loss is taken over."""

_FEW: Final = 20
"""Datagrams under which a share of lost ones says nothing."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is going on at a moment."""

    bits_in: float
    """A second, of frames from the room."""
    bits_out: float
    loss: float | None
    """Share of the packets to the relay that were lost lately; None if too few were sent."""


@dataclass(frozen=True, slots=True)
class _Look:
    at: float
    bytes_in: int
    bytes_out: int
    sent: int
    lost: int


class Rates:
    """Remembers the last looks."""

    def __init__(self) -> None:
        self._looks: deque[_Look] = deque(maxlen=_LOSS_WINDOW + 1)

    def read(self, figures: Mapping[str, Any]) -> Reading:  # Any: JSON
        """Take the figures that a session answers, which have their moment in `at`."""
        look = _Look(
            at=float(figures["at"]),
            bytes_in=int(figures["bytes_in"]),
            bytes_out=int(figures["bytes_out"]),
            sent=int(figures["counters"]["received"]),
            lost=int(figures["packets_lost"]),
        )
        if self._looks and look.lost < self._looks[-1].lost:
            self._looks.clear()  # another connection, which counts from 0
        self._looks.append(look)
        first, before = self._looks[0], self._looks[max(0, len(self._looks) - 2)]
        seconds = look.at - before.at
        if seconds <= 0:
            return Reading(0.0, 0.0, None)
        sent, lost = look.sent - first.sent, look.lost - first.lost
        return Reading(
            bits_in=8 * (look.bytes_in - before.bytes_in) / seconds,
            bits_out=8 * (look.bytes_out - before.bytes_out) / seconds,
            loss=None if sent < _FEW else min(1.0, lost / sent),
        )


def written_rate(bits: float) -> str:
    """Write bits a second with three figures at most: `1.24 Mbit/s`."""
    if bits < 1_000:
        return f"{bits:.0f} bit/s"
    power = min(3, int(math.log10(bits) // 3))
    unit = ("", "k", "M", "G")[power]
    value = bits / 1_000**power
    return f"{value:.3g} {unit}bit/s" if value < 999.5 else f"{value:.0f} {unit}bit/s"
