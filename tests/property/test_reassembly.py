"""Cutting and putting together: any order, duplicates, losses, cuts of cuts; and a slow model."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from lanparty_proto import (
    FLAG_CUT_BY_RELAY,
    MAXIMUM_PIECES,
    MAXIMUM_ROOM_MTU,
    MINIMUM_DATAGRAM_BUDGET,
    MINIMUM_PIECE,
    Overlay,
    Reassembler,
    ReassemblyDrop,
    cut,
    decode,
    encode_fragment,
    encode_whole,
    parse_ethernet,
    recut,
)

MTU = MAXIMUM_ROOM_MTU
HEADER = bytes.fromhex("02005e10000102005e1000020800")
TAGGED_HEADER = bytes.fromhex("02005e10000102005e100002810000010800")

headers = st.sampled_from([HEADER, TAGGED_HEADER])
budgets = st.integers(MINIMUM_DATAGRAM_BUDGET, 1530)


@st.composite
def frames(draw: st.DrawFn, smallest: int = 0) -> bytes:
    """A frame of any size; no two places of its payload look alike for long."""
    size = draw(st.integers(smallest, MTU))
    seed = draw(st.integers(1, 250))
    return draw(headers) + bytes((seed + at * at) % 251 for at in range(size))


def piece_of(overlay: Overlay) -> bytes:
    return bytes(parse_ethernet(overlay.frame).payload)


@given(frames(), budgets, st.randoms(use_true_random=False))
def test_the_pieces_of_a_frame_give_it_back_in_any_order(
    frame: bytes, budget: int, random: Random
) -> None:
    datagrams = cut(frame, budget=budget, frame_id=lambda: 9)
    assert all(len(datagram) <= budget for datagram in datagrams)
    overlays = [decode(datagram) for datagram in datagrams]
    if len(overlays) == 1:
        assert overlays[0].frame == memoryview(frame)
        return
    assert len(overlays) <= MAXIMUM_PIECES
    sizes = [len(piece_of(overlay)) for overlay in overlays]
    assert min(sizes[:-1]) >= MINIMUM_PIECE
    assert max(sizes) - min(sizes) <= 1
    random.shuffle(overlays)
    reassembler = Reassembler()
    results = [reassembler.add(overlay, now=0, mtu=MTU) for overlay in overlays]
    assert results == [None] * (len(overlays) - 1) + [frame]
    assert not reassembler.dropped
    assert reassembler.bytes_held == 0


@given(frames(smallest=1130), budgets, budgets, budgets, st.randoms(use_true_random=False))
def test_pieces_that_were_cut_again_and_again_give_the_frame_back(
    frame: bytes, first: int, second: int, third: int, random: Random
) -> None:
    ids = count(1)
    datagrams = [encode_whole(frame, 5)]
    flagged = False
    for budget in (first, second, third):
        datagrams = [
            smaller
            for datagram in datagrams
            for smaller in recut(datagram, budget=budget, frame_id=ids.__next__)
        ]
        assert all(len(datagram) <= budget for datagram in datagrams)
        flagged = flagged or len(datagrams) > 1
    overlays = [decode(datagram) for datagram in datagrams]
    assert {overlay.source for overlay in overlays} == {5}
    assert {overlay.flags for overlay in overlays} == {FLAG_CUT_BY_RELAY if flagged else 0}
    if not flagged:
        assert overlays[0].frame == memoryview(frame)
        return
    assert len(overlays) <= MAXIMUM_PIECES
    random.shuffle(overlays)
    reassembler = Reassembler()
    results = [reassembler.add(overlay, now=0, mtu=MTU) for overlay in overlays]
    assert results == [None] * (len(overlays) - 1) + [frame]


@given(
    st.lists(frames(smallest=1200), min_size=1, max_size=6),
    st.integers(0, 3),
    st.randoms(use_true_random=False),
)
def test_of_many_frames_just_those_come_that_lost_no_piece_whatever_is_doubled(
    sent: list[bytes], losses: int, random: Random
) -> None:
    ids = count(1)
    in_flight = [
        (number, datagram)
        for number, frame in enumerate(sent)
        for datagram in cut(frame, budget=1170, frame_id=ids.__next__, source=1 + number % 2)
    ]
    lost = set(random.sample(range(len(in_flight)), min(losses, len(in_flight))))
    unlucky = {in_flight[at][0] for at in lost}
    arriving = [in_flight[at] for at in range(len(in_flight)) if at not in lost]
    random.shuffle(arriving)
    reassembler = Reassembler()
    received = []
    for _, datagram in arriving:
        overlay = decode(datagram)
        # Doubled on the way: the same datagram twice in a row, while the frame is unfinished.
        frame = reassembler.add(overlay, now=0, mtu=MTU)
        if frame is not None:
            received.append(frame)
        elif random.random() < 0.5:
            assert reassembler.add(overlay, now=0, mtu=MTU) is None
    expected = [frame for number, frame in enumerate(sent) if number not in unlucky]
    assert sorted(received) == sorted(expected)
    assert set(reassembler.dropped) <= {ReassemblyDrop.DUPLICATE}
    reassembler.expire(now=1.0)
    assert reassembler.bytes_held == 0
    assert reassembler.pieces_waiting == 0


@dataclass
class Unfinished:
    began: float
    pieces: list[Overlay] = field(default_factory=list)
    spoiled: ReassemblyDrop | None = None


class SlowReassembler:
    """The rules of docs/protocol.md read slowly: compares byte by byte and forgets no bound."""

    def __init__(self) -> None:
        self.frames: dict[tuple[int, int, int | None], Unfinished] = {}
        self.dropped: Counter[ReassemblyDrop] = Counter()
        self.delivered = 0

    def add(self, new: Overlay, now: float) -> bytes | None:
        self.expire(now)
        if new.offset + len(piece_of(new)) > MTU:
            self.dropped[ReassemblyDrop.OVERSIZE] += 1
            return None
        key = (new.source, new.flags, new.frame_id)
        frame = self.frames.setdefault(key, Unfinished(now))
        verdict = frame.spoiled or self.verdict(frame.pieces, new)
        if verdict:
            self.dropped[verdict] += 1
        if verdict and verdict is not ReassemblyDrop.DUPLICATE:
            self.dropped[verdict] += len(frame.pieces)
            frame.pieces, frame.spoiled = [], verdict
        if verdict:
            return None
        frame.pieces.append(new)
        return self.finish(key, frame.pieces)

    def expire(self, now: float) -> None:
        for key in [key for key, frame in self.frames.items() if now >= frame.began + 1.0]:
            lost = len(self.frames.pop(key).pieces)
            if lost:
                self.dropped[ReassemblyDrop.TIMEOUT] += lost

    def finish(self, key: tuple[int, int, int | None], pieces: list[Overlay]) -> bytes | None:
        octets = {
            overlay.offset + at: octet
            for overlay in pieces
            for at, octet in enumerate(piece_of(overlay))
        }
        if all(piece.more for piece in pieces) or set(octets) != set(range(len(octets))):
            return None
        del self.frames[key]
        self.delivered += len(pieces)
        return self.header(pieces[0]) + bytes(octets[at] for at in range(len(octets)))

    def verdict(self, pieces: list[Overlay], new: Overlay) -> ReassemblyDrop | None:
        if any(self.header(piece) != self.header(new) for piece in pieces):
            return ReassemblyDrop.HEADER_DIFFERS
        if any(
            (piece.offset, piece.more, piece.frame) == (new.offset, new.more, new.frame)
            for piece in pieces
        ):
            return ReassemblyDrop.DUPLICATE
        if any(self.places(piece) & self.places(new) for piece in pieces):
            return ReassemblyDrop.OVERLAP
        for piece in pieces:
            for last, other in ((piece, new), (new, piece)):
                if not last.more and (not other.more or max(self.places(other)) > last.offset):
                    return ReassemblyDrop.END_DIFFERS
        return None

    @staticmethod
    def header(overlay: Overlay) -> bytes:
        return bytes(overlay.frame[: parse_ethernet(overlay.frame).header_length])

    @staticmethod
    def places(overlay: Overlay) -> set[int]:
        return set(range(overlay.offset, overlay.offset + len(piece_of(overlay))))


hostile_places = st.sampled_from(
    [
        (0, 512, True),
        (0, 600, True),
        (512, 512, True),
        (512, 512, False),
        (512, 1, False),
        (600, 2, False),
        (600, 600, True),
        (600, 600, False),
        (900, 600, False),
        (1024, 476, False),
        (1024, 477, False),
        (1024, 512, True),
    ]
)


@st.composite
def hostile_pieces(draw: st.DrawFn) -> Overlay:
    """Pieces from so few places, ids and contents that they fit and contradict each other."""
    offset, size, more = draw(hostile_places)
    return decode(
        encode_fragment(
            draw(st.sampled_from([HEADER, HEADER, HEADER, TAGGED_HEADER])),
            draw(st.sampled_from([b"\x01", b"\x01", b"\x01", b"\x02"])) * size,
            source=draw(st.integers(1, 2)),
            flags=draw(st.sampled_from([0, 0, FLAG_CUT_BY_RELAY])),
            frame_id=draw(st.integers(0, 1)),
            offset=offset,
            more=more,
        )
    )


@given(st.lists(st.tuples(hostile_pieces(), st.sampled_from([0.0, 0.0, 0.25, 0.5])), max_size=40))
def test_pieces_of_any_kind_have_the_fate_that_the_slow_model_gives_them(
    arrivals: list[tuple[Overlay, float]],
) -> None:
    fast, slow = Reassembler(), SlowReassembler()
    now = 0.0
    for number, (overlay, pause) in enumerate(arrivals, start=1):
        now += pause
        assert fast.add(overlay, now=now, mtu=MTU) == slow.add(overlay, now)
        assert fast.dropped == slow.dropped
        assert fast.pieces_waiting == sum(len(frame.pieces) for frame in slow.frames.values())
        assert number == slow.delivered + fast.pieces_waiting + sum(fast.dropped.values())
    deadlines = [unfinished.began + 1.0 for unfinished in slow.frames.values()]
    assert fast.next_deadline() == min(deadlines, default=None)
