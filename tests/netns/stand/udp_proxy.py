"""A program: a UDP proxy that delays each packet by a random time, so that packets overtake.

Usage: python udp_proxy.py LISTEN_ADDRESS RELAY_ADDRESS PORT LEAST_MS MOST_MS SEED

It prints a line when it listens. Each player gets a socket of its own towards the relay, as behind
a NAT. The kernel here has no netem.
"""

import asyncio
import random
import sys
from typing import Final, cast

Address = tuple[str, int]


class Proxy(asyncio.DatagramProtocol):
    """The side of the players."""

    def __init__(self, relay: Address, delay: "Delay") -> None:
        self._relay: Final = relay
        self._delay: Final = delay
        self._ways: Final[dict[Address, asyncio.Task[asyncio.DatagramTransport]]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        way = self._ways.get(addr)
        if way is None:
            way = self._ways[addr] = asyncio.create_task(self._open(addr))
        way.add_done_callback(lambda done: self._delay.send(done.result(), data))

    async def _open(self, player: Address) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: Way(self._transport, player, self._delay), remote_addr=self._relay
        )
        return transport


class Way(asyncio.DatagramProtocol):
    """The side of the relay, for one player."""

    def __init__(self, players: asyncio.DatagramTransport, player: Address, delay: "Delay") -> None:
        self._players: Final = players
        self._player: Final = player
        self._delay: Final = delay

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._delay.send(self._players, data, self._player)

    def error_received(self, exc: Exception) -> None:
        """A relay that is down refuses: the players' own timers are to find out."""


class Delay:
    """Sends each packet after a time of its own, in seconds."""

    def __init__(self, least: float, most: float, seed: int) -> None:
        self._least: Final = least
        self._most: Final = most
        self._random: Final = random.Random(seed)

    def send(
        self, transport: asyncio.DatagramTransport, data: bytes, address: Address | None = None
    ) -> None:
        """Send later."""
        delay = self._random.uniform(self._least, self._most)
        asyncio.get_running_loop().call_later(delay, transport.sendto, data, address)


async def main() -> None:
    listen, relay, port, least, most, seed = sys.argv[1:]
    delay = Delay(int(least) / 1000, int(most) / 1000, int(seed))
    await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Proxy((relay, int(port)), delay), local_addr=(listen, int(port))
    )
    print("listening", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
