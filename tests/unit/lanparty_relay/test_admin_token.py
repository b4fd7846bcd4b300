import stat
from pathlib import Path

import pytest

from lanparty_command import CommandFailed
from lanparty_relay.admin_token import load_admin_token, make_admin_token, read_admin_token
from lanparty_relay.state_directory import StateDirectory


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    (tmp_path / "state").mkdir()
    return StateDirectory(tmp_path / "state")


def test_reading_alone_makes_no_token(state: StateDirectory) -> None:
    assert read_admin_token(state, None) is None
    assert state.read("admin-token") is None


def test_a_new_token_replaces_the_old_one_and_is_for_its_owner_alone(
    state: StateDirectory,
) -> None:
    old = load_admin_token(state, None)
    new = make_admin_token(state)
    assert new != old
    assert read_admin_token(state, None) == new
    assert stat.S_IMODE((state.path / "admin-token").stat().st_mode) == 0o600


def test_the_first_start_makes_a_token_and_the_next_keeps_it(state: StateDirectory) -> None:
    token = load_admin_token(state, None)
    assert len(token) >= 32
    assert load_admin_token(state, None) == token
    assert stat.S_IMODE((state.path / "admin-token").stat().st_mode) == 0o600


def test_a_given_token_is_used_and_none_is_made(state: StateDirectory, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("0123456789abcdef\n")
    assert load_admin_token(state, file) == "0123456789abcdef"
    assert state.read("admin-token") is None


@pytest.mark.parametrize("content", [b"", b"short\n", b"two words are too many", b"\xff" * 20])
def test_what_is_no_token_is_refused(state: StateDirectory, content: bytes) -> None:
    state.write("admin-token", content)
    with pytest.raises(CommandFailed, match="holds no admin token"):
        load_admin_token(state, None)


def test_a_token_file_that_is_not_there_is_named(state: StateDirectory, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="--admin-token-file"):
        load_admin_token(state, tmp_path / "absent")
