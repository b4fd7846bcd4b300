"""The settings of `lanparty-gateway` itself, and of the commands that look at a LAN."""

from typing import Annotated, Final, TypeAlias

from pydantic import Field, PlainValidator

from lanparty_command import CommandFailed, CommandSettings, ExitCode, Option
from lanparty_ctrl.fields import DisplayName
from lanparty_endpoint.interface_name import InterfaceName
from lanparty_endpoint.joining_settings import (
    INTERFACE_GROUP,
    JoiningSettings,
    StateDirectory,
    state_directory,
)
from lanparty_endpoint.session_settings import OUTPUT_GROUP, OutputSettings
from lanparty_endpoint.settings import JsonLinesOption, QuietJoinOption
from lanparty_gateway.bridge import (
    BROADCAST_RATE,
    ROOM_RATE,
    DhcpPolicy,
    RouterAdvertisementPolicy,
)
from lanparty_gateway.session_settings import RuntimeDirectory
from lanparty_gateway.wish import GatewayWish
from lanparty_proto import MacAddress

__all__ = [
    "GatewaySettings",
    "PreflightSettings",
    "SetupHostSettings",
    "required",
]

_CROSSING_GROUP: Final = "what may cross"
_WHICH: Final = (
    "Which network interface is the LAN's? Write --interface NAME (or set LANPARTY_INTERFACE); "
    "`ip -brief link` shows the names."
)


def _read_macs(value: object) -> frozenset[bytes]:
    if isinstance(value, frozenset):
        return value
    return frozenset(
        bytes(MacAddress.parse(text.strip())) for text in str(value).split(",") if text.strip()
    )


_Interface: TypeAlias = Annotated[
    InterfaceName | None,
    Field(description="The network interface of the LAN, such as eth0."),
    Option(metavar="NAME", group=INTERFACE_GROUP, default_text="none: it must be named"),
]
_MacNat: TypeAlias = Annotated[
    bool,
    Field(
        description="Hide the players behind the interface's own MAC address: for Wi-Fi, and "
        "wherever other addresses are dropped."
    ),
    Option(group=INTERFACE_GROUP),
]
_Vlan: TypeAlias = Annotated[
    int | None,
    Field(description="Bridge this VLAN of a trunk, untagged in the room.", ge=1, le=4_094),
    Option(metavar="N", group=INTERFACE_GROUP, default_text="frames as they are"),
]


class GatewaySettings(JoiningSettings):
    """`lanparty-gateway` itself."""

    name: Annotated[
        DisplayName,
        Field(description="The name that the others see."),
        Option(metavar="NAME"),
    ] = "gateway"
    standby: Annotated[
        bool,
        Field(
            description="If the room has a gateway already, wait, and take over within 2 seconds "
            "when that one goes."
        ),
    ] = False
    force: Annotated[
        bool, Field(description="Bridge although the preflight found a reason not to.")
    ] = False
    interface: _Interface = None
    mac_nat: _MacNat = False
    vlan: _Vlan = None
    dhcp: Annotated[
        DhcpPolicy,
        Field(
            description="lan-to-room: players may have addresses of the LAN's DHCP server. block: "
            "no DHCP crosses. A DHCP server in the room never reaches the LAN."
        ),
        Option(metavar="lan-to-room|block", group=_CROSSING_GROUP),
    ] = DhcpPolicy.LAN_TO_ROOM
    ipv6_ra: Annotated[
        RouterAdvertisementPolicy,
        Field(description="Whether the LAN's IPv6 router may announce itself to the room."),
        Option(metavar="block|allow", group=_CROSSING_GROUP),
    ] = RouterAdvertisementPolicy.BLOCK
    allow_macs: Annotated[
        Annotated[frozenset[bytes], PlainValidator(_read_macs)],
        Field(description="The only machines of the LAN that may send into the room."),
        Option(metavar="MAC,...", group=_CROSSING_GROUP, default_text="all of them"),
    ] = frozenset()
    broadcast_rate: Annotated[
        int,
        Field(description="Broadcasts and multicasts a second from the LAN into the room.", ge=1),
        Option(metavar="N", group=_CROSSING_GROUP),
    ] = BROADCAST_RATE
    room_rate: Annotated[
        int,
        Field(description="Frames a second from the room onto the LAN.", ge=1),
        Option(metavar="N", group=_CROSSING_GROUP),
    ] = ROOM_RATE
    state_dir: StateDirectory = Field(default_factory=state_directory)
    runtime_dir: RuntimeDirectory = None
    json_: JsonLinesOption = False
    quiet: QuietJoinOption = False
    verbose: Annotated[
        bool,
        Field(description="Print every change of the session, and log what goes on inside."),
        Option(short="-v", group=OUTPUT_GROUP),
    ] = False

    def wish(self) -> GatewayWish:
        """Put together what is asked for; raise `CommandFailed` where it contradicts itself."""
        return GatewayWish(
            interface=required(self.interface),
            **self.wanted_room(),
            standby=self.standby,
            mac_nat=self.mac_nat,
            dhcp=self.dhcp,
            ipv6_ra=self.ipv6_ra,
            allow_macs=self.allow_macs,
            vlan=self.vlan,
            broadcast_rate=self.broadcast_rate,
            room_rate=self.room_rate,
            force=self.force,
        )


def required(interface: str | None) -> str:
    """Return the interface that was named; raise `CommandFailed` if none was."""
    if interface is None:
        raise CommandFailed(_WHICH, exit_code=ExitCode.USAGE)
    return interface


class PreflightSettings(OutputSettings):
    """`lanparty-gateway preflight`."""

    interface: _Interface = None
    mac_nat: _MacNat = False
    vlan: _Vlan = None


class SetupHostSettings(CommandSettings):
    """`lanparty-gateway setup-host`."""

    interface: _Interface = None
    undo: Annotated[bool, Field(description="Take back what an earlier setup-host did.")] = False
    print_: Annotated[bool, Field(description="Print what would be done, and change nothing.")] = (
        False
    )
