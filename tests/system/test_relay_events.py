"""What a real relay tells those who follow its events, and what it knows of the last minutes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from ipaddress import IPv4Address
from pathlib import Path

import httpx
import pytest

from lanparty_ctrl import RoomCode
from lanparty_proto import MacAddress
from lanparty_relay.admin.counter_history import SAMPLE_SECONDS
from lanparty_relay.admin.event_models import EventData, MissedEvent
from lanparty_relay.admin.history_models import GroupHistory, PeerHistory
from lanparty_relay.admin_link import (
    AdminStartedEvent,
    Event,
    EventType,
    HelloRejectedEvent,
    PeerJoinedEvent,
    PeerLeftEvent,
    RelayStartedEvent,
    RoomClosedEvent,
    RoomOpenedEvent,
)
from lanparty_sim.player import JoinFailedError, Player
from lanparty_sim.relay_process import RelayProcess
from lanparty_sim.virtual_host import VirtualHost

pytestmark = pytest.mark.slow

CODE = RoomCode.parse("EVENTFULNIGHT")
LIMIT = 20.0
READERS = 32


class Stream:
    """Events of a stream, as they come."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()
        self.last_id = ""
        self.text = ""

    async def next(self) -> Event | MissedEvent | None:
        """Take the next event; None at the stream's end."""
        async with asyncio.timeout(LIMIT):
            event = None
            async for line in self._lines:
                self.text += line
                name, _, value = line.partition(": ")
                if name == "data":
                    event = EventData.model_validate_json(value).root
                elif name == "id":
                    self.last_id = value
                elif not line and event is not None:
                    break
        return event

    async def rest(self) -> list[Event | MissedEvent]:
        found = []
        while (event := await self.next()) is not None:
            found.append(event)
        return found


@pytest.fixture
async def relay() -> AsyncIterator[RelayProcess]:
    async with RelayProcess() as relay:
        yield relay


@pytest.fixture
async def operator(relay: RelayProcess) -> AsyncIterator[httpx.AsyncClient]:
    token = relay.token_file.read_text().strip()
    async with httpx.AsyncClient(
        base_url=relay.admin_url,
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
        timeout=LIMIT,
    ) as client:
        yield client


@asynccontextmanager
async def following(
    operator: httpx.AsyncClient, query: str = "", last_id: str | None = None
) -> AsyncIterator[Stream]:
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    async with operator.stream("GET", f"/api/v1/events{query}", headers=headers) as answer:
        assert answer.status_code == 200
        yield Stream(answer)


def player(number: int) -> Player:
    mac = MacAddress(bytes([2, 0, 0, 0, 0, number]))
    return Player(VirtualHost(mac=mac, address=IPv4Address("10.9.8.7")), name=f"player {number}")


def admin_process(relay: RelayProcess) -> int:
    (child,) = (
        Path(f"/proc/{relay.process_id}/task/{relay.process_id}/children").read_text().split()
    )
    return int(child)


async def test_a_rooms_life_is_told_in_order(
    relay: RelayProcess, operator: httpx.AsyncClient
) -> None:
    async with following(operator, "?limit=7") as stream:
        ada, bob = player(1), player(2)
        await ada.join(relay.known_relay(), room_code=CODE, create=True)
        await bob.join(relay.known_relay(), room_code=CODE)
        room, bob_id = ada.welcome.room_id, bob.welcome.peer_id
        await operator.delete(f"/api/v1/rooms/{room}/peers/{bob_id}")
        stranger = player(3)
        with suppress(JoinFailedError):
            await stranger.join(relay.known_relay(), room_code=RoomCode.parse("NOSUCHROOM"))
        await ada.leave()
        opened, joined, joined_too, kicked, rejected, left, closed = await stream.rest()
        await bob.leave()
        await stranger.leave()
    assert isinstance(opened, RoomOpenedEvent)
    assert isinstance(joined, PeerJoinedEvent)
    assert isinstance(joined_too, PeerJoinedEvent)
    assert isinstance(kicked, PeerLeftEvent)
    assert isinstance(rejected, HelloRejectedEvent)
    assert isinstance(left, PeerLeftEvent)
    assert isinstance(closed, RoomClosedEvent)
    assert {event.room_id for event in (opened, joined, joined_too, kicked, left, closed)} == {room}
    assert (joined.name, joined_too.name) == ("player 1", "player 2")
    assert (kicked.peer_id, kicked.reason) == (bob_id, "kicked")
    assert rejected.reason == "room_unknown"
    assert (left.reason, closed.reason) == ("left", "empty")
    assert str(CODE) not in stream.text
    assert "NOSUCHROOM" not in stream.text


async def test_a_reader_comes_back_to_another_admin_process_and_misses_nothing(
    relay: RelayProcess, operator: httpx.AsyncClient
) -> None:
    ada = player(1)
    async with following(operator) as stream:
        await ada.join(relay.known_relay(), room_code=CODE, create=True)
        assert isinstance(await stream.next(), RoomOpenedEvent)
        os.kill(admin_process(relay), signal.SIGKILL)
    await ada.leave()
    async with asyncio.timeout(LIMIT):
        while not await ready(operator):  # noqa: ASYNC110  another process's doing
            await asyncio.sleep(0.05)
    async with following(operator, "?timeout=0", stream.last_id) as again:
        events = await again.rest()
    types = [event.type for event in events]
    assert sorted(types) == [
        EventType.ADMIN_STARTED,
        EventType.PEER_JOINED,
        EventType.PEER_LEFT,
        EventType.ROOM_CLOSED,
    ]
    (started,) = (event for event in events if isinstance(event, AdminStartedEvent))
    assert started.restarts == 1


async def test_the_stream_ends_properly_with_the_relay_and_tells_its_last_moments(
    relay: RelayProcess, operator: httpx.AsyncClient
) -> None:
    async with AsyncExitStack() as leaving:
        ada = player(1)
        leaving.push_async_callback(ada.leave)
        await ada.join(relay.known_relay(), room_code=CODE, create=True)
        async with following(operator) as stream:
            stopping = asyncio.create_task(relay.stop())
            events = await stream.rest()  # httpx raises if the answer isn't complete
            assert await stopping == 0
    assert [event.type for event in events] == [
        EventType.RELAY_STOPPING,
        EventType.PEER_LEFT,
        EventType.ROOM_CLOSED,
    ]


async def test_the_end_of_an_empty_relay_is_told_too(
    relay: RelayProcess, operator: httpx.AsyncClient
) -> None:
    async with following(operator) as stream:
        stopping = asyncio.create_task(relay.stop())
        events = await stream.rest()
        assert await stopping == 0
    assert [event.type for event in events] == [EventType.RELAY_STOPPING]


async def test_a_reader_of_the_relay_before_gets_all_of_this_one(
    relay: RelayProcess, operator: httpx.AsyncClient
) -> None:
    async with following(operator, "?timeout=0", "5eed-7") as stream:
        missed, started, *_ = await stream.rest()
    assert isinstance(missed, MissedEvent)
    assert missed.count is None
    assert isinstance(started, RelayStartedEvent)


async def test_readers_that_go_free_their_places(
    relay: RelayProcess, operator: httpx.AsyncClient
) -> None:
    async with AsyncExitStack() as open_streams:
        for _ in range(READERS):
            await open_streams.enter_async_context(following(operator))
        assert (await operator.get("/api/v1/events?timeout=0")).status_code == 429
    async with asyncio.timeout(LIMIT):
        while (await operator.get("/api/v1/events?timeout=0")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_after_some_seconds_there_is_a_history_of_relay_room_and_peer(
    relay: RelayProcess, operator: httpx.AsyncClient
) -> None:
    ada = player(1)
    await ada.join(relay.known_relay(), room_code=CODE, create=True)
    path = f"/api/v1/rooms/{ada.welcome.room_id}"
    async with asyncio.timeout(3 * SAMPLE_SECONDS):
        while not (await peer_history(operator, path, ada)).times:  # noqa: ASYNC110
            await asyncio.sleep(0.5)
    peer = await peer_history(operator, path, ada)
    assert peer.round_trip_seconds[-1] is not None
    for group in ("/api/v1/relay", path):
        answer = await operator.get(f"{group}/history")
        history = GroupHistory.model_validate_json(answer.content)
        assert history.peers[-1] == 1
        assert history.since is not None
        assert history.since < history.times[0]
    await ada.leave()


async def peer_history(operator: httpx.AsyncClient, path: str, player: Player) -> PeerHistory:
    answer = await operator.get(f"{path}/peers/{player.welcome.peer_id}/history")
    return PeerHistory.model_validate_json(answer.content)


async def ready(operator: httpx.AsyncClient) -> bool:
    try:
        return (await operator.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False
