"""The frame logs' routes, with a relay that answers from a script."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from lanparty_obs.frame_log import FrameDirection, FrameLogged
from lanparty_obs.reasons import Cast, IngressDrop
from lanparty_relay.admin.frame_models import FrameLogQuery
from lanparty_relay.admin.frames import frames_router
from lanparty_relay.admin.problems import handle_problems
from lanparty_relay.admin.state import RelayState
from lanparty_relay.admin_link import (
    Answer,
    CloseFrameLog,
    Configuration,
    FrameLogAnswer,
    FramesAnswer,
    FromAdmin,
    OpenFrameLog,
    ReadFrameLog,
)
from lanparty_relay.core import FrameLogEnd, FrameLogRefusal

ROOM = "9f86d081884c"
READ_EVERY = 0.2

ASKED = FrameLogged(
    at=160.5,
    direction=FrameDirection.FROM_PEER,
    peer=1,
    cast=Cast.BROADCAST,
    dropped=None,
    destinations=3,
    length=42,
    piece_offset=None,
    destination="ff:ff:ff:ff:ff:ff",
    source="02:00:5e:10:00:01",
    ethertype=0x0806,
    vlan=None,
    source_address="10.9.8.1",
    destination_address="10.9.8.2",
    protocol=None,
    source_port=None,
    destination_port=None,
    arp="request",
    passed_over=0,
)

Reading = tuple[list[FrameLogged], int, FrameLogEnd | None]
NOTHING: Reading = ([], 0, None)


class ScriptedRelay:
    """Answers the commands of frame logs; time passes only while somebody sleeps."""

    def __init__(self, configuration: Configuration) -> None:
        self.now = 160.0
        self.readings: list[Reading] = []
        """What the next reads give; nothing afterwards."""
        self.refusal: FrameLogRefusal | None = None
        self.reads_answered = True
        self.heard: list[FromAdmin] = []
        self.state = RelayState(
            configuration, send=self._hear, clock=lambda: self.now, answer_within=0
        )

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def heard_of(self, kind: type[FromAdmin]) -> list[Any]:  # Any: of this kind
        return [message for message in self.heard if isinstance(message, kind)]

    def _hear(self, message: FromAdmin) -> None:
        self.heard.append(message)
        match message:
            case OpenFrameLog(command_id=number):
                log_id = 7 if self.refusal is None else None
                opened = FrameLogAnswer(command_id=number, log_id=log_id, refusal=self.refusal)
                self.state.receive(opened)
            case ReadFrameLog(command_id=number) if self.reads_answered:
                frames, passed_over, end = self.readings.pop(0) if self.readings else NOTHING
                self.state.receive(
                    FramesAnswer(
                        command_id=number, frames=tuple(frames), passed_over=passed_over, end=end
                    )
                )
            case CloseFrameLog(command_id=number):
                self.state.receive(Answer(command_id=number, done=True))


@pytest.fixture
def scripted(configuration: Configuration) -> ScriptedRelay:
    return ScriptedRelay(configuration)


@pytest.fixture
async def client(scripted: ScriptedRelay) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    handle_problems(app)
    app.include_router(frames_router(scripted.state, sleep=scripted.sleep))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://relay/rooms") as client:
        yield client


async def events(
    client: httpx.AsyncClient, path: str = f"/{ROOM}/frames", **query: float
) -> list[tuple[str, dict[str, Any]]]:  # Any: JSON
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    blocks = [block.split("\n") for block in answer.text.split("\n\n") if block]
    return [(name[len("event: ") :], json.loads(data[len("data: ") :])) for name, data in blocks]


async def test_a_frame_is_an_event_with_its_header_fields(
    scripted: ScriptedRelay, client: httpx.AsyncClient
) -> None:
    scripted.readings = [([ASKED], 0, None)]
    frame, _ = await events(client)
    assert frame == (
        "frame",
        {
            "at": "1970-01-12T13:49:20.500000Z",
            "direction": "from_peer",
            "peer_id": 1,
            "cast": "broadcast",
            "destinations": 3,
            "length": 42,
            "destination_mac": "ff:ff:ff:ff:ff:ff",
            "source_mac": "02:00:5e:10:00:01",
            "ethertype": "0x0806",
            "source_address": "10.9.8.1",
            "destination_address": "10.9.8.2",
            "arp": "request",
            "passed_over": 0,
        },
    )


async def test_a_drop_says_its_reason_in_place_of_a_cast(
    scripted: ScriptedRelay, client: httpx.AsyncClient
) -> None:
    dropped = replace(ASKED, cast=None, dropped=IngressDrop.UNKNOWN_UNICAST, destinations=0)
    scripted.readings = [([dropped], 0, None)]
    (_, frame), _ = await events(client)
    assert (frame.get("cast"), frame["dropped"]) == (None, "unknown_unicast")


async def test_the_log_ends_after_the_time_that_was_asked_for(
    scripted: ScriptedRelay, client: httpx.AsyncClient
) -> None:
    scripted.readings = [NOTHING, ([ASKED, ASKED], 4, None)]
    assert (await events(client, seconds=3))[2:] == [
        ("end", {"reason": "time", "shown": 2, "passed_over": 4})
    ]
    assert scripted.now == pytest.approx(163)
    assert len(scripted.heard_of(ReadFrameLog)) == pytest.approx(3 / READ_EVERY, abs=1)


async def test_the_log_ends_with_the_number_that_was_asked_for_and_counts_the_rest(
    scripted: ScriptedRelay, client: httpx.AsyncClient
) -> None:
    late = replace(ASKED, passed_over=5)
    scripted.readings = [([ASKED], 0, None), ([late, ASKED, late], 1, None)]
    told = await events(client, limit=2)
    assert [name for name, _ in told] == ["frame", "frame", "end"]
    assert told[-1][1] == {"reason": "limit", "shown": 2, "passed_over": 5 + 1 + 6 + 1}


@pytest.mark.parametrize("end", FrameLogEnd)
async def test_the_log_ends_when_the_relay_says_so_after_its_last_frames(
    scripted: ScriptedRelay, client: httpx.AsyncClient, end: FrameLogEnd
) -> None:
    scripted.readings = [([ASKED], 0, end)]
    told = await events(client)
    assert [name for name, _ in told] == ["frame", "end"]
    assert told[-1][1]["reason"] == end.value


async def test_a_relay_that_answers_no_more_ends_the_log(
    scripted: ScriptedRelay, client: httpx.AsyncClient
) -> None:
    scripted.reads_answered = False
    assert await events(client) == [
        ("end", {"reason": "relay_not_answering", "shown": 0, "passed_over": 0})
    ]


async def test_a_log_is_opened_for_the_room_or_the_peer_and_closed_once(
    scripted: ScriptedRelay, client: httpx.AsyncClient
) -> None:
    await events(client, f"/{ROOM}/frames", seconds=1)
    await events(client, f"/{ROOM}/peers/5/frames", seconds=1, rate=33)
    first, second = scripted.heard_of(OpenFrameLog)
    assert (first.room_id, first.peer_id, first.frames_per_second) == (ROOM, None, 20)
    assert (second.room_id, second.peer_id, second.frames_per_second) == (ROOM, 5, 33)
    assert [closed.log_id for closed in scripted.heard_of(CloseFrameLog)] == [7, 7]


@pytest.mark.parametrize(
    ("refusal", "path", "status", "detail"),
    [
        (FrameLogRefusal.NO_SUCH_ROOM, f"/{ROOM}/frames", 404, f"There is no room {ROOM}."),
        (
            FrameLogRefusal.NO_SUCH_PEER,
            f"/{ROOM}/peers/5/frames",
            404,
            f"There is no peer 5 in room {ROOM}.",
        ),
        (
            FrameLogRefusal.TOO_MANY,
            f"/{ROOM}/frames",
            429,
            "4 frame logs are open already: end one first.",
        ),
    ],
)
async def test_a_log_that_is_refused_is_a_problem(
    scripted: ScriptedRelay,
    client: httpx.AsyncClient,
    refusal: FrameLogRefusal,
    path: str,
    status: int,
    detail: str,
) -> None:
    scripted.refusal = refusal
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)
    assert not scripted.heard_of(CloseFrameLog)


@pytest.mark.parametrize(
    "query",
    [
        "seconds=0",
        "seconds=61",
        "seconds=nan",
        "rate=0",
        "rate=201",
        "limit=0",
        "limit=x",
        "second=30",
    ],
)
async def test_what_cannot_be_asked_for_is_refused_before_the_relay_hears_of_it(
    scripted: ScriptedRelay, client: httpx.AsyncClient, query: str
) -> None:
    answer = await client.get(f"/{ROOM}/frames?{query}")
    assert answer.status_code == 422
    assert not scripted.heard


async def test_a_reader_that_goes_closes_its_log(scripted: ScriptedRelay) -> None:
    scripted.readings = [([ASKED], 0, None)]
    router = frames_router(scripted.state, sleep=scripted.sleep)
    route = next(route for route in router.routes if route.path.endswith("{room_id}/frames"))  # type: ignore[attr-defined]  # APIRoute
    answer = await route.endpoint(ROOM, FrameLogQuery())  # type: ignore[attr-defined]  # APIRoute
    blocks = answer.body_iterator
    await anext(blocks)
    assert not scripted.heard_of(CloseFrameLog)
    await blocks.aclose()
    assert len(scripted.heard_of(CloseFrameLog)) == 1
