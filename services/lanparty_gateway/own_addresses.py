"""The IP addresses that the gateway's own machine has at the LAN, on Linux."""

from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from socket import AF_UNSPEC, if_nametoindex
from typing import TypeAlias

from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkError

__all__ = ["OwnAddress", "own_addresses"]

OwnAddress: TypeAlias = IPv4Interface | IPv6Interface


async def own_addresses(interface: str) -> tuple[OwnAddress, ...]:
    """Return the interface's addresses with their networks; none if it has none, or is gone."""
    try:
        index = if_nametoindex(interface)
        async with AsyncIPRoute() as netlink:
            messages = [
                message
                async for message in await netlink.addr("dump", family=AF_UNSPEC, index=index)
                if message["index"] == index
            ]
    except (OSError, NetlinkError):
        return ()
    # IFA_ADDRESS is the peer's on a point-to-point link, where IFA_LOCAL is there, too
    # (linux/if_addr.h).
    texts = [each.get_attr("IFA_LOCAL") or each.get_attr("IFA_ADDRESS") for each in messages]
    return tuple(
        ip_interface(f"{text}/{each['prefixlen']}")
        for text, each in zip(texts, messages, strict=True)
        if text is not None
    )
