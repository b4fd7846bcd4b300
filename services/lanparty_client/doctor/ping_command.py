"""`lanparty-client ping`: how far a player is, and how much of that is the way to the relay."""

import asyncio
import json
from pathlib import Path
from typing import Any

from lanparty_client.doctor.settings import PingSettings
from lanparty_client.session_kind import PLAYERS
from lanparty_command import CommandFailed, ExitCode
from lanparty_endpoint.console import plain_console
from lanparty_endpoint.local_asking import asking
from lanparty_endpoint.local_requests import LocalSocketError, RequestRefused
from lanparty_endpoint.probing.echoes import Echo, EchoSummary
from lanparty_endpoint.sessions import find_session
from lanparty_endpoint.signals import cancelled_by_signals

__all__ = ["ping"]


def ping(settings: PingSettings) -> int:
    """Run; 0 if any echo came back, 1 if none did."""
    if settings.player is None:
        raise CommandFailed(
            "Whom? Write a player's name; `lanparty-client status` shows who is here.",
            exit_code=ExitCode.USAGE,
        )
    session = find_session(PLAYERS, settings.runtime_dir, settings.interface)
    try:
        summary = asyncio.run(_ping(session, settings))
    except RequestRefused as refused:
        raise CommandFailed(str(refused), exit_code=refused.exit_code) from refused
    except LocalSocketError as error:
        raise CommandFailed(_complaint(session, error)) from error
    return ExitCode.OK if summary.times else ExitCode.FAILURE


def _complaint(session: Path, error: LocalSocketError) -> str:
    match error.__cause__:
        case PermissionError():
            return f"The session of {session.stem} is another user's: try sudo."
        case ConnectionRefusedError() | FileNotFoundError():
            return f"{session.stem} is in no room any more. `lanparty-client join` joins one."
    return str(error)


async def _ping(session: Path, settings: PingSettings) -> EchoSummary:
    console = plain_console()
    summary = EchoSummary()
    player = str(settings.player)

    def show(line: str, values: dict[str, Any]) -> None:  # Any: plain values for JSON
        console.print(json.dumps(values) if settings.json_ else line, soft_wrap=True)

    request = {"request": "ping", "player": player, "count": settings.count}
    try:
        with cancelled_by_signals():
            async with asking(session, request) as question:
                async for answer in question.answers():
                    if answer.get("event") == "pinging":
                        player = str(answer.get("player"))
                        begun = f"PING {player} through the room"
                        show(begun, {**answer, "interface": session.stem})
                        continue
                    echo = Echo.from_answer(answer)
                    summary.add(echo)
                    show(echo.line(player), echo.to_dict())
    except asyncio.CancelledError:
        # Ctrl-C is how an endless ping ends: its summary is still due.
        task = asyncio.current_task()
        assert task is not None, "asyncio.run made one"
        task.uncancel()
    show(summary.line(player), {**summary.to_dict(), "player": player})
    return summary
