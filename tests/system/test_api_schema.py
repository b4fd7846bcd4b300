"""The admin API against its own schema: a relay with a live room, asked by schemathesis."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from lanparty_proto import MacAddress
from lanparty_sim.player import Player
from lanparty_sim.relay_process import RelayProcess
from lanparty_sim.virtual_host import VirtualHost

pytestmark = pytest.mark.slow

PROGRAM = str(Path(sys.executable).with_name("schemathesis"))
EXAMPLES = "20"


@pytest.fixture
async def relay() -> AsyncIterator[RelayProcess]:
    async with RelayProcess() as relay:
        yield relay


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


@pytest.fixture
def token(relay: RelayProcess) -> str:
    return f"Authorization: Bearer {relay.token_file.read_text().strip()}"


async def check(relay: RelayProcess, directory: Path, config: str, *options: str) -> str:
    """Let schemathesis ask; return what it said if it found something wrong."""
    file = directory / "schemathesis.toml"
    file.write_text(config)
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        f"--config-file={file}",
        "run",
        f"{relay.admin_url}/openapi.json",
        f"--max-examples={EXAMPLES}",
        "--generation-deterministic",
        *options,
        cwd=directory,  # where it may keep what it learns
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return "" if process.returncode == 0 else said.decode()


@pytest.mark.usefixtures("players")
async def test_with_the_token_every_answer_is_as_the_schema_says(
    relay: RelayProcess, tmp_path: Path, token: str
) -> None:
    assert not await check(relay, tmp_path, "", "--header", token)


async def test_a_live_room_and_peer_are_as_the_schema_says(
    relay: RelayProcess, players: list[Player], tmp_path: Path, token: str
) -> None:
    welcome = players[0].welcome
    config = (
        f'[parameters]\n"path.room_id" = "{welcome.room_id}"\n"path.peer_id" = {welcome.peer_id}\n'
    )
    assert not await check(
        relay, tmp_path, config, "--header", token, "--include-method", "GET", "--phases", "fuzzing"
    )
    assert players[0].is_joined


@pytest.mark.usefixtures("players")
async def test_without_the_token_every_answer_is_as_the_schema_says(
    relay: RelayProcess, players: list[Player], tmp_path: Path
) -> None:
    assert not await check(relay, tmp_path, "")
    assert all(player.is_joined for player in players)
