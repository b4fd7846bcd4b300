"""Invariant: no frame makes the clamp raise, grow, or change more than offers and a checksum."""

import random

from lanparty_ethernet import clamp_mss

INPUTS = 100_000

SYNS = [
    bytes.fromhex(text)
    for text in (
        (
            "02005e00000202005e00000108004500002c000040004006000a0a4d00010a4d0002"
            "c350005012345678000000006002faf0beef0000020405b4"
        ),
        "02005e00000202005e0000018100000786dd6000000000240040"
        + "fd" * 32
        + "0600010400000000"
        + "c350005012345678000000006002faf0beef0000010205b4020405b4",
    )
]


def mutated(dice: random.Random, octets: bytes) -> bytes:
    changed = bytearray(octets)
    for _ in range(dice.randint(0, 3)):
        place = dice.randrange(len(changed) + 1)
        match dice.randrange(4):
            case 0:
                changed[place : place + 1] = dice.randbytes(1)
            case 1:
                changed[place:place] = dice.randbytes(dice.randint(1, 8))
            case 2:
                del changed[place : place + dice.randint(1, 8)]
            case _:
                del changed[dice.randrange(len(changed) + 1) :]
        changed = changed or bytearray(1)
    return bytes(changed)


def test_no_frame_breaks_the_clamp() -> None:
    dice = random.Random(1624)
    clamped = 0
    for number in range(INPUTS):
        frame = mutated(dice, SYNS[number % 2])
        after = clamp_mss(frame, budget=dice.choice([0, 1146, 1166, 1400, 9000]))
        assert len(after) == len(frame)
        if after is not frame:
            clamped += 1
            different = sum(one != other for one, other in zip(frame, after, strict=True))
            assert 1 <= different <= 2 + 2 * 10
    assert clamped > INPUTS / 10
