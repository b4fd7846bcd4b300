"""The admin API against its own schema: a relay with live rooms, asked by schemathesis.

Its checks are all on: no 5xx, nothing that the schema doesn't say, wrong values refused, right ones
taken, nothing without the token, nothing that is still there after its DELETE.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from ipaddress import IPv4Address
from pathlib import Path

import httpx
import pytest

from lanparty_proto import MacAddress
from lanparty_sim.player import Player
from lanparty_sim.relay_process import RelayProcess
from lanparty_sim.virtual_host import VirtualHost

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PROGRAM = str(Path(sys.executable).with_name("schemathesis"))
EXAMPLES = 20
STATEFUL_EXAMPLES = 100

STREAMS_END_SOON = """\
[[operations]]
include-path-regex = "/(frames|events)$"
parameters = { "query.seconds" = 0.1, "query.timeout" = 0.1 }
"""
"""A stream goes on for as long as it was asked to, and schemathesis waits for its end."""


@pytest.fixture
async def relay() -> AsyncIterator[RelayProcess]:
    async with RelayProcess() as relay:
        yield relay


@pytest.fixture
def token(relay: RelayProcess) -> str:
    return f"Authorization: Bearer {relay.token_file.read_text().strip()}"


@pytest.fixture
async def players(relay: RelayProcess) -> AsyncIterator[list[Player]]:
    """Three players, each in a room of its own."""
    async with AsyncExitStack() as leaving:
        players = []
        for number in range(3):
            host = VirtualHost(
                mac=MacAddress(bytes([2, 0, 0, 0, 1, number])), address=IPv4Address("10.9.8.7")
            )
            player = Player(host, name=f"player {number}")
            leaving.push_async_callback(player.leave)
            await player.join(relay.known_relay(), room_code=None)
            players.append(player)
        yield players


async def check(relay: RelayProcess, directory: Path, *options: str, config: str = "") -> None:
    """Let schemathesis ask; fail with what it said if it found something wrong."""
    file = directory / "schemathesis.toml"
    file.write_text(config + STREAMS_END_SOON)
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        f"--config-file={file}",
        "run",
        f"{relay.admin_url}/openapi.json",
        "--generation-deterministic",
        *options,
        cwd=directory,  # where it may keep what it learns
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


async def assert_unharmed(relay: RelayProcess, token: str) -> None:
    """Both halves are up, and neither failed nor complained on the way."""
    name, value = token.split(": ")
    async with httpx.AsyncClient(
        base_url=relay.admin_url, headers={name: value}, trust_env=False
    ) as operator:
        assert (await operator.get("/readyz")).status_code == 200
        assert (await operator.get("/api/v1/relay")).json()["admin"] == {"restarts": 0}
    log = relay.log_file.read_text()
    assert "Traceback" not in log
    assert "[error" not in log


@pytest.mark.usefixtures("players")
async def test_with_the_token_every_answer_is_as_the_schema_says(
    relay: RelayProcess, tmp_path: Path, token: str
) -> None:
    await check(relay, tmp_path, "--header", token, f"--max-examples={EXAMPLES}")
    await assert_unharmed(relay, token)


async def test_a_live_room_and_peer_are_as_the_schema_says(
    relay: RelayProcess, players: list[Player], tmp_path: Path, token: str
) -> None:
    welcome = players[0].welcome
    config = (
        f'[parameters]\n"path.room_id" = "{welcome.room_id}"\n"path.peer_id" = {welcome.peer_id}\n'
    )
    options = ("--include-method", "GET", "--phases", "coverage,fuzzing")
    await check(
        relay,
        tmp_path,
        "--header",
        token,
        f"--max-examples={EXAMPLES}",
        *options,
        config=config,
    )
    assert players[0].is_joined
    await assert_unharmed(relay, token)


async def test_rooms_made_closed_and_left_one_after_another_are_as_the_schema_says(
    relay: RelayProcess, players: list[Player], tmp_path: Path, token: str
) -> None:
    options = ("--phases", "stateful", f"--max-examples={STATEFUL_EXAMPLES}")
    await check(relay, tmp_path, "--header", token, *options)
    assert not all(player.is_joined for player in players)  # the links lead to them too
    await assert_unharmed(relay, token)


@pytest.mark.parametrize("sent", [None, "Authorization: Bearer not-the-token-of-this-relay"])
async def test_without_the_token_every_answer_is_as_the_schema_says(
    relay: RelayProcess, players: list[Player], tmp_path: Path, token: str, sent: str | None
) -> None:
    header = () if sent is None else ("--header", sent)
    await check(relay, tmp_path, f"--max-examples={EXAMPLES}", *header)
    assert all(player.is_joined for player in players)
    await assert_unharmed(relay, token)
