"""The control messages of `lanparty/1` as frozen models: parse at the edge, trust inside.

A message is one JSON object with a `type`. Unknown fields are ignored, every known field has a
limit, and whatever doesn't fit raises `pydantic.ValidationError`, which `framing` turns into the
package's own error. Secrets (room code, token, credential) are left out of a message's `repr`.
Directions and meaning: docs/protocol.md.
"""

from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from lanparty_ctrl.fields import (
    Counters,
    Credential,
    DatagramBudget,
    DisplayName,
    Features,
    HostName,
    HumanText,
    Ipv4,
    Mac,
    Nonce,
    PeerId,
    Pin,
    PortMtu,
    Prefix,
    PublicRoomId,
    ResumeToken,
    RoomCodeField,
    RoomMtu,
    ServerVersion,
    Version,
)
from lanparty_obs.codes import SessionEnd
from lanparty_proto.mac import MacAddress

__all__ = [
    "LEASED_FROM",
    "MESSAGE",
    "PROTOCOL_VERSION",
    "AddressLease",
    "Disconnect",
    "Hello",
    "Lease",
    "Message",
    "PeerJoined",
    "PeerLeft",
    "Ping",
    "Pong",
    "PrefixesInUse",
    "Redirect",
    "Reject",
    "Role",
    "RoomReady",
    "Stats",
    "Waiting",
    "Welcome",
]

PROTOCOL_VERSION: Final = 1


class Role(StrEnum):
    """What an endpoint is to its room."""

    CLIENT = "client"
    GATEWAY = "gateway"


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        # "7" is no number and 1 no truth. From JSON, enums and sets still have their spellings.
        strict=True,
        # No copy of a code or token stays behind in the parser's cache.
        cache_strings="none",
    )


Prefixes: TypeAlias = Annotated[tuple[Prefix, ...], Field(max_length=64)]


LEASED_FROM: Final = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("100.64.0.0/10"),
)
"""Private and shared addresses (RFC 1918 section 3, RFC 6598). What a client has a lease in, it
sends into the room: a lease of the public internet would take the machine's own traffic there."""


class AddressLease(_Model):
    """An IPv4 address that the relay leases to a client."""

    address: Ipv4
    prefix_length: Annotated[int, Field(ge=8, le=30)]
    seconds: Annotated[int, Field(ge=60, le=30 * 86_400)]
    """How long the address is kept for the client once it has left."""

    @model_validator(mode="after")
    def _require_host(self) -> Self:
        network = IPv4Network((self.address, self.prefix_length), strict=False)
        if not any(network.subnet_of(private) for private in LEASED_FROM):
            raise ValueError(f"{network} is no private network")
        if self.address in (network.network_address, network.broadcast_address):
            raise ValueError(f"{self.address} is no host of {network}")
        return self


class Redirect(_Model):
    """Another relay that should be dialed instead."""

    host: HostName
    port: Annotated[int, Field(ge=1, le=65_535)] = 443
    pin: Pin | None = None


class Hello(_Model):
    """The first message of an endpoint, once the relay's identity has been checked."""

    type: Literal["hello"] = "hello"
    versions: Annotated[tuple[Version, ...], Field(min_length=1, max_length=16)] = (
        PROTOCOL_VERSION,
    )
    role: Role
    room_code: RoomCodeField | None = None
    """None asks the relay to make a room and its code."""
    create: bool = False
    """Make the room if the code names none."""
    standby: bool = False
    mac: Mac | None = None
    """A client's identity in the room; None for a gateway."""
    name: DisplayName
    datagram_budget: DatagramBudget
    port_mtu: PortMtu
    features: Features = frozenset()
    credential: Credential | None = Field(default=None, repr=False)
    resume_token: ResumeToken | None = Field(default=None, repr=False)
    address_wanted: Ipv4 | None = None
    """The address that a client would like to have; it gets it if it is free in the room."""
    prefixes_in_use: Prefixes = ()
    """Networks that the endpoint's machine reaches otherwise than by the room."""

    @model_validator(mode="after")
    def _role_allows_the_rest(self) -> Self:
        _require_mac_of_role(self.role, self.mac)
        if self.standby and self.role is not Role.GATEWAY:
            raise ValueError("only a gateway can stand by")
        return self


class Welcome(_Model):
    """The relay's answer to an admitted hello."""

    type: Literal["welcome"] = "welcome"
    version: Version
    peer_id: PeerId
    room_code: RoomCodeField
    room_id: PublicRoomId
    mtu: RoomMtu
    datagram_budget: DatagramBudget
    """Largest overlay datagram, in bytes, that the relay accepts from this endpoint."""
    resume_token: ResumeToken = Field(repr=False)
    heartbeat_seconds: Annotated[int, Field(ge=1, le=300)]
    peers_limit: Annotated[int, Field(ge=1, le=250)]
    server_version: ServerVersion
    resumed: bool = False
    features: Features = frozenset()
    lease: AddressLease | None = None
    """A client's; None for a gateway."""


class Waiting(_Model):
    """To a standby gateway: the place is taken."""

    type: Literal["waiting"] = "waiting"


class _End(_Model):
    code: SessionEnd
    text: HumanText = ""
    retry_after: Annotated[float, Field(ge=0, le=86_400)] | None = None
    """Seconds before another try makes sense."""
    redirect: Redirect | None = None


class Reject(_End):
    """The relay doesn't admit this endpoint."""

    type: Literal["reject"] = "reject"


class Disconnect(_End):
    """Either side ends an admitted session."""

    type: Literal["disconnect"] = "disconnect"


class PeerJoined(_Model):
    """A member of the room, present at the welcome or new."""

    type: Literal["peer_joined"] = "peer_joined"
    peer_id: PeerId
    role: Role
    mac: Mac | None = None
    """A client's identity; None for a gateway."""
    name: DisplayName
    address: Ipv4 | None = None
    """What is leased to a client; None for a gateway."""

    @model_validator(mode="after")
    def _role_and_mac_agree(self) -> Self:
        _require_mac_of_role(self.role, self.mac)
        return self


class PeerLeft(_Model):
    """A member left the room."""

    type: Literal["peer_left"] = "peer_left"
    peer_id: PeerId
    reason: SessionEnd


class RoomReady(_Model):
    """Every member present has been named."""

    type: Literal["room_ready"] = "room_ready"


class Lease(_Model):
    """The room has another network: the client's new address in it, which is the primary one now.

    The one before stays the client's until it leaves the room.
    """

    type: Literal["lease"] = "lease"
    lease: AddressLease


class PrefixesInUse(_Model):
    """The endpoint's machine reaches other networks now than its hello or last message said."""

    type: Literal["prefixes"] = "prefixes"
    prefixes_in_use: Prefixes


class Stats(_Model):
    """What the sender counted. The relay shows an endpoint's as the endpoint's own claim."""

    type: Literal["stats"] = "stats"
    counters: Counters
    round_trip_time: Annotated[float, Field(ge=0, le=3_600)] | None = None
    """Seconds."""


class Ping(_Model):
    """A question: are you there."""

    type: Literal["ping"] = "ping"
    nonce: Nonce


class Pong(_Model):
    """The answer to a ping, with its nonce."""

    type: Literal["pong"] = "pong"
    nonce: Nonce


Message: TypeAlias = (
    Hello
    | Welcome
    | Waiting
    | Reject
    | Disconnect
    | PeerJoined
    | PeerLeft
    | RoomReady
    | Lease
    | PrefixesInUse
    | Stats
    | Ping
    | Pong
)

MESSAGE: Final[TypeAdapter[Message]] = TypeAdapter(
    Annotated[Message, Field(discriminator="type")], config=ConfigDict(cache_strings="none")
)
"""Reads any message; `type` says which."""


def _require_mac_of_role(role: Role, mac: MacAddress | None) -> None:
    if role is Role.CLIENT and mac is None:
        raise ValueError("a client needs a mac")
    if role is Role.GATEWAY and mac is not None:
        raise ValueError("a gateway has no mac of its own")
