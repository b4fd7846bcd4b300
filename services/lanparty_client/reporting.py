"""`lanparty-client report`: one file for a bug report, without secrets and names."""

import asyncio
import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pyroute2 import AsyncIPRoute

from lanparty_client.linux.capabilities import can_open_tap_device, has_net_admin
from lanparty_client.linux.kernel_tables import read_addresses, read_links, read_routes
from lanparty_client.sessions import ask_sessions
from lanparty_client.settings import ReportSettings
from lanparty_command import CommandFailed, ExitCode, softlan_version
from lanparty_endpoint.bug_report import cleaned
from lanparty_endpoint.console import plain_console, print_sentence

__all__ = ["report"]

_TO_STDOUT: Final = "-"
_LONGEST_LIST: Final = 200
"""Interfaces, addresses and routes: a machine full of containers has hundreds."""


def report(settings: ReportSettings) -> int:
    """Write the file and say where it is."""
    now = datetime.now(UTC)
    document = asyncio.run(_gather(settings, now))
    text = json.dumps(document, indent=2) + "\n"
    if settings.output is not None and str(settings.output) == _TO_STDOUT:
        print(text, end="")
        return ExitCode.OK
    path = settings.output or Path(f"softlan-report-{now:%Y%m%d-%H%M%S}.json")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandFailed(
            f"Can't write {path}: {error.strerror}. Name another file by --output."
        ) from error
    print_sentence(
        plain_console(),
        f"Wrote {path}. Codes, tokens and names are left out; look through it before you pass it "
        "on. What `lanparty-client doctor` says belongs beside it.",
    )
    for complaint in document["complaints"]:
        print_sentence(plain_console(stderr=True), f"A session is missing in it. {complaint}")
    return ExitCode.OK


async def _gather(settings: ReportSettings, now: datetime) -> Mapping[str, Any]:  # Any: JSON
    sessions, complaints = await ask_sessions(settings, {"request": "report"})
    for session in sessions:
        session.pop("event", None)
    # What comes from the sessions is clean already: they know their secrets.
    machine = cleaned(await _machine())
    return {
        "report": 1,
        "time": now.isoformat(timespec="seconds"),
        "softlan": softlan_version(),
        "machine": machine,
        "sessions": sessions,
        "complaints": complaints,
    }


async def _machine() -> Mapping[str, Any]:  # Any: JSON
    async with AsyncIPRoute() as netlink:
        links = await read_links(netlink)
        addresses = await read_addresses(netlink)
        routes = await read_routes(netlink)
    names = {link.index: link.name for link in links}
    return {
        "system": platform.system(),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "distribution": _distribution(),
        "python": platform.python_version(),
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


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""
