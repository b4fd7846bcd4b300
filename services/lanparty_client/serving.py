"""`lanparty-client serve`: joins rooms for the users of this machine who may ask it to.

It runs with CAP_NET_ADMIN alone, as the systemd unit of `setup` starts it; started by hand, in a
container for instance, it is the same.
"""

import asyncio

from lanparty_client.linux.capabilities import has_net_admin
from lanparty_client.service import Service
from lanparty_client.session_kind import PLAYERS, SERVICE_GROUP, service_group
from lanparty_client.settings import ServeSettings
from lanparty_command import CommandFailed, ExitCode
from lanparty_endpoint.directories import RuntimeDirectory
from lanparty_endpoint.local_requests import LocalSocketError
from lanparty_endpoint.local_server import LocalServer
from lanparty_endpoint.signals import cancelled_by_signals
from lanparty_obs.logging import configure, get_logger

__all__ = ["serve"]

_SOCKET_MODE = 0o660


def serve(settings: ServeSettings) -> int:
    """Serve until SIGTERM or Ctrl-C; then leave every room. Return the exit code."""
    if not has_net_admin():
        raise CommandFailed(
            "The service needs the right to make network interfaces (CAP_NET_ADMIN). "
            "`sudo lanparty-client setup` installs it so that it has that right and no other."
        )
    configure(json=False, level="debug" if settings.verbose else "info")
    runtime = PLAYERS.directories(settings.runtime_dir)[-1]
    runtime.make()
    try:
        asyncio.run(_serve(settings, runtime))
    except LocalSocketError as error:
        raise CommandFailed(str(error)) from error
    except asyncio.CancelledError:
        pass  # Told a second time to go, while sessions said goodbye.
    return ExitCode.OK


async def _serve(settings: ServeSettings, runtime: RuntimeDirectory) -> None:
    service = Service(state=settings.state_dir, runtime=runtime)
    group = service_group()
    server = LocalServer(runtime.control_socket, service.respond, mode=_SOCKET_MODE, group=group)
    events = get_logger(__name__)
    with cancelled_by_signals():
        try:
            async with server:
                events.info("serving", socket=str(runtime.control_socket))
                if group is None:
                    events.warning(
                        "no group for the socket: only this user and its own group may ask",
                        group=SERVICE_GROUP,
                    )
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            events.info("stopping")
        finally:
            await service.aclose()
