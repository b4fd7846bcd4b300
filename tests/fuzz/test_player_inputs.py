"""Invariant: an invite that somebody sent and a line that a local user wrote are either read, or
refused by the one error of their reader; what is read is written and read again as it was."""

import json
import random
from collections import Counter
from contextlib import suppress

from pydantic import ValidationError

from lanparty_client.wish import JoinWish
from lanparty_endpoint.invite import Invite, InviteError
from lanparty_endpoint.local_requests import decode_line

INPUTS = 100_000
PIN = "sha256:" + "Ab-_" * 10 + "xyz"
INVITES = (
    f"softlan://relay.example/7K3M-9QXR-T2V#{PIN}",
    "softlan://[2001:db8::1]:4433/lan-party",
    f"softlan://192.0.2.1:65535/ABCDE#{PIN}",
)
WISHES = (
    {"relay": "relay.example", "name": "Ann"},
    {
        "relay": "[2001:db8::1]:4433",
        "room": "lan-party",
        "create": True,
        "pin": PIN,
        "authorities": None,
        "connect_timeout": 2.5,
        "wait": False,
        "detach": True,
        "name": "Bob",
        "interface": "lan7",
        "address": "10.0.0.5/24",
        "discovery_routes": True,
        "clamp_mss": True,
        "use_lan_gateway": False,
        "force": False,
    },
)
PIECES = ("/", "#", ":", "[", "]", "@", "?", "%41", "..", "\0", "\u202e", "é", " ", "9" * 30, "-")


def mutated(dice: random.Random, text: str) -> str:
    for _ in range(dice.randint(0, 3)):
        place = dice.randrange(len(text) + 1)
        piece = dice.choice([dice.choice(PIECES), chr(dice.randrange(0x250)), ""])
        text = text[:place] + piece + text[place + dice.randint(0, 3) :]
    return text


def test_any_text_is_an_invite_that_can_be_written_again_or_an_error() -> None:
    dice = random.Random(1)
    fates: Counter[str] = Counter()
    for _ in range(INPUTS):
        try:
            invite = Invite.parse(mutated(dice, dice.choice(INVITES)))
        except InviteError:
            fates["refused"] += 1
        else:
            fates["read"] += 1
            assert Invite.parse(invite.link()) == invite
    assert min(fates.values()) > 1_000


def test_any_line_is_a_wish_that_can_be_written_again_or_an_error() -> None:
    dice = random.Random(2)
    fates: Counter[str] = Counter()
    for _ in range(INPUTS // 10):
        values = decode_line(mutated(dice, json.dumps(dice.choice(WISHES))).encode())
        if values is None:
            fates["no object"] += 1
            continue
        with suppress(ValidationError):
            wish = JoinWish.model_validate(values)
            fates["read"] += 1
            assert JoinWish.model_validate(wish.model_dump(mode="json")) == wish
            continue
        fates["refused"] += 1
    assert min(fates.values()) > 100
