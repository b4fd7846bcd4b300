"""A file that follows what is in memory."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.stdlib import BoundLogger
from structlog.testing import CapturingLogger

from lanparty_relay.kept_file import KeptFile
from lanparty_relay.state_directory import StateDirectory

PATIENCE = 10.0


class Kept:
    """A file whose content the test changes."""

    def __init__(self, path: Path) -> None:
        self.path = path / "things"
        self.log = CapturingLogger()
        self.next: bytes | None = None
        self.file = KeptFile(
            StateDirectory(path),
            "things",
            self._take,
            failure=("things not written", "they are forgotten"),
            log=BoundLogger(self.log, [], {}),
        )

    def change(self, content: bytes) -> None:
        self.next = content
        self.file.hurry()

    def content(self) -> bytes | None:
        return self.path.read_bytes() if self.path.is_file() else None

    def _take(self) -> bytes | None:
        content, self.next = self.next, None
        return content


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


async def seen(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  a thread's doing
            await asyncio.sleep(0.01)


async def test_what_changes_is_written(kept: Kept) -> None:
    kept.file.start()
    kept.change(b"one")
    await seen(lambda: kept.content() == b"one")
    kept.change(b"two")
    await seen(lambda: kept.content() == b"two")
    await kept.file.aclose()


async def test_the_last_change_is_written_at_the_end(kept: Kept) -> None:
    kept.file.start()
    kept.next = b"last"
    await kept.file.aclose()
    assert kept.content() == b"last"


async def test_without_a_change_nothing_is_written(kept: Kept) -> None:
    kept.file.start()
    kept.file.hurry()
    await kept.file.aclose()
    assert kept.content() is None


async def test_what_the_disk_refuses_is_said_once_and_tried_again(kept: Kept) -> None:
    kept.path.mkdir()
    kept.file.start()
    kept.change(b"one")
    await seen(lambda: kept.log.calls)
    for _ in range(3):
        kept.file.hurry()
        await asyncio.sleep(0.02)
    (call,) = kept.log.calls
    assert (call.method_name, call.kwargs["event"]) == ("error", "things not written")
    assert call.kwargs["effect"] == "they are forgotten"
    kept.path.rmdir()
    kept.file.hurry()
    await seen(lambda: kept.content() == b"one")
    await kept.file.aclose()
