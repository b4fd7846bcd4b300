"""What the gateway wants to see of the LAN; the kernel keeps the rest away."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

__all__ = ["FilterWish"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterWish:
    """Group frames (broadcast, multicast) come always; the empty wish wants nothing else."""

    destinations: frozenset[bytes] = frozenset()
    """MAC addresses to which unicast frames are wanted: of the room's members, and own ones."""
    sources: frozenset[bytes] = frozenset()
    """MAC addresses whose frames are wanted wherever they go: a member's on the LAN is a loop."""
    relays: frozenset[tuple[IPv4Address | IPv6Address, int]] = frozenset()
    """Address and UDP port of each end of a tunnel. Its packets never come, whoever sends them."""
    vlan: int | None = None
    """Only frames with this tag, 1 to 4,094; None for all frames, tagged or not."""
