"""`lanparty-gateway health`: whether the gateway on this host is in order; a container's check.

Runs often and beside what bridges, so it is a program of its own, which loads nothing that bridging
needs.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final

from lanparty_command import Command, CommandFailed, ExitCode, Program, run_program
from lanparty_endpoint.sessions import ask_sessions
from lanparty_gateway.session_kind import GATEWAYS
from lanparty_gateway.session_settings import GatewaySessionSettings

__all__ = ["HEALTH", "PROGRAM_NAME", "run", "tell_health"]

PROGRAM_NAME: Final = "lanparty-gateway"

_JOINED: Final = "joined"
_WAITING: Final = "waiting"
_FORWARDING: Final = "forwarding"


def tell_health(settings: GatewaySessionSettings) -> int:
    """Say how the gateways are; 0 if each forwards, or waits as the standby of another.

    Raises `CommandFailed` if not, or if there is none, unless that is printed as JSON.
    """
    answers, complaints = asyncio.run(ask_sessions(GATEWAYS, settings, {"request": "status"}))
    ill = complaints + [sentence for answer in answers if (sentence := _illness(answer))]
    if not answers and not ill:
        ill = [GATEWAYS.none_runs]
    said = ill or [_wellness(answer) for answer in answers]
    if settings.json_:
        print(json.dumps({"healthy": not ill, "sentences": said}))
        return ExitCode.FAILURE if ill else ExitCode.OK
    if ill:
        raise CommandFailed("\n".join(ill))
    if not settings.quiet:
        print("\n".join(said))
    return ExitCode.OK


def _wellness(status: dict[str, Any]) -> str:  # Any: JSON
    doing = "waits as a standby" if status["state"] == _WAITING else "forwards"
    return f"The gateway at {status['interface']} {doing}."


def _illness(status: dict[str, Any]) -> str:  # Any: JSON
    """Say what is wrong; empty if nothing is."""
    if status["state"] == _WAITING:
        return ""
    if status["state"] != _JOINED:
        return f"The gateway at {status['interface']} isn't in its room. {status['sentence']}"
    forwarding = status["forwarding"]
    if forwarding["phase"] == _FORWARDING:
        return ""
    why = forwarding["sentence"] or forwarding["phase"].replace("_", " ")
    return f"The gateway at {status['interface']} forwards nothing: {why}"


HEALTH: Final = Command(
    settings=GatewaySessionSettings,
    run=tell_health,
    name="health",
    summary="Tell whether the gateway on this computer is in order.",
    epilog="""\
exit codes: 0 it is in the room and forwards, or waits as a standby; 1 it doesn't, and why
""",
)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run `lanparty-gateway health ...` alone; `arguments` are as for the whole program."""
    return run_program(
        Program(name=PROGRAM_NAME, summary="See `lanparty-gateway --help`.", commands=[HEALTH]),
        arguments,
    )
