"""The settings of each command: a flag and a `LANPARTY_` variable for every field."""

from enum import StrEnum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from lanparty_client_core.join import KnownRelay
from lanparty_command import CommandFailed, CommandSettings, ExitCode, Option, Relay
from lanparty_ctrl import Role
from lanparty_ctrl.fields import DisplayName, Mac, Pin, RoomCodeField
from lanparty_quic import CertificateAuthority, PinnedKey, Trust

__all__ = [
    "EndToEndSettings",
    "JoinSettings",
    "LoadCast",
    "LoadSettings",
    "RelaySettings",
]

_RELAY: Final = "relay"
_OUTPUT: Final = "output"


class LoadCast(StrEnum):
    """Where the frames of a load run go."""

    UNICAST = "unicast"
    """Each player to the next one."""
    BROADCAST = "broadcast"
    """Each player to all others."""


class RelaySettings(CommandSettings):
    """What every command needs: a relay, how to know it, and how to print."""

    relay: Annotated[Relay, Field(description="The relay to dial."), Option(group=_RELAY)]
    room: Annotated[
        RoomCodeField | None,
        Field(description="The room's code; case and dashes don't matter."),
        Option(metavar="CODE", group=_RELAY),
    ] = None
    pin: Annotated[
        Pin | None,
        Field(description="The relay's pin, as it prints it at its start."),
        Option(metavar="sha256:...", group=_RELAY),
    ] = None
    pin_file: Annotated[
        Path | None,
        Field(description="A file with the pin: `pin` in the relay's state directory."),
        Option(group=_RELAY),
    ] = None
    ca_file: Annotated[
        Path | None,
        Field(description="Authorities that vouch for the relay's certificate."),
        Option(group=_RELAY, default_text="the system's, if there is no pin"),
    ] = None
    connect_timeout: Annotated[
        float,
        Field(description="How long the relay may take to answer.", gt=0, le=300),
        Option(metavar="SECONDS", group=_RELAY),
    ] = 10.0
    json_: Annotated[bool, Field(description="Print JSON for programs."), Option(group=_OUTPUT)] = (
        False
    )
    quiet: Annotated[
        bool, Field(description="Print only what matters."), Option(short="-q", group=_OUTPUT)
    ] = False

    def known_relay(self) -> KnownRelay:
        """Put the relay together with the proof that it is the one."""
        return KnownRelay(self.relay, self._trust(), self.connect_timeout)

    def _trust(self) -> Trust:
        if self.pin is not None:
            return PinnedKey(self.pin)
        if self.pin_file is not None:
            return PinnedKey(_read_pin(self.pin_file))
        return CertificateAuthority(None if self.ca_file is None else str(self.ca_file))


class JoinSettings(RelaySettings):
    """`lanparty-sim join`."""

    create: Annotated[
        bool,
        Field(description="Make the room if there is none with this code."),
    ] = False
    role: Annotated[Role, Field(description="What to be in the room.")] = Role.CLIENT
    name: Annotated[
        DisplayName, Field(description="The name that the others see."), Option(metavar="NAME")
    ] = "simulated player"
    mac: Annotated[
        Mac | None,
        Field(description="The host's MAC address."),
        Option(metavar="MAC", default_text="the last one, or a random one"),
    ] = None
    address: Annotated[
        IPv4Address | None,
        Field(description="The host's IPv4 address, which answers ARP and ping."),
        Option(metavar="IPV4", default_text="one in 10.86.0.0/16 by the MAC"),
    ] = None
    state_dir: Annotated[
        Path | None,
        Field(description="Keep the place in the room here, to have it again after a restart."),
    ] = None
    verbose: Annotated[
        bool,
        Field(description="Print every change of a session."),
        Option(short="-v", group=_OUTPUT),
    ] = False


class EndToEndSettings(RelaySettings):
    """`lanparty-sim e2e`."""

    admin: Annotated[
        str | None,
        Field(description="The relay's admin API, to read the counters.", pattern=r"^https?://"),
        Option(metavar="URL"),
    ] = None
    admin_token_file: Annotated[
        Path | None,
        Field(description="A file with its token: `admin-token` in the state directory."),
    ] = None
    verbose: Annotated[
        bool,
        Field(description="Print every change of a session."),
        Option(short="-v", group=_OUTPUT),
    ] = False


class LoadSettings(RelaySettings):
    """`lanparty-sim load`."""

    create: Annotated[bool, Field(description="Make the room if there is none with this code.")] = (
        False
    )
    players: Annotated[int, Field(description="Players in the room.", ge=2, le=250)] = 4
    processes: Annotated[
        int, Field(description="Processes that they are spread over.", ge=1, le=64)
    ] = 1
    frame_size: Annotated[
        int, Field(description="Bytes of each Ethernet frame.", ge=60, le=1_514)
    ] = 1_000
    rate: Annotated[
        float, Field(description="Frames a second from each player.", gt=0, le=100_000)
    ] = 100.0
    seconds: Annotated[float, Field(description="How long to send.", gt=0, le=86_400)] = 10.0
    cast: Annotated[LoadCast, Field(description="Where the frames go.")] = LoadCast.UNICAST


def _read_pin(file: Path) -> str:
    try:
        return TypeAdapter(Pin).validate_python(read_line(file))
    except ValidationError:
        raise CommandFailed(
            f"{file} holds no pin: one looks like sha256: and 43 letters and digits.",
            exit_code=ExitCode.USAGE,
        ) from None


def read_line(file: Path) -> str:
    """Read a file of one line, such as a pin or a token; raise `CommandFailed` if it can't be."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CommandFailed(f"Can't read {file}: {reason}.", exit_code=ExitCode.USAGE) from error
