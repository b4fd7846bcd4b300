"""What an endpoint knows about itself, as values: for people, for `--json` and for reports.

`ClientStatus` answers "am I in, and who else?"; `ClientDiagnostics` adds what somebody needs who
looks for the cause of trouble. Both are pictures of a moment and never change. `to_dict` gives
plain values for JSON; a key, once published, keeps its name and meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from typing import Self

from lanparty_obs.codes import FINAL_CODES, SessionEnd, sentence
from lanparty_obs.counters import TunnelCounters

__all__ = [
    "ClientDiagnostics",
    "ClientStatus",
    "ForwardingStatus",
    "GatewayStatus",
    "LanStatus",
    "LastError",
    "MemberStatus",
    "WayStatus",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LastError:
    """Why the last session was refused or ended."""

    code: SessionEnd
    sentence: str
    """What a person reads."""
    final: bool
    """Joining again by itself can't succeed."""
    text: str = ""
    """The other side's own words: untrusted."""

    @classmethod
    def of(cls, code: SessionEnd, text: str = "") -> Self:
        """Make the value of a code."""
        return cls(code=code, sentence=sentence(code), final=code in FINAL_CODES, text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberStatus:
    """Another member of the room."""

    peer_id: int
    role: str
    name: str
    mac: str | None = None
    """None for a gateway, which has many."""
    address: str | None = None
    """The IPv4 address that it was last seen to use, or that is leased to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientStatus:
    """Where an endpoint stands. What isn't known yet is None."""

    state: str
    relay: str
    """The relay's address as the user gave it, or as it was found."""
    name: str = ""
    role: str = ""
    mac: str | None = None
    peer_id: int | None = None
    room: str | None = None
    """The room's public id."""
    room_code: str | None = field(default=None, repr=False)
    """The secret to pass on to friends: shown to the player, never in diagnostics."""
    mtu: int | None = None
    """The room's effective MTU, in bytes."""
    resumed: bool = False
    round_trip_time: float | None = None
    """Seconds between this endpoint and the relay."""
    members: tuple[MemberStatus, ...] = ()
    last_error: LastError | None = None
    sentence: str = ""
    """What a person reads about the state."""
    interface: str | None = None
    """The network interface that is in the room."""
    addresses: tuple[str, ...] = ()
    """Its IPv4 addresses with their prefixes, the primary one first."""
    notices: tuple[str, ...] = ()
    """Sentences for the player that hold now."""

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return _plain_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class WayStatus:
    """One way through a gateway: received = forwarded + all that is dropped."""

    received: int = 0
    """Frames."""
    forwarded: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    """By reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingStatus:
    """Whether frames cross a gateway, and if not, why."""

    phase: str
    reason: str | None = None
    sentence: str = ""
    seconds: float | None = None
    """How long it has been stopped."""
    retry_in: float | None = None
    """Seconds until it goes on, if nothing bad is heard until then."""
    loops: int = 0
    """Times that it stopped because of a loop."""
    second_gateways: int = 0
    """Times that another gateway was heard on the LAN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanStatus:
    """The LAN at a gateway's interface."""

    link: str
    mac: str
    """The interface's own."""
    mtu: int
    """Largest Ethernet payload, in bytes, that the interface sends."""
    table_size: int = 0
    """Machines of the LAN that are known at the moment."""
    table_limit: int = 0
    evicted: int = 0
    """Machines that were forgotten before their time because there were too many."""
    moves: int = 0
    """Machines that went from the LAN into the room."""
    port: Mapping[str, int] = field(default_factory=dict)
    """What the port counted: kernel_drops, superframes, refused_writes and more."""
    mac_nat: Mapping[str, int] = field(default_factory=dict)
    """What the hiding of players behind the interface's address counted; empty without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayStatus(ClientStatus):
    """Where a gateway stands."""

    forwarding: ForwardingStatus
    lan: LanStatus
    lan_to_room: WayStatus
    room_to_lan: WayStatus
    checks: tuple[Mapping[str, object], ...] = ()
    """What the preflight found, a plain object for each check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDiagnostics:
    """A status and what lies under it. Fit to be passed on: it holds no secret."""

    status: ClientStatus
    version: str
    """softlan's own."""
    port_mtu: int
    """Largest Ethernet payload, in bytes, that the port carries."""
    send_budget: int | None = None
    """Largest overlay datagram, in bytes, that goes to the relay now."""
    receive_budget: int | None = None
    """Largest overlay datagram, in bytes, that this endpoint said it accepts."""
    queued: int = 0
    """Datagrams that wait for the connection."""
    packets_lost: int = 0
    """QUIC packets that this side declared lost."""
    counters: TunnelCounters = field(default_factory=TunnelCounters)
    """What this endpoint counted, in the relay's directions: received is what it sent."""
    relay_counters: TunnelCounters | None = None
    """What the relay last said that it counted for this endpoint."""
    dropped_here: Mapping[str, int] = field(default_factory=dict)
    """Frames and pieces that this endpoint dropped itself, by reason."""

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON, without the room code."""
        plain = _plain_fields(self)
        status = _plain_fields(self.status)
        del status["room_code"]
        return plain | {"status": status}


def _plain_fields(value: object) -> dict[str, object]:
    assert is_dataclass(value)
    return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return _plain_fields(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value
