import random

import pytest

from lanparty_ctrl import Role, RoomCode
from lanparty_obs.counters import CHOSEN, QUEUED, SLOTS_PER_BLOCK, TunnelCounters
from lanparty_obs.reasons import EgressDrop
from lanparty_proto import MacAddress
from lanparty_quic.endpoint import ConnectionKey, Outcome
from lanparty_relay.core import RELAY_BLOCK, CounterBlocks
from lanparty_relay.core.egress import EgressLedger
from lanparty_relay.core.members import Member, Newcomer
from lanparty_relay.core.rooms import Room, RoomRegistry


class Books:
    """A ledger with its registry and blocks, and two members of one room."""

    def __init__(self) -> None:
        capacity = 8
        buffer = memoryview(bytearray(capacity * SLOTS_PER_BLOCK * 8)).cast("Q")
        self.blocks = CounterBlocks(buffer, capacity)
        self.registry = RoomRegistry(self.blocks, random.Random(3).randbytes)
        self.ledger = EgressLedger(self.blocks)
        self.room = self.registry.create(RoomCode("TEST"), mtu=1500, now=0.0)
        self.a = self.join(1)
        self.b = self.join(2)

    def join(self, number: int, room: Room | None = None) -> Member:
        newcomer = Newcomer(
            connection=ConnectionKey(number),
            role=Role.CLIENT,
            mac=MacAddress(bytes([2, 0, 0, 0, 0, number])),
            name="somebody",
            datagram_budget=1522,
        )
        member = self.registry.join(room or self.room, newcomer, now=0.0)
        self.ledger.member_joined(member)
        return member

    def choose(self, member: Member, copies: int) -> None:
        """Count as the switch does."""
        self.blocks.slots[member.first_slot + CHOSEN] += copies
        self.blocks.slots[member.first_slot + QUEUED] += copies

    def leave(self, member: Member) -> None:
        self.ledger.member_left(self.registry.leave(member, now=1.0))

    def decide(self, member: Member, reason: EgressDrop | None, count: int) -> None:
        outcome = Outcome(member.connection, 1, reason, count, 100 * count)
        self.ledger.handle_outcomes([outcome])

    def counters(self, block: int) -> TunnelCounters:
        counters = TunnelCounters.from_block(self.blocks.slots, block)
        dropped = sum(counters.dropped_egress.values())
        assert counters.chosen == counters.sent + dropped + counters.queued
        return counters


@pytest.fixture
def books() -> Books:
    return Books()


def test_an_outcome_moves_copies_from_queued_to_sent_or_to_its_reason(books: Books) -> None:
    books.choose(books.a, 10)
    books.decide(books.a, None, 6)
    books.decide(books.a, EgressDrop.QUEUE_OVERFLOW, 3)
    counters = books.counters(books.a.block)
    assert (counters.sent, counters.sent_bytes, counters.queued) == (6, 600, 1)
    assert counters.dropped_egress[EgressDrop.QUEUE_OVERFLOW] == 3
    assert books.counters(books.b.block).chosen == 0


def test_pieces_count_beside_the_copies_that_they_were_cut_from(books: Books) -> None:
    books.choose(books.a, 5)
    a = books.a.connection
    books.ledger.handle_outcomes(
        [
            Outcome(a, 1, None, 3, 300, cut=2, pieces=5),
            Outcome(a, 1, EgressDrop.QUEUE_TIMEOUT, 1, 100, cut=0, pieces=1),
        ]
    )
    counters = books.counters(books.a.block)
    assert (counters.sent, counters.cut, counters.pieces, counters.queued) == (3, 2, 6, 1)
    assert counters.datagrams_sent == 1 + 6
    books.leave(books.a)
    assert books.counters(books.room.block).pieces == 6


def test_outcomes_that_come_after_a_leave_count_in_the_room(books: Books) -> None:
    books.choose(books.a, 10)
    books.decide(books.a, None, 4)
    books.leave(books.a)
    assert books.counters(books.room.block).queued == 6
    books.decide(books.a, None, 1)
    books.decide(books.a, EgressDrop.DESTINATION_LEFT, 5)
    counters = books.counters(books.room.block)
    assert (counters.chosen, counters.sent, counters.queued) == (10, 5, 0)
    assert counters.dropped_egress[EgressDrop.DESTINATION_LEFT] == 5


def test_outcomes_that_come_after_the_room_went_count_in_the_relays_block(books: Books) -> None:
    books.choose(books.a, 3)
    books.choose(books.b, 2)
    books.leave(books.a)
    books.decide(books.a, None, 1)
    books.leave(books.b)
    assert books.counters(RELAY_BLOCK).queued == 4
    books.decide(books.a, EgressDrop.DESTINATION_LEFT, 2)
    books.decide(books.b, EgressDrop.DESTINATION_LEFT, 2)
    assert books.counters(RELAY_BLOCK).queued == 0


def test_a_later_room_in_the_same_block_gets_none_of_them(books: Books) -> None:
    books.choose(books.a, 3)
    books.leave(books.a)
    books.leave(books.b)
    later = books.registry.create(RoomCode("LATER"), mtu=1500, now=2.0)
    member = books.join(9, later)
    books.decide(books.a, EgressDrop.DESTINATION_LEFT, 3)
    assert books.counters(later.block).chosen == 0
    assert books.counters(member.block).chosen == 0


def test_a_departed_connection_is_forgotten_with_its_last_copy(books: Books) -> None:
    books.choose(books.a, 3)
    books.leave(books.a)
    assert len(books.ledger) == 2
    books.decide(books.a, EgressDrop.DESTINATION_LEFT, 3)
    assert len(books.ledger) == 1
    books.leave(books.b)
    assert len(books.ledger) == 0


def test_an_outcome_for_what_was_never_queued_is_loud(books: Books) -> None:
    with pytest.raises(ValueError):
        books.decide(books.a, None, 1)
    books.leave(books.a)
    with pytest.raises(KeyError):
        books.decide(books.a, None, 1)


def test_more_outcomes_than_a_departed_connection_had_copies_are_loud(books: Books) -> None:
    for member in (books.a, books.b):
        books.choose(member, 2)
        books.leave(member)
    with pytest.raises(ValueError, match="more outcomes"):
        books.decide(books.a, None, 3)
