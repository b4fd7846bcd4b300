"""How often one source may try to join: it bounds the guessing of codes as well as load."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from lanparty_quic.endpoint import Address

__all__ = ["JoinRates", "join_source"]

_WINDOW_SECONDS: Final = 60.0

_SOURCES_LIMIT: Final = 65_536
"""Sources remembered at once. Beyond it the longest known is forgotten, and may begin anew."""

_IPV6_SITE_BITS: Final = 64
"""One home usually has a whole /64 (RFC 6177), so a single address says nothing."""


def join_source(address: Address) -> IPv4Address | IPv6Address:
    """Who counts as one source: an IPv4 address, or the /64 of an IPv6 address.

    A scope id (`fe80::1%eth0`) is ignored.
    """
    parsed = ip_address(address[0].partition("%")[0])
    if isinstance(parsed, IPv4Address):
        return parsed
    host_bits = 128 - _IPV6_SITE_BITS
    return IPv6Address(int(parsed) >> host_bits << host_bits)


class JoinRates:
    """Counts attempts of each source in windows of a minute that begin with its first attempt."""

    def __init__(self, per_minute: int | None, *, sources_limit: int = _SOURCES_LIMIT) -> None:
        """With `per_minute` None every attempt is allowed and nothing is remembered."""
        self._per_minute: Final = per_minute
        self._sources_limit: Final = sources_limit
        self._windows: dict[IPv4Address | IPv6Address, tuple[float, int]] = {}
        """Beginning and attempts; the window that began first comes first."""

    def __len__(self) -> int:
        return len(self._windows)

    def attempt(self, address: Address, *, now: float) -> float | None:
        """Count an attempt. None if it is allowed, else the seconds until the next would be."""
        if self._per_minute is None:
            return None
        self._forget_ended(now)
        source = join_source(address)
        began, attempts = self._windows.get(source, (now, 0))
        if attempts >= self._per_minute:
            return began + _WINDOW_SECONDS - now
        if not attempts and len(self._windows) >= self._sources_limit:
            del self._windows[next(iter(self._windows))]
        self._windows[source] = (began, attempts + 1)
        return None

    def _forget_ended(self, now: float) -> None:
        while self._windows:
            first = next(iter(self._windows))
            if now - self._windows[first][0] < _WINDOW_SECONDS:
                return
            del self._windows[first]
