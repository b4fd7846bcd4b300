"""Rooms made ahead through the admin API of a real relay, and players in them."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from ipaddress import IPv4Address
from typing import Any

import httpx
import pytest

from lanparty_ctrl import RoomCode
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MacAddress
from lanparty_relay.room_keeper import ROOM_FILE
from lanparty_sim.player import JoinFailedError, Player
from lanparty_sim.relay_process import RelayProcess
from lanparty_sim.virtual_host import VirtualHost

PATIENCE = 10.0


class Operator:
    """One relay after another with one state directory, its operator, and players."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._relay: RelayProcess | None = None

    @property
    def relay(self) -> RelayProcess:
        assert self._relay is not None
        return self._relay

    async def start(self, *options: str, after: RelayProcess | None = None) -> None:
        relay = self._relay = RelayProcess(*options)
        if after is not None:
            shutil.copytree(after.state_directory, relay.state_directory, dirs_exist_ok=True)
        await self._stack.enter_async_context(relay)

    async def request(self, method: str, path: str, body: object = None) -> httpx.Response:
        token = self.relay.token_file.read_text().strip()
        async with httpx.AsyncClient(
            base_url=self.relay.admin_url,
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
        ) as client:
            return await client.request(method, path, json=body)

    async def make_room(self, **wanted: object) -> dict[str, Any]:
        answer = await self.request("POST", "/api/v1/rooms", wanted)
        assert answer.status_code == 201, answer.text
        room: dict[str, Any] = answer.json()
        return room

    async def rooms(self) -> list[str]:
        listed = (await self.request("GET", "/api/v1/rooms")).json()["rooms"]
        return [room["room_id"] for room in listed]

    async def join(self, number: int, code: str) -> Player:
        mac = MacAddress(bytes([2, 0, 0, 0, 0, number]))
        player = Player(VirtualHost(mac=mac, address=IPv4Address("10.9.8.7")), name=f"p{number}")
        self._stack.push_async_callback(player.leave)
        await player.join(self.relay.known_relay(), room_code=RoomCode(code))
        return player


@pytest.fixture
async def operator() -> AsyncIterator[Operator]:
    async with AsyncExitStack() as stack:
        yield Operator(stack)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  another process's doing
            await asyncio.sleep(0.05)


async def test_players_join_by_the_code_and_the_room_stays_without_them(
    operator: Operator,
) -> None:
    await operator.start()
    room = await operator.make_room(code="PARTY", mtu=1400, peers_limit=1)
    player = await operator.join(1, "PARTY")
    assert (player.welcome.room_id, player.welcome.mtu) == (room["room_id"], 1400)
    with pytest.raises(JoinFailedError) as failure:
        await operator.join(2, "PARTY")
    assert failure.value.ended.code is SessionEnd.ROOM_FULL
    await player.leave()
    assert (await operator.join(2, "PARTY")).welcome.room_id == room["room_id"]


async def test_a_room_without_a_code_of_ones_own_gets_one(operator: Operator) -> None:
    await operator.start()
    room = await operator.make_room()
    assert (await operator.join(1, room["code"])).welcome.room_id == room["room_id"]


async def test_the_end_of_its_time_sends_its_players_away(operator: Operator) -> None:
    await operator.start()
    room = await operator.make_room(code="PARTY", expires_in_seconds=2)
    player = await operator.join(1, "PARTY")
    await until(lambda: player.session.ended)
    ended = player.session.ended
    assert ended is not None
    assert ended.code is SessionEnd.ROOM_CLOSED
    assert await operator.rooms() == []
    assert room["room_id"] in operator.relay.log_file.read_text()


async def test_a_room_gets_more_time_and_keeps_it_over_a_restart(operator: Operator) -> None:
    await operator.start()
    path = f"/api/v1/rooms/{(await operator.make_room(expires_in_seconds=60))['room_id']}"
    changed = (await operator.request("PATCH", path, {"expires_in_seconds": None})).json()
    assert changed["expires_at"] is None
    first = operator.relay
    await first.stop()
    await operator.start(after=first)
    assert (await operator.request("GET", path)).json()["expires_at"] is None


async def test_a_relay_that_was_stopped_and_started_has_its_rooms_again(
    operator: Operator,
) -> None:
    await operator.start()
    kept = await operator.make_room(code="PARTY", mtu=1400, peers_limit=7, expires_in_seconds=600)
    expiring = await operator.make_room(expires_in_seconds=1)
    gone = await operator.make_room(code="OTHER")
    assert (await operator.request("DELETE", f"/api/v1/rooms/{gone['room_id']}")).is_success
    first = operator.relay
    assert await first.stop() == 0
    await asyncio.sleep(1)  # the time of a room is over, whether a relay runs or not
    await operator.start(after=first)
    room = (await operator.request("GET", f"/api/v1/rooms/{kept['room_id']}")).json()
    for field in ("room_id", "code", "mtu", "peers_limit", "lasting", "network"):
        assert room[field] == kept[field]
    assert room["age_seconds"] >= 1
    assert expiring["room_id"] not in await operator.rooms()
    assert (await operator.join(1, "PARTY")).welcome.room_id == kept["room_id"]


async def test_a_relay_that_was_killed_has_its_rooms_again(operator: Operator) -> None:
    await operator.start()
    room = await operator.make_room()
    await until((operator.relay.state_directory / ROOM_FILE).exists)
    first = operator.relay
    os.kill(first.process_id, signal.SIGKILL)
    await first.stop()
    await operator.start(after=first)
    assert await operator.rooms() == [room["room_id"]]


async def test_a_relay_that_allows_fewer_rooms_keeps_the_others_for_a_later_start(
    operator: Operator,
) -> None:
    await operator.start()
    made = [(await operator.make_room())["room_id"] for _ in range(2)]
    first = operator.relay
    await first.stop()
    await operator.start("--rooms=1", after=first)
    second = operator.relay
    assert await operator.rooms() == made[:1]
    assert "no place for a room made ahead" in second.log_file.read_text()
    await second.stop()
    await operator.start(after=second)
    assert await operator.rooms() == made


async def test_a_damaged_file_keeps_no_relay_from_serving(operator: Operator) -> None:
    await operator.start()
    first = operator.relay
    await first.stop()
    (first.state_directory / ROOM_FILE).write_bytes(b'{"version":')
    await operator.start(after=first)
    assert "rooms made ahead can't be read" in operator.relay.log_file.read_text()
    await operator.make_room()
