from lanparty_relay.core.limits import PEER_ID_REST_SECONDS
from lanparty_relay.core.peer_ids import PeerIds


def test_ids_begin_with_one_and_are_given_in_turn() -> None:
    ids = PeerIds()
    assert [ids.take(now=0.0) for _ in range(3)] == [1, 2, 3]


def test_a_freed_id_is_not_given_again_within_a_minute() -> None:
    ids = PeerIds(largest=2)
    assert ids.take(now=0.0) == 1
    ids.free(1, now=10.0)
    assert ids.take(now=10.0) == 2
    assert ids.take(now=10.0 + PEER_ID_REST_SECONDS - 0.1) is None
    assert ids.take(now=10.0 + PEER_ID_REST_SECONDS) == 1


def test_a_held_id_is_never_given() -> None:
    ids = PeerIds(largest=3)
    assert [ids.take(now=0.0) for _ in range(3)] == [1, 2, 3]
    ids.free(2, now=0.0)
    assert ids.take(now=1000.0) == 2
    assert not ids.has_free(now=2000.0)


def test_the_largest_id_is_followed_by_one() -> None:
    ids = PeerIds(largest=2)
    for peer_id in (1, 2):
        assert ids.take(now=0.0) == peer_id
        ids.free(peer_id, now=0.0)
    assert ids.take(now=60.0) == 1
