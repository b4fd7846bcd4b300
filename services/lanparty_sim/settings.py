"""The settings of each command: a flag and a `LANPARTY_` variable for every field."""

import ssl
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    TypeAdapter,
    ValidationError,
)

from lanparty_client_core.join import KnownRelay
from lanparty_command import CommandFailed, CommandSettings, ExitCode, Option, Relay
from lanparty_ctrl import Role, RoomCode
from lanparty_ctrl.fields import DisplayName, Mac, Pin
from lanparty_obs.redaction import SecretText
from lanparty_quic import CertificateAuthority, PinnedKey, Trust

__all__ = [
    "EndToEndSettings",
    "JoinSettings",
    "LoadCast",
    "LoadSettings",
    "RelaySettings",
    "TypedRoom",
    "read_line",
]

_RELAY: Final = "relay"
_OUTPUT: Final = "output"

_CREATE: Final = "Make the room if there is none with this code. Without --room one is made anyway."
_PIN_FORM: Final = "sha256: and 43 letters, digits, - and _, as the relay prints it"


class LoadCast(StrEnum):
    """Where the frames of a load run go."""

    UNICAST = "unicast"
    """Each player to the next one."""
    BROADCAST = "broadcast"
    """Each player to all others."""


@dataclass(frozen=True, slots=True)
class TypedRoom:
    """A room code, and how the person who typed it spells it."""

    code: RoomCode
    spelling: SecretText

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a code as a person types it; raises `RoomCodeError`."""
        return cls(RoomCode.parse(text), SecretText(text.strip()))

    def spelled(self, code: RoomCode) -> SecretText:
        """Write a code as this person does, if it is this one, else grouped to be read aloud."""
        return self.spelling if code == self.code else code.spoken()


def _typed_room(value: object) -> TypedRoom:
    return value if isinstance(value, TypedRoom) else TypedRoom.parse(str(value))


def _admin_url(text: str) -> str:
    """Read an URL, or what the relay takes as its --admin: `127.0.0.1:8080`, `8080`, `*:8080`."""
    url = text.strip()
    short = "://" not in url
    if short:
        host, _, port = url.removesuffix("/tcp").rpartition(":")
        url = f"http://{'127.0.0.1' if host in ('', '*') else host}:{port}"
    parts = urlsplit(url)
    try:
        port_given, port_fits = parts.port is not None, parts.port != 0
    except ValueError:  # it is no number, or too great a one
        port_fits = False
    if (
        not port_fits
        or not parts.hostname
        or parts.scheme not in ("http", "https")
        or (short and not port_given)
    ):
        raise ValueError(f"{text!r}: write http://127.0.0.1:8080 or 127.0.0.1:8080")
    return url.removesuffix("/")


def _host_address(address: IPv4Address) -> IPv4Address:
    if (
        address.is_multicast
        or address.is_loopback
        or address.is_reserved  # 240.0.0.0/4, and with it the broadcast address
        or address.packed[0] == 0
    ):
        raise ValueError(f"'{address}' can't be a host's address: write one such as 10.0.0.1")
    return address


class RelaySettings(CommandSettings):
    """What every command needs: a relay, how to know it, and how to print."""

    relay: Annotated[
        Relay,
        Field(description="The relay to dial."),
        Option(metavar="HOST[:PORT]", group=_RELAY),
    ]
    room: Annotated[
        Annotated[TypedRoom, PlainValidator(_typed_room)] | None,
        Field(description="The room's code; case and dashes don't matter, I, L, O are 1, 1, 0."),
        Option(metavar="CODE", group=_RELAY, default_text="a new room, whose code the relay makes"),
    ] = None
    pin: Annotated[
        Pin | None,
        Field(description="The relay's pin, as it prints it at its start."),
        Option(metavar="sha256:...", group=_RELAY, form=_PIN_FORM),
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
    json_: Annotated[
        bool, Field(description="Print one JSON document, for programs."), Option(group=_OUTPUT)
    ] = False
    quiet: Annotated[
        bool, Field(description="Print only what matters."), Option(short="-q", group=_OUTPUT)
    ] = False

    @property
    def room_code(self) -> RoomCode | None:
        """The room's code; None for a new room."""
        return None if self.room is None else self.room.code

    def known_relay(self) -> KnownRelay:
        """Put the relay together with the proof that it is the one.

        Raises `CommandFailed` if a file with the proof can't be used.
        """
        return KnownRelay(self.relay, self._trust(), self.connect_timeout)

    def _trust(self) -> Trust:
        if self.pin is not None:
            return PinnedKey(self.pin)
        if self.pin_file is not None:
            return PinnedKey(_read_pin(self.pin_file))
        if self.ca_file is None:
            return CertificateAuthority(None)
        _require_certificates(self.ca_file)
        return CertificateAuthority(str(self.ca_file))


class JoinSettings(RelaySettings):
    """`lanparty-sim join`."""

    create: Annotated[bool, Field(description=_CREATE)] = False
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
        Annotated[IPv4Address, AfterValidator(_host_address)] | None,
        Field(description="The host's IPv4 address, which answers ARP and ping."),
        Option(metavar="IPV4", default_text="one in 10.86.0.0/16 by the MAC"),
    ] = None
    state_dir: Annotated[
        Path | None,
        Field(
            description="Keep the place in the room in players/ of this directory, to have it "
            "again after a restart."
        ),
    ] = None
    json_: Annotated[
        bool,
        Field(description="Print JSON lines, an object for each event, for programs."),
        Option(group=_OUTPUT),
    ] = False
    quiet: Annotated[
        bool,
        Field(description="Print only what matters, such as the code of a room that was made."),
        Option(short="-q", group=_OUTPUT),
    ] = False
    verbose: Annotated[
        bool,
        Field(description="Print every change of a session."),
        Option(short="-v", group=_OUTPUT),
    ] = False


class EndToEndSettings(RelaySettings):
    """`lanparty-sim e2e`."""

    admin: Annotated[
        Annotated[str, AfterValidator(_admin_url)] | None,
        Field(description="The relay's admin API, to read the counters."),
        Option(metavar="URL|ADDRESS:PORT"),
    ] = None
    admin_token_file: Annotated[
        Path | None,
        Field(description="A file with its token: `admin-token` in the state directory."),
    ] = None
    bystanders: Annotated[
        int | None,
        Field(
            description="Check also that this many players of other processes, by "
            "`lanparty-sim join` on any computer, are in --bystanders-room and answer ARP and "
            "ping.",
            ge=1,
            le=60,
        ),
        Option(metavar="N"),
    ] = None
    bystanders_room: Annotated[
        Annotated[TypedRoom, PlainValidator(_typed_room)] | None,
        Field(description="The code of their room: another one than --room."),
        Option(metavar="CODE"),
    ] = None
    verbose: Annotated[
        bool,
        Field(description="Print every change of a session."),
        Option(short="-v", group=_OUTPUT),
    ] = False


class LoadSettings(RelaySettings):
    """`lanparty-sim load`."""

    create: Annotated[bool, Field(description=_CREATE)] = False
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
            f"{file} holds no pin: write {_PIN_FORM}.",
            exit_code=ExitCode.USAGE,
        ) from None


def _require_certificates(file: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
    except ssl.SSLError:
        reason = "it holds no certificate in PEM form"
    except OSError as error:
        reason = error.strerror or "it is no file"
    else:
        return
    raise CommandFailed(f"--ca-file: can't use {file}: {reason}.", exit_code=ExitCode.USAGE)


def read_line(file: Path) -> str:
    """Read a file of one line, such as a pin or a token; raise `CommandFailed` if it can't be."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CommandFailed(f"Can't read {file}: {reason}.", exit_code=ExitCode.USAGE) from error
