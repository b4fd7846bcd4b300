"""Begins the session that a wish asks for."""

from collections.abc import Sequence

from lanparty_client_core import FramePort, Observer, Station
from lanparty_client_core.join import RelayNotFoundError, RunningSession, join_relay
from lanparty_command import CommandFailed
from lanparty_ctrl import Hello
from lanparty_endpoint.exit_codes import EndpointExitCode
from lanparty_endpoint.room_wish import RoomWish

__all__ = ["dial"]


async def dial(
    wish: RoomWish,
    port: FramePort,
    *,
    hello: Hello,
    observer: Observer,
    stations: Sequence[Station],
    clamp_mss: bool = True,
) -> RunningSession:
    """Dial the wish's relay and return at once; raise `CommandFailed` if that can't be begun."""
    try:
        return await join_relay(
            wish.known_relay(),
            port,
            hello=hello,
            persistence=wish.persistence,
            observer=observer,
            stations=stations,
            clamp_mss=clamp_mss,
        )
    except RelayNotFoundError as error:
        raise CommandFailed(str(error), exit_code=EndpointExitCode.UNREACHABLE) from error
    except OSError as error:
        raise CommandFailed(f"Can't open a UDP socket: {error.strerror or error}.") from error
