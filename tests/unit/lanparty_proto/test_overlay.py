"""Overlay header: the vectors, and what they can't say."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from lanparty_proto import (
    FLAG_CUT_BY_RELAY,
    FRAGMENT_HEADER_LENGTH,
    HEADER_LENGTH,
    MINIMUM_PIECE,
    Kind,
    OverlayError,
    OverlayFault,
    ProtoError,
    decode,
    encode_fragment,
    encode_whole,
    stamp,
)

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "overlay.json").read_text()
)
FRAME = bytes.fromhex("02005e10000102005e1000020800") + bytes(50)


def name_of(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", VECTORS["decode"], ids=name_of)
def test_a_valid_datagram_says_what_the_vector_says(vector: dict[str, Any]) -> None:
    overlay = decode(bytes.fromhex(vector["datagram"]))
    assert {
        "kind": overlay.kind.name.lower(),
        "flags": overlay.flags,
        "source": overlay.source,
        "frame_id": overlay.frame_id,
        "offset": overlay.offset,
        "more": overlay.more,
        "frame": overlay.frame.hex(),
    } == {key: vector[key] for key in vector if key not in ("name", "datagram")}


@pytest.mark.parametrize("vector", VECTORS["decode"], ids=name_of)
def test_encoding_what_the_vector_says_gives_its_datagram(vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["frame"])
    if vector["kind"] == "whole":
        encoded = encode_whole(frame, vector["source"], vector["flags"])
    else:
        encoded = encode_fragment(
            frame,
            b"",
            source=vector["source"],
            flags=vector["flags"],
            frame_id=vector["frame_id"],
            offset=vector["offset"],
            more=vector["more"],
        )
    assert encoded.hex() == vector["datagram"]


@pytest.mark.parametrize("vector", VECTORS["malformed"], ids=name_of)
def test_a_malformed_datagram_is_refused_for_the_vectors_reason(vector: dict[str, Any]) -> None:
    with pytest.raises(OverlayError) as refused:
        decode(bytes.fromhex(vector["datagram"]))
    assert refused.value.reason is OverlayFault(vector["reason"])
    assert str(refused.value) == vector["reason"]


def test_every_fault_has_a_vector() -> None:
    assert {vector["reason"] for vector in VECTORS["malformed"]} == set(OverlayFault)


@pytest.mark.parametrize("vector", VECTORS["stamp"], ids=name_of)
def test_a_stamp_changes_the_source_and_nothing_else(vector: dict[str, Any]) -> None:
    stamped = stamp(vector["source"], bytes.fromhex(vector["datagram"]))
    assert stamped.hex() == vector["stamped"]


@pytest.mark.parametrize("first_byte", range(256))
def test_of_every_first_byte_only_the_two_kinds_of_version_1_pass(first_byte: int) -> None:
    fragment = encode_fragment(
        FRAME[:14], bytes(MINIMUM_PIECE), source=0, flags=0, frame_id=0, offset=0, more=True
    )
    datagram = bytes([first_byte]) + fragment[1:]
    if first_byte in (0x10, 0x11):
        assert decode(datagram).kind is Kind(first_byte & 0x0F)
    else:
        with pytest.raises(OverlayError):
            decode(datagram)


def test_the_frame_is_a_view_of_the_datagram() -> None:
    datagram = bytearray(encode_whole(FRAME))
    frame = decode(memoryview(datagram)).frame
    datagram[HEADER_LENGTH] = 0xEE
    assert frame[0] == 0xEE


def test_the_named_lengths_are_those_of_the_encoding() -> None:
    assert len(encode_whole(b"")) == HEADER_LENGTH
    header_alone = encode_fragment(b"", b"", source=0, flags=0, frame_id=0, offset=0, more=False)
    assert len(header_alone) == HEADER_LENGTH + FRAGMENT_HEADER_LENGTH


@pytest.mark.parametrize(
    "unfit",
    [{"frame_id": 1 << 32}, {"frame_id": -1}, {"offset": 1 << 15}, {"source": 1 << 16}],
    ids=str,
)
def test_a_value_that_fits_no_field_is_the_callers_mistake(unfit: dict[str, int]) -> None:
    fields = {"source": 0, "flags": FLAG_CUT_BY_RELAY, "frame_id": 0, "offset": 0} | unfit
    with pytest.raises(struct.error):
        encode_fragment(FRAME[:14], bytes(600), more=True, **fields)


def test_overlay_errors_are_errors_of_the_package() -> None:
    assert issubclass(OverlayError, ProtoError)
