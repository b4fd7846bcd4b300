"""Which /24 a room gets, so that it is none of the networks that its members are in already.

The candidates lie in private ranges (RFC 1918) that homes, VPNs and containers seldom use. A room's
seed says where in a range its search begins, so that rooms differ and one room's choice stays.

What is in use is told as prefixes. Of a longer prefix than /24 its /24 counts. One that is shorter
than the room's /24 is avoided too, but loses by longest match where it can't be: a VPN that takes
everything (0.0.0.0/1 and 128.0.0.0/1) leaves no other way.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Final, TypeAlias

__all__ = [
    "NO_OVERLAP",
    "ROOM_PREFIX_LENGTH",
    "Choice",
    "Cover",
    "choose_network",
    "covers_of",
    "overlap",
]

ROOM_PREFIX_LENGTH: Final = 24

NO_OVERLAP: Final = -1
"""Less than the length of any prefix that overlaps."""

_HOST_BITS: Final = 32 - ROOM_PREFIX_LENGTH


@dataclass(frozen=True, slots=True)
class _Range:
    """Where a room's network may lie, and how many of its /24 are tried at most."""

    network: IPv4Network
    tries: int

    def candidate(self, seed: int, attempt: int) -> int:
        """Return a /24 of the range as its leading bits; another one at each attempt."""
        size = 1 << (ROOM_PREFIX_LENGTH - self.network.prefixlen)
        # An odd step visits every /24 before the first one again; by the golden ratio it is spread
        # evenly, so that a few attempts get out of any prefix that leaves something free.
        step = size * 618 // 1000 | 1
        return (int(self.network.network_address) >> _HOST_BITS) + (seed + attempt * step) % size


_RANGES: Final = (
    # The upper part of 10/8: homes and VPNs begin at 10.0, Kubernetes at 10.96 and 10.244.
    _Range(IPv4Network("10.160.0.0/11"), tries=128),
    # Docker begins at 172.17 and takes 192.168 from its beginning, routers 192.168 below .190.
    _Range(IPv4Network("172.16.128.0/17"), tries=64),
    _Range(IPv4Network("192.168.192.0/19"), tries=32),
)

Cover: TypeAlias = tuple[int, int]
"""A prefix in use: its length, 24 at most, and so many leading bits as a number."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A network for a room."""

    network: IPv4Network
    overlap: int
    """As `overlap` says it."""


def covers_of(prefixes: Iterable[IPv4Network | IPv6Network]) -> frozenset[Cover]:
    """Return what of these prefixes can matter to a room: nothing of IPv6 or of other ranges."""
    return frozenset(
        _cover(prefix)
        for prefix in prefixes
        if isinstance(prefix, IPv4Network)
        and any(prefix.overlaps(candidates.network) for candidates in _RANGES)
    )


def overlap(network: IPv4Network, taken: AbstractSet[Cover]) -> int:
    """Return the length, 24 at most, of the longest prefix in use that overlaps a room's network.

    `NO_OVERLAP` if none does.
    """
    return _overlap(int(network.network_address) >> _HOST_BITS, taken)


def choose_network(seed: int, taken: AbstractSet[Cover]) -> Choice:
    """Return the first candidate that overlaps no prefix in use.

    If each one does, the first of those whose longest overlapping prefix is the shortest.
    """
    best, least = 0, ROOM_PREFIX_LENGTH + 1
    for candidates in _RANGES:
        for attempt in range(candidates.tries):
            number = candidates.candidate(seed, attempt)
            found = _overlap(number, taken)
            if found < least:
                best, least = number, found
            if found == NO_OVERLAP:
                return Choice(_network(number), NO_OVERLAP)
    return Choice(_network(best), least)


def _cover(prefix: IPv4Network) -> Cover:
    length = min(prefix.prefixlen, ROOM_PREFIX_LENGTH)
    return length, int(prefix.network_address) >> (32 - length)


def _overlap(number: int, taken: AbstractSet[Cover]) -> int:
    for length in range(ROOM_PREFIX_LENGTH, NO_OVERLAP, -1):
        if (length, number >> (ROOM_PREFIX_LENGTH - length)) in taken:
            return length
    return NO_OVERLAP


def _network(number: int) -> IPv4Network:
    return IPv4Network((number << _HOST_BITS, ROOM_PREFIX_LENGTH))
