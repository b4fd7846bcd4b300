"""`lanparty-gateway`: bridge a LAN into a room until it is over or somebody ends it."""

import asyncio
import os
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final

from lanparty_command import CommandFailed
from lanparty_endpoint.hosting import Tell, host_session
from lanparty_endpoint.local_server import Responder
from lanparty_endpoint.recent_lines import RecentLines
from lanparty_endpoint.resume import AlreadyJoinedError, ResumeStoreError
from lanparty_endpoint.showing import drawn, in_view, view_for
from lanparty_endpoint.signals import cancelled_by_signals
from lanparty_endpoint.views import View
from lanparty_gateway.handlers import respond_for
from lanparty_gateway.membership import GatewayMembership
from lanparty_gateway.packet import PortError
from lanparty_gateway.picture import GatewayPicture
from lanparty_gateway.session_kind import GATEWAYS
from lanparty_gateway.settings import GatewaySettings
from lanparty_gateway.wish import GatewayWish

__all__ = ["run_gateway"]

_PLACES: Final = "gateways"


def run_gateway(settings: GatewaySettings) -> int:
    """Bridge, leave on Ctrl-C or SIGTERM; return the exit code."""
    wish = settings.wish()
    view = view_for(json=settings.json_, quiet=settings.quiet, verbose=settings.verbose)
    return in_view(view, lambda: asyncio.run(_run(settings, wish, view)))


async def _run(settings: GatewaySettings, wish: GatewayWish, view: View) -> int:
    log = RecentLines(echo=settings.verbose)
    log.log_here()
    with cancelled_by_signals(), view:
        async with AsyncExitStack() as drawing:
            return await _host(wish, settings, log, view, drawing)


async def _host(
    wish: GatewayWish,
    settings: GatewaySettings,
    log: RecentLines,
    view: View,
    drawing: AsyncExitStack,
) -> int:
    def respond(membership: GatewayMembership, gone: asyncio.Event) -> Responder:
        return respond_for(membership, owner=os.getuid(), gone=gone, log=log)

    def opened(membership: GatewayMembership) -> None:
        drawing.enter_context(drawn(view, GatewayPicture(membership)))

    try:
        return await host_session(
            partial(_open, wish, settings.state_dir / _PLACES),
            respond,
            runtime=GATEWAYS.directories(settings.runtime_dir)[0],
            interface=wish.interface,
            group=None,
            log=log,
            tell=view.show,
            opened=opened,
        )
    except AlreadyJoinedError as error:
        raise CommandFailed(
            f"A gateway at {wish.interface} is in this room already: `lanparty-gateway status` "
            "shows it, `lanparty-gateway leave` ends it."
        ) from error
    except (PortError, ResumeStoreError) as error:
        sentence = str(error)
        raise CommandFailed(sentence[:1].upper() + sentence[1:]) from error


async def _open(
    wish: GatewayWish, places: Path, stack: AsyncExitStack, tell: Tell
) -> GatewayMembership:
    return await GatewayMembership.open(wish, stack, places=places, tell=tell)
