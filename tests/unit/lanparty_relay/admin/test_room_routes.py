"""Rooms made ahead, over ASGI."""

from collections.abc import AsyncIterator
from typing import Any, Protocol

import httpx
import pytest

from lanparty_relay.admin_link import FromAdmin, OpenRoom
from lanparty_relay.core import CounterBlocks

from .test_app import problem_of


class Relay(Protocol):
    """What these tests use of the played relay (conftest.py)."""

    now: float
    answers: bool
    heard: list[FromAdmin]
    blocks: CounterBlocks

    def open_room(self, room_id: str = ..., **changes: Any) -> int: ...


pytestmark = pytest.mark.usefixtures("relay")


async def test_a_room_made_ahead_is_answered_with_its_code_and_its_place(
    operator: httpx.AsyncClient, relay: Relay
) -> None:
    wanted = {
        "code": "games-night",
        "mtu": 1400,
        "peers_limit": 16,
        "expires_in_seconds": 60,
    }
    answer = await operator.post("/api/v1/rooms", json=wanted)
    assert answer.status_code == 201
    room = answer.json()
    assert (room["code"], room["mtu"], room["peers_limit"]) == ("GAMESN1GHT", 1400, 16)
    assert (room["lasting"], room["peers"], room["gateway"]) == (True, 0, False)
    assert room["expires_at"] == "1970-01-12T13:50:20Z"
    assert answer.headers["Location"] == f"/api/v1/rooms/{room['room_id']}"
    assert (await operator.get(answer.headers["Location"])).json() == room
    sent = next(message for message in relay.heard if isinstance(message, OpenRoom))
    assert sent.expires_at == relay.now + 60


@pytest.mark.parametrize("body", [b"", b"{}", b'{"code": null, "mtu": null}'])
async def test_all_of_it_may_be_left_out(operator: httpx.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await operator.post("/api/v1/rooms", content=body, headers=headers)
    assert answer.status_code == 201
    assert (answer.json()["peers_limit"], answer.json()["expires_at"]) == (64, None)


async def test_a_room_shows_the_relays_limit_if_that_is_less_than_its_own(
    operator: httpx.AsyncClient,
) -> None:
    room = (await operator.post("/api/v1/rooms", json={"peers_limit": 200})).json()
    assert room["peers_limit"] == 64


async def test_asking_again_with_a_code_names_the_room_that_has_it(
    operator: httpx.AsyncClient,
) -> None:
    first = (await operator.post("/api/v1/rooms", json={"code": "PARTY"})).json()
    problem = problem_of(await operator.post("/api/v1/rooms", json={"code": "par-ty"}), 409)
    assert (problem["reason"], problem["room_id"]) == ("code_in_use", first["room_id"])
    assert "PARTY" not in problem["detail"]


async def test_a_full_relay_says_so(operator: httpx.AsyncClient, relay: Relay) -> None:
    while relay.blocks.available:
        relay.open_room(f"room{relay.blocks.available}")
    problem = problem_of(await operator.post("/api/v1/rooms", json={}), 409)
    assert problem["reason"] == "room_limit"


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({"code": "abc"}, "body.code"),
        ({"code": "a_b_c_d"}, "body.code"),
        ({"code": 1234}, "body.code"),
        ({"mtu": 1279}, "body.mtu"),
        ({"mtu": 1501}, "body.mtu"),
        ({"mtu": "1400"}, "body.mtu"),
        ({"mtu": True}, "body.mtu"),
        ({"mtu": 1400.5}, "body.mtu"),
        ({"peers_limit": 0}, "body.peers_limit"),
        ({"peers_limit": 251}, "body.peers_limit"),
        ({"expires_in_seconds": 0}, "body.expires_in_seconds"),
        ({"expires_in_seconds": 1e12}, "body.expires_in_seconds"),
        ({"expires_in_second": 60}, "body.expires_in_second"),
        ([], "body"),
    ],
)
async def test_what_no_room_can_be_is_refused_by_name(
    operator: httpx.AsyncClient, relay: Relay, body: object, location: str
) -> None:
    problem = problem_of(await operator.post("/api/v1/rooms", json=body), 422)
    assert problem["errors"][0]["location"].startswith(location)
    assert "a_b_c_d" not in problem["detail"], "a code is a secret, also one that is none"
    assert not any(isinstance(message, OpenRoom) for message in relay.heard)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"code": "abc"}', "body.code: A room code has 4 to 32 letters and digits, dashes aside."),
        ('{"mtu": "1400"}', "body.mtu: Input should be a valid integer."),
        ('{"mtu" 1400}', "body.7: This is not JSON: Expecting ':' delimiter."),
        ('{"limit": 4}', "body.limit: There is no such parameter or field."),
    ],
)
async def test_what_is_wrong_is_said_in_plain_words(
    operator: httpx.AsyncClient, body: str, detail: str
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await operator.post("/api/v1/rooms", content=body, headers=headers)
    assert problem_of(answer, 422)["detail"] == detail


async def test_who_forgets_the_content_type_is_told(operator: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await operator.post("/api/v1/rooms", content=b'{"mtu": 1400}', headers=headers)
    assert "Content-Type: application/json" in problem_of(answer, 422)["detail"]


async def test_a_number_is_the_same_with_and_without_a_point(operator: httpx.AsyncClient) -> None:
    room = (await operator.post("/api/v1/rooms", json={"mtu": 1400.0})).json()
    assert room["mtu"] == 1400


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 422), (b'{"code": "\xff"}', 400), (b" " * 65_537, 413), (b"[" * 65_536, 400)],
)
async def test_a_body_that_cannot_be_read_is_a_problem(
    operator: httpx.AsyncClient, relay: Relay, body: bytes, status: int
) -> None:
    headers = {"Content-Type": "application/json"}
    problem_of(await operator.post("/api/v1/rooms", content=body, headers=headers), status)
    assert not any(isinstance(message, OpenRoom) for message in relay.heard)


async def test_a_body_of_no_known_length_is_bounded_as_well(anonymous: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10_000_000:
            sent += 10_000
            yield bytes(10_000)

    answer = await anonymous.post("/api/v1/rooms", content=endless())
    problem_of(answer, 413)
    assert sent < 200_000


async def test_making_a_room_needs_the_token(anonymous: httpx.AsyncClient, relay: Relay) -> None:
    problem_of(await anonymous.post("/api/v1/rooms", json={}), 401)
    assert not any(isinstance(message, OpenRoom) for message in relay.heard)


async def test_a_relay_that_does_not_answer_made_perhaps_a_room(
    operator: httpx.AsyncClient, relay: Relay
) -> None:
    relay.answers = False
    problem = problem_of(await operator.post("/api/v1/rooms", json={}), 503)
    assert "may still happen" in problem["detail"]


async def made(operator: httpx.AsyncClient) -> str:
    wanted = {"peers_limit": 16, "expires_in_seconds": 60}
    return (await operator.post("/api/v1/rooms", json=wanted)).headers["Location"]


@pytest.mark.parametrize(
    ("changes", "peers_limit", "expires_at"),
    [
        ({}, 16, "1970-01-12T13:50:20Z"),
        ({"peers_limit": 20}, 20, "1970-01-12T13:50:20Z"),
        ({"peers_limit": None}, 64, "1970-01-12T13:50:20Z"),
        ({"expires_in_seconds": 120}, 16, "1970-01-12T13:51:20Z"),
        ({"expires_in_seconds": None}, 16, None),
        ({"peers_limit": 3, "expires_in_seconds": 1}, 3, "1970-01-12T13:49:21Z"),
    ],
)
async def test_what_a_change_leaves_out_stays(
    operator: httpx.AsyncClient,
    changes: dict[str, int | None],
    peers_limit: int,
    expires_at: str | None,
) -> None:
    path = await made(operator)
    answer = await operator.patch(path, json=changes)
    assert answer.status_code == 200
    assert (answer.json()["peers_limit"], answer.json()["expires_at"]) == (peers_limit, expires_at)
    assert (await operator.get(path)).json() == answer.json()


@pytest.mark.parametrize(
    "changes", [{"code": "OTHER"}, {"mtu": 1400}, {"peers_limit": 0}, {"expires_in_seconds": "1"}]
)
async def test_what_cannot_change_is_refused_by_name(
    operator: httpx.AsyncClient, changes: dict[str, object]
) -> None:
    problem = problem_of(await operator.patch(await made(operator), json=changes), 422)
    assert problem["errors"][0]["location"] == f"body.{next(iter(changes))}"


async def test_a_room_that_players_made_cannot_be_changed(operator: httpx.AsyncClient) -> None:
    problem = problem_of(await operator.patch("/api/v1/rooms/room1", json={}), 409)
    assert problem["reason"] == "made_by_players"


async def test_a_room_that_is_not_there_cannot_be_changed(operator: httpx.AsyncClient) -> None:
    problem_of(await operator.patch("/api/v1/rooms/absent", json={}), 404)
