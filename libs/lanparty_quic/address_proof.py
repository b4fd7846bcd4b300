"""When a client has to prove its address before anything is kept for it (RFC 9000 section 8.1.2).

A first packet with a forged address costs its sender nothing and the listener an answer of TLS: a
millisecond, and memory until the handshake is given up. A Retry costs a hundredth of that and
keeps nothing. It costs an honest client a round trip, so it is asked for only under load.
"""

import math
from typing import Final

from lanparty_quic.limits import EndpointLimits

__all__ = ["AddressProof"]

_LEAST_TIME: Final = 10.0
"""Seconds that it stays on: a flood that pauses is not over, and flickering helps nobody."""

_MEMORY: Final = 1.0
"""Seconds in which a first packet loses most of its weight in the rate."""


class AddressProof:
    """Switches itself on at a number of unfinished handshakes, or a rate of first packets.

    And off, after a while at least, when both are under half of that.
    """

    __slots__ = ("_always", "_came", "_limits", "_looked_at", "_on_since")

    def __init__(self, limits: EndpointLimits, *, always: bool) -> None:
        """With `always` it is on, whatever comes."""
        self._limits: Final = limits
        self._always: Final = always
        self._came = 0.0
        """First packets without proof, those of the last second above all: about their rate."""
        self._looked_at = -math.inf
        self._on_since: float | None = None

    def note_unproven(self, *, now: float) -> None:
        """Count a first packet that carries no proof."""
        self._age(now)
        self._came += 1.0

    def is_wanted(self, *, handshakes: int, now: float) -> bool:
        """Tell whether clients have to prove themselves while so many handshakes are unfinished."""
        self._age(now)
        number, rate = self._limits.handshakes_without_retry, self._limits.arrivals_without_retry
        if self._on_since is None:
            if handshakes >= number or self._came >= rate:
                self._on_since = now
        elif (
            now - self._on_since >= _LEAST_TIME
            and handshakes < number / 2
            and self._came < rate / 2
        ):
            self._on_since = None
        return self._always or self._on_since is not None

    def _age(self, now: float) -> None:
        if now > self._looked_at:
            self._came *= math.exp((self._looked_at - now) / _MEMORY)
            self._looked_at = now
