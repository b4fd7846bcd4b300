"""`status` and `leave` of an endpoint's program: ask the running sessions of this machine."""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lanparty_command import CommandFailed, ExitCode
from lanparty_endpoint.console import plain_console, print_sentence
from lanparty_endpoint.directories import SessionKind
from lanparty_endpoint.joining_settings import SessionSettings
from lanparty_endpoint.local_asking import ask, is_abandoned
from lanparty_endpoint.local_requests import LocalSocketError, RequestRefused

__all__ = ["ask_sessions", "find_session", "print_left", "print_status", "session_sockets"]


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


def print_status(
    kind: SessionKind,
    settings: SessionSettings,
    lines_of: Callable[[Mapping[str, Any]], list[str]],  # Any: JSON
) -> int:
    """Print where each session stands, for a person as `lines_of` says; 1 if there is none."""
    answers, complaints = asyncio.run(ask_sessions(kind, settings, {"request": "status"}))
    for answer in answers:
        answer.pop("event", None)
    if settings.json_:
        print(json.dumps({"sessions": answers}, indent=2))
    else:
        console = plain_console()
        for line in (line for answer in answers for line in lines_of(answer)):
            console.print(line, soft_wrap=True)
    return _end(kind, settings, answers, complaints)


def print_left(kind: SessionKind, settings: SessionSettings) -> int:
    """Leave the rooms, wait until that is done, and say so; 1 if there was none."""
    answers, complaints = asyncio.run(ask_sessions(kind, settings, {"request": "leave"}))
    if settings.json_:
        left = [{"interface": answer["interface"]} for answer in answers]
        print(json.dumps({"left": left}, indent=2))
    elif not settings.quiet:
        for answer in answers:
            print_sentence(plain_console(), answer["message"])
    return _end(kind, settings, answers, complaints)


def _end(
    kind: SessionKind,
    settings: SessionSettings,
    answers: list[dict[str, Any]],  # Any: JSON
    complaints: list[str],
) -> int:
    # Whoever names no interface means his own sessions: those of others are in nobody's way.
    if complaints and (settings.interface is not None or not answers):
        raise CommandFailed("\n".join(complaints))
    if not answers:
        raise CommandFailed(kind.none_runs)
    return ExitCode.OK


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
