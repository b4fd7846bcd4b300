"""Invariant: whatever the kernel's header says of a frame, there are frames or a `PacketError`."""

import random

from lanparty_ethernet import (
    OffloadKind,
    PacketError,
    complete_checksum,
    find_ipv6_payload,
    find_neighbour_message,
    segment,
)

INPUTS = 100_000
MTU = 1500

FRAMES = [
    bytes.fromhex(text)
    for text in (
        "02005e00000202005e00000108004500003c000040004006000a0a4d00010a4d0002"
        "c350005012345678000000005019faf0beef0000" + "55" * 20,
        "02005e00000202005e0000018100000786dd6000000000300040"
        + "fd" * 32
        + "0600010400000000"
        + "c350005012345678000000005010faf0beef0000"
        + "55" * 20,
        "02005e00000202005e00000188a8000581000007080045000030000040004011000a0a4d00010a4d0002"
        "c3500050001cbeef" + "55" * 20,
        "3333ff00000102005e00000186dd6000000000203aff"
        "fe80"
        + "00" * 13
        + "01"
        + "ff02"
        + "00" * 13
        + "01"
        + "87000000"
        + "00000000"
        + "fe80"
        + "00" * 13
        + "02"
        + "010102005e000001",
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


def test_no_frame_breaks_the_cutting() -> None:
    dice = random.Random(793)
    finished = 0
    for _ in range(INPUTS):
        frame = mutated(dice, dice.choice(FRAMES))
        size = dice.choice([0, 1, 8, 536, 65_535])
        try:
            cut = segment(frame, kind=dice.choice(list(OffloadKind)), segment_size=size, mtu=MTU)
        except PacketError:
            continue
        finished += 1
        assert 1 <= len(cut) <= len(frame)
        assert all(len(octets) <= len(frame) for octets in cut)
    assert finished > INPUTS / 20


def test_no_place_breaks_the_completing() -> None:
    dice = random.Random(1071)
    for _ in range(INPUTS):
        frame = mutated(dice, dice.choice(FRAMES))
        start, offset = dice.randrange(-2, 120), dice.randrange(-2, 40)
        try:
            assert len(complete_checksum(frame, start=start, offset=offset)) == len(frame)
        except PacketError:
            assert start < 0 or offset < 0 or start + offset + 2 > len(frame)


def test_no_packet_breaks_the_search_for_neighbour_discovery() -> None:
    dice = random.Random(4861)
    found = 0
    for number in range(INPUTS):
        frame = mutated(dice, FRAMES[3 if number % 2 else 1])
        try:
            place = find_ipv6_payload(frame, 14 if number % 2 else 18)
            message = find_neighbour_message(frame, place)
        except PacketError:
            continue
        if message is not None:
            found += 1
            assert all(at + 6 <= place.end <= len(frame) for at in message.link_addresses)
    assert found > INPUTS / 20
