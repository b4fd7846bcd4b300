"""The IPv4 addresses that the gateway's own machine has at the LAN, on Linux."""

from ipaddress import IPv4Interface
from socket import AF_INET, if_nametoindex

from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkError

__all__ = ["own_addresses"]


async def own_addresses(interface: str) -> tuple[IPv4Interface, ...]:
    """Return the interface's addresses with their networks; none if it has none, or is gone."""
    try:
        index = if_nametoindex(interface)
        async with AsyncIPRoute() as netlink:
            return tuple(
                [
                    IPv4Interface(f"{message.get_attr('IFA_LOCAL')}/{message['prefixlen']}")
                    async for message in await netlink.addr("dump", family=AF_INET, index=index)
                    if message["index"] == index and message.get_attr("IFA_LOCAL") is not None
                ]
            )
    except (OSError, NetlinkError):
        return ()
