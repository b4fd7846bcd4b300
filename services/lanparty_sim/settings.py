"""The settings of each command: a flag and a `LANPARTY_` variable for every field."""

from enum import StrEnum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from lanparty_client_core.join import KnownRelay
from lanparty_command import CommandSettings, Option, Relay
from lanparty_ctrl import Role
from lanparty_ctrl.fields import DisplayName, Mac
from lanparty_endpoint.session_settings import OUTPUT_GROUP
from lanparty_endpoint.settings import EndpointSettings, JsonLinesOption, QuietJoinOption
from lanparty_endpoint.trust import RELAY_GROUP
from lanparty_endpoint.typed_room import Room

__all__ = [
    "EndToEndSettings",
    "JoinSettings",
    "LanHostSettings",
    "LoadCast",
    "LoadSettings",
    "RelaySettings",
]

_CREATE: Final = "Make the room if there is none with this code. Without --room one is made anyway."


class LoadCast(StrEnum):
    """Where the frames of a load run go."""

    UNICAST = "unicast"
    """Each player to the next one."""
    BROADCAST = "broadcast"
    """Each player to all others."""


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


class RelaySettings(EndpointSettings):
    """What every command needs: a relay, how to know it, and how to print."""

    relay: Annotated[
        Relay,
        Field(description="The relay to dial."),
        Option(metavar="HOST[:PORT]", group=RELAY_GROUP),
    ]
    json_: Annotated[
        bool,
        Field(description="Print one JSON document, for programs."),
        Option(group=OUTPUT_GROUP),
    ] = False
    quiet: Annotated[
        bool, Field(description="Print only what matters."), Option(short="-q", group=OUTPUT_GROUP)
    ] = False

    def known_relay(self) -> KnownRelay:
        """Put the relay together with the proof that it is the one.

        Raises `CommandFailed` if a file with the proof can't be used.
        """
        return self.known(self.relay)


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
        Option(metavar="IPV4", default_text="the one that the relay leases"),
    ] = None
    no_reconnect: Annotated[
        bool,
        Field(
            description="End when the session is lost. Without it the player comes back by itself, "
            "for as long as it takes, unless the relay removed it or closed the room."
        ),
    ] = False
    state_dir: Annotated[
        Path | None,
        Field(
            description="Keep the place in the room in players/ of this directory, to have it "
            "again after a restart."
        ),
    ] = None
    json_: JsonLinesOption = False
    quiet: QuietJoinOption = False
    verbose: Annotated[
        bool,
        Field(description="Print every change of a session."),
        Option(short="-v", group=OUTPUT_GROUP),
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
        Room | None,
        Field(description="The code of their room: another one than --room."),
        Option(metavar="CODE"),
    ] = None
    lan_room: Annotated[
        Room | None,
        Field(
            description="Check also a room with a gateway on whose LAN `lanparty-sim lan-host` "
            "runs: another one than --room and --bystanders-room."
        ),
        Option(metavar="CODE"),
    ] = None
    verbose: Annotated[
        bool,
        Field(description="Print every change of a session."),
        Option(short="-v", group=OUTPUT_GROUP),
    ] = False


class LanHostSettings(CommandSettings):
    """`lanparty-sim lan-host`."""

    interface: Annotated[
        str | None,
        Field(description="The interface that is on the LAN."),
        Option(metavar="NAME", default_text="the only one"),
    ] = None


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
