"""What outlives a relay's container: pin, token, certificate, and the players who come back."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from compose_project import ComposeProject
from docker_command import docker
from simulated_player import simulated_player
from waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180, func_only=True)]

BYSTANDERS = ("bystander-1", "bystander-2", "bystander-3")
BACK_LIMIT = 30.0
FINGERPRINT = """
import hashlib, pathlib
for name in ("relay-cert.pem", "relay-key.pem"):
    print(hashlib.sha256(pathlib.Path("/var/lib/softlan", name).read_bytes()).hexdigest())
"""


@dataclass(frozen=True)
class Identity:
    """What players and operators know a relay by."""

    pin: str
    token: str
    certificate_and_key: str


def identity_of(relay: ComposeProject) -> Identity:
    return Identity(
        pin=relay.ask("/api/v1/relay")["pin"],
        token=relay.token(),
        certificate_and_key=relay.execute("relay", "python3", "-c", FINGERPRINT),
    )


def players_of(relay: ComposeProject, *, token: str) -> dict[int, dict[str, Any]]:
    """Return the players of the only room by peer id; nobody while there is no room."""
    rooms = relay.ask("/api/v1/rooms", token)["rooms"]
    if len(rooms) != 1:
        return {}
    peers = relay.ask(f"/api/v1/rooms/{rooms[0]['room_id']}/peers", token)["peers"]
    return {peer["peer_id"]: peer for peer in peers}


def wait_for_bystanders(relay: ComposeProject, *, token: str) -> None:
    def together() -> bool:
        players = players_of(relay, token=token).values()
        return len({player["mac"] for player in players}) == len(players) == len(BYSTANDERS)

    wait_until(together, "three bystanders are in one room", limit=BACK_LIMIT, pause=0.5)


@pytest.fixture(scope="module")
def relay(compose: ComposeProject) -> ComposeProject:
    compose.up_healthy(*BYSTANDERS)
    return compose


def restart(relay: ComposeProject) -> None:
    relay.compose("restart", "relay")


def kill(relay: ComposeProject) -> None:
    """Kill its process from the host: a `docker kill` counts as stopped by hand."""
    before = relay.inspect("relay")
    host = ("run", "--rm", "--pid=host", "--user=0", "--entrypoint=python3", "softlan/sim")
    docker(*host, "-c", f"import os; os.kill({before['State']['Pid']}, 9)")
    restarts = int(before["RestartCount"])
    wait_until(
        lambda: relay.inspect("relay")["RestartCount"] > restarts, "Docker restarts it", limit=10
    )


def down_and_up(relay: ComposeProject) -> None:
    relay.compose("--profile=*", "down")
    assert not [thing for thing in relay.remains() if not thing.startswith("volume")]
    relay.up(*BYSTANDERS)


@pytest.mark.parametrize("interrupt", [restart, kill, down_and_up])
def test_after_an_interruption_it_is_the_same_relay_and_the_players_are_back(
    relay: ComposeProject, interrupt: Callable[[ComposeProject], None]
) -> None:
    before = identity_of(relay)
    wait_for_bystanders(relay, token=before.token)
    container, started = relay.container("relay"), relay.inspect("relay")["State"]["StartedAt"]
    interrupt(relay)
    relay.wait_healthy()
    assert relay.inspect("relay")["State"]["StartedAt"] != started
    assert (relay.container("relay") == container) == (interrupt is not down_and_up)
    assert identity_of(relay) == before
    wait_for_bystanders(relay, token=before.token)


def test_a_renewed_token_counts_from_sighup_on_and_players_stay(
    relay: ComposeProject, tmp_path: Path
) -> None:
    old = relay.token()
    started = relay.inspect("relay")["State"]["StartedAt"]
    pin = relay.ask("/api/v1/relay", old)["pin"]
    dial = (f"--relay=127.0.0.1:{relay.relay_port}", f"--pin={pin}")
    with simulated_player(tmp_path, *dial, "--room=BYSTANDERS", "--name=stays") as player:
        peer_id = player.wait_joined()["peer_id"]
        new = relay.execute("relay", "lanparty-relay", "token", "--renew").strip().splitlines()[-1]
        assert new != old
        assert relay.token() == new
        relay.compose("kill", "--signal=HUP", "relay")

        def is_accepted(token: str) -> bool:
            with relay.api(token) as api:
                return api.get("/api/v1/rooms").status_code == 200

        wait_until(lambda: is_accepted(new), "the new token works", limit=10)
        assert not is_accepted(old)
        assert peer_id in players_of(relay, token=new)
        assert relay.inspect("relay")["State"]["StartedAt"] == started
        assert player.leave() == 0
        assert not [event for event in player.events() if event["event"] == "ended"]
