"""Finds the running sessions of this machine, and asks them."""

from pathlib import Path
from typing import Any

from lanparty_command import CommandFailed, ExitCode
from lanparty_endpoint.directories import SessionKind
from lanparty_endpoint.local_asking import ask, is_abandoned
from lanparty_endpoint.local_requests import LocalSocketError, RequestRefused
from lanparty_endpoint.session_settings import SessionSettings

__all__ = ["ask_sessions", "find_session", "session_sockets"]


def session_sockets(
    kind: SessionKind, runtime_dir: Path | None, interface: str | None
) -> list[Path]:
    """Find the sockets of running sessions, of one interface or of all."""
    directories = kind.directories(runtime_dir)
    if interface is None:
        paths = [path for directory in directories for path in directory.session_sockets()]
    else:
        paths = [directory.session_socket(interface) for directory in directories]
    return [path for path in paths if path.exists() and not is_abandoned(path)]


async def ask_sessions(
    kind: SessionKind, settings: SessionSettings, request: dict[str, object]
) -> tuple[list[dict[str, Any]], list[str]]:  # Any: JSON
    """Ask every session that is meant; return the last answer of each, and what went wrong."""
    answers, complaints = [], []
    for path in session_sockets(kind, settings.runtime_dir, settings.interface):
        try:
            answers.append((await ask(path, request))[-1])
        except RequestRefused as refused:
            complaints.append(str(refused))
        except LocalSocketError as error:
            if isinstance(error.__cause__, PermissionError):
                complaints.append(f"The session of {path.stem} is another user's: try sudo.")
            else:
                complaints.append(str(error))
    return answers, complaints


def find_session(kind: SessionKind, runtime_dir: Path | None, interface: str | None) -> Path:
    """Return the socket of the session that is meant: the only one, or that of `interface`.

    Raises `CommandFailed` if there is none, or several and none was named.
    """
    sockets = session_sockets(kind, runtime_dir, interface)
    if not sockets:
        raise CommandFailed(kind.none_runs if interface is None else f"{interface} is in no room.")
    if len(sockets) > 1:
        names = ", ".join(path.stem for path in sockets)
        raise CommandFailed(
            f"Several interfaces are in rooms ({names}): name one by --interface.",
            exit_code=ExitCode.USAGE,
        )
    return sockets[0]
