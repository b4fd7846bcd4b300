"""The whole API in process, over ASGI."""

import json
from collections.abc import Iterator
from typing import Any, Protocol

import httpx
import pytest

from lanparty_relay.admin.state import RelayState
from lanparty_relay.core import CounterBlocks

TOKEN_PATHS = (
    "/metrics",
    "/api/v1/relay",
    "/api/v1/rooms",
    "/api/v1/rooms/room1",
    "/api/v1/rooms/room1/peers",
    "/api/v1/rooms/room1/peers/1",
    "/api/v1/peers",
    "/api/v1/events?timeout=0",
    "/api/v1/relay/history",
    "/api/v1/rooms/room1/history",
    "/api/v1/rooms/room1/peers/1/history",
)


class Relay(Protocol):
    """What these tests use of the played relay (conftest.py)."""

    now: float
    answers: bool
    blocks: CounterBlocks
    state: RelayState

    def beat(self) -> None: ...


def problem_of(answer: httpx.Response, status: int) -> dict[str, Any]:  # Any: JSON
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == "about:blank"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    return problem


# Health


async def test_the_admin_process_is_healthy_even_when_the_relay_said_nothing(
    anonymous: httpx.AsyncClient,
) -> None:
    answer = await anonymous.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_it_is_not_ready_before_it_heard_of_every_room(
    anonymous: httpx.AsyncClient, bare: Relay
) -> None:
    bare.beat()
    problem = problem_of(await anonymous.get("/readyz"), 503)
    assert (problem["relay"], problem["admin"]) == ("up", "synchronising")


async def test_it_is_ready_when_both_halves_are_in_order(
    anonymous: httpx.AsyncClient, relay: Relay
) -> None:
    answer = await anonymous.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "relay": "up", "admin": "up"}


async def test_it_says_that_the_relay_half_is_down(
    anonymous: httpx.AsyncClient, relay: Relay
) -> None:
    relay.now += 10
    answer = await anonymous.get("/readyz")
    problem = problem_of(answer, 503)
    assert (problem["relay"], problem["admin"]) == ("down", "up")
    assert answer.headers["Retry-After"] == "1"


# Who may ask


@pytest.mark.parametrize("path", TOKEN_PATHS)
async def test_without_the_token_nothing_is_shown(
    anonymous: httpx.AsyncClient, relay: Relay, path: str
) -> None:
    answer = await anonymous.get(path)
    problem_of(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert "room1" not in answer.text


@pytest.mark.parametrize(
    "credentials", ["Bearer wrong", "Bearer ", "Basic abc", "correct-horse-battery", "Bearer \xe9"]
)
async def test_a_wrong_token_is_refused(
    anonymous: httpx.AsyncClient, relay: Relay, credentials: str
) -> None:
    headers = {b"Authorization": credentials.encode("latin-1")}
    problem_of(await anonymous.get("/api/v1/rooms", headers=headers), 401)


async def test_a_renewed_token_holds_at_once_and_the_old_one_no_more(
    operator: httpx.AsyncClient, relay: Relay
) -> None:
    renewed = relay.state.configuration.model_copy(update={"token": "battery-staple-horse"})
    relay.state.receive(renewed)
    problem_of(await operator.get("/api/v1/rooms"), 401)
    operator.headers["Authorization"] = "Bearer battery-staple-horse"
    assert (await operator.get("/api/v1/rooms")).status_code == 200


async def test_without_the_token_nobody_is_kicked(
    anonymous: httpx.AsyncClient, relay: Relay
) -> None:
    problem_of(await anonymous.delete("/api/v1/rooms/room1/peers/1"), 401)
    problem_of(await anonymous.delete("/api/v1/rooms/room1"), 401)


async def test_without_the_token_a_wrong_value_is_not_even_looked_at(
    anonymous: httpx.AsyncClient, relay: Relay
) -> None:
    problem_of(await anonymous.get("/api/v1/rooms/room1/peers/x"), 401)


# What is shown


async def test_the_relay_is_shown_with_its_totals(
    operator: httpx.AsyncClient, relay: Relay
) -> None:
    shown = (await operator.get("/api/v1/relay")).json()
    assert (shown["version"], shown["listen"]) == ("1.2.3", "[::]:443")
    assert (shown["rooms"], shown["peers"], shown["connections"]) == (1, 2, 3)
    assert shown["leases"] == 7
    assert shown["uptime_seconds"] == 60
    assert shown["started_at"] == "1970-01-12T13:48:20Z"
    assert shown["limits"]["joins_per_minute"] is None
    assert shown["counters"]["received"] == 20
    assert shown["packets"]["dropped"]["malformed"] == 5
    assert shown["packets"]["socket_overflows"] == 7
    assert shown["handshakes"] == {
        "pending": 3,
        "unproven": 2,
        "completed": 4,
        "failed": {"timeout": 6},
        "retry": True,
    }
    assert shown["sessions"]["rejected"] == {"room_unknown": 2}
    assert shown["admin"]["restarts"] == 2
    assert shown["snapshot"]["exact"]


async def test_rooms_are_shown_with_their_totals(operator: httpx.AsyncClient, relay: Relay) -> None:
    (room,) = (await operator.get("/api/v1/rooms")).json()["rooms"]
    assert (room["room_id"], room["mtu"], room["peers"]) == ("room1", 1400, 2)
    assert room["network"] == "10.171.5.0/24"
    assert room["gateway"]
    assert room["standby_gateways"] == 0
    assert room["age_seconds"] == 30
    assert room["counters"]["sent"] == 12


async def test_a_peer_is_shown_with_its_counters_and_its_claims_apart(
    operator: httpx.AsyncClient, relay: Relay
) -> None:
    peer = (await operator.get("/api/v1/rooms/room1/peers/1")).json()
    assert (peer["role"], peer["mac"], peer["name"]) == ("client", "02:00:00:00:00:01", "Ada")
    assert (peer["address"], peer["lease"]) == ("192.0.2.7:50000", "10.171.5.34")
    assert peer["age_seconds"] == 20
    assert peer["round_trip_seconds"] == 0.025
    counters = peer["counters"]
    assert (counters["received"], counters["received_bytes"]) == (10, 1000)
    assert counters["forwarded"]["broadcast"] == 3
    assert counters["dropped_ingress"]["mac_spoof"] == 3
    assert counters["dropped_egress"]["queue_timeout"] == 2
    assert peer["reported"]["counters"]["received"] == 999
    assert (counters["cut"], counters["pieces"]) == (2, 5)
    assert (peer["reported"]["round_trip_seconds"], peer["reported"]["age_seconds"]) == (0.5, 5)


@pytest.mark.parametrize(
    "path", ["/api/v1/relay", "/api/v1/rooms/room1", "/api/v1/rooms/room1/peers/9"]
)
async def test_counters_conserve(operator: httpx.AsyncClient, relay: Relay, path: str) -> None:
    counters = (await operator.get(path)).json()["counters"]
    assert counters["received"] == sum(counters["forwarded"].values()) + sum(
        counters["dropped_ingress"].values()
    )
    assert counters["chosen"] == (
        counters["sent"] + sum(counters["dropped_egress"].values()) + counters["queued"]
    )


async def test_peers_are_listed_in_the_order_of_their_joins(
    operator: httpx.AsyncClient, relay: Relay
) -> None:
    peers = (await operator.get("/api/v1/rooms/room1/peers")).json()["peers"]
    assert [peer["peer_id"] for peer in peers] == [1, 9]
    assert (peers[1]["mac"], peers[1]["lease"]) == (None, None)


async def test_the_room_code_stands_in_one_field_alone(
    operator: httpx.AsyncClient, relay: Relay
) -> None:
    code = (await operator.get("/api/v1/rooms/room1")).json()["code"]
    assert code == "ABCDE12345F"
    for path in TOKEN_PATHS:
        if path != "/api/v1/rooms/room1":
            assert code not in (await operator.get(path)).text


async def test_counters_read_in_the_middle_of_a_batch_are_said_to_be_inexact(
    operator: httpx.AsyncClient, relay: Relay
) -> None:
    relay.blocks.begin_batch()
    assert not (await operator.get("/api/v1/relay")).json()["snapshot"]["exact"]


async def test_nothing_is_shown_before_every_room_was_heard_of(
    operator: httpx.AsyncClient, bare: Relay
) -> None:
    bare.beat()
    for path in TOKEN_PATHS[1:]:
        problem_of(await operator.get(path), 503)


# What is not there


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/rooms/absent",
        "/api/v1/rooms/absent/peers",
        "/api/v1/rooms/absent/peers/1",
        "/api/v1/rooms/room1/peers/2",
        "/absent",
        "/api/v1/rooms/",
        "/docs",
        "/redoc",
    ],
)
async def test_what_is_not_there_is_a_problem(
    operator: httpx.AsyncClient, relay: Relay, path: str
) -> None:
    problem_of(await operator.get(path), 404)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/rooms/" + "r" * 33,
        "/api/v1/rooms/a.b",
        "/api/v1/rooms/room1/peers/0",
        "/api/v1/rooms/room1/peers/65536",
        "/api/v1/rooms/room1/peers/one",
    ],
)
async def test_a_value_that_can_name_nothing_is_a_problem_that_says_which(
    operator: httpx.AsyncClient, relay: Relay, path: str
) -> None:
    problem = problem_of(await operator.get(path), 422)
    assert problem["errors"][0]["location"].startswith("path.")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/rooms", "GET, POST"),
        ("POST", "/api/v1/peers", "GET"),
        ("PUT", "/api/v1/rooms/room1", "DELETE, GET, PATCH"),
        ("PATCH", "/api/v1/rooms/room1/peers/1", "DELETE, GET"),
        ("DELETE", "/healthz", "GET"),
        ("OPTIONS", "/metrics", "GET"),
    ],
)
async def test_a_method_that_is_not_there_is_a_problem_that_names_those_that_are(
    operator: httpx.AsyncClient, relay: Relay, method: str, path: str, allowed: str
) -> None:
    answer = await operator.request(method, path)
    problem_of(answer, 405)
    assert answer.headers["Allow"] == allowed


# Commands


async def test_a_kick_is_done_when_it_is_answered(
    operator: httpx.AsyncClient, relay: Relay
) -> None:
    path = "/api/v1/rooms/room1/peers/1"
    answer = await operator.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    problem_of(await operator.get(path), 404)
    problem_of(await operator.delete(path), 404)
    assert (await operator.get("/api/v1/rooms/room1")).json()["peers"] == 1


async def test_closing_a_room_is_done_when_it_is_answered(
    operator: httpx.AsyncClient, relay: Relay
) -> None:
    assert (await operator.delete("/api/v1/rooms/room1")).status_code == 204
    problem_of(await operator.get("/api/v1/rooms/room1"), 404)
    problem_of(await operator.delete("/api/v1/rooms/room1"), 404)


@pytest.mark.parametrize("path", ["/api/v1/rooms/room1", "/api/v1/rooms/room1/peers/1"])
async def test_a_relay_that_does_not_answer_a_command_is_a_problem(
    operator: httpx.AsyncClient, relay: Relay, path: str
) -> None:
    relay.answers = False
    problem_of(await operator.delete(path), 503)


async def test_a_fault_of_ours_is_a_problem_that_tells_nothing_of_its_inside(
    operator: httpx.AsyncClient, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*arguments: object) -> None:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr("lanparty_relay.admin.app.view_of_relay", fault)
    assert "inside" not in problem_of(await operator.get("/api/v1/relay"), 500)["detail"]


# The schema


@pytest.fixture
async def schema(anonymous: httpx.AsyncClient) -> dict[str, Any]:  # Any: OpenAPI
    schema: dict[str, Any] = (await anonymous.get("/openapi.json")).json()
    return schema


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:  # Any: OpenAPI
    for path, item in schema["paths"].items():
        for operation in item.values():
            yield path, operation


def test_the_schema_says_that_it_needs_no_token_itself(
    schema: dict[str, Any],  # Any: OpenAPI
) -> None:
    said = " ".join(schema["info"]["description"].split())
    assert "Every path but `/healthz`, `/readyz` and this description itself" in said


def test_the_schema_has_every_path(schema: dict[str, Any]) -> None:  # Any: OpenAPI
    methods = {path: set(item) for path, item in schema["paths"].items()}
    assert methods == {
        "/healthz": {"get"},
        "/readyz": {"get"},
        "/metrics": {"get"},
        "/api/v1/relay": {"get"},
        "/api/v1/rooms": {"get", "post"},
        "/api/v1/peers": {"get"},
        "/api/v1/rooms/{room_id}": {"get", "patch", "delete"},
        "/api/v1/events": {"get"},
        "/api/v1/relay/history": {"get"},
        "/api/v1/rooms/{room_id}/history": {"get"},
        "/api/v1/rooms/{room_id}/peers/{peer_id}/history": {"get"},
        "/api/v1/rooms/{room_id}/frames": {"get"},
        "/api/v1/rooms/{room_id}/peers/{peer_id}/frames": {"get"},
        "/api/v1/rooms/{room_id}/peers": {"get"},
        "/api/v1/rooms/{room_id}/peers/{peer_id}": {"get", "delete"},
    }


def test_every_error_in_the_schema_is_a_problem_with_an_example(
    schema: dict[str, Any],  # Any: OpenAPI
) -> None:
    for path, operation in operations(schema):
        assert operation["summary"], path
        assert operation["description"], path
        errors = {
            status: answer
            for status, answer in operation["responses"].items()
            if int(status) >= 400
        }
        assert "405" in errors
        for status, answer in errors.items():
            (media_type,) = answer["content"]
            assert media_type == "application/problem+json"
            content = answer["content"][media_type]
            assert content["schema"] == {"$ref": "#/components/schemas/ProblemDetails"}
            assert content["example"]["status"] == int(status)
    assert "ProblemDetails" in schema["components"]["schemas"]


def test_the_schema_says_where_the_token_is_needed(schema: dict[str, Any]) -> None:  # Any: OpenAPI
    free = {path for path, operation in operations(schema) if "security" not in operation}
    assert free == {"/healthz", "/readyz"}
    assert all(
        "401" in operation["responses"]
        for path, operation in operations(schema)
        if path not in free
    )


def test_every_reference_in_the_schema_leads_somewhere(
    schema: dict[str, Any],  # Any: OpenAPI
) -> None:
    text = json.dumps(schema)
    for reference in set(text.split('"$ref": "#/components/schemas/')[1:]):
        assert reference.partition('"')[0] in schema["components"]["schemas"]
