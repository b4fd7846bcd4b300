"""Address leases of a real relay: shown by its API, and kept by its state directory."""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import httpx
import pytest

from lanparty_ctrl import RoomCode
from lanparty_proto import MacAddress
from lanparty_relay.lease_keeper import LEASE_FILE
from lanparty_sim.player import Player
from lanparty_sim.relay_process import RelayProcess
from lanparty_sim.virtual_host import VirtualHost

CODE = RoomCode("LEASETEST")
PATIENCE = 10.0


class House:
    """One relay after another with one state directory, and players in it."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.relay = RelayProcess()

    async def open(self, *, after: RelayProcess | None = None) -> None:
        if after is not None:
            self.relay = RelayProcess()
            shutil.copytree(after.state_directory, self.relay.state_directory, dirs_exist_ok=True)
        await self._stack.enter_async_context(self.relay)

    async def join(self, number: int) -> Player:
        mac = MacAddress(bytes([2, 0, 0, 0, 0, number]))
        player = Player(VirtualHost(mac=mac, address=IPv4Address("10.9.8.7")), name=f"p{number}")
        self._stack.push_async_callback(player.leave)
        await player.join(self.relay.known_relay(), room_code=CODE, create=True)
        return player

    def written_leases(self) -> int:
        """Leases in the file now."""
        document = json.loads((self.relay.state_directory / LEASE_FILE).read_text())
        return sum(len(room["leases"]) for room in document["rooms"].values())

    async def ask(self, path: str) -> Any:
        token = self.relay.token_file.read_text().strip()
        async with httpx.AsyncClient(
            base_url=self.relay.admin_url,
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
        ) as client:
            return (await client.get(path)).json()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        yield House(stack)


def leased(player: Player) -> IPv4Address:
    lease = player.welcome.lease
    assert lease is not None
    return lease.address


async def test_the_api_shows_the_rooms_network_and_each_lease(house: House) -> None:
    await house.open()
    players = [await house.join(1), await house.join(2)]
    (room,) = (await house.ask("/api/v1/rooms"))["rooms"]
    peers = (await house.ask(f"/api/v1/rooms/{room['room_id']}/peers"))["peers"]
    addresses = [leased(player) for player in players]
    assert [peer["lease"] for peer in peers] == [str(address) for address in addresses]
    assert set(addresses) < set(IPv4Network(room["network"]).hosts())


async def test_a_relay_that_was_stopped_and_started_leases_the_same_addresses(
    house: House,
) -> None:
    await house.open()
    before = [leased(await house.join(number)) for number in (1, 2)]
    first = house.relay
    assert await first.stop() == 0
    await house.open(after=first)
    assert [leased(await house.join(number)) for number in (2, 1)] == before[::-1]


async def test_a_relay_that_was_killed_leases_the_addresses_of_a_second_before(
    house: House,
) -> None:
    await house.open()
    before = leased(await house.join(1))
    async with asyncio.timeout(PATIENCE):
        while house.written_leases() < 1:  # noqa: ASYNC110  another process's doing
            await asyncio.sleep(0.05)
    first = house.relay
    os.kill(first.process_id, signal.SIGKILL)
    await first.stop()
    await house.open(after=first)
    assert leased(await house.join(1)) == before


async def test_a_damaged_file_keeps_no_relay_from_serving(house: House) -> None:
    (house.relay.state_directory / LEASE_FILE).write_bytes(b'{"version":')
    await house.open()
    await house.join(1)
    assert "address leases can't be read" in house.relay.log_file.read_text()
    assert (house.relay.state_directory / f"{LEASE_FILE}.damaged").is_file()
