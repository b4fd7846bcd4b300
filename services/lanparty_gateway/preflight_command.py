"""`lanparty-gateway preflight`: looks at the LAN, and bridges nothing."""

import asyncio
import json
import random

from lanparty_command import ExitCode, softlan_version
from lanparty_endpoint.console import plain_console
from lanparty_endpoint.doctor import Outcome
from lanparty_endpoint.result_table import print_results
from lanparty_endpoint.signals import cancelled_by_signals
from lanparty_gateway.packet.rights import raise_net_raw
from lanparty_gateway.preflight import EXAMINATION_SECONDS, Examination, Wish, examine
from lanparty_gateway.settings import PreflightSettings, required

__all__ = ["preflight"]


def preflight(settings: PreflightSettings) -> int:
    """Look and tell; 0 if nothing failed, 1 if something did."""
    wish = Wish(
        interface=required(settings.interface), mac_nat=settings.mac_nat, vlan=settings.vlan
    )
    console = plain_console()
    if not settings.json_ and not settings.quiet:
        console.print(
            f"Looking at the LAN at {wish.interface} for {EXAMINATION_SECONDS:.0f} seconds ..."
        )
    try:
        found = asyncio.run(_examine(wish))
    except asyncio.CancelledError:  # Ctrl-C: there is nothing to sum up yet.
        return ExitCode.INTERRUPTED
    if settings.json_:
        print(json.dumps(found.to_dict(version=softlan_version())))
    else:
        print_results(found.results, console, quiet=settings.quiet)
    return ExitCode.FAILURE if found.outcome is Outcome.FAILED else ExitCode.OK


async def _examine(wish: Wish) -> Examination:
    raise_net_raw()
    with cancelled_by_signals():
        return await examine(wish, random=random.SystemRandom())
