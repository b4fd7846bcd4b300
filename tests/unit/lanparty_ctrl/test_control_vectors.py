"""The literal frames of tests/vectors/control.json, for every implementation of the protocol."""

import json
from pathlib import Path
from typing import Any

import pytest

from lanparty_ctrl import MessageDecoder, ProtocolViolation, encode_message

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "control.json").read_text())


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=lambda vector: vector["name"])
def test_an_accepted_frame_means_what_the_vector_says(vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["frame"])
    assert frame[4:].decode() == vector["body"]
    decoder = MessageDecoder()
    decoder.receive_bytes(frame)
    [message] = decoder.messages()
    assert message.model_dump(mode="json", exclude_none=True) == vector["message"]
    assert encode_message(message).hex() == vector["written"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["reason"])
def test_a_refused_frame_is_a_violation(vector: dict[str, str]) -> None:
    frame = bytes.fromhex(vector["frame"])
    if "body" in vector:
        assert frame[4:].decode() == vector["body"]
    with pytest.raises(ProtocolViolation):
        MessageDecoder().receive_bytes(frame)
