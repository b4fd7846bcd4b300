"""Askers that mean no good, or are just slow, at a real Unix socket."""

import asyncio
import socket
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lanparty_endpoint import local_asking, local_server
from lanparty_endpoint.local_asking import ask
from lanparty_endpoint.local_requests import (
    Asker,
    LocalSocketError,
    RequestRefused,
    SocketTakenError,
)
from lanparty_endpoint.local_server import CONNECTIONS_PER_USER, Answers, LocalServer

QUESTION = b'{"request": "anything"}\n'


async def answer_once(asker: Asker, request: Mapping[str, Any]) -> Answers:  # Any: JSON
    yield {"event": "asked", "request": request["request"], "uid": asker.uid}


async def answer_for_ever(_: Asker, __: Mapping[str, Any]) -> Answers:  # Any: JSON
    while True:
        yield {"event": "line", "text": "x" * 100_000}


async def answer_never(_: Asker, __: Mapping[str, Any]) -> Answers:  # Any: JSON
    await asyncio.Event().wait()
    yield {}


def connected(path: Path) -> socket.socket:
    asker = socket.socket(socket.AF_UNIX)
    asker.connect(str(path))
    asker.sendall(QUESTION)
    asker.setblocking(False)
    return asker


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  a descriptor rings nothing
            await asyncio.sleep(0)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_an_asker_that_takes_nothing_is_let_go_with_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_server, "_TAKEN_TIMEOUT", 0.1)
    async with LocalServer(tmp_path / "s.sock", answer_for_ever):
        before = open_descriptors()
        asker = connected(tmp_path / "s.sock")
        await until(lambda: open_descriptors() == before + 2)  # it was accepted
        await until(lambda: open_descriptors() == before + 1)
        asker.close()


async def test_an_asker_that_takes_nothing_does_not_hold_the_end_up(tmp_path: Path) -> None:
    async with asyncio.timeout(5), LocalServer(tmp_path / "s.sock", answer_for_ever):
        asker = connected(tmp_path / "s.sock")
        await asyncio.sleep(0.05)
    asker.close()


async def test_one_user_leaves_room_for_others(tmp_path: Path) -> None:
    async with LocalServer(tmp_path / "s.sock", answer_never):
        askers = [connected(tmp_path / "s.sock") for _ in range(CONNECTIONS_PER_USER)]
        with pytest.raises(RequestRefused, match="Too many programs"):
            await ask(tmp_path / "s.sock", {"request": "anything"})
        for asker in askers:
            asker.close()


async def test_a_place_comes_back_when_its_asker_goes(tmp_path: Path) -> None:
    async with LocalServer(tmp_path / "s.sock", answer_once):
        for _ in range(3 * CONNECTIONS_PER_USER):
            await ask(tmp_path / "s.sock", {"request": "anything"})


async def test_a_link_in_the_sockets_place_opens_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("nobody else's")
    secret.chmod(0o600)
    bind = socket.socket.bind

    def bind_and_swap(self: socket.socket, address: str) -> None:
        bind(self, address)
        Path(address).unlink()
        Path(address).symlink_to(secret)

    monkeypatch.setattr(socket.socket, "bind", bind_and_swap)
    with pytest.raises(LocalSocketError):
        async with LocalServer(tmp_path / "s.sock", answer_once, mode=0o666):
            pass
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


async def test_a_process_that_was_stopped_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_asking, "ANSWER_LIMIT", 0.05)
    with socket.socket(socket.AF_UNIX) as stopped:
        stopped.bind(str(tmp_path / "lan0.sock"))
        stopped.listen()
        with pytest.raises(LocalSocketError, match="lan0 doesn't answer"):
            await ask(tmp_path / "lan0.sock", {"request": "status"})


async def test_where_another_serves_that_is_what_is_in_the_way(tmp_path: Path) -> None:
    async with LocalServer(tmp_path / "s.sock", answer_once):
        with pytest.raises(SocketTakenError):
            async with LocalServer(tmp_path / "s.sock", answer_once):
                pass
