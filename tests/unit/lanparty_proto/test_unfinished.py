"""One unfinished frame: which piece may join which."""

import pytest

from lanparty_proto.unfinished import ReassemblyDrop, UnfinishedFrame

HEADER = bytes.fromhex("02005e10000102005e1000020800")


def frame_with(*pieces: tuple[int, int, bool]) -> UnfinishedFrame:
    """A frame with pieces of zeros: offset, length, whether more follows."""
    frame = UnfinishedFrame(HEADER, deadline=1.0)
    for offset, length, more in pieces:
        frame.take(memoryview(bytes(length)), offset=offset, more=more)
    return frame


@pytest.mark.parametrize(
    ("held", "new", "verdict"),
    [
        ([(0, 600, True)], (600, 600, True), None),
        ([(0, 600, True)], (700, 600, True), None),
        ([(600, 600, True)], (0, 600, True), None),
        ([(600, 600, False)], (0, 600, True), None),
        ([(0, 600, True)], (0, 600, True), ReassemblyDrop.DUPLICATE),
        ([(600, 600, False)], (600, 600, False), ReassemblyDrop.DUPLICATE),
        ([(600, 600, False)], (600, 600, True), ReassemblyDrop.OVERLAP),
        ([(600, 600, True)], (600, 600, False), ReassemblyDrop.OVERLAP),
        ([(0, 600, True)], (0, 601, True), ReassemblyDrop.OVERLAP),
        ([(0, 600, True)], (599, 600, True), ReassemblyDrop.OVERLAP),
        ([(600, 600, True)], (0, 601, True), ReassemblyDrop.OVERLAP),
        ([(600, 512, True)], (0, 1500, True), ReassemblyDrop.OVERLAP),
        ([(0, 1500, True)], (600, 512, True), ReassemblyDrop.OVERLAP),
        ([(600, 600, False)], (1200, 10, False), ReassemblyDrop.END_DIFFERS),
        ([(600, 600, False)], (1200, 600, True), ReassemblyDrop.END_DIFFERS),
        ([(1200, 600, True)], (600, 10, False), ReassemblyDrop.END_DIFFERS),
        (
            [(512 * n, 512, True) for n in range(8)],
            (4096, 1, False),
            ReassemblyDrop.TOO_MANY_PIECES,
        ),
    ],
)
def test_a_piece_is_judged_by_those_held(
    held: list[tuple[int, int, bool]],
    new: tuple[int, int, bool],
    verdict: ReassemblyDrop | None,
) -> None:
    offset, length, more = new
    objection = frame_with(*held).objection(
        memoryview(HEADER), memoryview(bytes(length)), offset=offset, more=more
    )
    assert objection is verdict


def test_the_same_place_with_other_bytes_is_an_overlap() -> None:
    objection = frame_with((0, 600, True)).objection(
        memoryview(HEADER), memoryview(b"x" * 600), offset=0, more=True
    )
    assert objection is ReassemblyDrop.OVERLAP


def test_another_header_is_named_before_anything_else() -> None:
    objection = frame_with((0, 600, True)).objection(
        memoryview(HEADER[::-1]), memoryview(bytes(600)), offset=0, more=True
    )
    assert objection is ReassemblyDrop.HEADER_DIFFERS


def test_a_frame_is_complete_when_its_end_is_known_and_no_byte_is_missing() -> None:
    assert not frame_with().is_complete
    assert not frame_with((0, 600, True)).is_complete
    assert not frame_with((600, 5, False)).is_complete
    assert not frame_with((0, 512, True), (600, 5, False)).is_complete
    assert frame_with((600, 5, False), (0, 600, True)).is_complete


def test_joining_puts_pieces_in_order_behind_the_header() -> None:
    frame = UnfinishedFrame(HEADER, deadline=1.0)
    frame.take(memoryview(b"end"), offset=4, more=False)
    frame.take(memoryview(b"this"), offset=0, more=True)
    assert frame.join() == HEADER + b"thisend"


def test_a_spoiled_frame_holds_no_piece() -> None:
    frame = frame_with((0, 600, True), (600, 600, True))
    assert len(frame) == 2
    frame.spoil(ReassemblyDrop.OVERLAP)
    assert frame.spoiled is ReassemblyDrop.OVERLAP
    assert len(frame) == 0
