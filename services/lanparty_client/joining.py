"""`lanparty-client join`: be in a room until it is over or the player leaves.

The interface is made by this process if it may, else by the service on its behalf. Either way the
same happenings come, and the same view shows them.
"""

import asyncio
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from lanparty_client.hosting import host_membership
from lanparty_client.linux.capabilities import has_net_admin
from lanparty_client.membership import Membership
from lanparty_client.picture import MembershipPicture
from lanparty_client.session_kind import PLAYERS, SERVICE_GROUP
from lanparty_client.settings import JoinSettings
from lanparty_client.wish import JoinWish
from lanparty_command import CommandFailed, ExitCode
from lanparty_endpoint.happenings import Happening
from lanparty_endpoint.local_asking import Question, asking
from lanparty_endpoint.local_requests import LocalSocketError, RequestRefused
from lanparty_endpoint.recent_lines import RecentLines
from lanparty_endpoint.showing import drawn, in_view, view_for
from lanparty_endpoint.signals import cancelled_by_signals
from lanparty_endpoint.views import View

__all__ = ["join"]

_GOODBYE_LIMIT: Final = 5.0
"""Seconds that the service may take to leave."""

_BOTH_WAYS: Final = (
    "A network interface can't be made without special rights. Either join with sudo, or have "
    "`sudo lanparty-client setup` install the service once; then you need no sudo any more."
)


def join(settings: JoinSettings) -> int:
    """Join, stay, leave on Ctrl-C; return the exit code."""
    wish = settings.wish()
    view = view_for(
        json=settings.json_,
        quiet=settings.quiet,
        verbose=settings.verbose,
        returns=settings.detach,
    )

    def run() -> int:
        service = _service(settings)
        if service is None:
            return asyncio.run(_join_here(settings, wish, view))
        return asyncio.run(_join_by_service(service, wish, view))

    return in_view(view, run)


def _service(settings: JoinSettings) -> Path | None:
    """Return the service's socket if it has to join; None if this process can."""
    if has_net_admin() and not settings.detach:
        return None
    for directory in PLAYERS.directories(settings.runtime_dir):
        if directory.control_socket.exists():
            return directory.control_socket
    if settings.detach:
        raise CommandFailed(
            "--detach needs the service: `sudo lanparty-client setup` installs it once."
        )
    raise CommandFailed(_BOTH_WAYS)


# In this process.


async def _join_here(settings: JoinSettings, wish: JoinWish, view: View) -> int:
    log = RecentLines(echo=settings.verbose)
    log.log_here()
    with cancelled_by_signals(), view, ExitStack() as drawing:

        def opened(membership: Membership) -> None:
            drawing.enter_context(drawn(view, MembershipPicture(membership)))

        return await host_membership(
            wish,
            state=settings.state_dir,
            runtime=PLAYERS.directories(settings.runtime_dir)[0],
            owner=os.getuid(),
            log=log,
            tell=view.show,
            opened=opened,
        )


# By the service.


async def _join_by_service(service: Path, wish: JoinWish, view: View) -> int:
    request = {
        "request": "join",
        "wish": wish.model_dump(mode="json"),
        "figures": view.wants_figures,
    }
    try:
        with cancelled_by_signals(), view:
            async with asking(service, request) as question:
                return await _follow(question, view)
    except RequestRefused as refused:
        raise CommandFailed(str(refused), exit_code=refused.exit_code) from refused
    except LocalSocketError as error:
        if isinstance(error.__cause__, PermissionError):
            raise CommandFailed(
                f"You may not use the service yet: `sudo usermod -aG {SERVICE_GROUP} $USER`, then "
                "log out and in again. Or join with sudo."
            ) from error
        if isinstance(error.__cause__, ConnectionRefusedError):
            raise CommandFailed(
                "The service isn't running: `sudo systemctl start softlan-client`. "
                "Or join with sudo."
            ) from error
        if error.__cause__ is None:  # it had been answering
            raise CommandFailed(
                f"The service stopped, and {wish.interface} went with it. Join again; "
                "`systemctl status softlan-client` says why."
            ) from error
        raise CommandFailed(str(error)) from error


async def _follow(question: Question, view: View) -> int:
    """Show the service's answers until the last; Ctrl-C asks it to leave. Return the exit code."""
    exit_code = int(ExitCode.OK)
    stopping = False
    while True:
        try:
            async with asyncio.timeout(_GOODBYE_LIMIT if stopping else None):
                answer = await question.next()
        except asyncio.CancelledError:
            if stopping:
                raise
            stopping = True
            question.stop()
            continue
        except TimeoutError:
            raise CommandFailed("The service doesn't leave the room. Look at its log.") from None
        if answer is None:
            return exit_code
        exit_code = _show(answer, view, exit_code)


def _show(answer: dict[str, Any], view: View, exit_code: int) -> int:  # Any: JSON
    if answer.get("event") == "figures":
        view.update(answer)
        return exit_code
    view.show(Happening.from_dict(answer))
    code = answer.get("exit_code")
    return code if isinstance(code, int) else exit_code
