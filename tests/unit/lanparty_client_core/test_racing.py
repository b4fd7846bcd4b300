from lanparty_client_core.racing import ADDRESSES_LIMIT, ATTEMPT_DELAY, Race, interleaved
from lanparty_quic import Address

SIX: list[Address] = [(f"2001:db8::{number}", 443) for number in range(1, 5)]
FOUR: list[Address] = [(f"192.0.2.{number}", 443) for number in range(1, 5)]


def race(*addresses: Address, now: float = 0.0) -> Race:
    found = Race()
    found.begin(addresses, now=now)
    return found


def test_the_families_take_turns_beginning_with_the_first_address() -> None:
    assert interleaved([*SIX[:3], *FOUR[:2]]) == [SIX[0], FOUR[0], SIX[1], FOUR[1], SIX[2]]
    assert interleaved([FOUR[0], SIX[0], SIX[1]]) == [FOUR[0], SIX[0], SIX[1]]


def test_an_address_is_dialed_once_and_only_so_many_are() -> None:
    assert interleaved([FOUR[0], FOUR[0]]) == [FOUR[0]]
    many = [(f"192.0.2.{number}", 443) for number in range(100)]
    assert len(interleaved(many)) == ADDRESSES_LIMIT
    assert interleaved([]) == []


def test_the_next_address_waits_a_quarter_second() -> None:
    found = race(SIX[0], FOUR[0])
    assert found.take(now=0.0) == SIX[0]
    assert found.take(now=0.0) is None
    assert found.next_deadline() == ATTEMPT_DELAY
    assert found.take(now=ATTEMPT_DELAY) == FOUR[0]
    assert found.is_over
    assert found.next_deadline() is None


def test_after_a_failure_the_next_address_does_not_wait() -> None:
    found = race(SIX[0], FOUR[0])
    found.take(now=0.0)
    found.handle_failure(now=0.1)
    assert found.take(now=0.1) == FOUR[0]


def test_what_the_resolver_finds_later_is_dialed_next_and_at_once() -> None:
    found = race(FOUR[0], FOUR[1])
    found.take(now=0.0)
    found.add([FOUR[0], FOUR[2]], now=0.1)
    assert found.take(now=0.1) == FOUR[2]
    assert found.take(now=1.0) == FOUR[1]


def test_a_race_that_is_ended_dials_nobody() -> None:
    found = race(FOUR[0])
    found.end()
    assert found.take(now=0.0) is None
