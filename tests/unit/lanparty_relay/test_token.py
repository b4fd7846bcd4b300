from pathlib import Path

import pytest
from pydantic import ValidationError

from lanparty_command import CommandFailed
from lanparty_relay.admin_token import load_admin_token
from lanparty_relay.state_directory import StateDirectory
from lanparty_relay.token import TokenSettings, tell_token


def test_the_token_is_all_that_stands_on_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = load_admin_token(StateDirectory(tmp_path), None)
    assert tell_token(TokenSettings(state_dir=tmp_path)) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == (f"{token}\n", "")


def test_before_the_first_start_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="a relay makes it when it starts"):
        tell_token(TokenSettings(state_dir=tmp_path / "absent"))


def test_a_new_token_replaces_the_old_one_while_a_relay_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = StateDirectory(tmp_path)
    with state.held():
        old = load_admin_token(state, None)
        assert tell_token(TokenSettings(state_dir=tmp_path, renew=True)) == 0
    said = capsys.readouterr()
    assert said.out.strip() == load_admin_token(state, None) != old
    assert "SIGHUP" in said.err
    assert (tmp_path / "admin-token").stat().st_mode & 0o777 == 0o600


def test_an_operators_own_file_is_read_and_never_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine"
    file.write_text("0123456789abcdef\n")
    assert tell_token(TokenSettings(state_dir=tmp_path, admin_token_file=file)) == 0
    assert capsys.readouterr().out == "0123456789abcdef\n"
    with pytest.raises(ValidationError, match="write --admin-token-file yourself"):
        TokenSettings(state_dir=tmp_path, admin_token_file=file, renew=True)
