"""A session and the socket at which it can be asked."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from lanparty_command import CommandFailed
from lanparty_endpoint.directories import RuntimeDirectory
from lanparty_endpoint.hosting import Tell, host_session
from lanparty_endpoint.local_requests import Asker
from lanparty_endpoint.local_server import Answers, LocalServer, Responder
from lanparty_endpoint.recent_lines import RecentLines


class Session:
    """Is over at once."""

    async def stay(self) -> int:
        return 0


async def answer(_: Asker, __: Mapping[str, Any]) -> Answers:
    yield {}


async def opened(_: AsyncExitStack, __: Tell) -> Session:
    return Session()


def respond_for(_: Session, __: asyncio.Event) -> Responder:
    return answer


async def host(directory: Path) -> int:
    return await host_session(
        opened,
        respond_for,
        runtime=RuntimeDirectory(directory, "sessions"),
        interface="eth0",
        group=None,
        log=RecentLines(echo=False),
        tell=lambda _: None,
        opened=lambda _: None,
    )


async def test_its_end_gives_the_exit_code_and_takes_the_socket_away(tmp_path: Path) -> None:
    assert await host(tmp_path) == 0
    assert list((tmp_path / "sessions").iterdir()) == []


async def test_a_second_one_at_an_interface_is_told_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()
    async with LocalServer(tmp_path / "sessions/eth0.sock", answer):
        with pytest.raises(CommandFailed, match="eth0 is in a room already"):
            await host(tmp_path)


async def test_a_directory_that_takes_no_socket_is_named_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "sessions").write_text("a file")
    with pytest.raises(CommandFailed, match="--runtime-dir"):
        await host(tmp_path)
