"""`lanparty-client doctor`: looks at one thing after another, and says what to do."""

import asyncio
import json
import os
import time
from contextlib import suppress

from rich.console import Console

from lanparty_client.doctor.machine import read_machine
from lanparty_client.session_kind import PLAYERS
from lanparty_client_core.join import KnownRelay
from lanparty_command import CommandFailed, ExitCode, join_host_port, softlan_version
from lanparty_endpoint.console import plain_console
from lanparty_endpoint.doctor import ClockFacts, Findings, Outcome, Report, report_of
from lanparty_endpoint.doctor.measuring import MEASURE_SECONDS, measure_path
from lanparty_endpoint.doctor_settings import ExaminedRelaySettings
from lanparty_endpoint.examined_session import (
    ToldBySession,
    installed_at,
    reach_relay,
    seen_by_session,
    told_by_session,
    which_relay,
)
from lanparty_endpoint.result_table import print_results
from lanparty_endpoint.signals import cancelled_by_signals

__all__ = ["doctor"]


def doctor(settings: ExaminedRelaySettings) -> int:
    """Run; 0 if nothing failed, 1 if something did."""
    console = plain_console()
    try:
        report = asyncio.run(_examine(settings, console))
    except asyncio.CancelledError:  # Ctrl-C: there is nothing to sum up yet.
        return ExitCode.INTERRUPTED
    if settings.json_:
        console.print(json.dumps(report.to_dict(version=softlan_version())), soft_wrap=True)
    else:
        print_results(report.results, console, friends=report.friends, quiet=settings.quiet)
    return ExitCode.FAILURE if report.outcome is Outcome.FAILED else ExitCode.OK


async def _examine(settings: ExaminedRelaySettings, console: Console) -> Report:
    with cancelled_by_signals():
        settings.given_relay()  # a mistake in it is told before anybody is asked
        relay, told = which_relay(settings, await told_by_session(PLAYERS, settings))
        where = join_host_port(relay.address.host, relay.address.port)
        if not settings.json_ and not settings.quiet:
            about = f" and {told.facts.interface}" if told else ""
            console.print(
                f"Looking at the relay {where}{about} for {MEASURE_SECONDS:.0f} seconds ..."
            )
        findings = await _find(relay, told, settings)
    return report_of(findings, host=relay.address.host, port=relay.address.port)


async def _find(
    relay: KnownRelay, told: ToldBySession | None, settings: ExaminedRelaySettings
) -> Findings:
    interface = told.facts.interface if told else None
    services = [each.control_socket for each in PLAYERS.directories(settings.runtime_dir)]
    answers = any(os.access(socket, os.W_OK) for socket in services)
    async with asyncio.TaskGroup() as group:
        measured = group.create_task(measure_path(relay.address.host, relay.address.port))
        machine = group.create_task(read_machine(room=interface, service_answers=answers))
        seen = group.create_task(seen_by_session(told))
    path = measured.result()
    if told is not None:
        # What it was still finding out when it was asked first, it knows by now.
        with suppress(CommandFailed):  # It has ended meanwhile: then that was its last word.
            told = await told_by_session(PLAYERS, settings) or told
    return Findings(
        path=path,
        reach=await reach_relay(relay, path),
        clock=ClockFacts(now=time.time(), installed_at=installed_at()),
        machine=machine.result(),
        session=told.facts if told else None,
        seen_by=seen.result(),
    )
