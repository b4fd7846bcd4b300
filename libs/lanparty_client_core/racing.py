"""Which of a relay's addresses is dialed when: Happy Eyeballs (RFC 8305, sections 4 and 5).

IPv6 and IPv4 take turns, in the order that the resolver gave within each family. The next address
is dialed when the one before has failed, or has not answered for a quarter second. What an address
that was dialed does after that is not this module's: the first that completes its handshake wins.
"""

from collections import deque
from collections.abc import Iterable
from itertools import chain, zip_longest
from typing import Final

from lanparty_quic.endpoint import Address

__all__ = ["ADDRESSES_LIMIT", "ATTEMPT_DELAY", "Race", "interleaved"]

ATTEMPT_DELAY: Final = 0.25
"""Seconds: RFC 8305 section 8, Connection Attempt Delay."""

ADDRESSES_LIMIT: Final = 8
"""Addresses of a name that are dialed: two seconds' worth; a resolver may return any number."""


def interleaved(addresses: Iterable[Address]) -> list[Address]:
    """Let the families take turns, beginning with that of the first address; at most the limit."""
    first: list[Address] = []
    other: list[Address] = []
    for address in dict.fromkeys(addresses):
        family = first if not first or _is_ipv6(address) == _is_ipv6(first[0]) else other
        family.append(address)
    taking_turns = chain.from_iterable(zip_longest(first, other))
    return [address for address in taking_turns if address is not None][:ADDRESSES_LIMIT]


def _is_ipv6(address: Address) -> bool:
    return ":" in address[0]


class Race:
    """One run through the addresses."""

    def __init__(self) -> None:
        self._untried: deque[Address] = deque()
        self._known: set[Address] = set()
        self._next_at = 0.0

    def begin(self, addresses: Iterable[Address], *, now: float) -> None:
        """Start from the first address, at once."""
        self._untried = deque(interleaved(addresses))
        self._known = set(self._untried)
        self._next_at = now

    def add(self, addresses: Iterable[Address], *, now: float) -> None:
        """Put what the resolver has found since in front: it is newer (RFC 8305 section 3)."""
        new = [address for address in interleaved(addresses) if address not in self._known]
        if new:
            self._known.update(new)
            self._untried.extendleft(reversed(new))
            self._next_at = now

    def handle_failure(self, *, now: float) -> None:
        """Let the next address wait no longer: one that was dialed has failed."""
        self._next_at = min(self._next_at, now)

    def end(self) -> None:
        """Dial nobody any more."""
        self._untried.clear()

    @property
    def is_over(self) -> bool:
        """Every address has been dialed."""
        return not self._untried

    def take(self, *, now: float) -> Address | None:
        """Take the address that is to be dialed now; None if none is due."""
        if not self._untried or now < self._next_at:
            return None
        self._next_at = now + ATTEMPT_DELAY
        return self._untried.popleft()

    def next_deadline(self) -> float | None:
        """When the next address is due."""
        return self._next_at if self._untried else None
