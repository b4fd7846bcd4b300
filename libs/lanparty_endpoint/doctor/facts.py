"""What the doctor's collectors found: facts without a judgement.

Those of a running session come over its local socket, so they are models that read themselves from
JSON; those that the doctor finds by itself are plain values.
"""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from lanparty_client_core import SessionState
from lanparty_ctrl import Role
from lanparty_ethernet import Hearing
from lanparty_obs.codes import SessionEnd

__all__ = [
    "ClockFacts",
    "FriendFacts",
    "InterfaceFacts",
    "MachineFacts",
    "Obstacle",
    "PathFacts",
    "ReachFacts",
    "SeenByFacts",
    "SeenFacts",
    "SessionFacts",
]


class Obstacle(StrEnum):
    """What kept a packet to the relay from being answered."""

    NAME = "name"
    """The relay's name has no address."""
    NO_ROUTE = "no_route"
    """This machine knows no way there: it is offline, or has no address of that family."""
    FORBIDDEN = "forbidden"
    """This machine's own firewall refuses to send it."""
    REFUSED = "refused"
    """The other side said, by ICMP, that nothing listens there."""
    UNREACHABLE = "unreachable"
    """A router on the way said, by ICMP, that it can't or mustn't go there."""
    SILENT = "silent"
    """Nothing came back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFacts:
    """What came of packets of one size after another to one address of the relay."""

    address: tuple[str, int] | None = None
    """The address that answered; None if none did."""
    obstacle: Obstacle | None = None
    """Why none did; of several addresses, the last one's reason."""
    sent: int = 0
    round_trips: tuple[float, ...] = ()
    """Seconds, one for each answer, in the order of the questions."""
    largest_packet: int | None = None
    """Bytes of UDP payload: the largest size tried that was answered."""
    sizes_tried: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachFacts:
    """What came of a QUIC handshake that says no hello."""

    seconds: float | None = None
    """How long it took; None if it didn't end well."""
    end: SessionEnd | None = None
    """Why it didn't; None if it did."""
    text: str = ""
    """The engine's own words on it."""
    by_pin: bool = False
    """The relay was to be known by its pin, and not by an authority."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFacts:
    """Times of day, in seconds since 1970."""

    now: float
    """What this machine's clock says."""
    installed_at: float
    """When softlan was installed here, by the same clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceFacts:
    """Another network interface of this machine."""

    name: str
    mac: str = ""
    networks: tuple[IPv4Network, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """What the platform says."""

    has_device: bool
    """There is a TAP device to make interfaces with."""
    may_administer: bool
    """This user may make interfaces."""
    service_answers: bool
    """softlan's service is here, and this user may ask it."""
    interfaces: tuple[InterfaceFacts, ...] = ()
    """All but the room's."""
    broadcast_goes_by: str = ""
    """The interface by which packets to 255.255.255.255 leave; empty if by none."""
    multicast_goes_by: str = ""
    """The same for 239.255.255.250, where UPnP and many games look (a group of 224.0.0.0/4)."""


class _Model(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True)


class FriendFacts(_Model):
    """Another member of the room."""

    peer_id: int
    name: str
    role: Role
    mac: str | None = None


class SessionFacts(_Model):
    """A running session, as it sees itself."""

    state: SessionState
    sentence: str
    """What a person reads about the state."""
    interface: str
    mac: str
    room_mtu: int | None = None
    """Bytes; None before the first welcome."""
    packet_size: int | None = None
    """Bytes of UDP payload that packets were limited to (`--packet-size`); None: no limit."""
    send_budget: int | None = None
    """Bytes of the largest overlay datagram that goes to the relay now."""
    relay_round_trip: float | None = None
    """Seconds, as QUIC measures it."""
    packets_lost: int = 0
    addresses: tuple[IPv4Interface, ...] = ()
    """The interface's, the primary one first."""
    wants_address: bool = True
    """False: the player sets the address (`--address none`)."""
    discovery_routes: bool = True
    """False: the player doesn't want them (`--no-discovery-routes`)."""
    own_lan: bool | None = None
    """This machine is on the gateway's own network; None if that isn't known (yet)."""
    notices: tuple[str, ...] = ()
    """Sentences on addresses that hold now."""
    hearing: Hearing = Hearing.UNSAID
    hears_itself: bool | None = None
    """A broadcast that was put into the interface came through to an ordinary socket."""
    friends: tuple[FriendFacts, ...] = ()


class SeenFacts(_Model):
    """What one member answered."""

    peer_id: int
    frame_after: float | None = None
    """Seconds until its answer that the question reached softlan; None: no answer."""
    datagram_after: float | None = None
    """The same for the ordinary socket."""
    hearing: Hearing = Hearing.UNSAID


class SeenByFacts(_Model):
    """What came of asking everybody."""

    asked: int
    """How often: one lost frame is no matter."""
    source: IPv4Address
    """The address that the broadcasts came from."""
    seen: tuple[SeenFacts, ...] = ()
