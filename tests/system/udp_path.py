"""A stretch of network in user space: a UDP proxy that carries packets up to a size."""

import asyncio
from typing import Final, Self

from lanparty_quic.endpoint import Address

__all__ = ["UdpPath"]

_HEADERS: Final = 28
"""Of IPv4 and UDP."""


class UdpPath:
    """Stands before one relay; a client dials `address` in its place.

    What is larger than `mtu` vanishes without a word, as where a firewall drops ICMP.
    """

    def __init__(self, relay: Address, mtu: int) -> None:
        """`mtu` is that of IPv4, 28 bytes more than the UDP payload; may be changed."""
        self.relay = relay
        self.mtu = mtu
        self.dropped = 0
        """Packets that were too large."""
        self._ways: dict[Address, _Way] = {}
        self._entrance: asyncio.DatagramTransport | None = None

    @property
    def address(self) -> Address:
        """Where the client sends its packets."""
        assert self._entrance is not None
        host, port = self._entrance.get_extra_info("sockname")
        return host, port

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._entrance, _ = await loop.create_datagram_endpoint(
            lambda: _Entrance(self), local_addr=("127.0.0.1", 0)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        for way in self._ways.values():
            way.close()
        if self._entrance is not None:
            self._entrance.close()

    def carries(self, packet: bytes) -> bool:
        """Tell whether a packet gets through, and count it if it doesn't."""
        fits = len(packet) + _HEADERS <= self.mtu
        self.dropped += not fits
        return fits

    def take_in(self, packet: bytes, client: Address) -> None:
        """Carry a client's packet to the relay, from an address that stands for the client."""
        way = self._ways.get(client)
        if way is None:
            way = self._ways[client] = _Way(self, client)
            way.opening = asyncio.ensure_future(way.open())
        if self.carries(packet):
            way.send(packet)

    def give_out(self, packet: bytes, client: Address) -> None:
        """Carry a packet of the relay to its client."""
        if self._entrance is not None and self.carries(packet):
            self._entrance.sendto(packet, client)


class _Entrance(asyncio.DatagramProtocol):
    def __init__(self, path: UdpPath) -> None:
        self._path = path

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._path.take_in(data, addr)


class _Way(asyncio.DatagramProtocol):
    """One client's socket on the relay's side."""

    def __init__(self, path: UdpPath, client: Address) -> None:
        self.opening: asyncio.Future[None] | None = None
        self._path = path
        self._client = client
        self._waiting: list[bytes] = []
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, remote_addr=self._path.relay
        )
        for packet in self._waiting:
            self._transport.sendto(packet)

    def send(self, packet: bytes) -> None:
        if self._transport is None:
            self._waiting.append(packet)
        else:
            self._transport.sendto(packet)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._path.give_out(data, self._client)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
