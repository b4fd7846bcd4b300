"""Two players behind different NATs: at home in one segment within seconds."""

import shlex
import time
from collections.abc import Callable

import pytest
from programs import wait_until
from real_client import Client, Pair

REACHED_LIMIT = 5.0
"""From the start of `join` to the first answer, as the project promises it."""


def reaches(client: Client, address: str) -> bool:
    return "1 received" in client.machine.run("ping", "-c1", "-W1", address, check=False)


def test_a_friend_is_reached_within_five_seconds_of_join(
    player: Callable[[str], Client],
) -> None:
    ann, bob = player("ann"), player("bob")
    made = ann.join(None)
    began = time.monotonic()
    bob.join(made["room_code"])
    wait_until(lambda: reaches(bob, ann.address), "ann answers bob", limit=REACHED_LIMIT)
    assert time.monotonic() - began < REACHED_LIMIT
    assert reaches(ann, bob.address)
    assert [bob.leave(), ann.leave()] == [0, 0]


def test_join_without_a_code_makes_a_room_and_prints_what_a_friend_types(
    player: Callable[[str], Client],
) -> None:
    ann, bob = player("ann"), player("bob")
    program = ann.start("--no-json")
    program.wait_for_text("softlan://", limit=10)
    (line,) = (line for line in program.text.splitlines() if "softlan://" in line)
    command, subcommand, invite = shlex.split(line)
    assert (command, subcommand) == ("lanparty-client", "join")
    bob.start(invite, dial=())
    bob.wait_joined()
    assert [bob.leave(), ann.leave()] == [0, 0]


@pytest.mark.parametrize("way", [0, 1], ids=["ann to bob", "bob to ann"])
def test_ping_goes_both_ways_by_address_and_by_name(pair: Pair, way: int) -> None:
    asker, friend = pair.ways[way]
    assert reaches(asker, friend.address)
    code, printed = asker.run("ping", friend.name, "--count=3")
    assert code == 0, printed
    assert friend.name in printed


def test_the_largest_packet_passes_unfragmented_for_the_host(pair: Pair) -> None:
    for asker, friend in pair.ways:
        printed = asker.machine.run(
            "ping", "-Mdo", "-s1472", "-c5", "-i0.2", "-W2", friend.address, check=False
        )
        assert "5 received" in printed, printed
