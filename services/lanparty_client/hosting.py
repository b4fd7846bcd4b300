"""A membership with its socket: what `join` runs itself, and the service for others."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from lanparty_client.handlers import respond_for
from lanparty_client.membership import Membership
from lanparty_client.session_kind import service_group
from lanparty_client.wish import JoinWish
from lanparty_client_core.port_error import PortError, PortFault
from lanparty_command import CommandFailed
from lanparty_endpoint.directories import RuntimeDirectory
from lanparty_endpoint.happenings import Happening
from lanparty_endpoint.hosting import Tell, host_session
from lanparty_endpoint.local_asking import is_abandoned
from lanparty_endpoint.local_server import Responder
from lanparty_endpoint.recent_lines import RecentLines
from lanparty_endpoint.resume import ResumeStoreError

__all__ = ["host_membership"]

_PLACES: Final = "places"


async def host_membership(
    wish: JoinWish,
    *,
    state: Path,
    runtime: RuntimeDirectory,
    owner: int,
    log: RecentLines,
    tell: Callable[[Happening], None],
    opened: Callable[[Membership], None] = lambda _: None,
) -> int:
    """Be in a room for the user `owner` until it is over; return the exit code.

    `log` gets what happens, and is the session's alone; `opened` gets the membership once there is
    one. Cancelling leaves the room politely. Raises `CommandFailed`.
    """

    async def open_session(stack: AsyncExitStack, tell: Tell) -> Membership:
        return await Membership.open(wish, stack, places=state / _PLACES, tell=tell)

    def respond(membership: Membership, gone: asyncio.Event) -> Responder:
        return respond_for(membership, owner=owner, gone=gone, log=log)

    try:
        return await host_session(
            open_session,
            respond,
            runtime=runtime,
            interface=wish.interface,
            group=service_group(),
            log=log,
            tell=tell,
            opened=opened,
        )
    except (PortError, ResumeStoreError) as error:
        if _is_in_another_room(error, runtime.session_socket(wish.interface)):
            raise CommandFailed(
                f"{wish.interface} is in a room already: `lanparty-client status` tells which. "
                "Leave that one, or name another interface for a second room, as in "
                "--interface lan1."
            ) from error
        raise CommandFailed(_capitalized(str(error))) from error


def _is_in_another_room(error: Exception, session: Path) -> bool:
    """Tell whether softlan itself has the interface's name; `session` would be that one's."""
    taken = isinstance(error, PortError) and error.fault is PortFault.NAME_TAKEN
    return taken and session.exists() and not is_abandoned(session)


def _capitalized(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
