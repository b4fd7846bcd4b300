"""Begins the session that a wish asks for."""

from collections.abc import Sequence

from lanparty_client.wish import JoinWish
from lanparty_client_core import FramePort, Observer, Persistence, Station
from lanparty_client_core.join import RelayNotFoundError, RunningSession, join_relay
from lanparty_command import CommandFailed
from lanparty_ctrl import Hello
from lanparty_endpoint.exit_codes import EndpointExitCode

__all__ = ["dial"]


async def dial(
    wish: JoinWish,
    port: FramePort,
    *,
    hello: Hello,
    observer: Observer,
    stations: Sequence[Station],
) -> RunningSession:
    """Dial the wish's relay and return at once; raise `CommandFailed` if that can't be begun."""
    try:
        return await join_relay(
            wish.known_relay(),
            port,
            hello=hello,
            persistence=Persistence.ALWAYS if wish.wait else Persistence.AFTER_WELCOME,
            observer=observer,
            stations=stations,
            clamp_mss=wish.clamp_mss,
        )
    except RelayNotFoundError as error:
        raise CommandFailed(str(error), exit_code=EndpointExitCode.UNREACHABLE) from error
    except OSError as error:
        raise CommandFailed(f"Can't open a UDP socket: {error.strerror or error}.") from error
