"""Rooms made ahead in the state directory."""

import asyncio
import time
from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from structlog.stdlib import BoundLogger
from structlog.testing import CapturingLogger

from lanparty_command import CommandFailed
from lanparty_ctrl import RoomCode
from lanparty_relay.core import RoomChanged, RoomClosed, RoomEnd, RoomOpened
from lanparty_relay.room_keeper import ROOM_FILE, RoomKeeper
from lanparty_relay.state_directory import StateDirectory

PATIENCE = 10.0


class Folder:
    """A state directory that one relay after another uses."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / ROOM_FILE
        self.written = CapturingLogger()

    def keeper(self) -> RoomKeeper:
        return RoomKeeper(StateDirectory(self.path), BoundLogger(self.written, [], {}))

    @property
    def kept(self) -> list[str]:
        return [room.room_id for room in self.keeper().read]

    @property
    def logged(self) -> list[tuple[str, str]]:
        return [(call.method_name, call.kwargs["event"]) for call in self.written.calls]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def opened(
    room_id: str = "r1",
    code: str = "PARTY",
    *,
    lasting: bool = True,
    expires_at: float | None = None,
) -> RoomOpened:
    return RoomOpened(
        room_id=room_id,
        code=RoomCode(code),
        mtu=1400,
        network=IPv4Network("10.171.5.0/24"),
        lasting=lasting,
        opened_at=time.monotonic(),
        block=1,
        serial=2,
        peers_limit=5,
        expires_at=expires_at,
    )


async def live(folder: Folder, *events: RoomOpened | RoomChanged | RoomClosed) -> None:
    """Let a relay run in which this happens."""
    keeper = folder.keeper()
    keeper.start()
    for event in events:
        keeper.note(event)
    await keeper.aclose()


async def seen(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  a thread's doing
            await asyncio.sleep(0.01)


def test_at_first_there_are_none(folder: Folder) -> None:
    assert folder.keeper().read == ()
    assert folder.logged == []


async def test_a_room_made_ahead_outlives_the_relay(folder: Folder) -> None:
    event = opened(expires_at=time.monotonic() + 60)
    await live(folder, event)
    (room,) = folder.keeper().read
    assert (room.room_id, room.code, room.mtu, room.peers_limit) == ("r1", "PARTY", 1400, 5)
    assert room.expires_at is not None
    assert event.expires_at is not None
    assert abs(room.expires_at - event.expires_at) < 1
    assert abs(room.opened_at - event.opened_at) < 1


async def test_the_file_is_its_owners_alone(folder: Folder) -> None:
    await live(folder, opened())
    assert folder.file.stat().st_mode & 0o777 == 0o600


async def test_a_room_that_players_made_is_not_kept(folder: Folder) -> None:
    await live(folder, opened(lasting=False), RoomClosed("r1", RoomEnd.EMPTY))
    assert not folder.file.exists()


@pytest.mark.parametrize("end", [RoomEnd.CLOSED, RoomEnd.EXPIRED])
async def test_a_room_that_is_closed_is_not_kept(folder: Folder, end: RoomEnd) -> None:
    await live(folder, opened(), opened("r2", "OTHER"))
    await live(folder, opened(), opened("r2", "OTHER"), RoomClosed("r1", end))
    assert folder.kept == ["r2"]


async def test_a_room_that_is_changed_is_kept_as_it_is_now(folder: Folder) -> None:
    await live(folder, opened(expires_at=time.monotonic() + 60), RoomChanged("r1", 9, None))
    (room,) = folder.keeper().read
    assert (room.room_id, room.peers_limit, room.expires_at) == ("r1", 9, None)


async def test_a_room_is_written_while_the_relay_runs(folder: Folder) -> None:
    keeper = folder.keeper()
    keeper.start()
    keeper.note(opened())
    await seen(folder.file.exists)
    await keeper.aclose()
    assert folder.kept == ["r1"]


async def test_a_room_without_place_is_kept_for_a_later_start(folder: Folder) -> None:
    await live(folder, opened(), opened("r2", "OTHER"))
    keeper = folder.keeper()
    keeper.start()
    for room in keeper.read:
        keeper.has_no_place(room)
    keeper.note(opened("r3", "THIRD"))
    await keeper.aclose()
    assert folder.kept == ["r3", "r1", "r2"]
    assert folder.logged == [("warning", "no place for a room made ahead")] * 2


async def test_a_room_without_place_gives_way_to_a_new_one_of_its_code(folder: Folder) -> None:
    await live(folder, opened())
    keeper = folder.keeper()
    keeper.start()
    keeper.has_no_place(keeper.read[0])
    keeper.note(opened("r2", "PARTY"))
    await keeper.aclose()
    assert folder.kept == ["r2"]


async def test_what_expired_while_no_relay_ran_is_neither_read_nor_kept(folder: Folder) -> None:
    await live(folder, opened(expires_at=time.monotonic()), opened("r2", "OTHER"))
    keeper = folder.keeper()
    assert [room.room_id for room in keeper.read] == ["r2"]
    assert folder.logged == [("info", "room made ahead has expired")]
    keeper.start()
    keeper.note(opened("r2", "OTHER"))
    await keeper.aclose()
    assert "r1" not in folder.file.read_text()


def test_a_damaged_file_is_set_aside_and_said(folder: Folder) -> None:
    folder.file.write_bytes(b'{"version":1,"rooms":[')
    assert folder.keeper().read == ()
    assert (folder.path / "rooms.json.damaged").read_bytes() == b'{"version":1,"rooms":['
    assert folder.logged == [("warning", "rooms made ahead can't be read")]


def test_a_file_that_cannot_be_read_is_the_operators_to_mend(folder: Folder) -> None:
    folder.file.mkdir()
    with pytest.raises(CommandFailed, match=r"rooms\.json can't be read"):
        folder.keeper()
