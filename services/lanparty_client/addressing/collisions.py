"""Whether a network of the room is one that this machine is on already."""

from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import Final

__all__ = ["collision"]

_SHORTEST_PREFIX: Final = 2
"""A default route, or the two halves of one that VPN programs set, is no network to be on."""


def collision(network: IPv4Network, prefixes: Iterable[IPv4Network]) -> IPv4Network | None:
    """Return the first of the machine's `prefixes` that shares addresses with `network`."""
    for prefix in prefixes:
        if prefix.prefixlen >= _SHORTEST_PREFIX and prefix.overlaps(network):
            return prefix
    return None
