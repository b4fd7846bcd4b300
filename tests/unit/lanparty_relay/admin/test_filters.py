"""Lists of some rooms or peers, over ASGI."""

from typing import Any, Protocol

import httpx
import pytest

from .test_app import problem_of


class Relay(Protocol):
    """What these tests use of the played relay (conftest.py)."""

    def open_room(self, room_id: str = ..., **changes: Any) -> int: ...
    def join(
        self, room_block: int, peer_id: int = ..., *, room_id: str = ..., **changes: Any
    ) -> int: ...


@pytest.fixture(autouse=True)
def full(relay: Relay) -> Relay:
    """room1: a client and a gateway; room2: made ahead and empty; room3: two clients."""
    relay.open_room("room2", lasting=True)
    block = relay.open_room("room3")
    relay.join(
        block,
        2,
        room_id="room3",
        name="Grace H",
        mac="02:00:00:00:00:0a",
        address="[2001:db8::5]:4433",
        lease="10.9.0.7",
    )
    relay.join(block, 3, room_id="room3", name="STRASSE", address="192.0.2.70:50000", lease=None)
    return relay


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["room1", "room2", "room3"]),
        ("lasting=true", ["room2"]),
        ("lasting=false", ["room1", "room3"]),
        ("gateway=true", ["room1"]),
        ("gateway=false", ["room2", "room3"]),
        ("min_peers=1", ["room1", "room3"]),
        ("min_peers=3", []),
        ("gateway=false&min_peers=1", ["room3"]),
    ],
)
async def test_rooms_are_chosen(operator: httpx.AsyncClient, query: str, shown: list[str]) -> None:
    rooms = (await operator.get(f"/api/v1/rooms?{query}")).json()["rooms"]
    assert [room["room_id"] for room in rooms] == shown


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", [1, 9, 2, 3]),
        ("role=gateway", [9]),
        ("role=client", [1, 2, 3]),
        ("mac=02:00:00:00:00:0A", [2]),
        ("mac=02:00:00:00:00:0b", []),
        ("name=ada", [1, 9]),
        ("name=ACE%20h", [2]),
        ("name=stra%C3%9Fe", [3]),
        ("address=192.0.2.7", [1, 9]),
        ("address=2001:DB8:0::5", [2]),
        ("lease=10.9.0.7", [2]),
        ("lease=10.171.5.34&role=client", [1]),
        ("lease=10.171.5.34&role=gateway", []),
    ],
)
async def test_peers_are_chosen(operator: httpx.AsyncClient, query: str, shown: list[int]) -> None:
    peers = (await operator.get(f"/api/v1/peers?{query}")).json()["peers"]
    assert [peer["peer_id"] for peer in peers] == shown


async def test_the_peers_of_one_room_are_chosen_as_well(operator: httpx.AsyncClient) -> None:
    peers = (await operator.get("/api/v1/rooms/room3/peers?name=grace")).json()["peers"]
    assert [peer["peer_id"] for peer in peers] == [2]


@pytest.mark.parametrize(
    "query",
    [
        "lasting=1",
        "lasting=True",
        "gateway=",
        "min_peers=251",
        "code=ABCDE12345F",
    ],
)
async def test_what_no_room_can_be_is_refused(operator: httpx.AsyncClient, query: str) -> None:
    problem = problem_of(await operator.get(f"/api/v1/rooms?{query}"), 422)
    assert problem["errors"][0]["location"] == f"query.{query.partition('=')[0]}"


@pytest.mark.parametrize(
    "query",
    [
        "role=relay",
        "mac=02",
        "address=192.0.2",
        "lease=2001:db8::1",
        "roll=client",
        f"name={'x' * 65}",
    ],
)
async def test_what_no_peer_can_be_is_refused(operator: httpx.AsyncClient, query: str) -> None:
    problem = problem_of(await operator.get(f"/api/v1/peers?{query}"), 422)
    assert problem["errors"][0]["location"].startswith(f"query.{query.partition('=')[0]}")
