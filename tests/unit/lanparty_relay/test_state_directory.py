import stat
from pathlib import Path

import pytest

from lanparty_command import CommandFailed
from lanparty_relay.state_directory import StateDirectory


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return StateDirectory(tmp_path)


def test_a_missing_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state"
    with StateDirectory(path).held():
        assert mode(path) == 0o700


def test_two_relays_cannot_use_one_directory(tmp_path: Path) -> None:
    with StateDirectory(tmp_path).held():
        second = StateDirectory(tmp_path).held()
        with pytest.raises(CommandFailed, match="another relay uses"):
            second.__enter__()


def test_the_directory_is_free_again_afterwards(tmp_path: Path) -> None:
    with StateDirectory(tmp_path).held():
        pass
    with StateDirectory(tmp_path).held():
        pass


def test_a_directory_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandFailed, match="--state-dir"):
        StateDirectory(tmp_path / "file" / "state").held().__enter__()


def test_a_file_is_read_as_it_was_written(state: StateDirectory) -> None:
    state.write("pin", b"one")
    state.write("pin", b"two")
    assert state.read("pin") == b"two"


def test_a_file_that_is_not_there_is_none(state: StateDirectory) -> None:
    assert state.read("pin") is None


def test_a_secret_is_for_its_owner_alone(state: StateDirectory, tmp_path: Path) -> None:
    state.write("admin-token", b"secret", secret=True)
    state.write("pin", b"public")
    assert mode(tmp_path / "admin-token") == 0o600
    assert mode(tmp_path / "pin") == 0o644


def test_nothing_is_left_of_a_write_that_fails(state: StateDirectory, tmp_path: Path) -> None:
    (tmp_path / "pin").mkdir()
    with pytest.raises(CommandFailed, match="can't be written"):
        state.write("pin", b"one")
    assert [path.name for path in tmp_path.iterdir()] == ["pin"]


def test_a_file_that_cannot_be_read_is_explained(state: StateDirectory, tmp_path: Path) -> None:
    (tmp_path / "pin").mkdir()
    with pytest.raises(CommandFailed, match="can't be read"):
        state.read("pin")


def test_a_secret_that_others_could_read_becomes_its_owners_alone(tmp_path: Path) -> None:
    restored = tmp_path / "admin-token"
    restored.write_bytes(b"token")
    restored.chmod(0o644)
    assert StateDirectory(tmp_path).read("admin-token", secret=True) == b"token"
    assert restored.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_set_aside_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    for content in (b"first", b"second"):
        state.write("leases.json", content, secret=True)
        aside = state.set_aside("leases.json")
        assert state.read("leases.json") is None
        assert aside.read_bytes() == content
        assert aside.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CommandFailed, match="can't be moved"):
        state.set_aside("leases.json")
