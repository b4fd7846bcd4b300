"""`lanparty-client report`: one file for a bug report, without secrets and names."""

import asyncio
import os
from collections.abc import Mapping
from typing import Any, Final

from pyroute2 import AsyncIPRoute

from lanparty_client.linux.capabilities import can_open_tap_device, has_net_admin
from lanparty_client.linux.kernel_tables import read_addresses, read_links, read_routes
from lanparty_client.session_kind import PLAYERS
from lanparty_endpoint.reporting import gather_report, platform_facts, write_report
from lanparty_endpoint.session_settings import ReportSettings

__all__ = ["report"]

_LONGEST_LIST: Final = 200
"""Interfaces, addresses and routes: a machine full of containers has hundreds."""


def report(settings: ReportSettings) -> int:
    """Write the file and say where it is."""
    document = asyncio.run(gather_report(PLAYERS, settings, _machine))
    return write_report(document, settings, doctor="lanparty-client doctor")


async def _machine() -> Mapping[str, Any]:  # Any: JSON
    async with AsyncIPRoute() as netlink:
        links = await read_links(netlink)
        addresses = await read_addresses(netlink)
        routes = await read_routes(netlink)
    names = {link.index: link.name for link in links}
    return platform_facts() | {
        "root": os.geteuid() == 0,
        "may_make_interfaces": has_net_admin(),
        "may_open_tap_device": can_open_tap_device(),
        "links": [
            {"name": link.name, "mac": link.mac, "up": link.up, "carrier": link.carrier}
            for link in links[:_LONGEST_LIST]
        ],
        "addresses": [
            {"device": names.get(entry.device), "address": str(entry.address)}
            for entry in addresses[:_LONGEST_LIST]
        ],
        "routes": [
            {
                "destination": str(route.destination),
                "gateway": None if route.gateway is None else str(route.gateway),
                "device": names.get(route.device),
                "metric": route.metric,
                "table": route.table,
            }
            for route in routes[:_LONGEST_LIST]
        ],
    }
