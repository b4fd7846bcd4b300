"""A store that many queues share."""

from lanparty_quic.pool import Pool


def test_one_queue_alone_may_take_half() -> None:
    pool = Pool(100)
    held = 0
    while pool.admits(held):
        held += 1
        pool.used += 1
    assert held == 50


def test_greedy_queues_leave_as_much_as_each_of_them_has() -> None:
    pool = Pool(1000)
    held = [0] * 9
    for index in range(100_000):
        if pool.admits(held[index % 9]):
            held[index % 9] += 1
            pool.used += 1
    assert set(held) == {100}
    assert pool.left == 100


def test_a_full_store_has_nothing_left() -> None:
    pool = Pool(10)
    pool.used = 12
    assert pool.left == 0
    assert not pool.admits(0)
