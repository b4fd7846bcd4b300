from typing import Protocol

from lanparty_relay.admin.observation import Observer
from lanparty_relay.core import CounterBlocks


class Relay(Protocol):
    """What these tests use of the played relay (conftest.py)."""

    blocks: CounterBlocks
    observer: Observer

    def open_room(self, room_id: str = "room1") -> int: ...
    def join(self, room_block: int, peer_id: int = 1, *, room_id: str = "room1") -> int: ...
    def retell(self) -> None: ...


async def test_rooms_and_peers_are_seen(relay: Relay) -> None:
    seen = await relay.observer.observe()
    assert [room.room_id for room in seen.rooms] == ["room1"]
    assert [peer.peer_id for peer in seen.peers()] == [1, 9]
    assert seen.room("room1") is not None
    assert seen.peer("room1", 9) is not None


async def test_what_is_not_there_is_not_seen(relay: Relay) -> None:
    seen = await relay.observer.observe()
    assert seen.room("absent") is None
    assert seen.peer("absent", 1) is None
    assert seen.peer("room1", 2) is None


async def test_whoever_left_the_counters_is_not_seen_though_still_in_the_inventory(
    relay: Relay,
) -> None:
    block = relay.join(relay.open_room("room2"), 5, room_id="room2")
    relay.blocks.release(block)
    seen = await relay.observer.observe()
    assert seen.peers_by_room["room2"] == ()


async def test_who_uses_a_block_after_another_is_not_taken_for_it(relay: Relay) -> None:
    room = relay.open_room("room2")
    relay.blocks.release(relay.join(room, 5, room_id="room2"))
    relay.join(room, 6, room_id="room2")
    seen = await relay.observer.observe()
    assert [peer.peer_id for peer in seen.peers_by_room["room2"]] == [6]


async def test_the_oldest_comes_first_in_whatever_order_they_were_heard_of(relay: Relay) -> None:
    relay.open_room("room2")
    relay.retell()
    seen = await relay.observer.observe()
    assert [room.room_id for room in seen.rooms] == ["room1", "room2"]


async def test_a_moment_of_the_relays_clock_becomes_unix_time(relay: Relay) -> None:
    seen = await relay.observer.observe()
    assert seen.wall_clock(100.0) == 1_000_100.0
