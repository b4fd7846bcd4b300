"""The way into the internet by the gateway's LAN, for who asks for it (`--use-lan-gateway`)."""

from ipaddress import IPv4Network
from typing import Final

from lanparty_client.addressing.dhcp_lease import DhcpLease
from lanparty_client.wanted import WantedRoute

__all__ = ["lan_routes"]

_HALVES: Final = (IPv4Network("0.0.0.0/1"), IPv4Network("128.0.0.0/1"))
"""A default route in two parts: it wins over the machine's own, whatever metric that has, and
leaves it as it is."""


def lan_routes(lease: DhcpLease | None) -> tuple[WantedRoute, ...]:
    """Return the routes by the router that the DHCP server named; none if it named none."""
    if lease is None or not lease.routers:
        return ()
    return tuple(
        WantedRoute(destination=half, gateway=lease.routers[0], preferred_source=lease.address.ip)
        for half in _HALVES
    )
