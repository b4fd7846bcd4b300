"""Dials a relay as a player does and hangs up before the hello, to see if a handshake comes about.

Acts: opens a socket. The relay sees a connection that says nothing and goes.
"""

import asyncio

from lanparty_client_core.join import KnownRelay
from lanparty_endpoint.doctor.facts import ReachFacts
from lanparty_obs.codes import SessionEnd
from lanparty_quic.endpoint import (
    Address,
    Connected,
    ConnectionClosed,
    ConnectionKey,
    Endpoint,
    PinnedKey,
)
from lanparty_quic.limits import EndpointLimits
from lanparty_quic.loop import EndpointDriver, bind_endpoint

__all__ = ["dial_relay"]


async def dial_relay(relay: KnownRelay, address: Address) -> ReachFacts:
    """Try a handshake with one address of the relay."""
    loop = asyncio.get_running_loop()
    end: SessionEnd | None
    text = ""
    seconds: float | None = None
    try:
        endpoint = bind_endpoint(
            "::", 0, limits=EndpointLimits(handshake_timeout=relay.connect_timeout)
        )
    except OSError as error:
        end, text = SessionEnd.RELAY_UNREACHABLE, error.strerror or ""
    else:
        handshake = _Handshake(endpoint)
        driver = EndpointDriver(endpoint, handshake)
        begin = loop.time()
        handshake.dial(address, relay, now=begin)
        driver.start()
        try:
            end, text = await handshake.outcome
            seconds = loop.time() - begin if end is None else None
        finally:
            await driver.aclose()
    return ReachFacts(
        seconds=seconds,
        end=end,
        text=text,
        by_pin=isinstance(relay.trust, PinnedKey),
    )


class _Handshake:
    """A `Consumer` that hangs up as soon as the handshake is done."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._connection: ConnectionKey | None = None
        self.outcome: asyncio.Future[tuple[SessionEnd | None, str]] = (
            asyncio.get_running_loop().create_future()
        )

    def dial(self, address: Address, relay: KnownRelay, *, now: float) -> None:
        self._connection = self._endpoint.dial(
            address, server_name=relay.address.host, trust=relay.trust, now=now
        )

    def serve(self, *, now: float) -> None:
        for event in self._endpoint.events():
            if self.outcome.done() or event.connection != self._connection:
                continue
            if isinstance(event, Connected):
                self.outcome.set_result((None, ""))
                self._endpoint.close_connection(event.connection, end=SessionEnd.LEFT, text="")
            elif isinstance(event, ConnectionClosed):
                self.outcome.set_result((event.end, event.text))
        self._endpoint.flush(now=now)

    def next_deadline(self) -> float | None:
        return None
