"""The shell around a session: resolve the relay's name, bind a socket, drive the endpoint.

This and `resolving` are the package's only modules that act; everything else is driven.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from lanparty_client_core.attempt import RelayTarget
from lanparty_client_core.events import Observer
from lanparty_client_core.lasting import LastingSession
from lanparty_client_core.persistence import Persistence
from lanparty_client_core.port import FramePort
from lanparty_client_core.resolving import RelayNotFoundError, Resolver
from lanparty_client_core.station import Station
from lanparty_command import RelayAddress
from lanparty_ctrl import Hello
from lanparty_quic.endpoint import Address, Trust
from lanparty_quic.limits import EndpointLimits
from lanparty_quic.loop import EndpointDriver, bind_endpoint

__all__ = ["KnownRelay", "RelayNotFoundError", "RunningSession", "join_relay"]


@dataclass(frozen=True, slots=True)
class KnownRelay:
    """A relay that a user named, and how to know that it is the one."""

    address: RelayAddress
    trust: Trust
    connect_timeout: float = EndpointLimits().handshake_timeout
    """Seconds that each of its addresses has to complete the handshake."""
    packet_size: int | None = None
    """Largest UDP payload that is tried on the way to it; None: what Ethernet carries."""


class RunningSession:
    """A session with its socket and driver. The owner awaits `aclose`, whatever happens.

    The port stays the caller's: another session may follow on it.
    """

    def __init__(self, session: LastingSession, driver: EndpointDriver, port: FramePort) -> None:
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

    def wake(self) -> None:
        """Give the session a turn soon: a station has something to send."""
        self._driver.wake()

    def network_changed(self) -> None:
        """Take note of a link or route that came, went or changed: dial the relay at once."""
        self.session.network_changed(now=asyncio.get_running_loop().time())
        self._driver.wake()

    def report_prefixes(self, prefixes: Sequence[IPv4Network | IPv6Network]) -> None:
        """Tell the relay which networks this machine reaches otherwise than through the room."""
        self.session.report_prefixes(prefixes)
        self._driver.wake()

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
    persistence: Persistence = Persistence.ONE_TRY,
    observer: Observer | None = None,
    stations: Sequence[Station] = (),
    clamp_mss: bool = True,
) -> RunningSession:
    """Begin a session at the relay and return at once; its states follow by `observer`.

    Raises `RelayNotFoundError` if the name doesn't resolve, unless the session is to go on trying
    for ever; OSError if no socket can be had.
    """
    resolver = Resolver(relay.address)
    addresses: tuple[Address, ...] = ()
    with suppress(*_forgiven(persistence)):
        addresses = await resolver.resolve()
    limits = EndpointLimits(
        handshake_timeout=relay.connect_timeout, largest_packet_size=relay.packet_size
    )
    endpoint = bind_endpoint("::", 0, limits=limits)

    def take(found: tuple[Address, ...]) -> None:
        session.addresses_found(found, now=asyncio.get_running_loop().time())
        driver.wake()

    session = LastingSession(
        endpoint,
        port,
        target=RelayTarget(addresses=addresses, server_name=relay.address.host, trust=relay.trust),
        hello=hello,
        persistence=persistence,
        random=secrets.SystemRandom().random,
        first_frame_id=secrets.randbits(32),
        observer=observer,
        ask_addresses=lambda: resolver.ask(take),
        stations=stations,
        clamp_mss=clamp_mss,
    )
    driver = EndpointDriver(endpoint, session)
    session.connect(now=asyncio.get_running_loop().time())
    driver.start()
    port.on_readable(driver.wake)
    return RunningSession(session, driver, port)


def _forgiven(persistence: Persistence) -> tuple[type[Exception], ...]:
    return (RelayNotFoundError,) if persistence is Persistence.ALWAYS else ()
