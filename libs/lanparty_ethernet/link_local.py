"""IPv4 link-local addresses: which ones there are, and which one a host tries (RFC 3927)."""

from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from lanparty_proto import MacAddress

__all__ = ["LINK_LOCAL_NETWORK", "link_local_candidate"]

LINK_LOCAL_NETWORK: Final = IPv4Network("169.254.0.0/16")

_FIRST: Final = int(IPv4Address("169.254.1.0"))
_CANDIDATES: Final = 0xFE00
"""The first and the last 256 addresses are reserved (section 2.1)."""


def link_local_candidate(mac: MacAddress, *, attempt: int) -> IPv4Address:
    """Return the address that the host tries at its `attempt`, from 0 on.

    Evenly spread over all candidates, and the same for a MAC every time, so that a host mostly
    gets the address back that it had (section 2.1).
    """
    digest = sha256(mac + attempt.to_bytes(4, "big")).digest()
    return IPv4Address(_FIRST + int.from_bytes(digest[:8], "big") % _CANDIDATES)
