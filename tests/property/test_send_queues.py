"""SendQueue and IngressQueues against slow models that scan plain lists."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from lanparty_obs.reasons import EgressDrop
from lanparty_quic import ConnectionKey, Outcome, QueueLimits
from lanparty_quic.ingress_queues import IngressQueues
from lanparty_quic.send_queue import OutcomeTally, SendQueue

KEY = ConnectionKey(1)
BUDGET = 1170
QUANTUM = 1500
OVERHEAD = 64


class SlowSendQueue:
    """The same promises, kept by scanning one list of everything that waits."""

    def __init__(self, maximum_bytes: int, maximum_wait: float) -> None:
        self.maximum_bytes = maximum_bytes
        self.maximum_wait = maximum_wait
        self.waiting: list[tuple[int, bytes, float]] = []
        self.fresh: list[int] = []
        self.turns: list[int] = []
        self.deficits: dict[int, int] = {}
        self.outcomes: Counter[tuple[int, EgressDrop | None]] = Counter()

    def push(self, flow: int, payload: bytes, now: float) -> None:
        if len(payload) > BUDGET:
            self.outcomes[flow, EgressDrop.OVER_BUDGET] += 1
            return
        if flow not in self.deficits:
            self.fresh.append(flow)
            self.deficits[flow] = QUANTUM
        self.waiting.append((flow, payload, now + self.maximum_wait))
        while sum(len(copy[1]) + OVERHEAD for copy in self.waiting) > self.maximum_bytes:
            self.remove(self.oldest_of(max(self.deficits, key=self.size_of)), "overflow")

    def pop(self, now: float) -> bytes | None:
        while self.waiting:
            line = self.fresh or self.turns
            flow = line[0]
            if not self.size_of(flow):
                line.pop(0)
                if line is self.fresh:
                    self.turns.append(flow)
                else:
                    del self.deficits[flow]
                continue
            copy = self.oldest_of(flow)
            if copy[2] <= now:
                self.remove(copy, "timeout")
            elif self.deficits[flow] < len(copy[1]):
                self.deficits[flow] += QUANTUM
                line.pop(0)
                self.turns.append(flow)
            else:
                self.deficits[flow] -= len(copy[1])
                self.remove(copy, "sent")
                return copy[1]
        return None

    def expire(self, now: float) -> None:
        for copy in list(self.waiting):
            if copy[2] <= now:
                self.remove(copy, "timeout")

    def clear(self) -> None:
        for copy in list(self.waiting):
            self.remove(copy, "left")

    def oldest_of(self, flow: int) -> tuple[int, bytes, float]:
        return next(copy for copy in self.waiting if copy[0] == flow)

    def size_of(self, flow: int) -> int:
        return sum(len(copy[1]) + OVERHEAD for copy in self.waiting if copy[0] == flow)

    def remove(self, copy: tuple[int, bytes, float], why: str) -> None:
        reasons = {
            "sent": None,
            "overflow": EgressDrop.QUEUE_OVERFLOW,
            "timeout": EgressDrop.QUEUE_TIMEOUT,
            "left": EgressDrop.DESTINATION_LEFT,
        }
        index = next(i for i, other in enumerate(self.waiting) if other is copy)
        del self.waiting[index]
        self.outcomes[copy[0], reasons[why]] += 1
        if not self.waiting:
            self.fresh, self.turns = [], []
            self.deficits.clear()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.integers(0, 4), st.integers(0, 1200)),
        st.tuples(st.just("pop"), st.integers(1, 5), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 40), st.just(0)),
        st.tuples(st.just("expire"), st.just(0), st.just(0)),
        st.tuples(st.just("clear"), st.just(0), st.just(0)),
    ),
    max_size=120,
)


@settings(max_examples=300, deadline=None)
@given(steps=STEPS)
def test_a_send_queue_does_what_the_slow_model_does(steps: list[tuple[str, int, int]]) -> None:
    tally = OutcomeTally()
    limits = QueueLimits(maximum_bytes=8000, maximum_wait=0.05)
    fast = SendQueue(KEY, limits=limits, budget=BUDGET, tally=tally)
    slow = SlowSendQueue(8000, 0.05)
    now = 0.0
    pushed = 0
    for name, number, size in steps:
        if name == "push":
            payload = bytes([pushed % 256]) * size
            pushed += 1
            fast.push(number, payload, now=now)
            slow.push(number, payload, now)
        elif name == "pop":
            for _ in range(number):
                assert fast.pop(now=now) == slow.pop(now)
        elif name == "wait":
            now += number / 1000
        elif name == "expire":
            fast.expire(now=now)
            slow.expire(now)
        else:
            fast.clear()
            slow.clear()
        assert len(fast) == len(slow.waiting)
        assert fast.next_deadline() == min((copy[2] for copy in slow.waiting), default=None)
    fast.clear()
    slow.clear()
    counted: Counter[tuple[int, EgressDrop | None]] = Counter()
    for outcome in tally.outcomes():
        counted[outcome.flow, outcome.reason] += outcome.count
    assert counted == slow.outcomes
    assert counted.total() == pushed


def thirds(payload: bytes, budget: int, serial: int) -> list[bytes]:
    """Cut in three without a header; what needs more pieces it gives up on."""
    third = -(-len(payload) // 3)
    pieces = [payload[:third], payload[third : 2 * third], payload[2 * third :]]
    return pieces if third <= budget else []


def datagrams_of(outcome: Outcome) -> int:
    """How many datagrams left for the copies of an outcome."""
    whole = outcome.count - outcome.cut if outcome.reason is None else 0
    return whole + outcome.pieces


CUTTING_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.integers(0, 3), st.integers(0, 1400)),
        st.tuples(st.just("pop"), st.integers(1, 6), st.just(0)),
        st.tuples(st.just("budget"), st.integers(100, 1500), st.just(0)),
        st.tuples(st.just("limit"), st.integers(100, 1500), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 40), st.just(0)),
        st.tuples(st.just("clear"), st.just(0), st.just(0)),
    ),
    max_size=100,
)


@settings(max_examples=300, deadline=None)
@given(steps=CUTTING_STEPS)
def test_whatever_is_cut_each_copy_has_one_outcome_and_sent_ones_have_all_their_bytes(
    steps: list[tuple[str, int, int]],
) -> None:
    tally = OutcomeTally()
    limits = QueueLimits(maximum_bytes=8000, maximum_wait=0.05)
    queue = SendQueue(KEY, limits=limits, budget=BUDGET, tally=tally, cutter=thirds)
    accepted = 10_000
    budget = BUDGET
    now = 0.0
    pushed: Counter[int] = Counter()
    left: Counter[int] = Counter()
    counted: Counter[int] = Counter()
    sent: Counter[int] = Counter()
    popped = told = 0
    serial = 0
    for name, number, size in steps:
        match name:
            case "push":
                serial += 1
                pushed[serial] = size
                queue.push(serial, bytes(size), now=now)  # a flow for each: it names its outcome
            case "pop":
                for _ in range(number):
                    expected = queue.next_size(now=now)
                    payload = queue.pop(now=now)
                    assert (None if payload is None else len(payload)) == expected
                    assert payload is None or len(payload) <= min(budget, accepted)
                    left.update({0: len(payload or b"")})
                    popped += payload is not None
            case "budget":
                queue.budget = budget = number
            case "limit":
                queue.limit(number)
                accepted = number
                budget = min(budget, number)
            case "wait":
                now += number / 1000
                queue.expire(now=now)
            case "clear":
                queue.clear()
        for outcome in tally.outcomes():
            counted[outcome.flow] += outcome.count
            assert outcome.size == pushed[outcome.flow]
            if outcome.reason is None:
                sent[outcome.flow] += outcome.size
            told += datagrams_of(outcome)
        assert len(queue) == len(pushed) - counted.total()
    queue.clear()
    for outcome in tally.outcomes():
        counted[outcome.flow] += outcome.count
        told += datagrams_of(outcome)
    assert counted == Counter(dict.fromkeys(pushed, 1))
    assert told == popped
    assert (len(queue), queue.next_deadline()) == (0, None)
    # Beside them only pieces of copies have left whose other pieces didn't.
    assert left[0] >= sent.total()


@settings(max_examples=200, deadline=None)
@given(
    backlogs=st.dictionaries(st.integers(1, 6), st.integers(1, 1170), min_size=2, max_size=6),
    budget=st.integers(10_000, 60_000),
)
def test_flows_that_always_have_something_get_equal_bytes(
    backlogs: dict[int, int], budget: int
) -> None:
    limits = QueueLimits(maximum_bytes=10**9, maximum_wait=10.0)
    queue = SendQueue(KEY, limits=limits, budget=BUDGET, tally=OutcomeTally())
    for flow, size in backlogs.items():
        for _ in range(budget // size + 1):
            queue.push(flow, bytes([flow]) * size, now=0.0)
    sent = dict.fromkeys(backlogs, 0)
    while sum(sent.values()) < budget:
        payload = queue.pop(now=0.0)
        assert payload is not None
        sent[payload[0]] += len(payload)
    assert max(sent.values()) - min(sent.values()) <= 3 * QUANTUM


@settings(max_examples=200, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("push"), st.integers(0, 4)),
            st.tuples(st.just("take"), st.integers(1, 9)),
            st.tuples(st.just("charge"), st.integers(0, 4)),
            st.tuples(st.just("forget"), st.integers(0, 4)),
        ),
        max_size=150,
    )
)
def test_ingress_queues_lose_and_reorder_nothing_they_accepted(
    steps: list[tuple[str, int]],
) -> None:
    arrivals: IngressQueues[int, int] = IngressQueues(capacity=5, total_capacity=1000)
    waiting: dict[int, list[int]] = {key: [] for key in range(5)}
    for serial, (name, number) in enumerate(steps):
        if name == "push":
            accepted = arrivals.push(number, serial)
            assert accepted == (len(waiting[number]) < 5)
            if accepted:
                waiting[number].append(serial)
        elif name == "take":
            for _ in range(min(number, sum(map(len, waiting.values())))):
                taken = arrivals.take()
                assert taken is not None
                key, packet = taken
                assert waiting[key].pop(0) == packet
        elif name == "charge":
            arrivals.charge(number, 7)
        else:
            arrivals.forget(number)
            waiting[number].clear()
        assert len(arrivals) == sum(map(len, waiting.values()))
