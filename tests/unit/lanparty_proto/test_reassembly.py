"""Putting frames together: the vectors, time, and bounds that hold against whoever sends."""

import json
from pathlib import Path
from typing import Any

import pytest

from lanparty_proto import (
    MAXIMUM_ROOM_MTU,
    Overlay,
    ProtoError,
    Reassembler,
    ReassemblyDrop,
    ReassemblyLimits,
    ReassemblyLimitsError,
    cut,
    decode,
    encode_fragment,
    encode_whole,
)

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "overlay.json").read_text()
)["reassembly"]
HEADER = bytes.fromhex("02005e10000102005e1000020800")
FRAME = HEADER + bytes(range(250)) * 6
MTU = MAXIMUM_ROOM_MTU
SMALL = ReassemblyLimits(source_bytes=64 * 1024, total_bytes=128 * 1024)


def pieces_of(frame: bytes, *, source: int = 1, frame_id: int = 1) -> list[Overlay]:
    datagrams = cut(frame, budget=1170, frame_id=lambda: frame_id, source=source)
    return [decode(datagram) for datagram in datagrams]


def last_piece(*, source: int = 1, frame_id: int = 1, size: int = 1, flags: int = 0) -> Overlay:
    return decode(
        encode_fragment(
            HEADER,
            bytes(size),
            source=source,
            flags=flags,
            frame_id=frame_id,
            offset=512,
            more=False,
        )
    )


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_datagrams_give_the_vectors_frames_and_drops(vector: dict[str, Any]) -> None:
    reassembler = Reassembler()
    frames = [
        reassembler.add(decode(bytes.fromhex(datagram)), now=1.0, mtu=vector["mtu"])
        for datagram in vector["datagrams"]
    ]
    assert [frame.hex() for frame in frames if frame is not None] == vector["frames"]
    assert dict(reassembler.dropped) == vector["dropped"]
    assert reassembler.pieces_waiting == vector["waiting"]


def test_every_fault_of_a_piece_has_a_vector() -> None:
    not_of_one_piece = {
        ReassemblyDrop.TIMEOUT,
        ReassemblyDrop.SOURCE_FULL,
        ReassemblyDrop.FULL,
        ReassemblyDrop.SOURCE_LEFT,
        ReassemblyDrop.TOO_MANY_PIECES,  # needs a larger MTU than any room has: below
    }
    assert {reason for vector in VECTORS for reason in vector["dropped"]} == (
        set(ReassemblyDrop) - not_of_one_piece
    )


def test_a_frame_of_eight_pieces_is_put_together_and_one_of_nine_is_dropped() -> None:
    mtu = 9 * 512
    for count, expected in ((8, HEADER + bytes(8 * 512)), (9, None)):
        reassembler = Reassembler()
        results = [
            reassembler.add(
                decode(
                    encode_fragment(
                        HEADER,
                        bytes(512),
                        source=1,
                        flags=0,
                        frame_id=1,
                        offset=512 * number,
                        more=number < count - 1,
                    )
                ),
                now=0,
                mtu=mtu,
            )
            for number in range(count)
        ]
        assert results[-1] == expected
    assert reassembler.dropped == {ReassemblyDrop.TOO_MANY_PIECES: 9}


def test_nothing_is_held_once_a_frame_is_complete() -> None:
    reassembler = Reassembler()
    for piece in pieces_of(FRAME):
        frame = reassembler.add(piece, now=0, mtu=MTU)
    assert frame == FRAME
    assert reassembler.bytes_held == 0
    assert reassembler.pieces_waiting == 0
    assert reassembler.next_deadline() is None


def test_what_is_held_does_not_change_with_the_buffer_it_came_in() -> None:
    reassembler = Reassembler()
    first, second = cut(FRAME, budget=1170, frame_id=lambda: 1)
    buffer = bytearray(first)
    reassembler.add(decode(memoryview(buffer)), now=0, mtu=MTU)
    buffer[:] = bytes(len(buffer))
    assert reassembler.add(decode(second), now=0, mtu=MTU) == FRAME


def test_a_whole_frame_is_not_for_the_reassembler() -> None:
    with pytest.raises(ValueError, match="whole frame"):
        Reassembler().add(decode(encode_whole(FRAME)), now=0, mtu=MTU)


def test_a_frame_has_its_time_from_its_first_piece() -> None:
    reassembler = Reassembler(ReassemblyLimits(lifetime=1.0))
    first, second = pieces_of(FRAME)
    reassembler.add(first, now=10.0, mtu=MTU)
    assert reassembler.next_deadline() == 11.0
    assert reassembler.add(second, now=10.99, mtu=MTU) == FRAME
    reassembler.add(first, now=20.0, mtu=MTU)
    assert reassembler.add(second, now=21.0, mtu=MTU) is None
    assert reassembler.dropped == {ReassemblyDrop.TIMEOUT: 1}
    assert reassembler.next_deadline() == 22.0


def test_expiry_takes_what_is_due_and_leaves_the_rest() -> None:
    reassembler = Reassembler()
    for frame_id, now in enumerate([0.0, 0.2, 0.4, 0.6]):
        reassembler.add(last_piece(frame_id=frame_id), now=now, mtu=MTU)
    reassembler.expire(now=1.2)
    assert reassembler.dropped == {ReassemblyDrop.TIMEOUT: 2}
    assert reassembler.pieces_waiting == 2
    assert reassembler.next_deadline() == pytest.approx(1.4)


def test_a_spoiled_frame_can_begin_anew_once_its_time_is_up() -> None:
    reassembler = Reassembler()
    first, second = pieces_of(FRAME)
    reassembler.add(first, now=0, mtu=MTU)
    reassembler.add(pieces_of(HEADER + b"x" * 1500)[0], now=0.1, mtu=MTU)
    assert reassembler.add(first, now=0.9, mtu=MTU) is None
    assert reassembler.add(second, now=0.9, mtu=MTU) is None
    assert reassembler.dropped == {ReassemblyDrop.OVERLAP: 4}
    reassembler.add(first, now=1.0, mtu=MTU)
    assert reassembler.add(second, now=1.0, mtu=MTU) == FRAME


def test_the_parts_of_a_peer_that_leaves_go_and_no_others() -> None:
    reassembler = Reassembler()
    first, second = pieces_of(FRAME, source=1)
    reassembler.add(first, now=0, mtu=MTU)
    for frame_id in (7, 8):
        reassembler.add(last_piece(source=2, frame_id=frame_id), now=0, mtu=MTU)
    reassembler.forget(2)
    reassembler.forget(2)
    assert reassembler.dropped == {ReassemblyDrop.SOURCE_LEFT: 2}
    assert reassembler.add(second, now=0, mtu=MTU) == FRAME
    assert reassembler.bytes_held == 0


def test_a_source_that_floods_stays_within_its_bound_and_loses_its_own_oldest() -> None:
    reassembler = Reassembler(SMALL)
    for frame_id in range(1000):
        reassembler.add(last_piece(frame_id=frame_id, size=900), now=0, mtu=MTU)
        assert reassembler.bytes_held <= SMALL.source_bytes
    assert reassembler.dropped == {ReassemblyDrop.SOURCE_FULL: 1000 - reassembler.pieces_waiting}
    first = encode_fragment(
        HEADER, bytes(512), source=1, flags=0, frame_id=999, offset=0, more=True
    )
    assert reassembler.add(decode(first), now=0, mtu=MTU) == HEADER + bytes(512 + 900)


def test_a_source_that_floods_takes_nothing_from_another() -> None:
    reassembler = Reassembler(SMALL)
    first, second = pieces_of(FRAME, source=1)
    reassembler.add(first, now=0, mtu=MTU)
    for frame_id in range(1000):
        reassembler.add(last_piece(source=2, frame_id=frame_id), now=0.5, mtu=MTU)
    assert reassembler.add(second, now=0.9, mtu=MTU) == FRAME


def test_many_that_flood_stay_within_the_bound_in_all_and_take_nothing_from_a_modest_one() -> None:
    reassembler = Reassembler(SMALL)
    first, second = pieces_of(FRAME, source=1)
    reassembler.add(first, now=0, mtu=MTU)
    for frame_id in range(1000):
        for source in (2, 3, 4, 5):
            piece = last_piece(source=source, frame_id=frame_id, size=900)
            reassembler.add(piece, now=0.5, mtu=MTU)
            assert reassembler.bytes_held <= SMALL.total_bytes
    assert ReassemblyDrop.FULL in reassembler.dropped
    assert reassembler.add(second, now=0.9, mtu=MTU) == FRAME


def test_when_all_is_full_a_new_source_still_finds_room() -> None:
    reassembler = Reassembler(SMALL)
    for frame_id in range(100):
        for source in (2, 3):
            reassembler.add(last_piece(source=source, frame_id=frame_id), now=0, mtu=MTU)
    first, second = pieces_of(FRAME, source=1)
    reassembler.add(first, now=0, mtu=MTU)
    assert reassembler.add(second, now=0, mtu=MTU) == FRAME


def test_more_sources_than_find_room_stay_within_the_bound() -> None:
    reassembler = Reassembler(SMALL)
    for source in range(1, 5000):
        reassembler.add(last_piece(source=source), now=0, mtu=MTU)
        assert reassembler.bytes_held <= SMALL.total_bytes


def test_spoiled_frames_are_bounded_as_well() -> None:
    reassembler = Reassembler(SMALL)
    for frame_id in range(1000):
        reassembler.add(last_piece(frame_id=frame_id, size=1), now=0, mtu=MTU)
        reassembler.add(last_piece(frame_id=frame_id, size=2), now=0, mtu=MTU)
    assert reassembler.bytes_held <= SMALL.source_bytes
    assert reassembler.pieces_waiting == 0
    assert reassembler.dropped == {ReassemblyDrop.OVERLAP: 2000}


@pytest.mark.parametrize(
    "limits",
    [
        {"source_bytes": 64 * 1024 - 1},
        {"source_bytes": 1 << 20, "total_bytes": 1 << 19},
        {"lifetime": 0.0},
        {"lifetime": -1.0},
    ],
    ids=str,
)
def test_limits_under_which_nothing_would_work_are_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ReassemblyLimitsError):
        ReassemblyLimits(**limits)
    assert issubclass(ReassemblyLimitsError, ProtoError)


def test_the_usual_limits_are_those_of_the_protocol() -> None:
    limits = ReassemblyLimits()
    assert (limits.source_bytes, limits.total_bytes, limits.lifetime) == (1 << 18, 1 << 22, 1.0)


def test_a_spoiled_frame_gives_back_the_bytes_of_its_pieces() -> None:
    reassembler = Reassembler()
    first, _ = pieces_of(FRAME)
    reassembler.add(first, now=0, mtu=MTU)
    held = reassembler.bytes_held
    reassembler.add(pieces_of(HEADER + b"x" * 1500)[0], now=0, mtu=MTU)
    assert reassembler.bytes_held <= held - 750
