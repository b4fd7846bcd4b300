"""What the addressing shows: everything that another part of the client acts on or tells."""

from dataclasses import dataclass
from ipaddress import IPv4Interface

from lanparty_client.addressing.own_lan import OwnLanResult
from lanparty_client.addressing.refusal import Refusal
from lanparty_client.wanted import WantedRoute

__all__ = ["Outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Compared with the one before, to see whether something has changed."""

    addresses: tuple[IPv4Interface, ...] = ()
    """Those that the interface should have, the primary one first."""
    routes: tuple[WantedRoute, ...] = ()
    """The way into the internet by the gateway's LAN; empty unless that was asked for."""
    notices: tuple[str, ...] = ()
    """What the player should know, in sentences that hold now."""
    refusal: Refusal | None = None
    """Why the machine should leave, or not join. It stays."""
    own_lan: OwnLanResult = OwnLanResult.UNKNOWN
    """Whether this machine is on the gateway's LAN already."""
