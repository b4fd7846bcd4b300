"""Shares: what each source holds, and who holds most."""

from random import Random

from lanparty_proto.shares import Shares


def test_what_is_added_and_taken_back_is_known_for_each_source_and_in_all() -> None:
    shares = Shares(largest=65536)
    shares.change(1, 5000)
    shares.change(2, 100)
    shares.change(1, -1000)
    assert (shares[1], shares[2], shares[3]) == (4000, 100, 0)
    assert shares.total == 4100
    assert len(shares) == 2


def test_a_source_that_holds_nothing_is_forgotten() -> None:
    shares = Shares(largest=65536)
    shares.change(1, 5000)
    shares.change(1, -5000)
    assert len(shares) == 0
    assert shares.total == 0


def test_the_fullest_holds_most_but_for_a_grain_of_4_kib() -> None:
    random = Random(1)
    shares = Shares(largest=65536)
    held = dict.fromkeys(range(50), 0)
    for _ in range(5000):
        source = random.randrange(50)
        amount = random.randrange(-held[source], 65536 - held[source] + 1)
        shares.change(source, amount)
        held[source] += amount
        assert held[shares.fullest()] >= max(held.values()) - 4096
        assert shares.total == sum(held.values())


def test_a_source_may_hold_more_than_the_largest_for_a_moment() -> None:
    shares = Shares(largest=8192)
    shares.change(1, 100_000)
    shares.change(2, 9000)
    shares.change(2, -8000)
    assert shares.fullest() == 1
