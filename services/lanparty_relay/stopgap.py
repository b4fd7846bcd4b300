"""What answers on the admin API's listener while no admin process does."""

import asyncio
import json
import socket
from typing import Final

__all__ = ["Stopgap"]

_PATIENCE: Final = 2.0
"""Seconds in which a client must have asked and taken its answer."""

_MOST_CLIENTS: Final = 32
"""Clients answered at once; more are for the admin process or the next moment."""

_BODY: Final = json.dumps(
    {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "The admin half is restarting; the relay half is up and forwards.",
        "relay": "up",
        "admin": "down",
    }
).encode()

_HEAD: Final = (
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Content-Type: application/problem+json\r\n"
    f"Content-Length: {len(_BODY)}\r\n"
    "Retry-After: 1\r\n"
    "Cache-Control: no-store\r\n"
    "Connection: close\r\n"
    "\r\n"
).encode()


class Stopgap:
    """Tells every HTTP client the truth: the relay is up and its admin half isn't.

    Shares the listener with the admin process, so no client is refused in between.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener: Final = listener
        self._server: asyncio.Server | None = None
        self._clients: set[_Client] = set()

    async def start(self) -> None:
        """Answer from now on; harmless if it does already."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            own = self._listener.dup()  # the server closes the socket that it is given
            try:
                self._server = await loop.create_server(lambda: _Client(self._clients), sock=own)
            except OSError:
                own.close()
                raise

    def stop(self) -> None:
        """Accept nobody more; who was accepted still gets an answer."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def close(self) -> None:
        """Stop, and drop who waits."""
        self.stop()
        for client in tuple(self._clients):
            client.abort()


class _Client(asyncio.Protocol):
    """One client: whatever it asks, the answer is the same."""

    def __init__(self, clients: "set[_Client]") -> None:
        self._clients: Final = clients
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._clients.add(self)
        if len(self._clients) > _MOST_CLIENTS:
            transport.abort()
            return
        self._timer = asyncio.get_running_loop().call_later(_PATIENCE, transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(_HEAD if data.startswith(b"HEAD ") else _HEAD + _BODY)
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._clients.discard(self)
        if self._timer is not None:
            self._timer.cancel()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
