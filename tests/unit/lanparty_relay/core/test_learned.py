from lanparty_relay.core.learned import LEARNED_SECONDS, LearnedMacs

A, B, C = (bytes([2, 0, 0, 0, 0, last]) for last in range(3))


def test_an_address_is_known_for_300_seconds_after_it_was_last_seen() -> None:
    learned = LearnedMacs()
    learned.learn(A, now=0.0)
    assert learned.knows(A, now=LEARNED_SECONDS - 0.1)
    assert not learned.knows(A, now=LEARNED_SECONDS)
    learned.learn(A, now=200.0)
    assert learned.knows(A, now=499.0)
    assert not learned.knows(B, now=200.0)


def test_when_full_of_fresh_addresses_a_new_one_is_not_learned() -> None:
    learned = LearnedMacs(limit=2)
    learned.learn(A, now=0.0)
    learned.learn(B, now=1.0)
    learned.learn(C, now=2.0)
    assert not learned.knows(C, now=2.0)
    assert learned.knows(A, now=2.0)
    assert len(learned) == 2


def test_when_full_the_longest_unseen_makes_room_once_it_is_too_old() -> None:
    learned = LearnedMacs(limit=2)
    learned.learn(A, now=0.0)
    learned.learn(B, now=1.0)
    learned.learn(A, now=200.0)
    learned.learn(C, now=1.0 + LEARNED_SECONDS)
    assert learned.knows(A, now=302.0)
    assert learned.knows(C, now=302.0)
    assert len(learned) == 2


def test_an_address_known_already_is_refreshed_even_when_full() -> None:
    learned = LearnedMacs(limit=1)
    learned.learn(A, now=0.0)
    learned.learn(A, now=299.0)
    assert learned.knows(A, now=500.0)


def test_everything_is_forgotten_at_once() -> None:
    learned = LearnedMacs()
    learned.learn(A, now=0.0)
    learned.clear()
    assert not learned.knows(A, now=0.0)
