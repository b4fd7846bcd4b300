"""Invariant: whatever bytes come, only ProtocolViolation escapes, and memory doesn't grow."""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

from lanparty_ctrl import (
    EndpointInput,
    Hello,
    MessageDecoder,
    PrefixesInUse,
    ProtocolViolation,
    RelayInput,
    encode_message,
    human_text,
    input_of,
)

INPUTS = 100_000
WARM_UP = 10_000
GROWTH_LIMIT = 5 * 2**20

VECTORS = Path(__file__).parents[1] / "vectors" / "control.json"
TOKENS = [
    *(b'"', b"{", b"}", b"[", b"]", b":", b",", b"\\", b"null", b"true", b"-", b"1e999", b"NaN"),
    *(b"\\ud800", b"\xff", b"\x00", b"\xed\xa0\x80", b"9" * 5_000, b"[" * 2_000, b'{"a":' * 500),
    *(b'"type"', b'"nonce"', b'"hello"', b'"stats"', b'"counters"', b"9223372036854775808"),
    *(b'"prefixes"', b'"prefixes_in_use"', b'"lease"', b'"10.0.0.0/8"'),
]
VALUES: list[object] = [
    *(None, True, -1, 0, 1, 1.5, 2**53, 2**63, 2**64, "", "1", "x" * 5_000, "\x1b[2J", "\u202e"),
    *([], {}, [[]], ["1"] * 1_000, {"a": {"a": {}}}, "client", "gateway", "left", "10.0.0.0/8"),
]


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4) + body


def mutated(dice: random.Random, frame: bytes) -> bytes:
    """Change a frame that was fit, or was refused, in a few places."""
    bytes_left = bytearray(frame)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(bytes_left) + 1)
        match dice.randrange(4):
            case 0:
                bytes_left[place : place + 1] = dice.randbytes(1)
            case 1:
                bytes_left[place : place + dice.randint(1, 20)] = b""
            case 2:
                bytes_left[place:place] = dice.choice(TOKENS)
            case _:
                start = dice.randrange(len(bytes_left) + 1)
                bytes_left[place:place] = bytes_left[start : start + dice.randint(1, 40)]
    # Mostly with a length that fits, or little beyond the length is ever reached.
    return bytes(bytes_left) if dice.random() < 0.2 else framed(bytes(bytes_left[4:]))


def refilled(dice: random.Random, body: str) -> bytes:
    """Change one field of an object that was fit: still JSON, seldom a message."""
    fields = json.loads(body)
    name = dice.choice([*fields, "later"])
    match dice.randrange(4):
        case 0:
            fields.pop(name, None)
        case 1:
            fields[name] = dice.choice(VALUES)
        case 2:
            fields[name] = {dice.choice(list(fields)): fields.get(name)}
        case _:
            fields["later"] = [fields.get(name)] * dice.randrange(100)
    return framed(json.dumps(fields).encode())


def inputs(seed: int) -> Iterator[bytes]:
    dice = random.Random(seed)
    vectors = json.loads(VECTORS.read_text())
    frames = [bytes.fromhex(each["frame"]) for each in vectors["accepted"] + vectors["refused"]]
    bodies = [each["body"] for each in vectors["accepted"]]
    for _ in range(INPUTS):
        match dice.randrange(8):
            case 0:
                yield dice.randbytes(dice.randrange(300))
            case 1:
                yield framed(dice.randbytes(dice.randrange(300)))
            case 2:
                yield framed(b"".join(dice.choices(TOKENS, k=dice.randint(1, 12))))
            case 3 | 4:
                yield refilled(dice, dice.choice(bodies))
            case _:
                yield mutated(dice, dice.choice(frames))


def feed(data: bytes, dice: random.Random) -> tuple[int, int]:
    """Give one stream to a decoder in pieces; return how many messages and violations."""
    decoder = MessageDecoder()
    place = dice.randrange(len(data) + 1)
    violations = 0
    for piece in (data[:place], data[place:], b"{}"):
        try:
            decoder.receive_bytes(piece)
        except ProtocolViolation as violation:
            human_text(str(violation))
            violations = 1
    messages = decoder.messages()
    for message in messages:
        encode_message(message)
        if isinstance(message, Hello | PrefixesInUse):
            input_of(message, RelayInput)
        else:
            input_of(message, EndpointInput)
    return len(messages), violations


def test_no_input_raises_anything_else_or_makes_memory_grow() -> None:
    dice = random.Random(2)
    read = refused = resident_after_warm_up = 0
    for number, data in enumerate(inputs(seed=1)):
        if number == WARM_UP:
            resident_after_warm_up = resident_bytes()
        messages, violations = feed(data, dice)
        read += messages
        refused += violations
    growth = resident_bytes() - resident_after_warm_up
    assert growth <= GROWTH_LIMIT
    # Both sides of the border were visited, or the mutations are no good.
    assert read > INPUTS / 20
    assert refused > INPUTS / 2
