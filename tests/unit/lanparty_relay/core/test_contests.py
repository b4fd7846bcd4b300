import random

import pytest

from lanparty_ctrl import Role, RoomCode
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import SLOTS_PER_BLOCK
from lanparty_proto import MacAddress
from lanparty_quic.endpoint import ConnectionKey
from lanparty_relay.core import CounterBlocks
from lanparty_relay.core.contests import Contest, Contests
from lanparty_relay.core.limits import PROBE_SECONDS
from lanparty_relay.core.members import Member, Newcomer
from lanparty_relay.core.rooms import RoomRegistry

FIRST, SECOND = ConnectionKey(100), ConnectionKey(101)


@pytest.fixture
def holders() -> tuple[Member, Member]:
    buffer = memoryview(bytearray(8 * SLOTS_PER_BLOCK * 8)).cast("Q")
    registry = RoomRegistry(CounterBlocks(buffer, 8), random.Random(1).randbytes)
    room = registry.create(RoomCode("TEST"), mtu=1500, now=0.0)

    def join(number: int) -> Member:
        newcomer = Newcomer(
            connection=ConnectionKey(number),
            role=Role.CLIENT,
            mac=MacAddress(bytes([2, 0, 0, 0, 0, number])),
            name="somebody",
            datagram_budget=1522,
        )
        return registry.join(room, newcomer, now=0.0)

    return join(1), join(2)


def contest(newcomer: ConnectionKey, holder: Member, nonce: int = 7) -> Contest:
    return Contest(newcomer, holder, nonce, SessionEnd.MAC_IN_USE)


def test_the_answer_decides_the_contest_whose_nonce_it_carries(
    holders: tuple[Member, Member],
) -> None:
    a, b = holders
    contests = Contests()
    first, second = contest(FIRST, a, 7), contest(SECOND, a, 8)
    contests.open(first, now=0.0)
    contests.open(second, now=0.0)
    assert contests.take_answered(b, 7) == []
    assert contests.take_answered(a, 9) == []
    assert contests.take_answered(a, 7) == [first]
    assert contests.take_answered(a, 7) == []
    assert len(contests) == 1


def test_a_silence_of_a_second_decides_for_the_newcomer(holders: tuple[Member, Member]) -> None:
    contests = Contests()
    first, second = contest(FIRST, holders[0]), contest(SECOND, holders[1])
    contests.open(first, now=0.0)
    contests.open(second, now=0.5)
    assert contests.next_deadline() == PROBE_SECONDS
    assert contests.take_due(now=0.9) == []
    assert contests.take_due(now=PROBE_SECONDS) == [first]
    assert contests.take_due(now=5.0) == [second]
    assert contests.next_deadline() is None


def test_a_holder_that_left_decides_all_its_contests(holders: tuple[Member, Member]) -> None:
    contests = Contests()
    first, second = contest(FIRST, holders[0]), contest(SECOND, holders[0], 8)
    contests.open(first, now=0.0)
    contests.open(second, now=0.0)
    assert contests.take_vacated(holders[1]) == []
    assert contests.take_vacated(holders[0]) == [first, second]
    assert contests.take_due(now=9.0) == []


def test_a_newcomer_who_went_has_no_contest_any_more(holders: tuple[Member, Member]) -> None:
    contests = Contests()
    contests.open(contest(FIRST, holders[0]), now=0.0)
    contests.withdraw(FIRST)
    contests.withdraw(SECOND)
    assert len(contests) == 0
    assert contests.take_due(now=9.0) == []
