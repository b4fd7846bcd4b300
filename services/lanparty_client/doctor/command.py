"""`lanparty-client doctor`: looks at one thing after another, and says what to do."""

import asyncio
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from lanparty_client.directories import runtime_directories
from lanparty_client.doctor.machine import installed_at, read_machine
from lanparty_client.doctor.settings import DoctorSettings
from lanparty_client.sessions import find_session
from lanparty_client_core.join import KnownRelay
from lanparty_command import (
    CommandFailed,
    ExitCode,
    RelayAddress,
    join_host_port,
    softlan_version,
)
from lanparty_endpoint.console import plain_console
from lanparty_endpoint.doctor import (
    ClockFacts,
    Findings,
    Outcome,
    PathFacts,
    ReachFacts,
    Report,
    SeenByFacts,
    SessionFacts,
    lines_of,
    report_of,
    summary,
)
from lanparty_endpoint.doctor.dialing import dial_relay
from lanparty_endpoint.doctor.measuring import MEASURE_SECONDS, measure_path
from lanparty_endpoint.local_asking import ask
from lanparty_endpoint.local_requests import LocalSocketError, RequestRefused
from lanparty_endpoint.signals import cancelled_by_signals
from lanparty_quic import CertificateAuthority, PinnedKey

__all__ = ["doctor"]

_STYLES: Final = {
    Outcome.OK: "green",
    Outcome.WARNING: "yellow",
    Outcome.FAILED: "bold red",
    Outcome.SKIPPED: "dim",
}


@dataclass(frozen=True, slots=True)
class _Told:
    """What a running session told of itself."""

    socket: Path
    facts: SessionFacts
    relay: KnownRelay


def doctor(settings: DoctorSettings) -> int:
    """Run; 0 if nothing failed, 1 if something did."""
    console = plain_console()
    try:
        report = asyncio.run(_examine(settings, console))
    except asyncio.CancelledError:  # Ctrl-C: there is nothing to sum up yet.
        return ExitCode.INTERRUPTED
    if settings.json_:
        console.print(json.dumps(report.to_dict(version=softlan_version())), soft_wrap=True)
    else:
        _show(report, console, quiet=settings.quiet)
    return ExitCode.FAILURE if report.outcome is Outcome.FAILED else ExitCode.OK


async def _examine(settings: DoctorSettings, console: Console) -> Report:
    with cancelled_by_signals():
        given = settings.given_relay()
        told = await _told(settings)
        if given is not None and told is not None and told.relay.address != given.address:
            told = None  # Another relay than the session's is asked for.
        relay = given if told is None else told.relay
        if relay is None:
            raise CommandFailed(
                "No session runs, so which relay? Write the invite of a friend, or --relay HOST "
                "(or set LANPARTY_RELAY).",
                exit_code=ExitCode.USAGE,
            )
        where = join_host_port(relay.address.host, relay.address.port)
        if not settings.json_ and not settings.quiet:
            about = f" and {told.facts.interface}" if told else ""
            console.print(
                f"Looking at the relay {where}{about} for {MEASURE_SECONDS:.0f} seconds ..."
            )
        findings = await _find(relay, told, settings)
    return report_of(findings, host=relay.address.host, port=relay.address.port)


async def _find(relay: KnownRelay, told: _Told | None, settings: DoctorSettings) -> Findings:
    interface = told.facts.interface if told else None
    services = [each.control_socket for each in runtime_directories(settings.runtime_dir)]
    answers = any(os.access(socket, os.W_OK) for socket in services)
    async with asyncio.TaskGroup() as group:
        measured = group.create_task(measure_path(relay.address.host, relay.address.port))
        machine = group.create_task(read_machine(room=interface, service_answers=answers))
        seen = group.create_task(_seen_by(told))
    path = measured.result()
    if told is not None:
        # What it was still finding out when it was asked first, it knows by now.
        with suppress(CommandFailed):  # It has ended meanwhile: then that was its last word.
            told = await _told(settings) or told
    return Findings(
        path=path,
        reach=await _reach(relay, path),
        clock=ClockFacts(now=time.time(), installed_at=installed_at()),
        machine=machine.result(),
        session=told.facts if told else None,
        seen_by=seen.result(),
    )


async def _reach(relay: KnownRelay, path: PathFacts) -> ReachFacts | None:
    if path.address is None:
        return None
    return await dial_relay(relay, path.address)


async def _told(settings: DoctorSettings) -> _Told | None:
    """Ask the running session; None if there is none."""
    directories = runtime_directories(settings.runtime_dir)
    if settings.interface is None and not any(each.session_sockets() for each in directories):
        return None
    socket = find_session(settings.runtime_dir, settings.interface)
    try:
        [answer, *_] = await ask(socket, {"request": "doctor"})
    except RequestRefused as refused:
        raise CommandFailed(str(refused), exit_code=refused.exit_code) from refused
    except LocalSocketError as error:
        if isinstance(error.__cause__, PermissionError):
            raise CommandFailed(
                f"The session of {socket.stem} is another user's: try sudo."
            ) from error
        return None  # Its process was killed, and only the socket's name is left.
    return _Told(
        socket=socket,
        facts=SessionFacts.model_validate(answer["session"]),
        relay=_relay_of(answer, timeout=settings.connect_timeout),
    )


def _relay_of(answer: dict[str, Any], *, timeout: float) -> KnownRelay:  # Any: JSON
    by_pin = None if answer["pin"] is None else PinnedKey(answer["pin"])
    trust = by_pin or CertificateAuthority(answer["authorities"])
    return KnownRelay(RelayAddress.parse(answer["relay"]), trust, timeout)


async def _seen_by(told: _Told | None) -> SeenByFacts | None:
    if told is None:
        return None
    try:
        [answer, *_] = await ask(told.socket, {"request": "seen_by"})
    except (RequestRefused, LocalSocketError):
        return None  # It isn't in the room, which another check says.
    return SeenByFacts.model_validate(answer["seen_by"])


def _show(report: Report, console: Console, *, quiet: bool) -> None:
    width = console.width if console.is_terminal else None
    for result in report.results:
        if quiet and result.outcome is not Outcome.FAILED:
            continue
        for line in lines_of(result, report.friends, width=width):
            style = None if line.is_advice else _STYLES[line.outcome]
            console.print(line.text, style=style, soft_wrap=True)
    console.print(summary(report))
