"""The queues around an engine."""

from lanparty_obs.reasons import EgressDrop
from lanparty_quic import ConnectionKey, Outcome, QueueLimits
from lanparty_quic.queues import IngressQueues, OutcomeTally, SendQueue

KEY = ConnectionKey(3)


def make_queue(
    *, maximum_bytes: int = 100_000, maximum_wait: float = 0.05, budget: int = 1170
) -> tuple[SendQueue, OutcomeTally]:
    tally = OutcomeTally()
    limits = QueueLimits(maximum_bytes=maximum_bytes, maximum_wait=maximum_wait)
    return SendQueue(KEY, limits=limits, budget=budget, tally=tally), tally


def drain(queue: SendQueue, *, now: float = 0.0) -> list[bytes]:
    taken = []
    while (payload := queue.pop(now=now)) is not None:
        taken.append(payload)
    return taken


def test_a_tally_adds_up_and_is_empty_afterwards() -> None:
    tally = OutcomeTally()
    tally.count(KEY, 1, None, 100)
    tally.count(KEY, 1, None, 50)
    tally.count(KEY, 1, EgressDrop.OVER_BUDGET, 7)
    assert tally.outcomes() == [
        Outcome(KEY, 1, None, 2, 150),
        Outcome(KEY, 1, EgressDrop.OVER_BUDGET, 1, 7),
    ]
    assert tally.outcomes() == []


def test_one_flow_leaves_in_its_order() -> None:
    queue, tally = make_queue()
    for payload in (b"a", b"b", b"c"):
        queue.push(1, payload, now=0.0)
    assert len(queue) == 3
    assert drain(queue) == [b"a", b"b", b"c"]
    assert tally.outcomes() == [Outcome(KEY, 1, None, 3, 3)]
    assert len(queue) == 0


def test_two_flows_share_by_bytes_not_by_copies() -> None:
    queue, _ = make_queue()
    for _ in range(20):
        queue.push(1, b"L" * 1000, now=0.0)
    for _ in range(200):
        queue.push(2, b"s" * 100, now=0.0)
    first = [payload for payload in drain(queue)[:100] if payload]
    large = sum(len(payload) for payload in first if payload.startswith(b"L"))
    small = sum(len(payload) for payload in first if payload.startswith(b"s"))
    assert abs(large - small) <= 3000


def test_the_next_size_is_that_of_the_next_pop() -> None:
    queue, _ = make_queue()
    queue.push(1, b"x" * 700, now=0.0)
    queue.push(2, b"y" * 20, now=0.0)
    sizes = []
    while (size := queue.next_size(now=0.0)) is not None:
        payload = queue.pop(now=0.0)
        assert payload is not None
        assert len(payload) == size
        sizes.append(size)
    assert sorted(sizes) == [20, 700]


def test_over_budget_is_refused_at_once() -> None:
    queue, tally = make_queue(budget=10)
    queue.push(1, b"x" * 11, now=0.0)
    queue.push(1, b"x" * 10, now=0.0)
    assert len(queue) == 1
    assert tally.outcomes() == [Outcome(KEY, 1, EgressDrop.OVER_BUDGET, 1, 11)]


def test_a_budget_that_shrinks_refuses_what_waits() -> None:
    queue, tally = make_queue()
    queue.push(1, b"x" * 1100, now=0.0)
    queue.push(1, b"y", now=0.0)
    queue.budget = 1000
    assert drain(queue) == [b"y"]
    assert Outcome(KEY, 1, EgressDrop.OVER_BUDGET, 1, 1100) in tally.outcomes()


def test_on_overflow_the_longest_flow_loses_its_oldest() -> None:
    queue, tally = make_queue(maximum_bytes=5 * 1064)
    queue.push(2, b"small", now=0.0)
    for index in range(6):
        queue.push(1, bytes([index]) * 1000, now=0.0)
    assert tally.outcomes() == [Outcome(KEY, 1, EgressDrop.QUEUE_OVERFLOW, 2, 2000)]
    left = drain(queue)
    assert b"small" in left
    assert [payload[0] for payload in left if len(payload) == 1000] == [2, 3, 4, 5]


def test_empty_payloads_are_bounded_too() -> None:
    queue, tally = make_queue(maximum_bytes=1000)
    for _ in range(100):
        queue.push(1, b"", now=0.0)
    assert len(queue) <= 1000 // 64
    assert tally.outcomes()[0].reason is EgressDrop.QUEUE_OVERFLOW


def test_what_waits_too_long_expires_at_its_deadline() -> None:
    queue, tally = make_queue()
    queue.push(1, b"early", now=1.0)
    queue.push(2, b"later", now=1.03)
    assert queue.next_deadline() == 1.05
    queue.expire(now=1.049)
    assert len(queue) == 2
    queue.expire(now=1.05)
    assert tally.outcomes() == [Outcome(KEY, 1, EgressDrop.QUEUE_TIMEOUT, 1, 5)]
    assert queue.next_deadline() == 1.03 + 0.05


def test_a_pop_never_gives_what_is_too_old() -> None:
    queue, tally = make_queue()
    queue.push(1, b"old", now=0.0)
    queue.push(1, b"new", now=0.04)
    assert drain(queue, now=0.06) == [b"new"]
    assert {outcome.reason for outcome in tally.outcomes()} == {None, EgressDrop.QUEUE_TIMEOUT}


def test_a_clear_drops_everything_as_left() -> None:
    queue, tally = make_queue()
    for flow in (1, 2, 2):
        queue.push(flow, b"x", now=0.0)
    queue.clear()
    assert len(queue) == 0
    assert queue.next_deadline() is None
    assert sorted(tally.outcomes(), key=lambda outcome: outcome.flow) == [
        Outcome(KEY, 1, EgressDrop.DESTINATION_LEFT, 1, 1),
        Outcome(KEY, 2, EgressDrop.DESTINATION_LEFT, 2, 2),
    ]


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
