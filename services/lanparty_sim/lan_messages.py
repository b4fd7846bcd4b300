"""What players of the scenario and `lanparty-sim lan-host` say to each other: JSON over UDP. Pure.

The host of the LAN tells of itself by broadcast again and again; players ask, it answers.
"""

import json
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import Any, Final

__all__ = [
    "LAN_PORT",
    "Announcement",
    "LanAnswer",
    "LanMessageError",
    "LanRequest",
    "read_message",
]

LAN_PORT: Final = 27_077
"""UDP port of both sides."""

_LONGEST: Final = 1_024
"""Bytes; more is nobody's of this program."""


class LanMessageError(Exception):
    """The octets are no message of these."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """The LAN's host is here, with this address in this network."""

    interface: IPv4Interface

    def encode(self) -> bytes:
        """Return the payload of the datagram."""
        return json.dumps({"message": "announcement", "interface": str(self.interface)}).encode()


@dataclass(frozen=True, slots=True)
class LanRequest:
    """A player asks the host to answer, and to ping an address first if one is named."""

    number: int
    ping: IPv4Address | None = None

    def encode(self) -> bytes:
        """Return the payload of the datagram."""
        ping = None if self.ping is None else str(self.ping)
        return json.dumps({"message": "request", "number": self.number, "ping": ping}).encode()


@dataclass(frozen=True, slots=True)
class LanAnswer:
    """What the host answers to the request of the same number."""

    number: int
    seconds: float | None
    """The ping's time; None if none was wanted, or nobody answered it."""
    offers: int
    """Datagrams at its DHCP client's port since it began, its own trial left out."""
    hears_offers: bool
    """That trial came."""

    def encode(self) -> bytes:
        """Return the payload of the datagram."""
        values = {
            "message": "answer",
            "number": self.number,
            "seconds": self.seconds,
            "offers": self.offers,
            "hears_offers": self.hears_offers,
        }
        return json.dumps(values).encode()


def read_message(octets: bytes) -> Announcement | LanRequest | LanAnswer:
    """Read a datagram's payload. Raises `LanMessageError`."""
    try:
        values = json.loads(octets) if len(octets) <= _LONGEST else None
        if isinstance(values, dict):
            return _message_of(values)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise LanMessageError from error
    raise LanMessageError


def _message_of(values: dict[str, Any]) -> Announcement | LanRequest | LanAnswer:
    match values["message"]:
        case "announcement":
            return Announcement(IPv4Interface(str(values["interface"])))
        case "request":
            ping = values["ping"]
            return LanRequest(
                int(values["number"]), None if ping is None else IPv4Address(str(ping))
            )
        case "answer":
            seconds = values["seconds"]
            return LanAnswer(
                number=int(values["number"]),
                seconds=None if seconds is None else float(seconds),
                offers=int(values["offers"]),
                hears_offers=values["hears_offers"] is True,
            )
    raise LanMessageError
