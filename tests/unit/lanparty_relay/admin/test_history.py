"""The routes about the last quarter of an hour, over ASGI."""

from typing import Protocol

import httpx

from lanparty_relay.admin.counter_history import CounterHistory
from lanparty_relay.admin.snapshot import SnapshotReader
from lanparty_relay.core import CounterBlocks


class Relay(Protocol):
    """What these tests use of the played relay (conftest.py)."""

    blocks: CounterBlocks
    counters: SnapshotReader
    history: CounterHistory

    def open_room(self, room_id: str = "room1") -> int: ...
    def join(self, room_block: int, peer_id: int = 1, *, room_id: str = "room1") -> int: ...
    def count(self, block: int) -> None: ...


def interval(relay: Relay, *blocks: int) -> None:
    """Let ten seconds pass in which each block counts."""
    relay.history.take(relay.counters.copy(), now=150.0)
    for block in blocks:
        relay.count(block)
    relay.history.take(relay.counters.copy(), now=160.0)


async def test_a_peers_history_is_ready_for_a_plot(
    operator: httpx.AsyncClient, relay: Relay
) -> None:
    interval(relay, relay.join(relay.open_room("room2"), 5, room_id="room2"))
    answer = await operator.get("/api/v1/rooms/room2/peers/5/history")
    assert answer.json() == {
        "since": "1970-01-12T13:49:10Z",
        "interval_seconds": 10,
        "times": ["1970-01-12T13:49:20Z"],
        "received_per_second": [1],
        "received_bytes_per_second": [100],
        "dropped_ingress_per_second": [0.3],
        "sent_per_second": [0.6],
        "sent_bytes_per_second": [60],
        "dropped_egress_per_second": [0.2],
        "round_trip_seconds": [0.025],
    }


async def test_a_rooms_history_counts_its_peers(operator: httpx.AsyncClient, relay: Relay) -> None:
    room = relay.open_room("room2")
    interval(relay, *(relay.join(room, number, room_id="room2") for number in (5, 6)))
    history = (await operator.get("/api/v1/rooms/room2/history")).json()
    assert history["peers"] == [2]
    assert history["received_per_second"] == [2]


async def test_the_relays_history_is_of_all_rooms(
    operator: httpx.AsyncClient, relay: Relay
) -> None:
    rooms = (relay.open_room("room2"), relay.open_room("room3"))
    interval(relay, *(relay.join(room, 5, room_id="elsewhere") for room in rooms))
    history = (await operator.get("/api/v1/relay/history")).json()
    assert history["peers"] == [4]
    assert history["sent_bytes_per_second"] == [120]


async def test_before_there_is_an_interval_the_history_is_empty(
    operator: httpx.AsyncClient, relay: Relay
) -> None:
    history = (await operator.get("/api/v1/relay/history")).json()
    assert (history["since"], history["times"]) == (None, [])


async def test_who_came_since_the_last_look_has_no_history_yet(
    operator: httpx.AsyncClient, relay: Relay
) -> None:
    interval(relay)
    relay.join(relay.open_room("room2"), 5, room_id="room2")
    history = (await operator.get("/api/v1/rooms/room2/peers/5/history")).json()
    assert (history["since"], history["sent_per_second"]) == (None, [])


async def test_there_is_no_history_of_what_is_not_there(
    operator: httpx.AsyncClient, relay: Relay
) -> None:
    for path in ("absent/history", "absent/peers/1/history", "room1/peers/2/history"):
        answer = await operator.get(f"/api/v1/rooms/{path}")
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_history_needs_the_token(anonymous: httpx.AsyncClient, relay: Relay) -> None:
    for path in ("relay/history", "rooms/room1/history", "rooms/room1/peers/1/history"):
        assert (await anonymous.get(f"/api/v1/{path}")).status_code == 401
