"""What Linux says to the doctor: devices, rights, other interfaces, and where broadcasts leave."""

from ipaddress import IPv4Interface
from pathlib import Path
from typing import Final

from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkError

from lanparty_client.linux.capabilities import can_open_tap_device, has_net_admin
from lanparty_client.linux.kernel_tables import read_addresses, read_links
from lanparty_client.linux.tap import DEVICE
from lanparty_endpoint.doctor import InterfaceFacts, MachineFacts

__all__ = ["read_machine"]

_BROADCAST: Final = "255.255.255.255"
_MULTICAST: Final = "239.255.255.250"
"""UPnP's group (SSDP), one of the many in 224.0.0.0/4."""
_LOOPBACK: Final = "lo"


async def read_machine(*, room: str | None, service_answers: bool) -> MachineFacts:
    """Look at the machine; `room` is the room's interface, to be left out of the others."""
    async with AsyncIPRoute() as netlink:
        links = await read_links(netlink)
        addresses = await read_addresses(netlink)
        names = {link.index: link.name for link in links}
        return MachineFacts(
            has_device=_has_device(),
            may_administer=has_net_admin() and can_open_tap_device(),
            service_answers=service_answers,
            interfaces=tuple(
                InterfaceFacts(
                    name=link.name,
                    mac=link.mac,
                    networks=tuple(
                        entry.address.network
                        for entry in addresses
                        if entry.device == link.index and isinstance(entry.address, IPv4Interface)
                    ),
                )
                for link in links
                if link.name not in (room, _LOOPBACK)
            ),
            broadcast_goes_by=await _goes_by(netlink, _BROADCAST, names),
            multicast_goes_by=await _goes_by(netlink, _MULTICAST, names),
        )


def _has_device() -> bool:
    return Path(DEVICE).exists()


async def _goes_by(netlink: AsyncIPRoute, address: str, names: dict[int, str]) -> str:
    """Ask as `ip route get` does; a broadcast's answer is a route of its own kind."""
    try:
        [answer, *_] = await netlink.route("get", dst=address)
    except NetlinkError:
        return ""
    return names.get(answer.get_attr("RTA_OIF"), "")
