"""The bearer token of the admin API: read from its file, made on the first start, renewed."""

import secrets
from pathlib import Path
from typing import Final

from lanparty_command import CommandFailed
from lanparty_relay.state_directory import StateDirectory

__all__ = ["ADMIN_TOKEN_FILE", "load_admin_token", "make_admin_token", "read_admin_token"]

ADMIN_TOKEN_FILE: Final = "admin-token"  # noqa: S105  a file's name

_TOKEN_BYTES: Final = 32
_SHORTEST_TOKEN: Final = 16
"""Characters: what is shorter can be guessed."""


def load_admin_token(state: StateDirectory, token_file: Path | None) -> str:
    """Read the token, or make the state directory's. Raises `CommandFailed`."""
    return read_admin_token(state, token_file) or make_admin_token(state)


def read_admin_token(state: StateDirectory, token_file: Path | None) -> str | None:
    """Read the token from its file or else the state directory's; None if that has none.

    Raises `CommandFailed` for a file that can't be read or holds no token.
    """
    if token_file is not None:
        try:
            return _checked_token(token_file.read_bytes(), token_file)
        except OSError as error:
            raise CommandFailed(
                f"--admin-token-file: {token_file} can't be read: {error.strerror}"
            ) from error
    kept = state.read(ADMIN_TOKEN_FILE, secret=True)
    return None if kept is None else _checked_token(kept, state.path / ADMIN_TOKEN_FILE)


def make_admin_token(state: StateDirectory) -> str:
    """Put a new token in the state directory's file and return it. Raises `CommandFailed`."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    state.write(ADMIN_TOKEN_FILE, f"{token}\n".encode(), secret=True)
    return token


def _checked_token(content: bytes, file: Path) -> str:
    token = content.decode("ascii", errors="replace").strip()
    if len(token) < _SHORTEST_TOKEN or not all("!" <= letter <= "~" for letter in token):
        raise CommandFailed(
            f"{file} holds no admin token: write at least {_SHORTEST_TOKEN} printable ASCII "
            "characters without spaces on one line, or remove the file to get a new token"
        )
    return token
