"""`docker compose up`: a relay that players and operators on the host reach, and how it ends."""

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from compose_project import REPOSITORY, ComposeProject
from simulated_player import simulated_player

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180, func_only=True)]

HEALTHY_LIMIT = 10.0
STOP_LIMIT = 2.0
DIAL = re.compile(r"players: +--relay (?P<relay>\S+) --pin (?P<pin>\S+)")
ROOM = "C0NTA1NER"


@pytest.fixture(scope="module")
def seconds_to_healthy(compose: ComposeProject) -> float:
    """Start it as an operator does, with no service named; how long it took to be healthy."""
    began = time.monotonic()
    compose.up()
    compose.wait_healthy()
    return time.monotonic() - began


@pytest.fixture
def relay(compose: ComposeProject, seconds_to_healthy: float) -> Iterator[ComposeProject]:
    yield compose
    compose.up_healthy()


def dial_options(relay: ComposeProject) -> list[str]:
    """Return the options for players as the relay's log has them."""
    said = DIAL.search(relay.logs("relay"))
    assert said is not None, relay.logs("relay")
    return ["--relay", said["relay"], "--pin", said["pin"]]


def test_the_relay_is_healthy_within_ten_seconds(seconds_to_healthy: float) -> None:
    assert seconds_to_healthy < HEALTHY_LIMIT


def test_only_the_relay_starts_without_a_profile(relay: ComposeProject) -> None:
    everything = relay.compose("ps", "--all", "--services").stdout.split()
    assert everything == ["relay"]


def test_the_start_says_where_players_and_operators_on_the_host_go(relay: ComposeProject) -> None:
    said = relay.logs("relay")
    assert f"--relay 127.0.0.1:{relay.relay_port} --pin sha256:" in said
    assert f"admin API:   http://127.0.0.1:{relay.admin_port}\n" in said
    assert "admin token: /var/lib/softlan/admin-token\n" in said
    assert "unencrypted" not in said  # only this host reaches the API


def test_a_player_on_the_host_joins_by_what_the_log_prints(
    relay: ComposeProject, tmp_path: Path
) -> None:
    options = dial_options(relay)
    with simulated_player(tmp_path, *options, f"--room={ROOM}", "--create") as player:
        joined = player.wait_joined()
        assert joined["room_code"] == ROOM
        assert relay.ask("/api/v1/relay")["peers"] == 1
        assert player.leave() == 0


def test_the_curl_lines_of_the_readme_work(
    relay: ComposeProject, lacking: Callable[[str], NoReturn]
) -> None:
    lines = [
        line.strip().replace("127.0.0.1:8080", f"127.0.0.1:{relay.admin_port}")
        for line in (REPOSITORY / "README.md").read_text().splitlines()
        if re.match(r" {4}(curl |TOKEN=.*docker compose)", line)
    ]
    assert sum(line.startswith("curl ") for line in lines) > 1, lines
    assert any(line.startswith("TOKEN=") for line in lines), lines
    for line in lines:
        if not line.startswith("curl "):
            continue
        asked = line.replace("curl ", "curl --fail --silent --show-error --noproxy '*' ", 1)
        script = "\n".join(["set -eu", *(own for own in lines if own.startswith("TOKEN=")), asked])
        ended = subprocess.run(
            ["bash", "-c", script],
            env=relay.environment,
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode == 127:
            lacking(f"curl is not installed: {ended.stderr}")
        assert ended.returncode == 0, f"{line}\n{ended.stderr}"
        assert ended.stdout, line


def test_the_api_refuses_who_has_no_token(relay: ComposeProject) -> None:
    with relay.api("x" * 43) as api:
        assert api.get("/api/v1/rooms").status_code == 401
        assert api.get("/readyz").status_code == 200


def test_a_stop_tells_the_players_and_ends_with_0_within_two_seconds(
    relay: ComposeProject, tmp_path: Path
) -> None:
    options = (*dial_options(relay), f"--room={ROOM}", "--create", "--no-reconnect")
    with simulated_player(tmp_path, *options) as player:
        player.wait_joined()
        began = time.monotonic()
        relay.compose("stop", "relay")
        seconds = time.monotonic() - began
        state = relay.inspect("relay")["State"]
        assert (state["Status"], state["ExitCode"]) == ("exited", 0)
        assert seconds < STOP_LIMIT
        assert player.wait_ended() == 0
        assert player.events()[-1]["code"] == "shutdown"


def test_ctrl_c_in_the_foreground_ends_with_the_relay_stopped(relay: ComposeProject) -> None:
    process = subprocess.Popen(
        ["docker", "compose", "up", "--no-build"],
        env=relay.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Attaching" in line:
                break
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    state = relay.inspect("relay")["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 0)
