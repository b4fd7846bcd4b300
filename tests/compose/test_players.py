"""Two players of compose.yaml, each with a network interface of its container: one LAN."""

import json
from typing import Any

import pytest
from compose_project import ComposeProject
from waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180, func_only=True)]

PLAYERS = ("player-1", "player-2")
PORT = 27_015
HEALTHY_LIMIT = 60.0

SERVE = f"""
import socket
listener = socket.create_server(("0.0.0.0", {PORT}))
print("listening", flush=True)
accepted, source = listener.accept()
print(source[0], accepted.makefile("rb").read(), flush=True)
"""
"""A game's server: it takes one connection and says from where and what."""

DIAL = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5) as connection:
    connection.sendall(b"hello from the other container")
"""

INTERFACES = "import socket; print(*(name for _, name in socket.if_nameindex()))"

CAPABILITIES = """
for line in open("/proc/1/status"):
    if line.startswith(("CapEff", "CapBnd", "NoNewPrivs")):
        print(*line.split())
"""
NET_ADMIN, DAC_READ_SEARCH = 1 << 12, 1 << 2  # include/uapi/linux/capability.h


@pytest.fixture(scope="module")
def players(compose: ComposeProject) -> ComposeProject:
    """A relay and two players who reach each other, which is their health."""
    compose.up_healthy(*PLAYERS)
    wait_until(
        lambda: all(
            compose.inspect(player)["State"]["Health"]["Status"] == "healthy" for player in PLAYERS
        ),
        "both players reach each other",
        limit=HEALTHY_LIMIT,
    )
    return compose


def session_of(players: ComposeProject, player: str) -> dict[str, Any]:
    said = json.loads(players.execute(player, "lanparty-client", "status", "--json"))
    (session,) = said["sessions"]
    assert isinstance(session, dict)
    return session


def game_of(players: ComposeProject) -> str:
    return players.execute("player-2", "cat", "/run/softlan-client/game")


def test_a_connection_between_their_kernels_goes_through_the_room(players: ComposeProject) -> None:
    first, second = (session_of(players, player) for player in PLAYERS)
    address = second["addresses"][0].split("/")[0]
    players.execute(
        "player-2", "sh", "-c", f"python3 -u -c '{SERVE}' >/run/softlan-client/game 2>&1 &"
    )
    wait_until(lambda: "listening" in game_of(players), "the game's server listens", limit=10)
    players.execute("player-1", "python3", "-c", DIAL, address, str(PORT))
    wait_until(lambda: "hello" in game_of(players), "the greeting came", limit=10)
    assert first["addresses"][0].split("/")[0] in game_of(players)
    assert "hello from the other container" in game_of(players)


def test_a_player_holds_no_other_right_than_its_interface_needs(players: ComposeProject) -> None:
    said = players.execute("player-1", "python3", "-c", CAPABILITIES)
    rights = dict(line.split(": ") for line in said.splitlines())
    assert int(rights["CapEff"], 16) == NET_ADMIN | DAC_READ_SEARCH
    assert int(rights["CapBnd"], 16) == NET_ADMIN | DAC_READ_SEARCH
    assert rights["NoNewPrivs"] == "1"
    assert players.inspect("player-1")["HostConfig"]["ReadonlyRootfs"] is True


def test_the_others_answer_after_the_relay_was_killed(players: ComposeProject) -> None:
    players.compose("--profile=*", "kill", "--signal=KILL", "relay")
    players.up_healthy()
    wait_until(
        lambda: (
            session_of(players, "player-1")["state"] == "joined"
            and len(session_of(players, "player-1")["members"]) == 1
        ),
        "both players are back by themselves",
        limit=HEALTHY_LIMIT,
    )
    players.execute("player-1", "lanparty-client", "ping", "player 2", "--count=1")


def test_leaving_takes_the_interface_away(players: ComposeProject) -> None:
    assert "lan0" in players.execute("player-2", "python3", "-c", INTERFACES)
    players.compose("--profile=*", "stop", "player-2")
    assert "Left the room." in players.logs("player-2")
    assert players.inspect("player-2")["State"]["ExitCode"] == 0
