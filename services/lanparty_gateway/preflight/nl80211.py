"""What the kernel's Wi-Fi part says of an interface (nl80211, linux/nl80211.h): a shell.

Asking needs no capability. A driver of the old kind (wireless extensions) isn't known there.
"""

from typing import Any, Final

from pyroute2.iwutil import AsyncIW
from pyroute2.netlink.exceptions import NetlinkError

from lanparty_gateway.preflight.facts import WirelessFacts, WirelessRole

__all__ = ["read_wireless", "wireless_of"]

_SENDS_FOR_OTHERS: Final = (3, 4, 7)  # NL80211_IFTYPE_AP, _AP_VLAN, _MESH_POINT


async def read_wireless(index: int) -> WirelessFacts:
    """Ask for a wireless interface; where nothing can be learned, it is an ordinary station."""
    try:
        async with AsyncIW() as netlink:
            await netlink.bind()
            [answer, *_] = await netlink.get_interface_by_ifindex(index)
    except (NetlinkError, OSError, RuntimeError, ValueError):
        # pyroute2 raises a RuntimeError of its own where the kernel has no such family.
        return WirelessFacts()
    return wireless_of(answer)


def wireless_of(answer: Any) -> WirelessFacts:  # pyroute2's messages have no types
    """Read the answer to NL80211_CMD_GET_INTERFACE."""
    sends_for_others = answer.get_attr("NL80211_ATTR_IFTYPE") in _SENDS_FOR_OTHERS
    return WirelessFacts(
        role=WirelessRole.ACCESS_POINT if sends_for_others else WirelessRole.STATION,
        # An octet, which pyroute2 writes in hexadecimal.
        four_addresses=answer.get_attr("NL80211_ATTR_4ADDR") in ("01", 1),
    )
