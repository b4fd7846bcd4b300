"""The side that asks a running endpoint of this machine; see `local_requests`."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from lanparty_endpoint.local_requests import (
    DONE,
    FAILED,
    LINE_LIMIT,
    LocalSocketError,
    RequestRefused,
    decode_line,
    encode_line,
)

__all__ = ["Question", "ask", "asking", "is_abandoned"]

ANSWER_LIMIT: Final = 15.0
"""Seconds: several times what the slowest answer takes, that of the doctor."""

_USUAL_EXIT_CODE: Final = 1


class Question:
    """A request that is being answered. `asking` makes it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def stop(self) -> None:
        """Ask for no more: the other side ends what it does, and says so in its last answers."""
        if self._writer.can_write_eof():
            self._writer.write_eof()

    async def next(self) -> dict[str, Any] | None:  # Any: JSON
        """Return the next answer; None when there are no more. A cancelled call may be repeated.

        Raises `RequestRefused` with the other side's sentence, and `LocalSocketError` if it stops
        before its last line.
        """
        try:
            line = await self._reader.readline()
        except (ConnectionError, ValueError) as error:
            raise LocalSocketError("softlan on this computer gave an unreadable answer.") from error
        answer = decode_line(line) if line else None
        if answer is None:
            raise LocalSocketError("softlan on this computer stopped in the middle of its answer.")
        if answer.get("event") == FAILED:
            code = answer.get("exit_code")
            raise RequestRefused(
                str(answer.get("message", "")),
                exit_code=code if isinstance(code, int) else _USUAL_EXIT_CODE,
            )
        return None if answer.get("event") == DONE else answer

    async def answers(self) -> AsyncIterator[dict[str, Any]]:  # Any: JSON
        """Yield each answer; raises as `next` does."""
        while (answer := await self.next()) is not None:
            yield answer


@asynccontextmanager
async def asking(path: Path, request: Mapping[str, object]) -> AsyncIterator[Question]:
    """Connect, ask and hand out the question; the connection is closed at the end.

    Raises `LocalSocketError` if nobody serves at `path`, or the user may not ask there:
    `__cause__` is the OSError.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=LINE_LIMIT)
    except OSError as error:
        raise LocalSocketError(f"Can't ask at {path}: {error.strerror or error}.") from error
    try:
        writer.write(encode_line(request))
        yield Question(reader, writer)
    finally:
        writer.close()


async def ask(path: Path, request: Mapping[str, object]) -> list[dict[str, Any]]:  # Any: JSON
    """Ask what has a few answers soon, and return them.

    Raises as `asking` and `next` do, and `LocalSocketError` if there are none: the kernel connects
    us to a process that was stopped (Ctrl-Z), too.
    """
    try:
        async with asyncio.timeout(ANSWER_LIMIT), asking(path, request) as question:
            return [answer async for answer in question.answers()]
    except TimeoutError:
        raise LocalSocketError(
            f"The softlan of {path.stem} doesn't answer. If it was stopped by Ctrl-Z, `fg` in its "
            "terminal lets it go on."
        ) from None


def is_abandoned(path: Path) -> bool:
    """Tell whether a socket is there at which nobody listens any more: its process was killed."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False
