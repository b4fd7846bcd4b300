"""The settings that every program has which joins: the relay, the room, and how to print."""

from typing import Annotated, TypeAlias

from pydantic import Field

from lanparty_client_core.join import KnownRelay
from lanparty_command import CommandSettings, Option, Relay, RelayAddress
from lanparty_ctrl import RoomCode
from lanparty_endpoint.packet_size import PacketSizeOption
from lanparty_endpoint.session_settings import OUTPUT_GROUP
from lanparty_endpoint.trust import (
    RELAY_GROUP,
    CaFileOption,
    ConnectTimeoutOption,
    PinFileOption,
    PinOption,
    trust_of,
)
from lanparty_endpoint.typed_room import Room

__all__ = [
    "EndpointSettings",
    "JsonLinesOption",
    "QuietJoinOption",
]

JsonLinesOption: TypeAlias = Annotated[
    bool,
    Field(description="Print JSON lines, an object for each event, for programs."),
    Option(group=OUTPUT_GROUP),
]
"""`--json` of a command that tells what happens while it runs."""

QuietJoinOption: TypeAlias = Annotated[
    bool,
    Field(description="Print only what matters, such as the code of a room that was made."),
    Option(short="-q", group=OUTPUT_GROUP),
]


class EndpointSettings(CommandSettings):
    """The relay, how to know it and how long to wait for it, and the room."""

    relay: Annotated[
        Relay | None,
        Field(description="The relay to dial."),
        Option(metavar="HOST[:PORT]", group=RELAY_GROUP),
    ] = None
    room: Annotated[
        Room | None,
        Field(description="The room's code; case and dashes don't matter, I, L, O are 1, 1, 0."),
        Option(
            metavar="CODE", group=RELAY_GROUP, default_text="a new room, whose code the relay makes"
        ),
    ] = None
    pin: PinOption = None
    pin_file: PinFileOption = None
    ca_file: CaFileOption = None
    connect_timeout: ConnectTimeoutOption = 10.0
    packet_size: PacketSizeOption = None

    @property
    def room_code(self) -> RoomCode | None:
        """The room's code; None for a new room."""
        return None if self.room is None else self.room.code

    def known(self, relay: RelayAddress) -> KnownRelay:
        """Put a relay together with the proof that it is the one.

        Raises `CommandFailed` if a file with the proof can't be used.
        """
        trust = trust_of(pin=self.pin, pin_file=self.pin_file, ca_file=self.ca_file)
        return KnownRelay(relay, trust, self.connect_timeout, packet_size=self.packet_size)
