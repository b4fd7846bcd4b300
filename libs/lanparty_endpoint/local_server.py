"""The side of a running endpoint that answers questions at a Unix socket; see `local_requests`."""

import asyncio
import errno
import os
import socket
import stat
import struct
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from lanparty_endpoint.local_asking import is_abandoned
from lanparty_endpoint.local_requests import (
    DONE,
    FAILED,
    LINE_LIMIT,
    Asker,
    LocalSocketError,
    RequestRefused,
    SocketTakenError,
    decode_line,
    encode_line,
)
from lanparty_obs.logging import get_logger

__all__ = ["Answers", "LocalServer", "Responder"]

CONNECTION_LIMIT: Final = 64
"""Askers at one time. Each may listen as long as it likes, so there is a bound."""

CONNECTIONS_PER_USER: Final = 16
"""Of them, so that one user's programs leave room for the others'."""

REQUEST_TIMEOUT: Final = 5.0
"""Seconds within which the request must have been written."""

_TAKEN_TIMEOUT: Final = 10.0
"""Seconds within which the asker must take a line when its socket's buffer is full."""

_LAST_ANSWERS: Final = 0.2
"""Seconds for answers that wait for the end itself, such as to `leave`."""

_CREDENTIALS: Final = struct.Struct("iII")
"""struct ucred: pid, uid, gid (unix(7))."""

_log: Final = get_logger(__name__)

Answers: TypeAlias = AsyncGenerator[Mapping[str, object], None]

Responder: TypeAlias = Callable[[Asker, Mapping[str, Any]], Answers]
"""Gives the answers to one request; Any: JSON that nobody has judged yet.

It raises `RequestRefused`. Cancelled when the asker closes its side, it may answer on."""


class LocalServer:
    """A listening socket; an asynchronous context manager that removes it at its end."""

    def __init__(
        self, path: Path, respond: Responder, *, mode: int = 0o600, group: int | None = None
    ) -> None:
        """Whoever may write to the socket by `mode` and `group` may ask."""
        self._path = path
        self._respond = respond
        self._mode = mode
        self._group = group
        self._server: asyncio.Server | None = None
        self._identity: tuple[int, int] | None = None
        self._connections: dict[asyncio.Task[None], int] = {}
        """Who is being answered, by user id."""

    async def __aenter__(self) -> Self:
        """Listen; raise `LocalSocketError` if the path can't be had or somebody serves there."""
        try:
            listening = self._bind()
        except OSError as error:
            kind = SocketTakenError if error.errno == errno.EADDRINUSE else LocalSocketError
            raise kind(f"Can't use {self._path}: {error.strerror or error}.") from error
        found = self._path.stat()
        self._identity = (found.st_dev, found.st_ino)
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listening, limit=LINE_LIMIT
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening, let last answers out, cancel what goes on after that."""
        assert self._server is not None
        self._server.close()
        connections = list(self._connections)
        if connections:
            await asyncio.wait(connections, timeout=_LAST_ANSWERS)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        with suppress(OSError):
            found = self._path.stat()
            if (found.st_dev, found.st_ino) == self._identity:  # and not a later process's
                self._path.unlink()

    def _bind(self) -> socket.socket:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            if is_abandoned(self._path):
                self._path.unlink(missing_ok=True)
            listening.bind(str(self._path))
            # Nobody can connect before it listens, so nobody slips through in between.
            _open_to(self._path, mode=self._mode, group=self._group)
            listening.setblocking(False)
        except BaseException:
            listening.close()
            raise
        return listening

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        asker = _asker_of(writer)
        own = sum(uid == asker.uid for uid in self._connections.values())
        has_room = len(self._connections) < CONNECTION_LIMIT and own < CONNECTIONS_PER_USER
        self._connections[connection] = asker.uid
        try:
            if has_room:
                await self._answer(asker, reader, writer)
            else:
                await _write(writer, _failed("Too many programs ask softlan at once. Try again."))
        except (ConnectionError, TimeoutError):
            pass  # The asker is gone, or never asked, or doesn't listen.
        except asyncio.CancelledError:
            writer.transport.abort()  # It had its time for last answers.
            raise
        except Exception:  # noqa: BLE001  a fault of ours in one answer; the endpoint goes on
            _log.exception("a local request failed")
            with suppress(ConnectionError, TimeoutError):
                await _write(writer, _failed("Something went wrong inside softlan."))
        finally:
            await _close(writer)
            del self._connections[connection]

    async def _answer(
        self, asker: Asker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        async with asyncio.timeout(REQUEST_TIMEOUT):
            request = await _read_request(reader)
        if request is None:
            await _write(writer, _failed("The request is no line with a JSON object.", exit_code=2))
            return
        answering = asyncio.ensure_future(self._stream(asker, request, writer))
        closed = asyncio.ensure_future(_until_closed(reader))
        try:
            await asyncio.wait({answering, closed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closed.cancel()
            if not answering.done():
                answering.cancel()
            await asyncio.wait({answering})
        if not answering.cancelled():
            answering.result()

    async def _stream(
        self, asker: Asker, request: Mapping[str, Any], writer: asyncio.StreamWriter
    ) -> None:
        last: Mapping[str, object] = {"event": DONE}
        try:
            async with aclosing(self._respond(asker, request)) as answers:
                async for answer in answers:
                    await _write(writer, answer)
        except RequestRefused as refused:
            last = _failed(str(refused), exit_code=refused.exit_code)
        await _write(writer, last)


def _asker_of(writer: asyncio.StreamWriter) -> Asker:
    connection = writer.get_extra_info("socket")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(credentials)
    return Asker(pid, uid)


async def _read_request(reader: asyncio.StreamReader) -> Mapping[str, Any] | None:
    try:
        request = decode_line(await reader.readline())
    except ValueError:  # longer than the limit
        return None
    return request if request is not None and isinstance(request.get("request"), str) else None


async def _until_closed(reader: asyncio.StreamReader) -> None:
    # What else an asker writes means nothing, and is not kept.
    with suppress(ConnectionError):
        while await reader.read(LINE_LIMIT):
            pass


async def _write(writer: asyncio.StreamWriter, answer: Mapping[str, object]) -> None:
    writer.write(encode_line(answer))
    async with asyncio.timeout(_TAKEN_TIMEOUT):
        await writer.drain()


def _open_to(path: Path, *, mode: int, group: int | None) -> None:
    """Let others write to the socket that was bound just now, and change nothing else.

    The directory may be another user's, who could have put a link in the socket's place; so it is
    held by a descriptor (O_PATH, open(2)).
    """
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.geteuid():
            raise FileExistsError(errno.EEXIST, "somebody put another file there")
        held = f"/proc/self/fd/{descriptor}"
        if group is not None:
            os.chown(held, -1, group)
        os.chmod(held, mode)
    finally:
        os.close(descriptor)


async def _close(writer: asyncio.StreamWriter) -> None:
    """Let the asker take what is left; one that doesn't would keep socket and buffer for ever."""
    writer.close()
    try:
        async with asyncio.timeout(_TAKEN_TIMEOUT):
            await writer.wait_closed()
    except (ConnectionError, TimeoutError):
        pass
    finally:
        writer.transport.abort()


def _failed(text: str, *, exit_code: int = 1) -> Mapping[str, object]:
    return {"event": FAILED, "message": text, "exit_code": exit_code}
