"""The settings of each command of `lanparty-client`: a flag and a variable for every field."""

from typing import Annotated

from pydantic import Field

from lanparty_client.addressing import AddressChoice, AddressMode
from lanparty_client.wish import DEFAULT_INTERFACE, Address, JoinWish
from lanparty_command import CommandSettings, Option
from lanparty_endpoint.interface_name import InterfaceName
from lanparty_endpoint.joining_settings import (
    INTERFACE_GROUP,
    JoiningSettings,
    StateDirectory,
    state_directory,
)
from lanparty_endpoint.session_settings import OUTPUT_GROUP, RuntimeDirectoryOption
from lanparty_endpoint.settings import JsonLinesOption, QuietJoinOption

__all__ = ["JoinSettings", "ServeSettings", "SetupSettings"]


class JoinSettings(JoiningSettings):
    """`lanparty-client join`."""

    detach: Annotated[
        bool,
        Field(
            description="Return once joined and stay in the room; `lanparty-client leave` leaves. "
            "Needs the service."
        ),
    ] = False
    force: Annotated[
        bool,
        Field(
            description="Join although this computer is on the local network that the room's "
            "gateway bridges: everything would arrive twice."
        ),
    ] = False
    interface: Annotated[
        InterfaceName,
        Field(description="The network interface to make."),
        Option(metavar="NAME", group=INTERFACE_GROUP),
    ] = DEFAULT_INTERFACE
    address: Annotated[
        Address,
        Field(
            description="Where the interface's IPv4 address comes from. auto: from the relay, "
            "beside it one by DHCP where the room has a gateway. none: you set one yourself."
        ),
        Option(metavar="auto|dhcp|none|CIDR", group=INTERFACE_GROUP),
    ] = AddressChoice(AddressMode.AUTO)
    discovery_routes: Annotated[
        bool,
        Field(
            description="Send broadcasts and multicasts of games into the room while joined, by "
            "routes for 255.255.255.255, 224.0.0.0/4 and ff00::/8."
        ),
        Option(group=INTERFACE_GROUP),
    ] = True
    mss_clamp: Annotated[
        bool,
        Field(description="Make TCP connections in the room use segments that fit the way."),
        Option(group=INTERFACE_GROUP),
    ] = True
    use_lan_gateway: Annotated[
        bool,
        Field(
            description="Send what goes to the internet through the local network behind the "
            "room's gateway. Only for a room whose gateway you trust with all of it. Its name "
            "servers are told, not set."
        ),
        Option(group=INTERFACE_GROUP),
    ] = False
    state_dir: StateDirectory = Field(default_factory=state_directory)
    runtime_dir: RuntimeDirectoryOption = None
    json_: JsonLinesOption = False
    quiet: QuietJoinOption = False
    verbose: Annotated[
        bool,
        Field(description="Print every change of the session, and log what goes on inside."),
        Option(short="-v", group=OUTPUT_GROUP),
    ] = False

    def wish(self) -> JoinWish:
        """Put together what is asked for; raise `CommandFailed` where it contradicts itself."""
        return JoinWish(
            **self.wanted_room(),
            detach=self.detach,
            interface=self.interface,
            address=self.address,
            discovery_routes=self.discovery_routes,
            clamp_mss=self.mss_clamp,
            use_lan_gateway=self.use_lan_gateway,
            force=self.force,
        )


class ServeSettings(CommandSettings):
    """`lanparty-client serve`."""

    state_dir: StateDirectory = Field(default_factory=state_directory)
    runtime_dir: RuntimeDirectoryOption = None
    verbose: Annotated[
        bool,
        Field(description="Log what goes on inside."),
        Option(short="-v", group=OUTPUT_GROUP),
    ] = False


class SetupSettings(CommandSettings):
    """`lanparty-client setup`."""

    undo: Annotated[bool, Field(description="Take away what an earlier setup installed.")] = False
    print_: Annotated[
        bool, Field(description="Print the files that would be installed, and change nothing.")
    ] = False
