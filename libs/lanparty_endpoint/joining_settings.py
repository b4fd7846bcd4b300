"""The settings of every command that brings an endpoint into a room."""

import getpass
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

from platformdirs import user_state_path
from pydantic import Field, PlainValidator

from lanparty_command import CommandFailed, ExitCode, Option
from lanparty_ctrl.fields import DisplayName
from lanparty_ctrl.names import DISPLAY_NAME_LIMIT, display_name
from lanparty_endpoint.invite import Invite
from lanparty_endpoint.session_settings import FILES_GROUP
from lanparty_endpoint.settings import EndpointSettings
from lanparty_endpoint.trust import read_authorities, read_pin

__all__ = [
    "INTERFACE_GROUP",
    "GivenInvite",
    "JoiningSettings",
    "StateDirectory",
    "state_directory",
]

INTERFACE_GROUP: Final = "network interface"
"""The heading in the help under which the interface's options stand."""

_NAMELESS: Final = "player"


def state_directory() -> Path:
    """Return where this user's programs keep what outlives them."""
    return user_state_path("softlan", appauthor=False)


def own_name() -> str:
    """Return the user's name, if others may be shown it."""
    try:
        return display_name(getpass.getuser()[:DISPLAY_NAME_LIMIT])
    except (OSError, KeyError, ValueError):
        return _NAMELESS


def _read_invite(value: object) -> Invite:
    return value if isinstance(value, Invite) else Invite.parse(str(value))


GivenInvite: TypeAlias = Annotated[Invite, PlainValidator(_read_invite)]

StateDirectory = Annotated[
    Path,
    Field(
        description="Directory for what outlives a session: the interface's MAC address in each "
        "room and the right to come back to it. Made if it is missing."
    ),
    Option(metavar="DIR", group=FILES_GROUP),
]


class JoiningSettings(EndpointSettings):
    """Which room, as whom, and how long to try."""

    invite: Annotated[
        GivenInvite | None,
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
    ] = Field(default_factory=own_name)
    wait: Annotated[
        bool,
        Field(
            description="Keep trying when the first join fails for a reason that may pass, such as "
            "a relay that doesn't answer yet."
        ),
    ] = False

    def wanted_room(self) -> dict[str, Any]:
        """Put together the fields of a `RoomWish` that stand here, all but the interface.

        Raises `CommandFailed` where they contradict one another. Any: of several types.
        """
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
        return {
            "relay": relay,
            "room": room,
            "create": self.create or room is None,
            "pin": pin,
            "authorities": None if self.ca_file is None else read_authorities(self.ca_file),
            "connect_timeout": self.connect_timeout,
            "packet_size": self.packet_size,
            "wait": self.wait,
            "name": self.name,
        }


def _require_one(what: str, given: object, invited: object) -> None:
    if given is not None and given != invited:
        raise CommandFailed(
            f"The invite and {what} name different ones: leave one of them out.",
            exit_code=ExitCode.USAGE,
        )
