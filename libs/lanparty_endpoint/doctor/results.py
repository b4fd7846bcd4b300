"""What the doctor says of one thing that it looked at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

__all__ = ["Check", "CheckResult", "Outcome", "worst"]


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    """Works, but something is worth knowing, or couldn't be seen."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """Nothing could be looked at, because of an earlier failure or because no session runs."""


_SEVERITY: Final = (Outcome.SKIPPED, Outcome.OK, Outcome.WARNING, Outcome.FAILED)


class Check(StrEnum):
    """What is looked at, in this order: each rests on those before it."""

    UDP = "udp"
    HANDSHAKE = "handshake"
    IDENTITY = "identity"
    CLOCK = "clock"
    ROOM = "room"
    DEVICE = "device"
    PERMISSION = "permission"
    MAC = "mac"
    ADDRESS = "address"
    OWN_LAN = "own_lan"
    ROUTES = "routes"
    MTU = "mtu"
    QUALITY = "quality"
    OWN_FIREWALL = "own_firewall"
    SEEN_BY = "seen_by"

    @property
    def label(self) -> str:
        """What a person reads."""
        return _LABELS[self]


_LABELS: Final = {
    Check.UDP: "UDP to the relay",
    Check.HANDSHAKE: "QUIC handshake",
    Check.IDENTITY: "certificate or pin",
    Check.CLOCK: "clock",
    Check.ROOM: "room",
    Check.DEVICE: "TAP device",
    Check.PERMISSION: "permission",
    Check.MAC: "MAC address",
    Check.ADDRESS: "IP address",
    Check.OWN_LAN: "gateway's network",
    Check.ROUTES: "discovery routes",
    Check.MTU: "packet size",
    Check.QUALITY: "delay and loss",
    Check.OWN_FIREWALL: "own firewall",
    Check.SEEN_BY: "seen by friends",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One line of the table."""

    check: Check
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
