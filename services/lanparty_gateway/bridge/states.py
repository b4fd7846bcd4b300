"""Whether the bridge carries frames, why not, and what happened to it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from lanparty_proto import MacAddress

__all__ = [
    "AddressContested",
    "BridgeEvent",
    "BridgeState",
    "ForwardingBegan",
    "ForwardingStopped",
    "HostAsked",
    "Phase",
    "SecondGatewayHeard",
    "StopReason",
]


class Phase(StrEnum):
    """What the bridge does with frames: it carries them in `FORWARDING` alone."""

    NOT_JOINED = "not_joined"
    """There is no room at the moment."""
    LINK_DOWN = "link_down"
    """The interface has no link, or is gone."""
    CHECKING = "checking"
    """It looks for loops and other gateways before the first frame."""
    FORWARDING = "forwarding"
    STOPPED = "stopped"


class StopReason(StrEnum):
    """Why the bridge stopped by itself."""

    LOOP = "loop"
    SECOND_GATEWAY = "second_gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeState:
    """The phase and, when the bridge has stopped, why and until when. Monotonic seconds."""

    phase: Phase
    reason: StopReason | None = None
    sentence: str = ""
    since: float | None = None
    """When it stopped."""
    retry_at: float | None = None
    """When it goes on if nothing bad is heard until then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingBegan:
    """Frames cross from now on."""

    after: StopReason | None = None
    """What it had stopped for; None: it didn't, it has just looked."""
    stopped_for: float = 0.0
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingStopped:
    """No frame crosses from now on."""

    reason: StopReason
    sentence: str
    """For the log and for a person; it begins with the reason."""
    mac: MacAddress | None = None
    """The player's address, or the other gateway's, that was seen on the LAN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondGatewayHeard:
    """Another gateway works on this LAN and has to stop: this one goes on."""

    sentence: str
    mac: MacAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class HostAsked:
    """A player tried to reach the gateway's own machine. Said once."""

    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressContested:
    """A player came with the address of a host of the LAN: nothing of this address crosses."""

    sentence: str
    mac: MacAddress


BridgeEvent: TypeAlias = (
    ForwardingBegan | ForwardingStopped | SecondGatewayHeard | HostAsked | AddressContested
)
