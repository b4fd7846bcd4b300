"""The shell around a session: resolve the relay's name, bind a socket, drive the endpoint.

This and `resume` are the package's only modules that act; everything else is driven by them.
"""

import asyncio
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass

from lanparty_client_core.events import Observer
from lanparty_client_core.port import FramePort
from lanparty_client_core.session import EndpointSession, RelayTarget
from lanparty_command import RelayAddress
from lanparty_ctrl import Hello
from lanparty_quic.endpoint import Address, Trust
from lanparty_quic.limits import EndpointLimits
from lanparty_quic.loop import EndpointDriver, bind_endpoint

__all__ = ["KnownRelay", "RelayNotFoundError", "RunningSession", "join_relay"]


class RelayNotFoundError(Exception):
    """The relay's name has no address. The text is for a person."""


@dataclass(frozen=True, slots=True)
class KnownRelay:
    """A relay that a user named, and how to know that it is the one."""

    address: RelayAddress
    trust: Trust
    connect_timeout: float = EndpointLimits().handshake_timeout
    """Seconds that each of its addresses has to complete the handshake."""


class RunningSession:
    """A session with its socket and driver. The owner awaits `aclose`, whatever happens.

    The port stays the caller's: another session may follow on it.
    """

    def __init__(self, session: EndpointSession, driver: EndpointDriver, port: FramePort) -> None:
        self.session = session
        self._driver = driver
        self._port = port
        self._driven = asyncio.ensure_future(driver.wait_closed())

    @property
    def failure(self) -> BaseException | None:
        """The fault of ours that stopped the driver; None while there is none."""
        if not self._driven.done() or self._driven.cancelled():
            return None
        return self._driven.exception()

    def on_stopped(self, wake: Callable[[], object]) -> None:
        """Name what to call when nothing drives the session any more; look at `failure` then."""
        self._driven.add_done_callback(lambda _: wake())

    def leave(self) -> None:
        """Say goodbye in the next turn; the observer hears of it."""
        self.session.leave()
        self._driver.wake()

    async def aclose(self) -> None:
        """Leave if that hasn't happened yet, let go of socket and port; raise `failure`."""
        self._port.on_readable(None)
        self.leave()
        await self._driver.aclose()
        await self._driven


async def join_relay(
    relay: KnownRelay,
    port: FramePort,
    *,
    hello: Hello,
    observer: Observer | None = None,
) -> RunningSession:
    """Begin a session at the relay and return at once; its states follow by `observer`.

    Raises `RelayNotFoundError` if the name doesn't resolve, OSError if no socket can be had.
    """
    addresses = await _resolve(relay.address)
    limits = EndpointLimits(handshake_timeout=relay.connect_timeout)
    endpoint = bind_endpoint("::", 0, limits=limits)
    session = EndpointSession(
        endpoint,
        port,
        target=RelayTarget(addresses=addresses, server_name=relay.address.host, trust=relay.trust),
        hello=hello,
        first_frame_id=secrets.randbits(32),
        observer=observer,
    )
    driver = EndpointDriver(endpoint, session)
    session.connect(now=asyncio.get_running_loop().time())
    driver.start()
    port.on_readable(driver.wake)
    return RunningSession(session, driver, port)


async def _resolve(relay: RelayAddress) -> tuple[Address, ...]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(relay.host, relay.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise RelayNotFoundError(
            f"No relay is called {relay.host!r}. Check the name, and that you are online."
        ) from error
    # The system's order is the one to try (RFC 6724); a name may list an address twice.
    return tuple(dict.fromkeys((str(where[0]), int(where[1])) for *_, where in found))
