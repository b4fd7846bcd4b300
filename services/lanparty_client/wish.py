"""What a player asks for when joining: read from the command line, or from the local socket.

The service reads it from whoever may write to its socket, so every field checks itself here, and
has a limit.
"""

from typing import Annotated, Final

from pydantic import PlainSerializer, PlainValidator

from lanparty_client.addressing import AddressChoice, AddressMode, parse_address_choice
from lanparty_endpoint.interface_name import InterfaceName
from lanparty_endpoint.room_wish import RoomWish

__all__ = ["DEFAULT_INTERFACE", "Address", "JoinWish"]

DEFAULT_INTERFACE: Final = "lan0"


def _read_choice(value: object) -> AddressChoice:
    return value if isinstance(value, AddressChoice) else parse_address_choice(str(value)[:64])


Address = Annotated[
    AddressChoice, PlainValidator(_read_choice), PlainSerializer(str, return_type=str)
]


class JoinWish(RoomWish):
    """Which room, as whom, and how the interface should be."""

    detach: bool = False
    """Stay when the asker goes; only the service can."""
    interface: InterfaceName = DEFAULT_INTERFACE
    address: Address = AddressChoice(AddressMode.AUTO)
    discovery_routes: bool = True
    clamp_mss: bool = True
    use_lan_gateway: bool = False
    force: bool = False
    """Join although this computer is on the gateway's LAN already."""

    def asked_for(self) -> dict[str, object]:
        """Return the settings for a bug report, as plain values without secrets."""
        return {
            "address": str(self.address),
            "discovery_routes": self.discovery_routes,
            "clamp_mss": self.clamp_mss,
            "use_lan_gateway": self.use_lan_gateway,
            "packet_size": self.packet_size,
            "force": self.force,
        }
