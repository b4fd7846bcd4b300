"""Endpoints on UDP sockets under asyncio: one callback for each wake-up.

    endpoint = bind_endpoint("::", 443, identity=ServerIdentity.load(cert, key))
    driver = EndpointDriver(endpoint, consumer)
    driver.start()
    ...
    await driver.aclose()

The recipe of a turn is `EndpointDriver._turn`; nothing is decided there. `now` is the loop's clock.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Final

from lanparty_quic.aioquic_engine import AioquicEndpoint
from lanparty_quic.endpoint import Consumer, Cutter, EndpointStatistics
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.limits import EndpointLimits
from lanparty_quic.udp_socket import DEFAULT_SOCKET_BUFFER, UdpSocket

__all__ = ["EndpointDriver", "UdpEndpoint", "bind_endpoint"]

_PACKETS_PER_READ: Final = 1024
"""Packets read from the socket at once, ten times what is taken in: reading and routing one costs a
twentieth of that, and only what has been routed can be kept from starving others. What the kernel
drops because nobody read it is anybody's. More wait, so that who floods can't hold a turn up."""

_FEW_PACKETS: Final = 32
"""Packets at once that are no flood."""

_CLOSE_GRACE: Final = 0.5
"""Seconds that `aclose` waits for closed connections to deliver their last control bytes."""


class UdpEndpoint(AioquicEndpoint):
    """An endpoint with its socket, to be driven by `EndpointDriver`."""

    def __init__(
        self,
        udp_socket: UdpSocket,
        *,
        identity: ServerIdentity | None,
        limits: EndpointLimits | None,
        retry: bool,
        cutter: Cutter | None,
    ) -> None:
        """Use `bind_endpoint`."""
        super().__init__(
            udp_socket.address, identity=identity, limits=limits, retry=retry, cutter=cutter
        )
        self.socket = udp_socket
        """Tells the buffers that the kernel granted; its driver alone reads and writes it."""

    def endpoint_statistics(self) -> EndpointStatistics:
        """Look at the endpoint, its socket included."""
        return replace(super().endpoint_statistics(), socket_overflows=self.socket.overflows)


def bind_endpoint(
    host: str,
    port: int,
    *,
    identity: ServerIdentity | None = None,
    limits: EndpointLimits | None = None,
    retry: bool = False,
    cutter: Cutter | None = None,
    buffer_size: int = DEFAULT_SOCKET_BUFFER,
) -> UdpEndpoint:
    """Bind a UDP socket and make its endpoint; it accepts connections if it has an identity.

    `host` is numeric; `::` means every address of both families. Raises OSError.
    """
    # Only a dialer has a use for refusals; a listener would hear of every player that is gone.
    udp_socket = UdpSocket.bind(
        host, port, buffer_size=buffer_size, notes_refusals=identity is None
    )
    return UdpEndpoint(udp_socket, identity=identity, limits=limits, retry=retry, cutter=cutter)


class EndpointDriver:
    """Gives an endpoint and its consumer their turns, in the running asyncio loop.

    Its owner calls `start` once and awaits `aclose`, which also closes the socket. An exception
    of the consumer is a bug: it stops the driver and is raised by `wait_closed`.
    """

    def __init__(self, endpoint: UdpEndpoint, consumer: Consumer) -> None:
        self._endpoint = endpoint
        self._consumer = consumer
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._woken: asyncio.Handle | None = None
        self._running = False
        self._nothing_owed = asyncio.Event()
        self._closed: asyncio.Future[None] = self._loop.create_future()

    def start(self) -> None:
        """Begin; the first turn comes with the loop's next iteration."""
        self._running = True
        self._loop.add_reader(self._endpoint.socket, self._turn)
        self.wake()

    def wake(self) -> None:
        """Ask for a turn soon; any number of calls before it make one turn."""
        if self._running and self._woken is None:
            self._woken = self._loop.call_soon(self._turn)

    async def wait_closed(self) -> None:
        """Wait until `aclose` is done; raises what the consumer raised."""
        await asyncio.shield(self._closed)

    async def aclose(self) -> None:
        """Take a last turn, let closed connections deliver what they owe, close the socket."""
        if self._running:
            self._nothing_owed.clear()
            self._turn()
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_GRACE):
                    await self._nothing_owed.wait()
        self._stop()
        if not self._closed.done():
            self._closed.set_result(None)

    def _turn(self) -> None:
        if self._woken is not None:
            self._woken.cancel()
            self._woken = None
        try:
            now = self._loop.time()
            read = self._read(now)
            for address in self._endpoint.socket.refusals():
                self._endpoint.receive_refusal(address)
            self._endpoint.handle_turn(now=now)
            if read > _FEW_PACKETS:
                # Taking them in has taken longer than the kernel's buffer lasts under a flood.
                self._read(now)
            self._consumer.serve(now=now)
            self._endpoint.socket.send(self._endpoint.packets_to_send())
            self._rearm(now)
            # Asked only while `aclose` waits: it looks at every connection.
            if not self._nothing_owed.is_set() and not self._endpoint.is_closing:
                self._nothing_owed.set()
        except Exception as error:  # noqa: BLE001  handed to the owner, who waits for it
            self._stop()
            if not self._closed.done():
                self._closed.set_exception(error)

    def _read(self, now: float) -> int:
        receive_packet = self._endpoint.receive_packet
        packets = self._endpoint.socket.receive(_PACKETS_PER_READ)
        for packet, source in packets:
            receive_packet(packet, source, now=now)
        return len(packets)

    def _rearm(self, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadlines = (self._endpoint.next_deadline(), self._consumer.next_deadline())
        deadline = min((moment for moment in deadlines if moment is not None), default=None)
        if deadline is None:
            return
        if deadline <= now:
            self.wake()
        else:
            self._timer = self._loop.call_at(deadline, self._turn)

    def _stop(self) -> None:
        if self._running:
            self._running = False
            self._loop.remove_reader(self._endpoint.socket)
        for handle in (self._timer, self._woken):
            if handle is not None:
                handle.cancel()
        self._endpoint.socket.close()
        self._nothing_owed.set()
