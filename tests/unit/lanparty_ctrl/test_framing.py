import json

import pytest

from lanparty_ctrl import (
    CONTROL_FRAME_LIMIT,
    Message,
    MessageDecoder,
    PeerLeft,
    Ping,
    Pong,
    ProtocolViolation,
    RoomReady,
    encode_message,
    human_text,
)
from lanparty_obs import SessionEnd


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4) + body


def decoded(stream: bytes) -> list[Message]:
    decoder = MessageDecoder()
    decoder.receive_bytes(stream)
    return decoder.messages()


def test_a_message_is_a_length_and_compact_json() -> None:
    assert encode_message(Ping(nonce=7)) == b'\x00\x00\x00\x19{"type":"ping","nonce":7}'


def test_what_is_none_is_left_out() -> None:
    assert b"null" not in encode_message(PeerLeft(peer_id=1, reason=SessionEnd.LEFT))


def test_messages_are_taken_once_and_in_order() -> None:
    decoder = MessageDecoder()
    decoder.receive_bytes(encode_message(Ping(nonce=1)) + encode_message(Pong(nonce=2)))
    decoder.receive_bytes(encode_message(RoomReady()))
    assert decoder.messages() == [Ping(nonce=1), Pong(nonce=2), RoomReady()]
    assert decoder.messages() == []


def test_bytes_one_at_a_time_give_the_message_with_the_last() -> None:
    decoder = MessageDecoder()
    stream = encode_message(Ping(nonce=1))
    for at in range(len(stream) - 1):
        decoder.receive_bytes(stream[at : at + 1])
        assert decoder.messages() == []
    decoder.receive_bytes(stream[-1:])
    assert decoder.messages() == [Ping(nonce=1)]
    assert decoder.buffered == 0


def test_a_frame_of_exactly_the_limit_is_read() -> None:
    start, end = b'{"type":"ping","nonce":1,"x":"', b'"}'
    filler = b"x" * (CONTROL_FRAME_LIMIT - len(start) - len(end))
    assert decoded(framed(start + filler + end)) == [Ping(nonce=1)]


@pytest.mark.parametrize("length", [0, 1, CONTROL_FRAME_LIMIT + 1, 2**32 - 1])
def test_a_length_out_of_bounds_ends_the_stream_with_its_fourth_byte(length: int) -> None:
    decoder = MessageDecoder()
    decoder.receive_bytes(length.to_bytes(4)[:3])
    with pytest.raises(ProtocolViolation, match=str(length)):
        decoder.receive_bytes(length.to_bytes(4)[3:])


def test_no_more_than_one_frame_is_held() -> None:
    decoder = MessageDecoder()
    decoder.receive_bytes(CONTROL_FRAME_LIMIT.to_bytes(4))
    decoder.receive_bytes(b"x" * (CONTROL_FRAME_LIMIT - 1))
    assert decoder.buffered == CONTROL_FRAME_LIMIT - 1
    with pytest.raises(ProtocolViolation):
        decoder.receive_bytes(b"x" * 1_000_000)
    assert decoder.buffered == 0


def test_what_came_before_a_violation_can_still_be_taken() -> None:
    decoder = MessageDecoder()
    with pytest.raises(ProtocolViolation):
        decoder.receive_bytes(encode_message(Ping(nonce=1)) + framed(b"[]"))
    assert decoder.messages() == [Ping(nonce=1)]


def test_after_a_violation_nothing_is_taken_any_more() -> None:
    decoder = MessageDecoder()
    with pytest.raises(ProtocolViolation, match="not JSON"):
        decoder.receive_bytes(framed(b"oops"))
    with pytest.raises(ProtocolViolation, match="not JSON"):
        decoder.receive_bytes(encode_message(Ping(nonce=1)))
    assert decoder.messages() == []


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"[" * 60_000, "too deeply"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "too deeply"),
        (b'{"type":"ping","nonce":1,"x":' + b"[" * 150 + b"]" * 150 + b',"y":NaN}', "NaN"),
        (b'{"type":"ping","nonce":' + b"9" * 60_000 + b"}", "not JSON"),
        (b'{"type":"ping","nonce":1e999}', "nonce"),
        (b'{"type":"' + b"x" * 60_000 + b'"}', "tag"),
        (b'{"type":"ping","nonce":1,"x":{"y":1,"y":1}}', "twice"),
    ],
)
def test_hostile_json_is_a_violation_that_can_be_told(body: bytes, complaint: str) -> None:
    with pytest.raises(ProtocolViolation, match=complaint) as violation:
        decoded(framed(body))
    assert violation.value.code is SessionEnd.PROTOCOL_ERROR
    assert human_text(str(violation.value))


@pytest.mark.parametrize("field", ["type", "mac", "address_wanted", "role", "prefixes_in_use"])
def test_a_complaint_does_not_repeat_a_secret(field: str) -> None:
    secrets = {"resume_token": "deadbeef", "room_code": "sesame!", "credential": "let me"}
    hello = {"type": "hello", **secrets, field: "let me"}
    with pytest.raises(ProtocolViolation) as violation:
        decoded(framed(json.dumps(hello).encode()))
    assert not any(secret in str(violation.value) for secret in secrets.values())
