"""An ordinary UDP socket behind the room's interface: it hears what a game would hear.

It stands behind the interface and this machine's firewall, so what reaches it would reach any
program. Each session has its own, bound to its interface.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from lanparty_endpoint.probing import ProbeStation
from lanparty_ethernet import PROBE_UDP_PORT, Hearing, PacketError, Probe, ProbeKind
from lanparty_obs.logging import get_logger

__all__ = ["OrdinarySocket"]

_LARGEST_DATAGRAM: Final = 2_048
_DATAGRAMS_PER_WAKE: Final = 64
"""Then the session has its turn; the rest waits in the socket."""
_SO_BINDTODEVICE: Final = 25
"""Linux's number; allowed to everybody from 5.7 on (socket(7))."""

_log: Final = get_logger(__name__)


class OrdinarySocket:
    """Hands what it hears to a station. `open` follows when the interface is up."""

    def __init__(self, station: ProbeStation, *, wake: Callable[[], object]) -> None:
        """`wake` asks for a turn of the session, so that the station's answers leave."""
        self._station = station
        self._wake = wake
        self._socket: socket.socket | None = None
        self._awaited: dict[int, asyncio.Event] = {}

    def open(self, interface: str) -> None:
        """Listen on the interface; if the port can't be had, the station says so to who asks.

        Nothing happens if it listens already.
        """
        if self._socket is not None:
            return
        listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            listening.setblocking(False)
            with suppress(PermissionError):  # An older kernel: then it hears every interface.
                listening.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, interface.encode())
            listening.bind(("", PROBE_UDP_PORT))
        except OSError as error:
            listening.close()
            self._station.hearing = Hearing.DEAF
            _log.info("no ordinary socket", port=PROBE_UDP_PORT, reason=error.strerror)
            return
        self._socket = listening
        self._station.hearing = Hearing.LISTENING
        asyncio.get_running_loop().add_reader(listening, self._read)

    def close(self) -> None:
        """Stop listening."""
        if self._socket is None:
            return
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._socket = None
        self._station.hearing = Hearing.DEAF

    async def hears(self, nonce: int, cause: Callable[[], object], *, limit: float) -> bool:
        """Tell whether a `SEEN_BY` datagram with this nonce comes within `limit` s of `cause`."""
        heard = self._awaited[nonce] = asyncio.Event()
        try:
            cause()
            async with asyncio.timeout(limit):
                await heard.wait()
        except TimeoutError:
            return heard.is_set()
        finally:
            del self._awaited[nonce]
        return True

    def _read(self) -> None:
        assert self._socket is not None, "it is the reader of an open socket"
        now = asyncio.get_running_loop().time()
        for _ in range(_DATAGRAMS_PER_WAKE):
            try:
                payload = self._socket.recv(_LARGEST_DATAGRAM)
            except BlockingIOError:
                break
            except OSError:  # The interface went down; there may be more when it is back.
                break
            if not self._is_awaited(payload):
                self._station.receive_datagram(payload, now=now)
        self._wake()

    def _is_awaited(self, payload: bytes) -> bool:
        try:
            probe = Probe.parse(payload)
        except PacketError:
            return False
        awaited = self._awaited.get(probe.nonce)
        if awaited is None or probe.kind is not ProbeKind.SEEN_BY:
            return False
        awaited.set()
        return True
