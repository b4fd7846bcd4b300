"""The settings of each command of `lanparty-client`: a flag and a variable for every field."""

import getpass
from pathlib import Path
from typing import Annotated, Final

from platformdirs import user_state_path
from pydantic import Field, PlainValidator

from lanparty_client.addressing import AddressChoice, AddressMode
from lanparty_client.wish import DEFAULT_INTERFACE, Address, InterfaceName, JoinWish
from lanparty_command import CommandFailed, CommandSettings, ExitCode, Option
from lanparty_ctrl.fields import DisplayName
from lanparty_ctrl.names import DISPLAY_NAME_LIMIT, display_name
from lanparty_endpoint.invite import Invite
from lanparty_endpoint.settings import (
    OUTPUT_GROUP,
    EndpointSettings,
    JsonLinesOption,
    OutputSettings,
    QuietJoinOption,
)
from lanparty_endpoint.trust import read_authorities, read_pin

__all__ = [
    "JoinSettings",
    "ReportSettings",
    "RuntimeDirectory",
    "ServeSettings",
    "SessionSettings",
    "SetupSettings",
    "StateDirectory",
]

_INTERFACE_GROUP: Final = "network interface"
_FILES_GROUP: Final = "files"
_NAMELESS: Final = "player"


def _state_directory() -> Path:
    return user_state_path("softlan", appauthor=False)


def _own_name() -> str:
    """Return the user's name, if others may be shown it."""
    try:
        return display_name(getpass.getuser()[:DISPLAY_NAME_LIMIT])
    except (OSError, KeyError, ValueError):
        return _NAMELESS


def _read_invite(value: object) -> Invite:
    return value if isinstance(value, Invite) else Invite.parse(str(value))


StateDirectory = Annotated[
    Path,
    Field(
        description="Directory for what outlives a session: the interface's MAC address in each "
        "room and the right to come back to it. Made if it is missing."
    ),
    Option(metavar="DIR", group=_FILES_GROUP),
]
RuntimeDirectory = Annotated[
    Path | None,
    Field(description="Directory for the sockets by which running sessions are asked."),
    Option(
        metavar="DIR", group=_FILES_GROUP, default_text="/run/softlan, or $XDG_RUNTIME_DIR/softlan"
    ),
]
_Interface = Annotated[
    InterfaceName,
    Field(description="The network interface to make."),
    Option(metavar="NAME", group=_INTERFACE_GROUP),
]


class JoinSettings(EndpointSettings):
    """`lanparty-client join`."""

    invite: Annotated[
        Annotated[Invite, PlainValidator(_read_invite)] | None,
        Field(description="The invite that a friend gave you: softlan://..."),
        Option(metavar="INVITE", positional=True),
    ] = None
    create: Annotated[
        bool,
        Field(
            description="Make the room if there is none with this code. Without --room one is made "
            "anyway."
        ),
    ] = False
    name: Annotated[
        DisplayName,
        Field(description="The name that the others see."),
        Option(metavar="NAME", default_text="your user name"),
    ] = Field(default_factory=_own_name)
    wait: Annotated[
        bool,
        Field(
            description="Keep trying when the first join fails for a reason that may pass, such as "
            "a relay that doesn't answer yet."
        ),
    ] = False
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
    interface: _Interface = DEFAULT_INTERFACE
    address: Annotated[
        Address,
        Field(
            description="Where the interface's IPv4 address comes from. auto: from the relay, "
            "beside it one by DHCP where the room has a gateway. none: you set one yourself."
        ),
        Option(metavar="auto|dhcp|none|CIDR", group=_INTERFACE_GROUP),
    ] = AddressChoice(AddressMode.AUTO)
    discovery_routes: Annotated[
        bool,
        Field(
            description="Send broadcasts and multicasts of games into the room while joined, by "
            "routes for 255.255.255.255, 224.0.0.0/4 and ff00::/8."
        ),
        Option(group=_INTERFACE_GROUP),
    ] = True
    mss_clamp: Annotated[
        bool,
        Field(description="Make TCP connections in the room use segments that fit the way."),
        Option(group=_INTERFACE_GROUP),
    ] = True
    use_lan_gateway: Annotated[
        bool,
        Field(
            description="Send what goes to the internet through the local network behind the "
            "room's gateway. Only for a room whose gateway you trust with all of it. Its name "
            "servers are told, not set."
        ),
        Option(group=_INTERFACE_GROUP),
    ] = False
    state_dir: StateDirectory = Field(default_factory=_state_directory)
    runtime_dir: RuntimeDirectory = None
    json_: JsonLinesOption = False
    quiet: QuietJoinOption = False
    verbose: Annotated[
        bool,
        Field(description="Print every change of the session, and log what goes on inside."),
        Option(short="-v", group=OUTPUT_GROUP),
    ] = False

    def wish(self) -> JoinWish:
        """Put together what is asked for; raise `CommandFailed` where it contradicts itself."""
        relay, room, pin = self.relay, self.room, self.pin
        if pin is None and self.pin_file is not None:
            pin = read_pin(self.pin_file)
        if self.invite is not None:
            invite = self.invite
            _require_one("--relay", relay, invite.relay)
            _require_one("--room", room and room.code, invite.room.code)
            if invite.pin is not None:
                _require_one("the pin", pin, invite.pin)
            relay, room, pin = invite.relay, invite.room, invite.pin or pin
        if relay is None:
            raise CommandFailed(
                "Which relay? Write the invite of a friend, or --relay HOST (or set "
                "LANPARTY_RELAY).",
                exit_code=ExitCode.USAGE,
            )
        return JoinWish(
            relay=relay,
            room=room,
            create=self.create or room is None,
            pin=pin,
            authorities=None if self.ca_file is None else read_authorities(self.ca_file),
            connect_timeout=self.connect_timeout,
            wait=self.wait,
            detach=self.detach,
            name=self.name,
            interface=self.interface,
            address=self.address,
            discovery_routes=self.discovery_routes,
            clamp_mss=self.mss_clamp,
            use_lan_gateway=self.use_lan_gateway,
            force=self.force,
        )


def _require_one(what: str, given: object, invited: object) -> None:
    if given is not None and given != invited:
        raise CommandFailed(
            f"The invite and {what} name different ones: leave one of them out.",
            exit_code=ExitCode.USAGE,
        )


class SessionSettings(OutputSettings):
    """What a command needs that asks a running session."""

    interface: Annotated[
        InterfaceName | None,
        Field(description="The session's network interface."),
        Option(metavar="NAME", default_text="every session"),
    ] = None
    runtime_dir: RuntimeDirectory = None


class ReportSettings(SessionSettings):
    """`lanparty-client report`."""

    output: Annotated[
        Path | None,
        Field(description="Where to write it; - for the standard output."),
        Option(
            metavar="FILE", group=_FILES_GROUP, default_text="softlan-report-DATE-TIME.json here"
        ),
    ] = None


class ServeSettings(CommandSettings):
    """`lanparty-client serve`."""

    state_dir: StateDirectory = Field(default_factory=_state_directory)
    runtime_dir: RuntimeDirectory = None
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
