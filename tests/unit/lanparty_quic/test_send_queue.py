"""What waits for one destination."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from lanparty_obs.reasons import EgressDrop
from lanparty_quic import ConnectionKey, Cutter, Outcome, QueueLimits
from lanparty_quic.send_queue import OutcomeTally, SendQueue

KEY = ConnectionKey(3)


def make_queue(
    *,
    maximum_bytes: int = 100_000,
    maximum_wait: float = 0.05,
    budget: int = 1170,
    cutter: Cutter | None = None,
) -> tuple[SendQueue, OutcomeTally]:
    tally = OutcomeTally()
    limits = QueueLimits(maximum_bytes=maximum_bytes, maximum_wait=maximum_wait)
    return SendQueue(KEY, limits=limits, budget=budget, tally=tally, cutter=cutter), tally


def halve(payload: bytes, budget: int, serial: int) -> list[bytes]:
    """Cut in two, and mark each piece with the serial; give up on what needs more."""
    middle = len(payload) // 2
    mark = bytes([serial & 0xFF])
    pieces = [mark + payload[:middle], mark + payload[middle:]]
    return pieces if max(map(len, pieces)) <= budget else []


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


# Cutting


def test_a_copy_over_budget_is_cut_when_its_turn_has_come_and_counted_once() -> None:
    queue, tally = make_queue(cutter=halve, budget=10)
    queue.push(1, b"x" * 12, now=0.0)
    queue.push(1, b"y" * 10, now=0.0)
    assert len(queue) == 2
    assert queue.next_size(now=0.0) == 7
    first = queue.pop(now=0.0)
    assert first is not None
    assert first[1:] == b"xxxxxx"
    assert (len(queue), tally.outcomes()) == (2, [])
    assert queue.pop(now=0.0) == first
    assert (len(queue), tally.outcomes()) == (1, [Outcome(KEY, 1, None, 1, 12, cut=1, pieces=2)])
    assert drain(queue) == [b"y" * 10]
    assert tally.outcomes() == [Outcome(KEY, 1, None, 1, 10)]


def test_each_cut_has_a_serial_of_its_own() -> None:
    queue, _ = make_queue(cutter=halve, budget=10)
    for flow in (1, 2, 1):
        queue.push(flow, b"x" * 12, now=0.0)
    marks = Counter(piece[0] for piece in drain(queue))
    assert sorted(marks.values()) == [2, 2, 2]


def test_no_two_connections_give_their_cuts_the_same_serials() -> None:
    serials: list[int] = []

    def note(payload: bytes, budget: int, serial: int) -> list[bytes]:
        serials.append(serial)
        return halve(payload, budget, serial)

    for number in range(1, 1001):
        limits, tally = QueueLimits(), OutcomeTally()
        queue = SendQueue(ConnectionKey(number), limits=limits, budget=10, tally=tally, cutter=note)
        queue.push(1, b"x" * 12, now=0.0)
        drain(queue)
    serials.sort()
    assert all(0 <= serial < 2**32 for serial in serials)
    assert min(after - before for before, after in pairwise(serials)) > 1_000_000


def test_the_pieces_fit_the_budget_of_the_moment_in_which_they_leave() -> None:
    queue, tally = make_queue(cutter=halve, budget=20)
    queue.push(1, b"x" * 16, now=0.0)
    queue.budget = 10
    assert queue.next_size(now=0.0) == 1 + 8
    queue.pop(now=0.0)
    queue.budget = 6  # the other piece, of 9 bytes, is cut again
    assert [len(piece) for piece in drain(queue)] == [5, 6]
    assert tally.outcomes() == [Outcome(KEY, 1, None, 1, 16, cut=1, pieces=3)]


def test_what_the_cutter_gives_up_is_over_budget_and_blocks_nothing() -> None:
    queue, tally = make_queue(cutter=halve, budget=10)
    queue.push(1, b"x" * 40, now=0.0)
    queue.push(1, b"y", now=0.0)
    assert drain(queue) == [b"y"]
    assert tally.outcomes() == [
        Outcome(KEY, 1, EgressDrop.OVER_BUDGET, 1, 40),
        Outcome(KEY, 1, None, 1, 1),
    ]


def test_a_cutter_that_does_not_keep_to_the_budget_is_not_believed() -> None:
    queue, tally = make_queue(cutter=lambda payload, budget, serial: [payload], budget=10)
    queue.push(1, b"x" * 11, now=0.0)
    assert drain(queue) == []
    assert tally.outcomes() == [Outcome(KEY, 1, EgressDrop.OVER_BUDGET, 1, 11)]


def test_the_rest_of_a_copy_whose_first_piece_has_left_is_dropped_with_it() -> None:
    drops: dict[EgressDrop, Callable[[SendQueue], None]] = {
        EgressDrop.QUEUE_TIMEOUT: lambda queue: queue.expire(now=9.0),
        EgressDrop.DESTINATION_LEFT: lambda queue: queue.clear(),
    }
    for reason, drop in drops.items():
        queue, tally = make_queue(cutter=halve, budget=10)
        queue.push(1, b"x" * 12, now=0.0)
        queue.pop(now=0.0)
        drop(queue)
        assert len(queue) == 0
        assert queue.next_deadline() is None
        assert tally.outcomes() == [Outcome(KEY, 1, reason, 1, 12, cut=0, pieces=1)]


def test_on_overflow_a_cut_copy_goes_whole() -> None:
    queue, tally = make_queue(cutter=halve, budget=600, maximum_bytes=3000)
    queue.push(1, b"x" * 1000, now=0.0)
    assert queue.next_size(now=0.0) == 501
    for _ in range(3):
        queue.push(1, b"y" * 500, now=0.0)
    queue.push(1, b"z" * 590, now=0.0)
    assert tally.outcomes() == [Outcome(KEY, 1, EgressDrop.QUEUE_OVERFLOW, 1, 1000)]
    assert [len(payload) for payload in drain(queue)] == [500, 500, 500, 590]


def test_flows_share_by_the_bytes_of_their_pieces() -> None:
    queue, _ = make_queue(cutter=halve, budget=1000)
    for _ in range(20):
        queue.push(1, b"L" * 1400, now=0.0)
        queue.push(2, b"s" * 1000, now=0.0)
    first = drain(queue)[:24]
    large = sum(len(payload) for payload in first if payload[1:2] == b"L")
    small = sum(len(payload) for payload in first if payload[:1] == b"s")
    assert abs(large - small) <= 3000


def test_a_destination_that_accepts_less_than_its_path_carries_gets_less() -> None:
    queue, tally = make_queue(budget=1170)
    queue.limit(1000)
    assert queue.budget == 1000
    queue.budget = 1442
    assert queue.budget == 1000
    queue.budget = 900
    assert queue.budget == 900
    queue.push(1, b"x" * 901, now=0.0)
    assert tally.outcomes() == [Outcome(KEY, 1, EgressDrop.OVER_BUDGET, 1, 901)]
