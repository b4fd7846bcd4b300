"""What a gateway is asked for: a room, an interface, and what may cross between them."""

from typing import Annotated

from pydantic import Field

from lanparty_endpoint.room_wish import RoomWish
from lanparty_gateway.bridge import (
    BROADCAST_RATE,
    ROOM_RATE,
    BridgePolicy,
    DhcpPolicy,
    RouterAdvertisementPolicy,
)
from lanparty_gateway.preflight import Wish as Preflight

__all__ = ["GatewayWish"]


class GatewayWish(RoomWish):
    """Which room, on which interface, and how."""

    standby: bool = False
    """Wait for the place if the room has a gateway already."""
    mac_nat: bool = False
    """Hide the players behind the interface's own address."""
    dhcp: DhcpPolicy = DhcpPolicy.LAN_TO_ROOM
    ipv6_ra: RouterAdvertisementPolicy = RouterAdvertisementPolicy.BLOCK
    allow_macs: frozenset[bytes] = frozenset()
    vlan: int | None = None
    broadcast_rate: Annotated[int, Field(gt=0)] = BROADCAST_RATE
    room_rate: Annotated[int, Field(gt=0)] = ROOM_RATE
    force: bool = False
    """Bridge whatever the preflight finds."""

    @property
    def preflight(self) -> Preflight:
        """What the preflight has to know."""
        return Preflight(interface=self.interface, mac_nat=self.mac_nat, vlan=self.vlan)

    @property
    def policy(self) -> BridgePolicy:
        """What may cross."""
        return BridgePolicy(
            dhcp=self.dhcp,
            ipv6_ra=self.ipv6_ra,
            allow_macs=self.allow_macs,
            vlan=self.vlan,
            broadcast_rate=self.broadcast_rate,
            room_rate=self.room_rate,
        )

    def asked_for(self) -> dict[str, object]:
        """Return the settings for a bug report, as plain values without secrets."""
        return {
            "standby": self.standby,
            "mac_nat": self.mac_nat,
            "dhcp": self.dhcp.value,
            "ipv6_ra": self.ipv6_ra.value,
            "allow_macs": len(self.allow_macs),
            "vlan": self.vlan,
            "broadcast_rate": self.broadcast_rate,
            "room_rate": self.room_rate,
            "packet_size": self.packet_size,
            "force": self.force,
        }
