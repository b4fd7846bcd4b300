"""Invariant: whatever a stranger sends to the probe station, it answers only who asked, with no
more bytes than it got, and keeps nothing for ever."""

import json
import random
from collections import Counter
from pathlib import Path

from lanparty_endpoint.probing import AnswerCount, ProbeStation
from lanparty_ethernet import Hearing
from lanparty_proto import MacAddress

INPUTS = 100_000
ROOT = Path(__file__).parents[1]
VECTORS = json.loads((ROOT / "vectors" / "probes.json").read_text())
FRIEND = MacAddress.parse("02:00:5e:10:00:02")
"""The receiver of the vectors' echo requests."""


def valid_frames() -> list[bytes]:
    return [bytes.fromhex(vector["frame"]) for vector in VECTORS["probes"] + VECTORS["datagrams"]]


def mutated(dice: random.Random, octets: bytes) -> bytes:
    changed = bytearray(octets)
    for _ in range(dice.randint(0, 2)):
        place = dice.randrange(min(len(changed), 40))
        match dice.randrange(4):
            case 0:
                changed[place] = dice.randrange(256)
            case 1:
                del changed[place : place + dice.randint(1, 10)]
            case 2:
                changed[place:place] = dice.randbytes(dice.randint(1, 10))
            case _:
                changed += dice.randbytes(dice.choice([1, 600]))
        changed = changed or bytearray(b"\0")
    if dice.random() < 0.5:
        changed[22:30] = dice.randbytes(8)
    return bytes(changed)


def test_any_frame_is_answered_to_its_sender_with_no_more_bytes_or_not_at_all() -> None:
    dice = random.Random(1)
    valid = valid_frames()
    station = ProbeStation(FRIEND, relay_round_trip=lambda: 0.01, hearing=Hearing.LISTENING)
    fates: Counter[str] = Counter()
    for number in range(INPUTS):
        now = number / 100
        frame = dice.randbytes(dice.randrange(80)) if dice.random() < 0.1 else dice.choice(valid)
        frame = mutated(dice, frame) if frame else frame
        own = station.receive_frame(frame, source=dice.randrange(1, 400), now=now)
        answers = station.frames_to_send(now=now)
        fates["own" if own else "another's"] += 1
        fates["answers"] += len(answers)
        for answer in answers:
            assert own
            assert len(answer) <= len(frame)
            assert answer[:12] == frame[6:12] + FRIEND
    assert min(fates.values()) > 1_000
    assert set(station.counts) >= {AnswerCount.ANSWERED, AnswerCount.UNFIT}


def test_any_datagram_is_answered_only_to_who_asked_with_its_nonce() -> None:
    dice = random.Random(2)
    valid = [frame[14:] for frame in valid_frames()]
    station = ProbeStation(FRIEND, relay_round_trip=lambda: None, hearing=Hearing.LISTENING)
    for number in range(INPUTS):
        station.receive_datagram(mutated(dice, dice.choice(valid)), now=number / 100)
    assert not station.frames_to_send(now=0.0), "nobody had asked"
    assert station.counts == {AnswerCount.UNEXPECTED: INPUTS}
