"""`lanparty-gateway health`: whether the gateway on this host is in order; a container's check.

Runs often and beside the players, so it loads nothing that bridging needs.
"""

import asyncio
from typing import Any, Final

from lanparty_command import CommandFailed, ExitCode
from lanparty_endpoint.sessions import ask_sessions
from lanparty_gateway.session_kind import GATEWAYS
from lanparty_gateway.settings import GatewaySessionSettings

__all__ = ["tell_health"]

_JOINED: Final = "joined"
_WAITING: Final = "waiting"
_FORWARDING: Final = "forwarding"


def tell_health(settings: GatewaySessionSettings) -> int:
    """Say how the gateways are; 0 if each forwards, or waits as the standby of another.

    Raises `CommandFailed` if not, or if there is none.
    """
    answers, complaints = asyncio.run(ask_sessions(GATEWAYS, settings, {"request": "status"}))
    ill = complaints + [sentence for answer in answers if (sentence := _illness(answer))]
    if ill:
        raise CommandFailed("\n".join(ill))
    if not answers:
        raise CommandFailed(GATEWAYS.none_runs)
    for answer in answers:
        doing = "waits as a standby" if answer["state"] == _WAITING else "forwards"
        print(f"The gateway at {answer['interface']} {doing}.")
    return ExitCode.OK


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
