"""Cutting: the vectors, the rules for pieces, and what can't be cut."""

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from lanparty_proto import (
    FLAG_CUT_BY_RELAY,
    MINIMUM_DATAGRAM_BUDGET,
    CutError,
    OverlayError,
    ProtoError,
    cut,
    decode,
    encode_whole,
    parse_ethernet,
    recut,
)

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "overlay.json").read_text()
)
HEADER = bytes.fromhex("02005e10000102005e1000020800")


def name_of(vector: dict[str, Any]) -> str:
    return str(vector["name"])


def no_id() -> int:
    raise AssertionError("no id is needed")


@pytest.mark.parametrize("vector", VECTORS["cut"], ids=name_of)
def test_a_frame_is_cut_as_the_vector_says(vector: dict[str, Any]) -> None:
    datagrams = cut(
        bytes.fromhex(vector["frame"]),
        budget=vector["budget"],
        frame_id=lambda: int(vector["frame_id"]),
        source=vector["source"],
    )
    assert [datagram.hex() for datagram in datagrams] == vector["datagrams"]


@pytest.mark.parametrize("vector", VECTORS["recut"], ids=name_of)
def test_a_datagram_is_cut_again_as_the_vector_says(vector: dict[str, Any]) -> None:
    datagrams = recut(
        bytes.fromhex(vector["datagram"]),
        budget=vector["budget"],
        frame_id=lambda: int(vector["frame_id"]),
    )
    assert [datagram.hex() for datagram in datagrams] == vector["datagrams"]


def test_each_frame_that_is_cut_takes_one_id_and_no_other_takes_any() -> None:
    ids = count(100)
    for size in (1500, 100, 1400):
        cut(HEADER + bytes(size), budget=1170, frame_id=lambda: next(ids))
    assert next(ids) == 102


@pytest.mark.parametrize("size", range(1133, 1501))
def test_at_the_smallest_budget_every_size_of_frame_is_cut_in_two_even_pieces(size: int) -> None:
    datagrams = cut(HEADER + bytes(size), budget=MINIMUM_DATAGRAM_BUDGET, frame_id=lambda: 1)
    pieces = [parse_ethernet(decode(datagram).frame).payload for datagram in datagrams]
    assert [len(piece) for piece in pieces] == [size // 2, size - size // 2]


def test_a_frame_of_eight_pieces_is_cut_and_one_of_nine_is_not() -> None:
    room = 1150 - 24
    assert len(cut(HEADER + bytes(8 * room), budget=1150, frame_id=lambda: 1)) == 8
    with pytest.raises(CutError):
        cut(HEADER + bytes(8 * room + 1), budget=1150, frame_id=no_id)


def test_a_frame_beyond_the_offsets_is_not_cut() -> None:
    with pytest.raises(CutError):
        cut(HEADER + bytes(0x8000), budget=9000, frame_id=no_id)


@pytest.mark.parametrize("budget", [0, -1, MINIMUM_DATAGRAM_BUDGET - 1])
def test_no_frame_is_cut_to_less_than_the_smallest_budget(budget: int) -> None:
    with pytest.raises(CutError):
        cut(HEADER + bytes(1500), budget=budget, frame_id=no_id)
    with pytest.raises(CutError):
        recut(encode_whole(HEADER + bytes(1500)), budget=budget, frame_id=no_id)


def test_a_malformed_datagram_is_not_cut_again() -> None:
    with pytest.raises(OverlayError):
        recut(b"\x20" + bytes(2000), budget=1150, frame_id=no_id)


def test_a_piece_cut_by_the_relay_can_be_cut_once_more() -> None:
    first, second = recut(
        encode_whole(HEADER + bytes(2400), source=3), budget=1300, frame_id=lambda: 9
    )
    for half in (first, second):
        for datagram in recut(half, budget=1150, frame_id=no_id):
            overlay = decode(datagram)
            assert (overlay.source, overlay.flags, overlay.frame_id) == (3, FLAG_CUT_BY_RELAY, 9)
            assert len(datagram) <= 1150


def test_cut_errors_are_errors_of_the_package() -> None:
    assert issubclass(CutError, ProtoError)
