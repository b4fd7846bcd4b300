"""What a player asks for when joining: read from the command line, or from the local socket.

The service reads it from whoever may write to its socket, so every field checks itself here, and
has a limit.
"""

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator

from lanparty_client.addressing import AddressChoice, AddressMode, parse_address_choice
from lanparty_client_core.join import KnownRelay
from lanparty_command import RelayAddress
from lanparty_ctrl.fields import DisplayName, Pin
from lanparty_endpoint.invite import Invite
from lanparty_endpoint.trust import Authorities
from lanparty_endpoint.typed_room import Room, TypedRoom
from lanparty_quic import CertificateAuthority, PinnedKey

__all__ = ["DEFAULT_INTERFACE", "Address", "InterfaceName", "JoinWish"]

DEFAULT_INTERFACE: Final = "lan0"

_KERNELS_OWN: Final = frozenset({".", "..", "all", "default", "lo"})
"""Names in /proc/sys/net that mean something else than one interface of ours."""


def _interface_name(text: str) -> str:
    """Judge a name as the kernel does (dev_valid_name), and refuse its patterns and aliases."""
    fits = 0 < len(text) <= 15 and text.isascii() and text not in _KERNELS_OWN
    if not fits or not text.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise ValueError(
            f"{text!r} can't be an interface's name: write up to 15 letters, digits, '-' and '_'"
        )
    return text


def _read_relay(value: object) -> RelayAddress:
    return value if isinstance(value, RelayAddress) else RelayAddress.parse(str(value)[:512])


def _read_choice(value: object) -> AddressChoice:
    return value if isinstance(value, AddressChoice) else parse_address_choice(str(value)[:64])


InterfaceName = Annotated[str, AfterValidator(_interface_name)]
Address = Annotated[
    AddressChoice, PlainValidator(_read_choice), PlainSerializer(str, return_type=str)
]


class JoinWish(BaseModel):
    """Which room, as whom, and how the interface should be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    relay: Annotated[
        RelayAddress, PlainValidator(_read_relay), PlainSerializer(str, return_type=str)
    ]
    room: Annotated[
        Room | None,
        PlainSerializer(lambda room: room and str(room.spelling), return_type=str | None),
    ] = None
    """None: a new room."""
    create: bool = False
    """Make the room if the code names none."""
    pin: Pin | None = None
    authorities: Authorities | None = None
    """Certificates, not their file: the service opens no file that somebody else names."""
    connect_timeout: Annotated[float, Field(gt=0, le=300)] = 10.0
    wait: bool = False
    """Keep trying when the first join fails for a reason that may pass."""
    detach: bool = False
    """Stay when the asker goes; only the service can."""
    name: DisplayName
    interface: InterfaceName = DEFAULT_INTERFACE
    address: Address = AddressChoice(AddressMode.AUTO)
    discovery_routes: bool = True
    clamp_mss: bool = True
    use_lan_gateway: bool = False
    force: bool = False
    """Join although this computer is on the gateway's LAN already."""

    def known_relay(self) -> KnownRelay:
        """Put the relay together with the proof that it is the one."""
        by_pin = None if self.pin is None else PinnedKey(self.pin)
        trust = by_pin or CertificateAuthority(self.authorities)
        return KnownRelay(self.relay, trust, self.connect_timeout)

    def invite(self, room: TypedRoom) -> Invite:
        """Make the invite to a room on this relay."""
        return Invite(relay=self.relay, room=room, pin=self.pin)
