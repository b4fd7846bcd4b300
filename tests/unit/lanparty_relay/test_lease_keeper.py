"""Leases in the state directory."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.stdlib import BoundLogger
from structlog.testing import CapturingLogger

from lanparty_command import CommandFailed
from lanparty_ctrl import RoomCode
from lanparty_proto import MacAddress
from lanparty_relay.core import LeaseBook
from lanparty_relay.lease_keeper import LEASE_FILE, LeaseKeeper
from lanparty_relay.state_directory import StateDirectory

ANN = MacAddress(bytes([2, 0, 0, 0, 0, 1]))
CODE = RoomCode("PARTY")
PATIENCE = 10.0


class Folder:
    """A state directory that one relay after another uses."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / LEASE_FILE
        self.written = CapturingLogger()

    def keeper(self) -> LeaseKeeper:
        return LeaseKeeper(StateDirectory(self.path), BoundLogger(self.written, [], {}))

    @property
    def rooms(self) -> dict[str, Any]:
        rooms: dict[str, Any] = json.loads(self.file.read_text())["rooms"]
        return rooms

    @property
    def logged(self) -> list[tuple[str, str]]:
        return [(call.method_name, call.kwargs["event"]) for call in self.written.calls]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def address_in(book: LeaseBook) -> str:
    """Let Ann join the room, and return her address."""
    room = book.open(CODE, frozenset(), now=0)
    return str(book.take(room, ANN, wanted=None, now=0))


async def seen(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  a thread's doing
            await asyncio.sleep(0.01)


def test_the_first_relay_makes_the_file_for_its_owner_alone(folder: Folder) -> None:
    folder.keeper()
    assert folder.file.stat().st_mode & 0o777 == 0o600
    assert folder.rooms == {}


def test_the_key_is_kept(folder: Folder) -> None:
    folder.keeper()
    first = folder.file.read_text()
    folder.keeper()
    assert folder.file.read_text() == first


async def test_an_address_outlives_the_relay(folder: Folder) -> None:
    keeper = folder.keeper()
    keeper.start()
    address = address_in(keeper.book)
    await keeper.aclose()
    later = folder.keeper()
    assert len(later.book) == 1
    assert address_in(later.book) == address


async def test_what_changes_is_written_while_the_relay_runs(folder: Folder) -> None:
    keeper = folder.keeper()
    keeper.start()
    address_in(keeper.book)
    await seen(lambda: folder.rooms)
    await keeper.aclose()


async def test_no_code_is_in_the_file(folder: Folder) -> None:
    keeper = folder.keeper()
    keeper.start()
    address_in(keeper.book)
    await keeper.aclose()
    assert str(CODE) not in folder.file.read_text()


async def test_without_a_change_nothing_is_written(folder: Folder) -> None:
    keeper = folder.keeper()
    keeper.start()
    before = folder.file.stat()
    await keeper.aclose()
    assert folder.file.stat().st_ino == before.st_ino


def test_a_damaged_file_is_set_aside_and_said(folder: Folder) -> None:
    folder.file.write_bytes(b'{"version":1,"key":"')
    folder.keeper()
    assert folder.rooms == {}
    assert (folder.path / "leases.json.damaged").read_bytes() == b'{"version":1,"key":"'
    assert folder.logged == [("warning", "address leases can't be read")]


def test_a_file_that_cannot_be_read_is_the_operators_to_mend(folder: Folder) -> None:
    folder.file.mkdir()
    with pytest.raises(CommandFailed, match=r"leases\.json can't be read"):
        folder.keeper()


async def test_a_disk_that_refuses_is_said_once_and_tried_again(folder: Folder) -> None:
    keeper = folder.keeper()
    keeper.start()
    folder.file.unlink()
    folder.file.mkdir()  # A file can't take the place of a folder, not even for root.
    address_in(keeper.book)
    await seen(lambda: folder.logged)
    await asyncio.to_thread(folder.file.rmdir)
    await seen(folder.file.is_file)
    await keeper.aclose()
    assert len(folder.rooms) == 1
    assert folder.logged == [("error", "address leases not written")]
