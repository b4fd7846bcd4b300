"""Frame logs of a real relay: what an operator sees of real players, and what is left behind."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from ipaddress import IPv4Address
from typing import Any

import httpx
import pytest

from lanparty_ctrl import RoomCode
from lanparty_proto import MacAddress
from lanparty_relay.core import FRAME_LOGS
from lanparty_sim.player import Player
from lanparty_sim.relay_process import RelayProcess
from lanparty_sim.virtual_host import VirtualHost

CODE = RoomCode.parse("SEENFRAMES")
ADDRESSES = [IPv4Address("10.9.8.1"), IPv4Address("10.9.8.2")]
LIMIT = 20.0


@pytest.fixture
async def relay() -> AsyncIterator[RelayProcess]:
    async with RelayProcess() as relay:
        yield relay


@pytest.fixture
async def operator(relay: RelayProcess) -> AsyncIterator[httpx.AsyncClient]:
    token = relay.token_file.read_text().strip()
    async with httpx.AsyncClient(
        base_url=f"{relay.admin_url}/api/v1/rooms",
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
        timeout=LIMIT,
    ) as client:
        yield client


@pytest.fixture
async def players(relay: RelayProcess) -> AsyncIterator[list[Player]]:
    async with AsyncExitStack() as leaving:
        players = []
        for number, address in enumerate(ADDRESSES):
            host = VirtualHost(mac=MacAddress(bytes([2, 0, 0, 0, 0, number])), address=address)
            player = Player(host, name=f"player {number}")
            leaving.push_async_callback(player.leave)
            await player.join(relay.known_relay(), room_code=CODE, create=True)
            players.append(player)
        yield players


class Following:
    """A log that an operator follows; it is open once this is entered."""

    def __init__(self, operator: httpx.AsyncClient, path: str, **query: float) -> None:
        self._stream = operator.stream("GET", path, params=query)
        self._leaving = AsyncExitStack()

    async def __aenter__(self) -> "Following":
        answer = await self._leaving.enter_async_context(self._stream)
        assert answer.status_code == 200
        self._lines = answer.aiter_lines()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._leaving.aclose()

    async def event(self) -> tuple[str, dict[str, Any]]:  # Any: JSON
        """Wait for the next event."""
        async with asyncio.timeout(LIMIT):
            name = await anext(self._lines)
            data = await anext(self._lines)
            assert await anext(self._lines) == ""
        return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    async def events(self) -> list[tuple[str, dict[str, Any]]]:  # Any: JSON
        """Wait for all events to the end."""
        found = [await self.event()]
        while found[-1][0] != "end":
            found.append(await self.event())
        return found


async def test_an_operator_sees_a_ping_in_a_room_and_none_of_what_it_carries(
    operator: httpx.AsyncClient, players: list[Player]
) -> None:
    one, two = players
    async with Following(operator, f"/{one.welcome.room_id}/frames", limit=4) as following:
        assert await one.ping(ADDRESSES[1]) is not None
        *frames, (_, end) = await following.events()
    asked, answered, request, reply = [frame for _, frame in frames]
    assert (asked["cast"], asked["arp"], asked["peer_id"]) == (
        "broadcast",
        "request",
        one.welcome.peer_id,
    )
    assert (answered["cast"], answered["arp"], answered["peer_id"]) == (
        "unicast",
        "reply",
        two.welcome.peer_id,
    )
    assert (request["protocol"], reply["protocol"]) == (1, 1)
    assert reply["source_address"] == str(ADDRESSES[1])
    assert reply["destination_mac"] == str(one.mac)
    assert end == {"reason": "limit", "shown": 4, "passed_over": end["passed_over"]}


async def test_a_peer_s_log_tells_both_directions_and_ends_when_it_leaves(
    operator: httpx.AsyncClient, players: list[Player]
) -> None:
    one, two = players
    path = f"/{one.welcome.room_id}/peers/{two.welcome.peer_id}/frames"
    async with Following(operator, path, seconds=LIMIT) as following:
        assert await one.ping(ADDRESSES[1]) is not None
        seen = [(await following.event())[1]["direction"] for _ in range(4)]
        await two.leave()
        *_, (_, end) = await following.events()
    assert seen == ["to_peer", "from_peer", "to_peer", "from_peer"]
    assert end["reason"] == "peer_left"


async def test_a_relay_that_stops_ends_the_logs_and_has_no_fault_in_its_own(
    relay: RelayProcess, operator: httpx.AsyncClient, players: list[Player]
) -> None:
    path = f"/{players[0].welcome.room_id}/frames"
    async with Following(operator, path, seconds=LIMIT) as following:
        stopping = asyncio.create_task(relay.stop())
        *_, (_, end) = await following.events()  # httpx raises if the answer isn't complete
        assert await stopping == 0
    assert end["reason"] in {"room_closed", "relay_not_answering"}
    assert "Traceback" not in relay.log_file.read_text()


async def test_a_reader_that_goes_makes_room_for_another(
    operator: httpx.AsyncClient, players: list[Player]
) -> None:
    path = f"/{players[0].welcome.room_id}/frames"
    async with AsyncExitStack() as gone:
        for _ in range(FRAME_LOGS):
            await gone.enter_async_context(Following(operator, path, seconds=LIMIT))
        assert (await operator.get(path)).status_code == 429
    async with asyncio.timeout(LIMIT):
        while (  # noqa: ASYNC110  another process's doing
            await operator.get(path, params={"seconds": 0.1})
        ).status_code == 429:
            await asyncio.sleep(0.05)
