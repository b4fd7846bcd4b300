"""`report` of an endpoint's program: one file for a bug report, without secrets and names."""

import json
import platform
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from lanparty_command import CommandFailed, ExitCode, softlan_version
from lanparty_endpoint.bug_report import cleaned
from lanparty_endpoint.console import plain_console, print_sentence
from lanparty_endpoint.directories import SessionKind
from lanparty_endpoint.session_settings import ReportSettings
from lanparty_endpoint.sessions import ask_sessions

__all__ = ["gather_report", "platform_facts", "write_report"]

_TO_STDOUT: Final = "-"


async def gather_report(
    kind: SessionKind,
    settings: ReportSettings,
    machine: Callable[[], Awaitable[Mapping[str, Any]]],  # Any: JSON
) -> Mapping[str, Any]:
    """Ask the running sessions, look at the machine, and put it together."""
    sessions, complaints = await ask_sessions(kind, settings, {"request": "report"})
    for session in sessions:
        session.pop("event", None)
    return {
        "report": 1,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "softlan": softlan_version(),
        # What comes from the sessions is clean already: they know their secrets.
        "machine": cleaned(await machine()),
        "sessions": sessions,
        "complaints": complaints,
    }


def write_report(
    document: Mapping[str, Any],  # Any: JSON
    settings: ReportSettings,
    *,
    doctor: str,
) -> int:
    """Write the file and say where it is; `doctor` is the command that belongs beside it."""
    text = json.dumps(document, indent=2) + "\n"
    if settings.output is not None and str(settings.output) == _TO_STDOUT:
        print(text, end="")
        return ExitCode.OK
    path = settings.output or Path(f"softlan-report-{datetime.now(UTC):%Y%m%d-%H%M%S}.json")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandFailed(
            f"Can't write {path}: {error.strerror}. Name another file by --output."
        ) from error
    print_sentence(
        plain_console(),
        f"Wrote {path}. Codes, tokens and names are left out; look through it before you pass it "
        f"on. What `{doctor}` says belongs beside it.",
    )
    for complaint in document["complaints"]:
        print_sentence(plain_console(stderr=True), f"A session is missing in it. {complaint}")
    return ExitCode.OK


def platform_facts() -> dict[str, object]:
    """Tell on what it runs."""
    return {
        "system": platform.system(),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "distribution": _distribution(),
        "python": platform.python_version(),
    }


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""
