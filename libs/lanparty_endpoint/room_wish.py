"""Which room on which relay an endpoint wants to be in, and as whom.

A client's service reads it from whoever may write to its socket, so every field checks itself here,
and has a limit.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator

from lanparty_client_core import Persistence
from lanparty_client_core.join import KnownRelay
from lanparty_command import RelayAddress
from lanparty_ctrl import RoomCode
from lanparty_ctrl.fields import DisplayName, Pin
from lanparty_endpoint.interface_name import InterfaceName
from lanparty_endpoint.invite import Invite
from lanparty_endpoint.packet_size import PacketSize, receive_budget
from lanparty_endpoint.trust import Authorities
from lanparty_endpoint.typed_room import Room, TypedRoom
from lanparty_quic import CertificateAuthority, PinnedKey

__all__ = ["RoomWish"]


def _read_relay(value: object) -> RelayAddress:
    return value if isinstance(value, RelayAddress) else RelayAddress.parse(str(value)[:512])


class RoomWish(BaseModel):
    """A room, how to know its relay, and the name and interface of who comes."""

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
    packet_size: PacketSize | None = None
    """Largest packet, as bytes of UDP payload, either way; None: what the path carries."""
    wait: bool = False
    """Keep trying when the first join fails for a reason that may pass."""
    name: DisplayName
    interface: InterfaceName

    @property
    def persistence(self) -> Persistence:
        """When its session gives up."""
        return Persistence.ALWAYS if self.wait else Persistence.AFTER_WELCOME

    def known_relay(self) -> KnownRelay:
        """Put the relay together with the proof that it is the one."""
        by_pin = None if self.pin is None else PinnedKey(self.pin)
        trust = by_pin or CertificateAuthority(self.authorities)
        return KnownRelay(self.relay, trust, self.connect_timeout, packet_size=self.packet_size)

    @property
    def receive_budget(self) -> int:
        """Bytes of the largest datagram that is accepted from the relay."""
        return receive_budget(self.packet_size)

    def invite(self, room: TypedRoom) -> Invite:
        """Make the invite to a room on this relay."""
        return Invite(relay=self.relay, room=room, pin=self.pin)

    def spelled(self, code: RoomCode) -> str:
        """Write a room's code as this person does, else grouped to be read aloud."""
        return code.spoken() if self.room is None else self.room.spelled(code)

    def invite_link(self, code: RoomCode) -> str:
        """Write the invite to the room that this wish led to."""
        spelled = self.room if self.room is not None else TypedRoom(code, code.spoken())
        return str(self.invite(spelled).link())

    def asked_for(self) -> dict[str, object]:
        """Return the program's own settings for a bug report: plain values, no secrets."""
        return {}
