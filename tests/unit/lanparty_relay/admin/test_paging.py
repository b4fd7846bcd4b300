"""Lists in pages, over ASGI."""

from itertools import chain
from typing import Any, Protocol

import httpx
import pytest

from lanparty_relay.admin.state import RelayState
from lanparty_relay.admin_link import PeerGone, RoomGone

from .test_app import problem_of


class Relay(Protocol):
    """What these tests use of the played relay (conftest.py)."""

    state: RelayState

    def open_room(self, room_id: str = ..., **changes: Any) -> int: ...
    def join(
        self, room_block: int, peer_id: int = ..., *, room_id: str = ..., **changes: Any
    ) -> int: ...
    def retell(self) -> None: ...


@pytest.fixture
def full(relay: Relay) -> Relay:
    """Rooms room1 to room4 with two peers each, joined in turns."""
    blocks = {number: relay.open_room(f"room{number}") for number in (2, 3, 4)}
    for peer_id in (1, 2):
        for number, block in blocks.items():
            relay.join(block, peer_id, room_id=f"room{number}")
    return relay


async def ids(operator: httpx.AsyncClient, path: str) -> tuple[list[str], str | None]:
    answer = await operator.get(path)
    assert answer.status_code == 200
    document = answer.json()
    if "rooms" in document:
        return [room["room_id"] for room in document["rooms"]], document["next"]
    peers = document["peers"]
    return [f"{peer['room_id']}/{peer['peer_id']}" for peer in peers], document["next"]


async def all_ids(operator: httpx.AsyncClient, path: str) -> list[list[str]]:
    pages = []
    link: str | None = path
    while link is not None:
        page, link = await ids(operator, link)
        pages.append(page)
    return pages


async def test_what_fits_one_page_has_no_next(operator: httpx.AsyncClient, full: Relay) -> None:
    assert await ids(operator, "/api/v1/rooms") == (["room1", "room2", "room3", "room4"], None)
    assert await ids(operator, "/api/v1/rooms?limit=4") == (
        ["room1", "room2", "room3", "room4"],
        None,
    )


async def test_the_links_lead_through_all_rooms(operator: httpx.AsyncClient, full: Relay) -> None:
    pages = await all_ids(operator, "/api/v1/rooms?limit=3")
    assert pages == [["room1", "room2", "room3"], ["room4"]]


async def test_the_links_keep_what_was_asked_for(operator: httpx.AsyncClient, full: Relay) -> None:
    relay_link = (await ids(operator, "/api/v1/rooms?limit=1&min_peers=2&lasting=false"))[1]
    assert relay_link is not None
    assert relay_link.startswith("/api/v1/rooms?limit=1&min_peers=2&lasting=false&after=")


async def test_all_peers_come_in_the_order_of_their_joins(
    operator: httpx.AsyncClient, full: Relay
) -> None:
    assert list(chain.from_iterable(await all_ids(operator, "/api/v1/peers?limit=3"))) == [
        "room1/1",
        "room1/9",
        "room2/1",
        "room3/1",
        "room4/1",
        "room2/2",
        "room3/2",
        "room4/2",
    ]


async def test_a_room_lists_its_peers_in_pages(operator: httpx.AsyncClient, full: Relay) -> None:
    assert await all_ids(operator, "/api/v1/rooms/room1/peers?limit=1") == [
        ["room1/1"],
        ["room1/9"],
    ]


async def test_what_comes_and_goes_between_two_pages_hides_and_repeats_nothing(
    operator: httpx.AsyncClient, full: Relay
) -> None:
    first, link = await ids(operator, "/api/v1/rooms?limit=2")
    full.state.receive(RoomGone(room_id="room2"))
    full.retell()
    full.open_room("room5")
    assert first == ["room1", "room2"]
    assert link is not None
    assert list(chain.from_iterable(await all_ids(operator, link))) == ["room3", "room4", "room5"]


async def test_a_page_behind_the_last_entry_is_empty(
    operator: httpx.AsyncClient, full: Relay
) -> None:
    _, link = await ids(operator, "/api/v1/rooms/room1/peers?limit=1")
    full.state.receive(PeerGone(room_id="room1", peer_id=9))
    assert link is not None
    assert await ids(operator, link) == ([], None)


@pytest.mark.parametrize("path", ["/api/v1/rooms", "/api/v1/peers", "/api/v1/rooms/room1/peers"])
@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "after=", "after=-1", "after=x", "limitt=5"]
)
async def test_a_page_that_cannot_be_is_refused_by_name(
    operator: httpx.AsyncClient, full: Relay, path: str, query: str
) -> None:
    problem = problem_of(await operator.get(f"{path}?{query}"), 422)
    assert problem["errors"][0]["location"] == f"query.{query.partition('=')[0]}"
