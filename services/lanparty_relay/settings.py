"""Everything an operator can set, as flags and `LANPARTY_*` variables; read once at start."""

from pathlib import Path
from typing import Annotated, Final, Literal, Self

from platformdirs import user_state_path
from pydantic import Field, model_validator

from lanparty_command import (
    CommandSettings,
    ListenAddress,
    Option,
    Relay,
    TcpListen,
    UdpListen,
)
from lanparty_proto import (
    DEFAULT_ROOM_MTU,
    MAXIMUM_ROOM_MTU,
    MINIMUM_QUIC_PACKET_SIZE,
    MINIMUM_ROOM_MTU,
    datagram_budget,
)
from lanparty_quic import EndpointLimits
from lanparty_quic.limits import MAXIMUM_PACKET_SIZE
from lanparty_relay.core import PEERS_PER_ROOM_CEILING, RelayLimits
from lanparty_relay.core.limits import LARGEST_DATAGRAM

__all__ = ["DEFAULT_ADMIN", "RelaySettings", "state_directory"]

DEFAULT_ADMIN: Final = ListenAddress("127.0.0.1", 8080)

_WITHOUT_A_PLACE: Final = 256
"""Connections beside those of the players: with no hello yet, or of gateways that stand by."""

_HANDSHAKES: Final = EndpointLimits().maximum_handshakes

_STREAM_WINDOW: Final = 16_384
"""Control bytes that a player may send ahead: the largest hello, and a quarter of what an endpoint
grants by itself, because it counts for each of thousands."""

_LIMITS: Final = "limits"
_ADMIN: Final = "administration"
_LOGS: Final = "logs"


def state_directory() -> Path:
    """Return the directory that a relay of this user uses unless it is told another."""
    return user_state_path("softlan", appauthor=False)


class RelaySettings(CommandSettings):
    """Settings of `lanparty-relay`."""

    listen: Annotated[
        UdpListen,
        Field(
            description="UDP port, or address and port, that serves players: 443/udp, 443, "
            "192.0.2.1:443, [2001:db8::1]:443; 0 for any free port. A port alone serves every "
            "address, IPv4 and IPv6."
        ),
        Option(metavar="PORT|ADDRESS:PORT", default_text="443/udp"),
    ] = ListenAddress(None, 443)
    state_dir: Annotated[
        Path,
        Field(
            description="Directory for what outlives the relay: certificate, key, pin, admin "
            "token, address leases, rooms made ahead. Made if it is missing."
        ),
        Option(metavar="DIR"),
    ] = Field(default_factory=state_directory)
    public: Annotated[
        Relay | None,
        Field(
            description="What players dial, to be printed at the start: the name or address of a "
            "router or a container's host before the relay."
        ),
        Option(metavar="HOST[:PORT]", default_text="this host's address"),
    ] = None
    cert: Annotated[
        Path | None,
        Field(
            description="PEM file with the certificate and its chain. Without it the relay makes "
            "a certificate of its own, which players trust by its pin."
        ),
        Option(metavar="FILE"),
    ] = None
    key: Annotated[
        Path | None,
        Field(description="PEM file with the private key of --cert."),
        Option(metavar="FILE"),
    ] = None
    retry: Annotated[
        bool,
        Field(
            description="Have every new player prove its address before work is spent on it "
            "(QUIC Retry): one more round trip at a join. Without this the relay asks for it by "
            "itself, under load."
        ),
    ] = False

    admin: Annotated[
        TcpListen,
        Field(
            description="TCP address and port of the admin API and metrics; a port alone means "
            "127.0.0.1, 0 any free port."
        ),
        Option(metavar="ADDRESS:PORT", group=_ADMIN),
    ] = DEFAULT_ADMIN
    public_admin: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[^\s/?#]+/?$",
            description="Where operators reach the admin API, to be printed at the start: a "
            "published port or a proxy.",
        ),
        Option(
            metavar="URL",
            group=_ADMIN,
            default_text="the address of --admin",
            form="http:// or https:// and a host, with its port if it is unusual",
        ),
    ] = None
    admin_token_file: Annotated[
        Path | None,
        Field(
            description="File with the bearer token of the admin API, at least 16 characters. "
            "Made in the state directory if not given."
        ),
        Option(metavar="FILE", group=_ADMIN, default_text="DIR/admin-token"),
    ] = None

    peer_metrics: Annotated[
        bool,
        Field(
            description="Give /metrics some 30 series for each player. Without them it has the "
            "relay's and the rooms'; for a relay with a thousand players and more."
        ),
        Option(group=_ADMIN),
    ] = True

    rooms: Annotated[
        int, Field(ge=1, le=100_000, description="Most rooms at once."), Option(group=_LIMITS)
    ] = 1_000
    peers_per_room: Annotated[
        int,
        Field(ge=1, le=PEERS_PER_ROOM_CEILING, description="Most players in one room."),
        Option(group=_LIMITS),
    ] = 64
    peers: Annotated[
        int,
        Field(ge=1, le=100_000, description="Most players in all rooms together."),
        Option(group=_LIMITS),
    ] = 4_000
    joins_per_minute: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            description="Joins a minute from one address (IPv4 address, IPv6 /64); 0 for no "
            "limit. Raise it for many players behind one router.",
        ),
        Option(group=_LIMITS),
    ] = 60
    hello_timeout: Annotated[
        float,
        Field(gt=0, le=300, description="Seconds in which a new connection must ask to join."),
        Option(metavar="SECONDS", group=_LIMITS),
    ] = 5.0
    idle_timeout: Annotated[
        float,
        Field(ge=5, le=600, description="Seconds of silence after which a player is gone."),
        Option(metavar="SECONDS", group=_LIMITS),
    ] = 30.0
    room_mtu: Annotated[
        int,
        Field(
            ge=MINIMUM_ROOM_MTU,
            le=MAXIMUM_ROOM_MTU,
            description="MTU of new rooms, in bytes. Less if the port of a room's maker carries "
            "less.",
        ),
        Option(metavar="BYTES", group=_LIMITS),
    ] = DEFAULT_ROOM_MTU
    packet_size: Annotated[
        int | None,
        Field(
            ge=MINIMUM_QUIC_PACKET_SIZE,
            le=MAXIMUM_PACKET_SIZE,
            description="Largest packet to send and to ask players for, as bytes of UDP payload "
            "from 1200 to 1500. 1200 where the relay's own network loses larger packets.",
        ),
        Option(
            metavar="BYTES",
            group=_LIMITS,
            default_text="what each player's way carries: it is searched",
        ),
    ] = None
    allow_universal_macs: Annotated[
        bool,
        Field(description="Admit players whose MAC address is not locally administered."),
        Option(group=_LIMITS),
    ] = False

    log_format: Annotated[
        Literal["console", "json"],
        Field(description="Logs for people, or one JSON object a line. They go to stderr."),
        Option(group=_LOGS),
    ] = "console"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(description="Least level that is logged."),
        Option(group=_LOGS),
    ] = "info"

    @model_validator(mode="after")
    def _cert_and_key_go_together(self) -> Self:
        if (self.cert is None) != (self.key is None):
            given, missing = ("--key", "--cert") if self.cert is None else ("--cert", "--key")
            raise ValueError(f"{given} needs {missing} as well")
        return self

    def relay_limits(self) -> RelayLimits:
        """Say what the core allows."""
        return RelayLimits(
            rooms=self.rooms,
            peers_per_room=self.peers_per_room,
            joins_per_minute=self.joins_per_minute or None,
            hello_timeout=self.hello_timeout,
            room_mtu=self.room_mtu,
            largest_datagram=self._largest_datagram(),
            allow_universal_macs=self.allow_universal_macs,
        )

    def _largest_datagram(self) -> int:
        if self.packet_size is None:
            return LARGEST_DATAGRAM
        return min(LARGEST_DATAGRAM, datagram_budget(self.packet_size))

    def endpoint_limits(self) -> EndpointLimits:
        """Say what the QUIC endpoint allows: connections of players, and some on their way in."""
        return EndpointLimits(
            handshakes_per_source=self._handshakes_per_source(),
            maximum_connections=self.peers + _WITHOUT_A_PLACE + _HANDSHAKES,
            idle_timeout=self.idle_timeout,
            keep_alive=min(10.0, self.idle_timeout / 3),
            largest_packet_size=self.packet_size,
            stream_window=_STREAM_WINDOW,
        )

    def counter_blocks(self) -> int:
        """Count the blocks that relay, rooms and players need at most."""
        return 1 + min(self.rooms, self.peers) + self.peers

    def _handshakes_per_source(self) -> int:
        """Where more may join from one address, more may be about to."""
        if self.joins_per_minute == 0:
            return _HANDSHAKES
        usual = EndpointLimits().handshakes_per_source
        return min(_HANDSHAKES, max(usual, self.joins_per_minute))
