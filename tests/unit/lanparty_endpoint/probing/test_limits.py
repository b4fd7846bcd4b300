"""How often an endpoint answers a peer."""

from lanparty_endpoint.probing.limits import AnswerLimit


def test_a_peer_gets_its_answers_and_then_none_within_the_second() -> None:
    limit = AnswerLimit(per_second=2)
    assert [limit.allows(1, now=now) for now in (0.0, 0.1, 0.2, 0.99)] == [True, True, False, False]


def test_within_any_second_there_are_no_more_than_that() -> None:
    limit = AnswerLimit(per_second=2)
    answered = [now / 100 for now in range(1_000) if limit.allows(1, now=now / 100)]
    assert all(
        later - earlier >= 1.0 for earlier, later in zip(answered, answered[2:], strict=False)
    )
    assert len(answered) == 20


def test_one_peer_does_not_use_up_what_another_gets() -> None:
    limit = AnswerLimit(per_second=1)
    assert limit.allows(1, now=0.0)
    assert not limit.allows(1, now=0.0)
    assert limit.allows(2, now=0.0)


def test_made_up_peers_take_no_more_room_than_a_room_has_and_pass_after_a_second() -> None:
    limit = AnswerLimit(per_second=1)
    allowed = [peer for peer in range(10_000) if limit.allows(peer, now=0.0)]
    assert len(allowed) == 256
    assert limit.allows(9_999, now=1.0)


def test_a_peer_that_was_refused_is_not_refused_for_longer() -> None:
    limit = AnswerLimit(per_second=1)
    assert limit.allows(1, now=0.0)
    assert not limit.allows(1, now=0.9)
    assert limit.allows(1, now=1.0)
