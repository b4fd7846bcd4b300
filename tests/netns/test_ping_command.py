"""`lanparty-client ping`: the way through the room to one player, and the relay's share of it."""

import json
import os
import signal
from pathlib import Path

import pytest
from network import Network
from real_client import CLIENT, Pair
from real_relay import Relay

SIM = Path(CLIENT).with_name("lanparty-sim")


def test_it_tells_the_time_and_the_relays_share(pair: Pair) -> None:
    for asker, friend in pair.ways:
        code, printed = asker.run("ping", friend.name.upper(), "-c", "2", "--json")
        assert code == 0, printed
        begun, *replies, summary = map(json.loads, printed.splitlines())
        assert begun["player"] == summary["player"] == friend.name
        assert (summary["sent"], summary["answered"]) == (2, 2)
        for reply in replies:
            assert 0 < reply["seconds"] < 1
            assert 0 < reply["relay_seconds"] + reply["friend_relay_seconds"] < 2
            assert reply["rest_seconds"] >= 0


def test_a_player_is_named_by_address_too(pair: Pair) -> None:
    code, printed = pair.ann.run("ping", pair.bob.address, "-c", "1")
    assert code == 0, printed
    assert printed.startswith("PING bob through the room")
    assert "you to relay" in printed


def test_it_says_who_is_here_when_nobody_is_meant(pair: Pair) -> None:
    code, printed = pair.ann.run("ping", "mallory")
    assert code == 1
    assert "Nobody in the room is called 'mallory'. Here are: bob." in printed


def test_an_endless_ping_ends_with_its_summary_at_ctrl_c(pair: Pair, network: Network) -> None:
    log = network.folder / "endless.log"
    program = pair.ann.machine.start(
        CLIENT, "ping", "bob", log=log, environment=pair.ann.directories
    )
    program.wait_for_text("2: ", limit=10)
    assert program.interrupt() == 0
    assert program.text.splitlines()[-1].startswith("bob: ")
    assert not program.error_text


def test_a_friend_that_does_not_answer_is_a_loss_and_an_exit_code(pair: Pair) -> None:
    hung = pair.bob.program.process_id
    os.kill(hung, signal.SIGSTOP)
    try:
        code, printed = pair.ann.run("ping", "bob", "-c", "1")
    finally:
        os.kill(hung, signal.SIGCONT)
    assert code == 1
    assert printed.splitlines()[1:] == ["1: no answer", "bob: 1 sent, 0 answered, 100% lost"]


@pytest.mark.slow
def test_a_simulated_player_answers_ping_and_the_doctor(
    pair: Pair, relay: Relay, network: Network
) -> None:
    with pair.bob.machine.start(
        SIM,
        *("join", "--json", "--name=simon", f"--room={pair.room}", *relay.dial_options),
        log=network.folder / "simulated.log",
    ) as simulated:
        simulated.wait_for_text('"joined"', limit=10)
        code, printed = pair.ann.run("ping", "sim", "-c", "1")
        assert code == 0, printed
        _, printed = pair.ann.run("doctor", "--json")
    sights = {friend["name"]: friend for friend in json.loads(printed)["friends"]}
    assert sights["simon"]["outcome"] == sights["bob"]["outcome"] == "ok"
    assert (sights["simon"]["hearing"], sights["bob"]["hearing"]) == ("no_host", "listening")
