"""What the doctor says of one thing that it looked at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

__all__ = ["Check", "CheckName", "CheckResult", "Outcome", "worst"]


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    """Works, but something is worth knowing, or couldn't be seen."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """Nothing could be looked at, because of an earlier failure or because no session runs."""


_SEVERITY: Final = (Outcome.SKIPPED, Outcome.OK, Outcome.WARNING, Outcome.FAILED)


class CheckName(StrEnum):
    """The name of something that is looked at, and what a person reads of it.

    It has no members: who looks has an enumeration of its own, in the order of its table, written
    as `NAME = "name", "label"`.
    """

    label: str

    def __new__(cls, value: str, label: str) -> Self:
        """Make a member; the label is what a person reads, shorter than 20 characters."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


class Check(CheckName):
    """What a player's doctor looks at, in this order: each rests on those before it."""

    UDP = "udp", "UDP to the relay"
    HANDSHAKE = "handshake", "QUIC handshake"
    IDENTITY = "identity", "certificate or pin"
    CLOCK = "clock", "clock"
    ROOM = "room", "room"
    DEVICE = "device", "TAP device"
    PERMISSION = "permission", "permission"
    MAC = "mac", "MAC address"
    ADDRESS = "address", "IP address"
    OWN_LAN = "own_lan", "gateway's network"
    ROUTES = "routes", "discovery routes"
    MTU = "mtu", "packet size"
    QUALITY = "quality", "delay and loss"
    OWN_FIREWALL = "own_firewall", "own firewall"
    SEEN_BY = "seen_by", "seen by friends"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One line of the table."""

    check: CheckName
    outcome: Outcome
    figure: str
    """What was found, in a few words."""
    advice: str = ""
    """What happened and what to do next; empty if there is nothing to do."""
    details: Mapping[str, object] = field(default_factory=dict)
    """The same for programs, as plain values for JSON."""

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return {
            "check": self.check.value,
            "label": self.check.label,
            "outcome": self.outcome.value,
            "figure": self.figure,
            "advice": self.advice,
            "details": dict(self.details),
        }


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the outcome of all together; OK if nothing was found wrong."""
    return max(outcomes, key=_SEVERITY.index, default=Outcome.OK)
