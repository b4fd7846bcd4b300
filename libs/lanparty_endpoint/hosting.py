"""A session with its socket: it can be asked as long as it lives, and a little longer."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar

from lanparty_command import CommandFailed
from lanparty_endpoint.directories import RuntimeDirectory
from lanparty_endpoint.happenings import Happening
from lanparty_endpoint.local_requests import LocalSocketError, SocketTakenError
from lanparty_endpoint.local_server import LocalServer, Responder
from lanparty_endpoint.recent_lines import RecentLines

__all__ = ["Stays", "Tell", "host_session"]

_SOCKET_MODE: Final = 0o660

Tell = Callable[[Happening], None]


class Stays(Protocol):
    """A session that is ready to begin."""

    async def stay(self) -> int:
        """Be in the room until it is over; return the exit code."""
        ...


SessionT = TypeVar("SessionT", bound=Stays)


async def host_session(
    open_session: Callable[[AsyncExitStack, Tell], Awaitable[SessionT]],
    respond_for: Callable[[SessionT, asyncio.Event], Responder],
    *,
    runtime: RuntimeDirectory,
    interface: str,
    group: int | None,
    log: RecentLines,
    tell: Tell,
    opened: Callable[[SessionT], None],
) -> int:
    """Open a session, let it be asked, be in the room until it is over; return the exit code.

    `open_session` gets the stack that takes everything away; the event that `respond_for` gets is
    set once that is done. `group` may ask, beside the user. `log` gets what happens, and is the
    session's alone; `opened` gets the session once there is one. Raises `CommandFailed`, and what
    the session raises.
    """
    gone = asyncio.Event()

    def tell_and_remember(happening: Happening) -> None:
        line = f"{datetime.now(UTC):%H:%M:%S} {happening.event}: {happening.message}"
        log.remember(line, names=happening.names)
        tell(happening)

    try:
        runtime.make()
        async with AsyncExitStack() as outer:
            try:
                async with AsyncExitStack() as stack:
                    session = await open_session(stack, tell_and_remember)
                    path = runtime.session_socket(interface)
                    server = LocalServer(
                        path, respond_for(session, gone), mode=_SOCKET_MODE, group=group
                    )
                    await outer.enter_async_context(server)
                    opened(session)
                    exit_code = await session.stay()
            finally:
                # The socket goes last: whoever asked to leave hears that everything is gone.
                gone.set()
        return exit_code
    except SocketTakenError as error:
        raise CommandFailed(
            f"{interface} is in a room already: the command `status` shows it, `leave` ends it."
        ) from error
    except LocalSocketError as error:
        raise CommandFailed(f"{error} Name another directory by --runtime-dir.") from error
