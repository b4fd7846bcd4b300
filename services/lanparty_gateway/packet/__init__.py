"""The LAN's network interface as a frame port: a packet socket with a filter in the kernel."""

from lanparty_client_core.port_error import PortError, PortFault
from lanparty_gateway.packet.counters import PortCounters
from lanparty_gateway.packet.link import Link, LinkState
from lanparty_gateway.packet.port import PacketPort
from lanparty_gateway.packet.wish import FilterWish

__all__ = [
    "FilterWish",
    "Link",
    "LinkState",
    "PacketPort",
    "PortCounters",
    "PortError",
    "PortFault",
]
