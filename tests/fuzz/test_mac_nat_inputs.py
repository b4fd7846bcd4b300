"""Invariant: no frame makes the hiding of players raise or grow, and none shows a player's MAC."""

import random

from lanparty_gateway.mac_nat import MacNat
from lanparty_gateway.mac_nat.address_table import (
    ADDRESSES_PER_PLAYER,
    LAN_LIMIT,
    PLAYER_LIMIT,
    AddressTable,
)
from lanparty_proto import MacAddress

INPUTS = 100_000
OWN = bytes.fromhex("001122334455")
PLAYER = "02005e000001"
HOST = "00aabbccddee"

BODIES = [
    "0806000108000604000102005e000001c0a83265000000000000c0a83207",
    "0806000108000604000200aabbccddeec0a8320702005e000001c0a83265",
    "08004500002000004000401100000a4d00010a4d0002" + "00350035000c0000" + "55" * 4,
    "0800450001100000400040110000"
    "00000000ffffffff"
    "0044004300fcbeef"
    "01010600"
    "00000007"
    "00000000" + "00" * 16 + PLAYER + "00" * 202 + "63825363350101ff",
    "0800450001100000400040110000"
    "c0a83201ffffffff"
    "0043004400fcbeef"
    "02010600"
    "00000007"
    "00000000" + "00" * 4 + "c0a83265" + "00" * 8 + PLAYER + "00" * 202 + "63825363350105ff",
    "81000007"
    "86dd6000000000203aff"
    "fe80"
    + "00" * 13
    + "01"
    + "ff02"
    + "00" * 13
    + "01"
    + "88000000"
    + "00000000"
    + "fe80"
    + "00" * 13
    + "01"
    + "0201"
    + PLAYER,
    "8137" + "00" * 46,
]
TO_LAN = [bytes.fromhex("ffffffffffff" + PLAYER + body) for body in BODIES]
TO_ROOM = [OWN + bytes.fromhex(HOST + body) for body in BODIES]


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


def test_no_frame_breaks_the_hiding() -> None:
    dice = random.Random(826)
    nat = MacNat(MacAddress(OWN))
    for number in range(INPUTS):
        now = number / 10
        sent = mutated(dice, dice.choice(TO_LAN))
        for frame in nat.from_room(sent, now):
            assert len(frame) == len(sent)
            assert frame[6:12] == OWN
        came = mutated(dice, dice.choice(TO_ROOM))
        for frame in nat.from_lan(came, now):
            assert len(frame) == len(came)
            assert frame[6:] == came[6:] or frame[12:14] in (b"\x08\x06", b"\x81\x00", b"\x88\xa8")
            assert frame[6:12] != OWN
        assert nat.players_addresses <= PLAYER_LIMIT * ADDRESSES_PER_PLAYER
    count = nat.counters
    assert count.translated_from_room > INPUTS / 10
    assert count.translated_from_lan > INPUTS / 100
    assert count.unreadable > INPUTS / 100


def test_no_order_of_claims_breaks_the_table_or_makes_it_grow() -> None:
    dice = random.Random(5227)
    table = AddressTable()
    macs = [dice.randbytes(6) for _ in range(PLAYER_LIMIT + 100)]
    for number in range(INPUTS):
        now = number / 4
        size = dice.choice([4, 16])
        address = dice.randbytes(1) * (size - 1) + dice.randbytes(1)
        mac = dice.choice(macs)
        match dice.randrange(6):
            case 0 | 1 | 2:
                table.meet(mac)
                table.claim(address, mac, now=now)
            case 3:
                table.meet(mac)
                table.assign(address, mac, now=now)
            case 4:
                table.hear_on_lan(address, now=now)
            case _:
                table.owner(address, now=now)
        if number % 10_000 == 0:
            table.keep_players(frozenset(macs[:50]))
        assert len(table) <= PLAYER_LIMIT * ADDRESSES_PER_PLAYER
        assert table.lan_addresses <= LAN_LIMIT


def test_a_flood_of_addresses_leaves_the_tables_within_their_limits() -> None:
    table = AddressTable()
    for number in range(1, 50_001):
        mac = (number % 1_000).to_bytes(6)
        table.meet(mac)
        table.claim((0x0A000000 + number).to_bytes(4), mac, now=0.0)
        table.hear_on_lan((0x0B000000 + number).to_bytes(4), now=0.0)
    assert len(table) <= PLAYER_LIMIT * ADDRESSES_PER_PLAYER
    assert table.lan_addresses == LAN_LIMIT
