import random

import pytest

from lanparty_ctrl import Role, RoomCode, has_valid_check
from lanparty_obs.counters import QUEUED, RECEIVED, SLOTS_PER_BLOCK, BlockKind, BlockSlot
from lanparty_proto import MacAddress
from lanparty_quic.endpoint import ConnectionKey
from lanparty_relay.core import RELAY_BLOCK, CounterBlocks
from lanparty_relay.core.members import Newcomer
from lanparty_relay.core.rooms import RegistryError, RoomRegistry

CODE = RoomCode("LANPARTY")
A, B = (MacAddress(bytes([2, 0, 0, 0, 0, last])) for last in (10, 11))
PRINTER = bytes(5) + b"\x01"


def make_blocks(capacity: int = 16) -> CounterBlocks:
    return CounterBlocks(memoryview(bytearray(capacity * SLOTS_PER_BLOCK * 8)).cast("Q"), capacity)


@pytest.fixture
def blocks() -> CounterBlocks:
    return make_blocks()


@pytest.fixture
def registry(blocks: CounterBlocks) -> RoomRegistry:
    return RoomRegistry(blocks, random.Random(3).randbytes)


def newcomer(mac: MacAddress | None, connection: int = 1) -> Newcomer:
    return Newcomer(
        connection=ConnectionKey(connection),
        role=Role.GATEWAY if mac is None else Role.CLIENT,
        mac=mac,
        name="somebody",
        datagram_budget=1200,
    )


def test_a_room_is_found_by_its_code_and_by_its_public_id(registry: RoomRegistry) -> None:
    room = registry.create(CODE, mtu=1500, now=0.0)
    assert registry.look_up(CODE) is room
    assert registry.find(room.room_id) is room
    assert len(registry) == 1
    assert list(registry) == [room]


def test_a_room_without_a_code_of_its_own_gets_one_that_can_be_checked(
    registry: RoomRegistry,
) -> None:
    room = registry.create(mtu=1500, now=0.0)
    assert has_valid_check(room.code)


def test_the_public_id_tells_nothing_of_the_code(registry: RoomRegistry) -> None:
    room = registry.create(CODE, mtu=1500, now=0.0)
    again = RoomRegistry(make_blocks(), random.Random(4).randbytes).create(CODE, mtu=1500, now=0.0)
    assert CODE not in room.room_id.upper()
    assert again.room_id != room.room_id
    assert CODE not in repr(room)


def test_codes_and_ids_are_drawn_again_while_they_are_taken(blocks: CounterBlocks) -> None:
    draws = random.Random(5)
    twice: list[bytes] = []

    def repeating(count: int) -> bytes:
        if not twice:
            twice.extend([draws.randbytes(count)] * 2)
        return twice.pop()

    registry = RoomRegistry(blocks, repeating)
    rooms = [registry.create(mtu=1500, now=0.0) for _ in range(3)]
    assert len({room.code for room in rooms}) == len({room.room_id for room in rooms}) == 3


def test_a_member_gets_a_peer_id_a_token_and_a_block_below_its_rooms(
    registry: RoomRegistry, blocks: CounterBlocks
) -> None:
    room = registry.create(CODE, mtu=1500, now=0.0)
    member = registry.join(room, newcomer(A), now=5.0)
    assert member.peer_id == 1
    assert len(bytes.fromhex(member.resume_token)) == 16
    assert member.joined_at == 5.0
    assert member.first_slot == member.block * SLOTS_PER_BLOCK
    assert blocks.value(member.block, BlockSlot.KIND) == BlockKind.PEER
    assert blocks.value(member.block, BlockSlot.PARENT) == room.block
    assert member.resume_token not in repr(member)


def test_a_client_is_found_by_its_mac_and_the_gateway_as_such(registry: RoomRegistry) -> None:
    room = registry.create(CODE, mtu=1500, now=0.0)
    client = registry.join(room, newcomer(A, 1), now=0.0)
    gateway = registry.join(room, newcomer(None, 2), now=0.0)
    assert room.holder_of(A) is client
    assert room.holder_of(B) is None
    assert room.holder_of(None) is gateway
    assert gateway.is_gateway
    assert not client.is_gateway
    assert room.others(client) == [gateway]


def test_a_leave_takes_the_mac_with_it_so_that_it_may_come_back(registry: RoomRegistry) -> None:
    room = registry.create(CODE, mtu=1500, now=0.0)
    first = registry.join(room, newcomer(A, 1), now=0.0)
    registry.join(room, newcomer(B, 2), now=0.0)
    departure = registry.leave(first, now=1.0)
    assert departure.member is first
    assert not departure.room_closed
    assert room.holder_of(A) is None
    again = registry.join(room, newcomer(A, 3), now=2.0)
    assert again.peer_id not in (first.peer_id, 2)
    assert again.resume_token != first.resume_token


def test_the_last_leave_takes_the_room_with_it(registry: RoomRegistry) -> None:
    room = registry.create(CODE, mtu=1500, now=0.0)
    departure = registry.leave(registry.join(room, newcomer(A), now=0.0), now=1.0)
    assert departure.room_closed
    assert registry.look_up(CODE) is None
    assert registry.find(room.room_id) is None
    assert len(registry) == 0


def test_a_leaving_gateway_frees_its_place_and_keeps_the_clients(registry: RoomRegistry) -> None:
    room = registry.create(CODE, mtu=1500, now=0.0)
    client = registry.join(room, newcomer(A, 1), now=0.0)
    gateway = registry.join(room, newcomer(None, 2), now=0.0)
    room.learned.learn(PRINTER, now=0.0)
    assert not registry.leave(gateway, now=1.0).room_closed
    assert room.gateway is None
    assert list(room.members.values()) == [client]
    assert not room.learned.knows(PRINTER, now=1.0)


def test_a_room_made_ahead_stays_until_it_is_closed(registry: RoomRegistry) -> None:
    room = registry.create(CODE, mtu=1500, lasting=True, now=0.0)
    member = registry.join(room, newcomer(A), now=0.0)
    assert not registry.leave(member, now=1.0).room_closed
    assert registry.look_up(CODE) is room
    registry.close(room)
    assert registry.look_up(CODE) is None


def test_counts_go_from_the_member_to_the_room_to_the_relay(
    registry: RoomRegistry, blocks: CounterBlocks
) -> None:
    room = registry.create(CODE, mtu=1500, now=0.0)
    first = registry.join(room, newcomer(A, 1), now=0.0)
    second = registry.join(room, newcomer(B, 2), now=0.0)
    for member, count in ((first, 3), (second, 4)):
        blocks.slots[member.first_slot + RECEIVED] = count
        blocks.slots[member.first_slot + QUEUED] = count
    departure = registry.leave(first, now=1.0)
    assert (departure.copies_queued, departure.heir_block) == (3, room.block)
    assert blocks.value(room.block, RECEIVED) == 3
    departure = registry.leave(second, now=1.0)
    assert (departure.copies_queued, departure.heir_block) == (4, RELAY_BLOCK)
    assert blocks.value(RELAY_BLOCK, RECEIVED) == 7


def test_a_resumed_session_keeps_the_peer_id_and_gets_a_new_token(registry: RoomRegistry) -> None:
    room = registry.create(CODE, mtu=1500, now=0.0)
    stale = registry.join(room, newcomer(A, 1), now=0.0)
    departure, member = registry.replace(stale, newcomer(A, 2), resumed=True, now=1.0)
    assert departure.member is stale
    assert not departure.room_closed
    assert member.peer_id == stale.peer_id
    assert member.resume_token != stale.resume_token
    assert member.serial != stale.serial
    assert room.holder_of(A) is member
    assert registry.look_up(CODE) is room


def test_who_replaces_another_gets_a_peer_id_of_its_own(registry: RoomRegistry) -> None:
    room = registry.create(CODE, mtu=1500, now=0.0)
    holder = registry.join(room, newcomer(A, 1), now=0.0)
    _, member = registry.replace(holder, newcomer(A, 2), resumed=False, now=1.0)
    assert member.peer_id != holder.peer_id
    assert room.holder_of(A) is member
    assert list(room.members.values()) == [member]


@pytest.mark.parametrize("resumed", [True, False])
def test_only_a_resumed_gateway_keeps_what_was_learned_behind_it(
    registry: RoomRegistry, resumed: bool
) -> None:
    room = registry.create(CODE, mtu=1500, now=0.0)
    gateway = registry.join(room, newcomer(None, 1), now=0.0)
    room.learned.learn(PRINTER, now=0.0)
    registry.replace(gateway, newcomer(None, 2), resumed=resumed, now=1.0)
    assert room.learned.knows(PRINTER, now=1.0) is resumed


def test_what_the_state_forbids_is_refused_and_changes_nothing(registry: RoomRegistry) -> None:
    room = registry.create(CODE, mtu=1500, now=0.0)
    member = registry.join(room, newcomer(A, 1), now=0.0)
    with pytest.raises(RegistryError, match="code"):
        registry.create(CODE, mtu=1500, now=0.0)
    with pytest.raises(RegistryError, match="taken"):
        registry.join(room, newcomer(A, 2), now=0.0)
    with pytest.raises(RegistryError, match="with members"):
        registry.close(room)
    with pytest.raises(RegistryError, match="same MAC"):
        registry.replace(member, newcomer(B, 2), resumed=True, now=0.0)
    assert list(room.members.values()) == [member]
    registry.leave(member, now=1.0)
    with pytest.raises(RegistryError, match="left already"):
        registry.leave(member, now=1.0)
    with pytest.raises(RegistryError, match="closed"):
        registry.join(room, newcomer(A, 2), now=1.0)
    with pytest.raises(RegistryError, match="closed already"):
        registry.close(room)


def test_without_a_counter_block_nobody_gets_in() -> None:
    registry = RoomRegistry(make_blocks(3), random.Random(3).randbytes)
    room = registry.create(CODE, mtu=1500, now=0.0)
    registry.join(room, newcomer(A, 1), now=0.0)
    assert registry.members_capacity == 0
    with pytest.raises(RegistryError, match="block"):
        registry.join(room, newcomer(B, 2), now=0.0)
    with pytest.raises(RegistryError, match="block"):
        registry.create(mtu=1500, now=0.0)
