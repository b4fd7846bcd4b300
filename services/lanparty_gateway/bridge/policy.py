"""What may cross between a LAN and a room: the settings of the bridge."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = [
    "BROADCAST_RATE",
    "ROOM_BROADCAST_RATE",
    "ROOM_RATE",
    "BridgePolicy",
    "DhcpPolicy",
    "RouterAdvertisementPolicy",
]

BROADCAST_RATE: Final = 1_000
"""Broadcast and multicast frames a second from the LAN into the room.

A Windows PC announces itself with 40 to 50 mDNS frames within a second and a game broadcasts 10 to
60 a second on each host: this is thirty busy hosts, and each frame goes to every player.
"""

ROOM_RATE: Final = 50_000
"""Frames a second from the room onto the LAN: several times what a relay forwards."""

ROOM_BROADCAST_RATE: Final = 1_000
"""Broadcast and multicast frames among them."""

_VLANS: Final = range(1, 4_095)
"""0 is a priority tag, 4,095 reserved (IEEE 802.1Q-2022 table 9-2)."""


class DhcpPolicy(StrEnum):
    """Whose DHCP crosses. A server in the room is never let onto the LAN in either setting."""

    LAN_TO_ROOM = "lan-to-room"
    """Players may ask the LAN's server."""
    BLOCK = "block"
    """No DHCP crosses, neither way."""


class RouterAdvertisementPolicy(StrEnum):
    """Whether the LAN's IPv6 router advertises itself to the room. The other way it never does."""

    BLOCK = "block"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgePolicy:
    """The settings. Rates are frames a second; a burst of one second's frames passes at once."""

    dhcp: DhcpPolicy = DhcpPolicy.LAN_TO_ROOM
    ipv6_ra: RouterAdvertisementPolicy = RouterAdvertisementPolicy.BLOCK
    allow_macs: frozenset[bytes] = frozenset()
    """The only LAN hosts that may send into the room and be reached; empty: all of them."""
    vlan: int | None = None
    """The one VLAN of the LAN that is bridged, untagged in the room; None: frames stay as is."""
    broadcast_rate: int = BROADCAST_RATE
    room_rate: int = ROOM_RATE
    room_broadcast_rate: int = ROOM_BROADCAST_RATE

    def __post_init__(self) -> None:
        """Raise `ValueError` for a VLAN or a rate that can't be."""
        if self.vlan is not None and self.vlan not in _VLANS:
            raise ValueError(f"a VLAN has a number from 1 to 4094, not {self.vlan}")
        if min(self.broadcast_rate, self.room_rate, self.room_broadcast_rate) < 1:
            raise ValueError("a rate is at least 1 frame a second")
