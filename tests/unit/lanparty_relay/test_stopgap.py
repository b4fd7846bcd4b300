import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from lanparty_relay.stopgap import Stopgap


@pytest.fixture
async def listener() -> AsyncIterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
async def stopgap(listener: socket.socket) -> AsyncIterator[Stopgap]:
    stopgap = Stopgap(listener)
    await stopgap.start()
    yield stopgap
    stopgap.close()
    await asyncio.sleep(0.01)  # aborted transports close their sockets in a later turn of the loop


@asynccontextmanager
async def client(
    listener: socket.socket,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    yield reader, writer
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def ask(listener: socket.socket, request: bytes) -> tuple[list[str], bytes]:
    async with client(listener) as (reader, writer):
        writer.write(request)
        answer = await reader.read()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode().split("\r\n"), body


@pytest.mark.usefixtures("stopgap")
async def test_every_request_is_told_which_half_is_down(listener: socket.socket) -> None:
    head, body = await ask(listener, b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert head[0] == "HTTP/1.1 503 Service Unavailable"
    assert "Content-Type: application/problem+json" in head
    assert "Retry-After: 1" in head
    assert f"Content-Length: {len(body)}" in head
    problem = json.loads(body)
    assert (problem["status"], problem["relay"], problem["admin"]) == (503, "up", "down")


@pytest.mark.usefixtures("stopgap")
async def test_a_head_request_gets_no_body(listener: socket.socket) -> None:
    head, body = await ask(listener, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert head[0].startswith("HTTP/1.1 503")
    assert body == b""


async def test_the_listener_outlives_the_stopgap(listener: socket.socket, stopgap: Stopgap) -> None:
    stopgap.stop()
    stopgap.stop()
    await stopgap.start()
    await stopgap.start()
    head, _ = await ask(listener, b"GET / HTTP/1.1\r\n\r\n")
    assert head[0].startswith("HTTP/1.1 503")


async def test_while_it_is_stopped_the_listener_is_the_admin_processs(
    listener: socket.socket, stopgap: Stopgap
) -> None:
    stopgap.stop()
    with socket.create_connection(listener.getsockname()):
        await asyncio.sleep(0)
        accepted, _ = listener.accept()
        accepted.close()


async def test_who_waits_without_asking_is_dropped_at_the_close(
    listener: socket.socket, stopgap: Stopgap
) -> None:
    async with client(listener) as (reader, _):
        await ask(listener, b"GET / HTTP/1.1\r\n\r\n")  # the first was accepted before this one
        stopgap.close()
        assert await ended(reader)


@pytest.mark.usefixtures("stopgap")
async def test_of_too_many_clients_the_last_is_refused(listener: socket.socket) -> None:
    async with AsyncExitStack() as clients:
        for _ in range(33):
            reader, _ = await clients.enter_async_context(client(listener))
        assert await ended(reader)


async def ended(reader: asyncio.StreamReader) -> bool:
    """Wait until the connection ends without an answer."""
    try:
        return await reader.read() == b""
    except ConnectionResetError:
        return True
