"""Which packet size a path carries: found by probing, and noticed when it shrinks.

Datagram packetization-layer path MTU discovery (RFC 8899) as QUIC does it (RFC 9000 section 14.3).
A probe is a padded packet that carries nothing else, so its loss costs nothing:

    connected          +0.5 to 1 s          largest refused: halve the gap    gap small enough
        | base size        | try the largest       | try the middle             | done for 600 s
        +------------------+-----------------------+----------------------------+----
                                                        <-- black hole: back to base, search later

Most paths carry the largest size, so it is tried first. A size is refused after three probes
(RFC 8899 section 5.1.2, MAX_PROBES).

A *black hole* (RFC 8899 section 4.3) is a path that carried a size and does no longer: three
packets over the base size were lost, and none of at least their size that was sent later has
arrived. So that it is known soon, however much or little is sent: when nothing over the base size
has arrived for a timeout, a small packet asks for an acknowledgement, by which the losses become
known; and a probe of the present size stands in for packets that nobody sends. Taking a burst of
congestion for a black hole costs only the search.

Sizes are bytes of UDP payload, times are seconds. Nothing here knows an engine: its user sends what
`to_send` asks for, tells what became of it and of other packets, and sends none over `packet_size`.
"""

import math
from dataclasses import dataclass
from typing import Final

__all__ = ["PathMtu", "Wanted"]

_FIRST_SEARCH: Final = 0.5
"""From a new path to its first probe: the handshake's last packets have come by then."""

_NEXT_SEARCH: Final = 600.0
"""From the end of a search to the next (RFC 8899 section 5.1.1, PMTU_RAISE_TIMER)."""

_PAUSE: Final = 5.0
"""From a black hole to a new search; doubled, up to `_NEXT_SEARCH`, if there was one not long ago,
so that a path that carries probes and loses data costs ever less."""

_MAX_PROBES: Final = 3
_PRECISION: Final = 16
"""Bytes by which the size that is found may be too small; less isn't worth three lost probes."""

_SUSPICIOUS: Final = 3
"""Lost packets that make a black hole."""

_CHECKS: Final = 4
"""Timeouts in a row after which a check is made; then the whole path is down, or the timer of loss
detection does it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What should leave now."""

    probe: int | None
    """The size of a probe; `probe_sent` follows if it has left."""
    ping: bool
    """A small packet that asks for an acknowledgement, behind the probe."""


_NOTHING: Final = Wanted(None, ping=False)


class PathMtu:
    """The search of one connection. A `jitter` of its own keeps many from probing at once."""

    __slots__ = (
        "_base",
        "_ceiling",
        "_checked_at",
        "_checks",
        "_failures",
        "_fell_back",
        "_fell_back_at",
        "_jitter",
        "_largest_arrived",
        "_pause",
        "_probing",
        "_refused",
        "_search_at",
        "_searching",
        "_suspects",
        "packet_size",
        "probes_sent",
    )

    def __init__(self, *, base: int, jitter: float) -> None:
        """Stay at `base` until `start`. `jitter` is from 0 to 1."""
        self._base: Final = base
        self._jitter: Final = jitter
        self._ceiling = base
        self.packet_size = base
        """The largest that has been proved, in bytes."""
        self.probes_sent = 0
        self._pause = _PAUSE
        self._fell_back = False
        """There was a black hole, and nothing has been asked since."""
        self._fell_back_at = -math.inf
        self._search_at = math.inf
        self._searching = False
        self._probing: int | None = None
        """The size of the probe that is on its way."""
        self._refused: int | None = None
        """The smallest size that this search has found too large."""
        self._failures = 0
        """Of the size that is being tried."""
        self._suspects: list[tuple[int, int]] = []
        """Lost packets, as number and size, that nothing has shown to be lost by chance."""
        self._largest_arrived = (-1, 0)
        """Number and size of a packet that arrived, the newest of the largest."""
        self._checked_at = math.inf
        """When the first packet over the base size was sent after the last one that arrived, or
        when that was last checked; infinity while none waits."""
        self._checks = 0

    @property
    def wants_turn(self) -> bool:
        """`to_send` should be asked soon: a probe may be due, or the size has shrunk."""
        return self._fell_back or (self._searching and self._probing is None)

    @property
    def needs_timeout(self) -> bool:
        """`next_deadline` and `to_send` make something of their `timeout`."""
        return self._checked_at < math.inf

    def start(self, *, ceiling: int, now: float) -> None:
        """Begin on a new path, at the base size: after the handshake, or when the peer moved.

        `ceiling` is the largest size tried; no more than the base size for no search.
        """
        self._ceiling = ceiling
        self._fell_back = False
        self._fell_back_at = -math.inf
        self._return_to_base()
        if ceiling > self._base:
            self._search_at = now + _FIRST_SEARCH * (1 + self._jitter)

    def next_deadline(self, *, timeout: float) -> float:
        """When `to_send` has to be asked; infinity for never.

        `timeout` is what loss detection allows for an acknowledgement (RFC 9002 section 6.2.1).
        """
        return min(self._search_at, self._checked_at + timeout)

    def to_send(self, *, timeout: float, now: float) -> Wanted:
        """Tell what is due. Asked before anything else leaves."""
        if self._fell_back:
            self._plan_return(now)
        if now >= self._search_at:
            self._begin_search()
        is_checked = now >= self._checked_at + timeout
        if is_checked:
            self._checks += 1
            self._checked_at = now if self._checks < _CHECKS else math.inf
        if self._probing is None:
            if self._suspects:
                if is_checked:
                    return Wanted(self.packet_size, ping=True)
            elif self._searching and (candidate := self._candidate(now)) is not None:
                return Wanted(candidate, ping=is_checked)
        return Wanted(None, ping=True) if is_checked else _NOTHING

    def probe_sent(self, size: int) -> None:
        """Note that a probe is on its way; there is one at a time."""
        self._probing = size
        self.probes_sent += 1

    def probe_arrived(self, number: int) -> None:
        """Note that it was acknowledged: the path carries its size."""
        size, self._probing = self._probing, None
        if size is None:
            return
        if size > self.packet_size:
            self.packet_size = size
            self._failures = 0
            self._forget_losses()
        else:
            self.packet_arrived(number, size)

    def probe_lost(self, number: int) -> None:
        """Note that it was not; also what the own host refuses to send (EMSGSIZE) comes to this."""
        size, self._probing = self._probing, None
        if size is None:
            return
        if size <= self.packet_size:
            self.packet_lost(number, size)
            return
        self._failures += 1
        if self._failures == _MAX_PROBES:
            self._refused, self._failures = size, 0

    def packet_sent(self, size: int, *, now: float) -> None:
        """Note that a packet over the base size has left."""
        if self._checked_at == math.inf and not self._checks and size <= self.packet_size:
            self._checked_at = now

    def packet_arrived(self, number: int, size: int) -> None:
        """Note that a packet over the base size was acknowledged."""
        self._checked_at = math.inf
        self._checks = 0
        if size >= self._largest_arrived[1]:
            self._largest_arrived = (number, size)
        if self._suspects:
            self._suspects = [
                suspect for suspect in self._suspects if suspect[0] > number or suspect[1] > size
            ]

    def packet_lost(self, number: int, size: int) -> None:
        """Note that a packet over the base size was lost; may bring the size back to the base."""
        arrived, largest = self._largest_arrived
        if size > self.packet_size or (arrived > number and largest >= size):
            return
        self._suspects.append((number, size))
        if len(self._suspects) >= _SUSPICIOUS:
            self._return_to_base()
            self._fell_back = True

    def _return_to_base(self) -> None:
        self.packet_size = self._base
        self._search_at = math.inf
        self._searching = False
        self._probing = None
        self._forget_losses()

    def _forget_losses(self) -> None:
        self._suspects = []
        self._largest_arrived = (-1, 0)
        self._checked_at = math.inf
        self._checks = 0

    def _plan_return(self, now: float) -> None:
        self._fell_back = False
        recently = now - self._fell_back_at < 2 * _NEXT_SEARCH
        self._pause = min(2 * self._pause, _NEXT_SEARCH) if recently else _PAUSE
        self._fell_back_at = now
        self._search_at = now + self._pause * (1 + self._jitter / 4)

    def _begin_search(self) -> None:
        self._search_at = math.inf
        self._searching = True
        self._refused = None
        self._failures = 0

    def _candidate(self, now: float) -> int | None:
        """Return the size to try next; None when the search has come to its end."""
        if self._refused is None:
            candidate, is_found = self._ceiling, self.packet_size >= self._ceiling
        else:
            gap = self._refused - 1 - self.packet_size
            candidate, is_found = self.packet_size + (gap + 1) // 2, gap <= _PRECISION
        if not is_found:
            return candidate
        self._searching = False
        self._search_at = now + _NEXT_SEARCH * (1 - self._jitter / 4)
        return None
