"""`status` and `leave` of an endpoint's program: ask the running sessions, and print it."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from lanparty_command import CommandFailed, ExitCode
from lanparty_endpoint.console import plain_console, print_sentence
from lanparty_endpoint.directories import SessionKind
from lanparty_endpoint.session_settings import SessionSettings
from lanparty_endpoint.sessions import ask_sessions

__all__ = ["print_left", "print_status"]


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
