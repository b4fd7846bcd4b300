"""`lanparty-gateway report`: one file for a bug report, without secrets and names."""

import asyncio
import os
from collections.abc import Mapping
from socket import if_nameindex
from typing import Any, Final

from lanparty_endpoint.reporting import gather_report, platform_facts, write_report
from lanparty_gateway.packet.link import Link
from lanparty_gateway.packet.rights import raise_net_raw
from lanparty_gateway.session_kind import GATEWAYS
from lanparty_gateway.session_settings import GatewayReportSettings

__all__ = ["report"]

_LONGEST_LIST: Final = 200
"""Interfaces: a machine full of containers has hundreds."""


def report(settings: GatewayReportSettings) -> int:
    """Write the file and say where it is."""
    document = asyncio.run(gather_report(GATEWAYS, settings, _machine))
    return write_report(document, settings, doctor="lanparty-gateway doctor")


async def _machine() -> Mapping[str, Any]:  # Any: JSON
    names = [name for _, name in if_nameindex()][:_LONGEST_LIST]
    links = [(name, link) for name in names if (link := Link.read(name)) is not None]
    return platform_facts() | {
        "root": os.geteuid() == 0,
        "may_read_frames": raise_net_raw(),
        "links": [
            {
                "name": name,
                "mac": str(link.mac),
                "kind": link.kind,
                "mtu": link.mtu,
                "state": link.state.value,
            }
            for name, link in links
        ],
    }
