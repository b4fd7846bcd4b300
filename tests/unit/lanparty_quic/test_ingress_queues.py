"""What waits to be taken in."""

from lanparty_quic.ingress_queues import IngressQueues


def test_packets_are_taken_by_turns_and_each_connections_in_order() -> None:
    arrivals: IngressQueues[str, int] = IngressQueues(capacity=100, total_capacity=1000)
    for index in range(50):
        arrivals.push("flood", index)
    for index in range(3):
        arrivals.push("game", index)
    taken = arrivals.take(12)
    assert [packet for key, packet in taken if key == "game"] == [0, 1, 2]
    assert [packet for key, packet in taken if key == "flood"] == list(range(9))
    assert len(arrivals) == 41


def test_a_full_queue_refuses_only_its_own_connection() -> None:
    arrivals: IngressQueues[str, int] = IngressQueues(capacity=2, total_capacity=1000)
    assert [arrivals.push("a", index) for index in range(3)] == [True, True, False]
    assert arrivals.push("b", 0)
    assert arrivals.push("a", 3, beyond_capacity=True)
    assert len(arrivals) == 4


def test_all_connections_together_are_bounded_too() -> None:
    arrivals: IngressQueues[int, int] = IngressQueues(capacity=10, total_capacity=25)
    accepted = [arrivals.push(index % 7, index) for index in range(60)]
    assert sum(accepted) == len(arrivals) == 25
    assert arrivals.push(1, 60, beyond_capacity=True)


def test_work_is_charged_to_who_caused_it() -> None:
    arrivals: IngressQueues[str, int] = IngressQueues(capacity=100, total_capacity=1000)
    for index in range(40):
        arrivals.push("broadcaster", index)
        arrivals.push("player", index)
    arrivals.take(8)
    arrivals.charge("broadcaster", 20)
    keys = [key for key, _ in arrivals.take(16)]
    assert keys == ["player"] * 16


def test_work_is_owed_until_nobody_waits() -> None:
    arrivals: IngressQueues[str, int] = IngressQueues(capacity=100, total_capacity=1000)
    arrivals.push("broadcaster", 0)
    arrivals.push("player", 0)
    arrivals.take(1)
    arrivals.charge("broadcaster", 12)
    arrivals.push("broadcaster", 1)
    arrivals.push("player", 1)
    assert [key for key, _ in arrivals.take(2)] == ["player", "player"]
    assert arrivals.take(5) == [("broadcaster", 1)]
    arrivals.push("broadcaster", 2)
    arrivals.push("player", 2)
    assert [key for key, _ in arrivals.take(2)] == ["broadcaster", "player"]


def test_a_debtor_alone_is_served_at_once() -> None:
    arrivals: IngressQueues[str, int] = IngressQueues(capacity=100, total_capacity=1000)
    arrivals.push("a", 0)
    arrivals.charge("a", 1_000_000)
    assert arrivals.take(1) == [("a", 0)]


def test_large_debts_of_all_cost_no_time() -> None:
    arrivals: IngressQueues[int, int] = IngressQueues(capacity=100, total_capacity=1000)
    for key in range(3):
        arrivals.push(key, 0)
        arrivals.charge(key, 10**12 + key)
    assert [key for key, _ in arrivals.take(9)] == [0, 1, 2]


def test_a_forgotten_connection_leaves_nothing() -> None:
    arrivals: IngressQueues[str, int] = IngressQueues(capacity=100, total_capacity=1000)
    arrivals.push("a", 0)
    arrivals.push("b", 1)
    assert arrivals.forget("a") == 1
    assert arrivals.forget("nobody") == 0
    assert arrivals.take(9) == [("b", 1)]
    assert len(arrivals) == 0
