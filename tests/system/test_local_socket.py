"""Questions to a running endpoint, over a real Unix socket."""

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from lanparty_endpoint import local_server
from lanparty_endpoint.local_asking import ask, asking
from lanparty_endpoint.local_requests import LINE_LIMIT, Asker, LocalSocketError, RequestRefused
from lanparty_endpoint.local_server import Answers, LocalServer

LIMIT = 5.0


class Responder:
    """Answers `count`, `refuse`, `break`, `who` and `stay`."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def respond(self, asker: Asker, request: Mapping[str, Any]) -> Answers:  # Any: JSON
        match request["request"]:
            case "count":
                for number in range(request["to"]):
                    yield {"event": "number", "number": number}
            case "refuse":
                raise RequestRefused("Not today.", exit_code=5)
            case "break":
                raise ZeroDivisionError
            case "who":
                yield {"event": "who", "pid": asker.pid, "uid": asker.uid}
            case "stay":
                self.begun.set()
                yield {"event": "here"}
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    self.cancelled.set()
                yield {"event": "goodbye"}


@asynccontextmanager
async def serving(path: Path, **options: int) -> AsyncIterator[Responder]:
    responder = Responder()
    async with asyncio.timeout(LIMIT), LocalServer(path, responder.respond, **options):
        yield responder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lan0.sock"


async def test_a_request_is_answered_line_by_line(path: Path) -> None:
    async with serving(path):
        answers = await ask(path, {"request": "count", "to": 3})
        assert [answer["number"] for answer in answers] == [0, 1, 2]


async def test_the_kernel_says_who_asks(path: Path) -> None:
    async with serving(path):
        [answer] = await ask(path, {"request": "who"})
        assert (answer["pid"], answer["uid"]) == (os.getpid(), os.getuid())


async def test_a_refusal_comes_with_its_sentence_and_exit_code(path: Path) -> None:
    async with serving(path):
        with pytest.raises(RequestRefused, match=r"Not today\.") as refused:
            await ask(path, {"request": "refuse"})
        assert refused.value.exit_code == 5


async def test_a_fault_in_one_answer_leaves_the_others(path: Path) -> None:
    async with serving(path):
        with pytest.raises(RequestRefused, match="inside softlan"):
            await ask(path, {"request": "break"})
        assert len(await ask(path, {"request": "count", "to": 1})) == 1


async def test_whoever_stops_hears_the_last_answers(path: Path) -> None:
    async with serving(path) as responder, asking(path, {"request": "stay"}) as question:
        assert await question.next() == {"event": "here"}
        question.stop()
        assert await question.next() == {"event": "goodbye"}
        assert await question.next() is None
        assert responder.cancelled.is_set()


async def test_a_request_ends_when_its_asker_is_gone(path: Path) -> None:
    async with serving(path) as responder:
        async with asking(path, {"request": "stay"}):
            await responder.begun.wait()
        await responder.cancelled.wait()


async def test_a_cancelled_wait_for_an_answer_may_be_repeated(path: Path) -> None:
    async with serving(path), asking(path, {"request": "stay"}) as question:
        await question.next()
        waiting = asyncio.ensure_future(question.next())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        question.stop()
        assert await question.next() == {"event": "goodbye"}


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"hello\n",
        b"[]\n",
        b"{}\n",
        b'{"request": 5}\n',
        b"\xff\xfe\n",
        b'{"request": "count"' + b" " * 2 * LINE_LIMIT + b"}\n",
        b"[" * 100_000 + b"\n",
    ],
)
async def test_what_is_no_request_is_refused(path: Path, line: bytes) -> None:
    async with serving(path):
        reader, writer = await asyncio.open_unix_connection(path, limit=LINE_LIMIT)
        writer.write(line)
        answer = json.loads(await reader.readline())
        assert (answer["event"], answer["exit_code"]) == ("failed", 2)
        with suppress(ConnectionResetError):  # what it did not read is thrown away
            assert await reader.read() == b""
        writer.close()


async def test_whoever_asks_nothing_is_not_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_server, "REQUEST_TIMEOUT", 0.05)
    async with serving(path):
        reader, writer = await asyncio.open_unix_connection(path)
        assert await reader.read() == b""
        writer.close()


async def test_the_number_of_askers_is_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_server, "CONNECTION_LIMIT", 1)
    async with serving(path) as responder, asking(path, {"request": "stay"}) as question:
        await responder.begun.wait()
        with pytest.raises(RequestRefused, match="Too many"):
            await ask(path, {"request": "who"})
        question.stop()


async def test_the_socket_is_for_whom_it_should_be_and_goes_with_the_server(path: Path) -> None:
    async with serving(path, mode=0o660, group=os.getgid()):
        found = os.stat(path)
        assert stat.S_IMODE(found.st_mode) == 0o660
        assert found.st_gid == os.getgid()
    with pytest.raises(LocalSocketError, match="No such file"):
        await ask(path, {"request": "who"})


async def test_the_socket_of_a_killed_process_is_replaced(path: Path) -> None:
    abandoned = socket.socket(socket.AF_UNIX)
    abandoned.bind(str(path))
    abandoned.close()
    with pytest.raises(LocalSocketError):
        await ask(path, {"request": "who"})
    async with serving(path):
        assert await ask(path, {"request": "who"})


async def test_the_socket_of_a_running_process_stays_its_own(path: Path) -> None:
    async with serving(path):
        with pytest.raises(LocalSocketError, match="in use"):
            async with serving(path):
                pass
        assert await ask(path, {"request": "who"})


async def test_a_server_that_ends_takes_its_requests_along(path: Path) -> None:
    async with asyncio.timeout(LIMIT):
        async with serving(path) as responder:
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b'{"request": "stay"}\n')
            await responder.begun.wait()
        assert responder.cancelled.is_set()
        assert b"here" in await reader.read()
        writer.close()


async def test_where_nobody_serves_the_reason_is_said(path: Path) -> None:
    with pytest.raises(LocalSocketError, match="No such file"):
        await ask(path, {"request": "who"})
