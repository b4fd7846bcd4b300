"""The stream of events, in process: each reader speaks ASGI itself, so that it can be slow."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI

from lanparty_obs.codes import SessionEnd
from lanparty_relay.admin.app import AdminParts, create_app
from lanparty_relay.admin.state import RelayState
from lanparty_relay.admin_link import Event, EventTold, HelloRejectedEvent, PeerLeftEvent
from lanparty_relay.event_ring import EVENTS_KEPT

AT = datetime(2026, 11, 24, 20, 15, tzinfo=UTC)
EPOCH = f"{1_000_100:x}"
READERS = 32


class Relay(Protocol):
    """What these tests use of the played relay (conftest.py)."""

    now: float
    state: RelayState
    parts: AdminParts


@dataclass(frozen=True)
class Block:
    """One block of a stream, as a reader takes it apart."""

    event: str | None
    id: str | None
    data: Mapping[str, Any] | None  # Any: JSON
    comment: bool


def block_of(text: str) -> Block:
    fields: dict[str, str] = {}
    for line in filter(None, text.splitlines()):
        name, _, value = line.partition(":")
        fields[name] = value.removeprefix(" ")
    data = fields.get("data")
    return Block(
        event=fields.get("event"),
        id=fields.get("id"),
        data=None if data is None else json.loads(data),
        comment="" in fields,
    )


class Reader:
    """A reader of the stream that takes a block only when it is asked for one."""

    def __init__(self, app: FastAPI, path: str, headers: Mapping[str, str]) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._gone = asyncio.Event()
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=1)
        self._asked = False
        url = urlsplit(path)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": url.path,
            "raw_path": url.path.encode(),
            "query_string": url.query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def block(self) -> Block | None:
        """Take the next block; None at the stream's end."""
        chunk = await self._chunks.get()
        return None if chunk is None else block_of(chunk.decode())

    async def opened(self) -> Block:
        """Take the block with which every stream begins."""
        opening = await self.block()
        assert opening is not None
        assert (opening.event, opening.data) == (None, None)
        return opening

    async def rest(self) -> list[Block]:
        """Take all blocks until the stream's end."""
        found = []
        while (block := await self.block()) is not None:
            found.append(block)
        return found

    async def leave(self) -> None:
        """Go away."""
        self._gone.set()
        while not self._chunks.empty():
            self._chunks.get_nowait()
        await asyncio.wait({self.task})

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {
                name.decode(): value.decode() for name, value in message.get("headers", ())
            }
            return
        if message.get("body"):
            await self._chunks.put(message["body"])
        if not message.get("more_body", False):
            await self._chunks.put(None)


class Readers:
    """Opens streams with the token and ends them."""

    def __init__(self, app: FastAPI, token: str) -> None:
        self._app = app
        self._token = token
        self._opened: list[Reader] = []

    def read(self, query: str = "", last_event_id: str | None = None) -> Reader:
        headers = {"Authorization": f"Bearer {self._token}"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        reader = Reader(self._app, f"/api/v1/events{query}", headers)
        self._opened.append(reader)
        return reader

    async def close(self) -> None:
        for reader in self._opened:
            await reader.leave()


@pytest.fixture
async def readers(relay: Relay) -> AsyncIterator[Readers]:
    """Readers of a relay that has told three events, of the rooms r1, r2 and r1."""
    for number, room_id in enumerate(("r1", "r2", "r1"), start=1):
        tell(relay, number, left(room_id, number))
    readers = Readers(create_app(relay.parts), relay.state.configuration.token)
    yield readers
    await readers.close()


def left(room_id: str = "r1", peer_id: int = 1) -> PeerLeftEvent:
    return PeerLeftEvent(at=AT, room_id=room_id, peer_id=peer_id, reason=SessionEnd.LEFT)


def rejected() -> HelloRejectedEvent:
    return HelloRejectedEvent(at=AT, reason=SessionEnd.ROOM_UNKNOWN, address="192.0.2.7:50000")


def tell(relay: Relay, number: int, event: Event) -> None:
    relay.state.receive(EventTold(number=number, event=event))


def numbers(blocks: list[Block]) -> list[int]:
    """Read the numbers of events from their ids."""
    return [int((block.id or "").removeprefix(f"{EPOCH}-")) for block in blocks]


# What a reader gets


async def test_an_event_is_told_as_it_happens(readers: Readers, relay: Relay) -> None:
    reader = readers.read()
    assert (await reader.opened()).id == f"{EPOCH}-3"
    assert reader.status == 200
    assert reader.headers["content-type"].startswith("text/event-stream")
    assert reader.headers["cache-control"] == "no-cache"
    tell(relay, 4, left("r9", 7))
    assert await reader.block() == Block(
        event="peer_left",
        id=f"{EPOCH}-4",
        data={
            "at": "2026-11-24T20:15:00Z",
            "type": "peer_left",
            "room_id": "r9",
            "peer_id": 7,
            "reason": "left",
        },
        comment=False,
    )


async def test_who_comes_back_gets_what_happened_meanwhile(readers: Readers) -> None:
    reader = readers.read("?timeout=0", f"{EPOCH}-1")
    assert (await reader.opened()).id == f"{EPOCH}-1"
    assert numbers(await reader.rest()) == [2, 3]


async def test_who_comes_back_too_late_is_told_how_much_is_gone(
    readers: Readers, relay: Relay
) -> None:
    for number in range(4, EVENTS_KEPT + 11):
        tell(relay, number, left())
    reader = readers.read("?limit=1", f"{EPOCH}-2")
    await reader.opened()
    missed, event = await reader.rest()
    assert (missed.event, event.event) == ("missed", "peer_left")
    assert missed.data is not None
    assert (missed.data["type"], missed.data["count"]) == ("missed", 8)
    assert numbers([missed, event]) == [10, 11]


@pytest.mark.parametrize(
    "last_event_id",
    [
        "",
        "deadbeef-2",
        f"{EPOCH}-4",
        f"{EPOCH}-",
        f"{EPOCH}-x",
        f"{EPOCH}--1",
        f"{EPOCH}-" + "9" * 5000,
        "\u00e9",
    ],
)
async def test_who_comes_from_another_run_of_the_relay_gets_all_that_is_kept(
    readers: Readers, last_event_id: str
) -> None:
    reader = readers.read("?timeout=0", last_event_id)
    await reader.opened()
    missed, *events = await reader.rest()
    assert missed.data is not None
    assert (missed.event, missed.data["count"]) == ("missed", None)
    assert numbers(events) == [1, 2, 3]


async def test_nothing_counts_as_missed_before_all_that_is_kept(readers: Readers) -> None:
    reader = readers.read("?timeout=0", "0")
    await reader.opened()
    blocks = await reader.rest()
    assert numbers(blocks) == [1, 2, 3]
    assert {block.event for block in blocks} == {"peer_left"}


async def test_a_slow_reader_loses_events_and_is_told_so(readers: Readers, relay: Relay) -> None:
    slow, quick = readers.read(), readers.read()
    await slow.opened()
    await quick.opened()
    for number in range(4, 3 * EVENTS_KEPT):
        tell(relay, number, left())
        assert await quick.block() is not None
    relay.state.events.close()
    blocks = await slow.rest()
    missed = [block for block in blocks if block.event == "missed"]
    told = [block for block in blocks if block.event == "peer_left"]
    assert len(missed) == 1
    assert missed[0].data is not None
    assert len(told) + missed[0].data["count"] == 3 * EVENTS_KEPT - 4
    assert EVENTS_KEPT <= len(told) < EVENTS_KEPT + 10
    assert numbers(told)[-1] == 3 * EVENTS_KEPT - 1


# What is wanted


async def test_only_events_of_a_room_may_be_wanted(readers: Readers, relay: Relay) -> None:
    tell(relay, 4, rejected())
    reader = readers.read("?timeout=0&room=r1", f"{EPOCH}-1")
    await reader.opened()
    assert numbers(await reader.rest()) == [3]


async def test_only_events_of_some_types_may_be_wanted(readers: Readers, relay: Relay) -> None:
    tell(relay, 4, rejected())
    reader = readers.read("?timeout=0&type=hello_rejected&type=peer_joined", f"{EPOCH}-1")
    await reader.opened()
    (block,) = await reader.rest()
    assert (block.event, numbers([block])) == ("hello_rejected", [4])


async def test_a_limit_counts_only_what_is_told(readers: Readers, relay: Relay) -> None:
    reader = readers.read("?limit=2&room=r1")
    await reader.opened()
    for number, room_id in enumerate(("r1", "r2", "r2", "r1", "r1"), start=4):
        tell(relay, number, left(room_id))
    assert numbers(await reader.rest()) == [4, 7]


async def test_a_timeout_ends_the_stream(readers: Readers, relay: Relay) -> None:
    reader = readers.read("?timeout=30")
    await reader.opened()
    tell(relay, 4, left())
    assert await reader.block() is not None
    relay.now += 30
    tell(relay, 5, left())
    assert await reader.rest() == []


@pytest.mark.parametrize(
    "query",
    [
        "?limit=0",
        "?limit=x",
        "?timeout=-1",
        "?timeout=nan",
        "?type=unheard_of",
        "?types=peer_left",
        "?room=%00",
    ],
)
async def test_what_cannot_be_wanted_is_refused(readers: Readers, query: str) -> None:
    reader = readers.read(query)
    await reader.rest()
    assert reader.status == 422


# How it goes on, and ends


async def test_silence_is_broken_by_a_comment_that_says_where_the_reader_is(
    readers: Readers, relay: Relay
) -> None:
    reader = readers.read("?room=r1")
    await reader.opened()
    comments = []
    for number in (4, 5):
        relay.now += 15
        tell(relay, number, left("r2"))
        comment = await reader.block()
        assert comment is not None
        assert (comment.comment, comment.event, comment.data) == (True, None, None)
        comments.append(comment)
    assert numbers(comments)[-1] >= 4


async def test_the_stream_ends_with_the_relay_after_its_last_event(
    readers: Readers, relay: Relay
) -> None:
    reader = readers.read()
    await reader.opened()
    tell(relay, 4, left())
    relay.state.events.close()
    assert numbers(await reader.rest()) == [4]


async def test_a_renewed_token_ends_the_streams_that_were_opened_with_the_former(
    readers: Readers, relay: Relay
) -> None:
    reader = readers.read()
    await reader.opened()
    renewed = relay.state.configuration.model_copy(update={"token": "another-secret-token"})
    relay.state.receive(renewed)
    assert await reader.rest() == []


async def test_a_renewed_pin_ends_no_stream(readers: Readers, relay: Relay) -> None:
    reader = readers.read()
    await reader.opened()
    relay.state.receive(relay.state.configuration.model_copy(update={"pin": "sha256:B"}))
    tell(relay, 4, left())
    assert await reader.block() is not None


async def test_only_so_many_streams_are_open_at_once(readers: Readers) -> None:
    opened = [readers.read() for _ in range(READERS)]
    for reader in opened:
        await reader.opened()
    refused = readers.read()
    (chunk,) = [block async for block in _raw(refused)]
    assert refused.status == 429
    assert refused.headers["retry-after"] == "10"
    assert json.loads(chunk)["title"] == "Too Many Requests"
    await opened[0].leave()
    await readers.read().opened()


async def _raw(reader: Reader) -> AsyncIterator[bytes]:
    while (chunk := await reader._chunks.get()) is not None:  # noqa: SLF001  no stream, a problem
        yield chunk


async def test_a_stream_that_ended_frees_its_place(readers: Readers) -> None:
    for _ in range(READERS + 5):
        reader = readers.read("?timeout=0")
        await reader.opened()
        await reader.rest()
        await reader.task
        assert reader.status == 200


# The schema


async def test_the_schema_says_what_each_events_data_is(operator: httpx.AsyncClient) -> None:
    schema = (await operator.get("/openapi.json")).json()
    answer = schema["paths"]["/api/v1/events"]["get"]["responses"]["200"]["content"]
    assert list(answer) == ["text/event-stream"]
    data = answer["text/event-stream"]["itemSchema"]["properties"]["data"]["contentSchema"]
    assert data == {"$ref": "#/components/schemas/EventData"}
    schemas = schema["components"]["schemas"]
    types = schemas["EventData"]["discriminator"]["mapping"]
    assert {"room_opened", "peer_joined", "hello_rejected", "missed"} <= set(types)
    for reference in types.values():
        name = reference.removeprefix("#/components/schemas/")
        assert "at" in schemas[name]["required"]
