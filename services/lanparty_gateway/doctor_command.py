"""`lanparty-gateway doctor`: looks at the relay, the LAN and the gateway, and says what to do."""

import asyncio
import json
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from lanparty_client_core.join import KnownRelay
from lanparty_command import ExitCode, join_host_port, softlan_version
from lanparty_endpoint.console import plain_console
from lanparty_endpoint.doctor import (
    CheckResult,
    ClockFacts,
    Outcome,
    Report,
    judge_clock,
    judge_handshake,
    judge_identity,
    judge_mtu,
    judge_quality,
    judge_room,
    judge_seen_by,
    judge_udp,
    sights,
)
from lanparty_endpoint.doctor.measuring import MEASURE_SECONDS, measure_path
from lanparty_endpoint.examined_session import (
    ToldBySession,
    installed_at,
    reach_relay,
    seen_by_session,
    told_by_session,
    which_relay,
)
from lanparty_endpoint.local_asking import ask
from lanparty_endpoint.local_requests import LocalSocketError, RequestRefused
from lanparty_endpoint.result_table import print_results
from lanparty_endpoint.signals import cancelled_by_signals
from lanparty_gateway.doctor_checks import judge_forwarding, results_told
from lanparty_gateway.doctor_settings import GatewayDoctorSettings
from lanparty_gateway.packet.rights import raise_net_raw
from lanparty_gateway.preflight import Wish, examine
from lanparty_gateway.session_kind import GATEWAYS

__all__ = ["doctor"]


def doctor(settings: GatewayDoctorSettings) -> int:
    """Run; 0 if nothing failed, 1 if something did."""
    console = plain_console()
    try:
        report = asyncio.run(_examine(settings, console))
    except asyncio.CancelledError:  # Ctrl-C: there is nothing to sum up yet.
        return ExitCode.INTERRUPTED
    if settings.json_:
        print(json.dumps(report.to_dict(version=softlan_version())))
    else:
        print_results(report.results, console, friends=report.friends, quiet=settings.quiet)
    return ExitCode.FAILURE if report.outcome is Outcome.FAILED else ExitCode.OK


async def _examine(settings: GatewayDoctorSettings, console: Console) -> Report:
    raise_net_raw()
    with cancelled_by_signals():
        settings.given_relay()  # a mistake in it is told before anybody is asked
        running = await _running(settings)
        relay, told = which_relay(settings, running)
        where = join_host_port(relay.address.host, relay.address.port)
        if not settings.json_ and not settings.quiet:
            about = f" and the LAN at {running.facts.interface}" if running else ""
            console.print(f"Looking at the relay {where}{about} for {MEASURE_SECONDS:.0f} s ...")
        return await _report(relay, told, running, settings)


async def _running(settings: GatewayDoctorSettings) -> ToldBySession | None:
    """Ask the gateway that runs; None if none does: an interface may be looked at all the same."""
    directories = GATEWAYS.directories(settings.runtime_dir)
    if settings.interface is not None and not any(
        each.session_socket(settings.interface).exists() for each in directories
    ):
        return None
    return await told_by_session(GATEWAYS, settings)


async def _report(
    relay: KnownRelay,
    told: ToldBySession | None,
    running: ToldBySession | None,
    settings: GatewayDoctorSettings,
) -> Report:
    host, port = relay.address.host, relay.address.port
    async with asyncio.TaskGroup() as group:
        measured = group.create_task(measure_path(host, port))
        looked = group.create_task(_look_at_lan(running, settings))
        asked = group.create_task(seen_by_session(told))
    path, seen_by = measured.result(), asked.result()
    if seen_by is not None and not seen_by.seen and not path.round_trips:
        seen_by = None  # No packet passes, so it is no friend's fault.
    reach = await reach_relay(relay, path)
    session = None if told is None else told.facts
    results = [
        judge_udp(path, host=host, port=port),
        judge_handshake(reach),
        judge_identity(reach),
        judge_clock(ClockFacts(now=time.time(), installed_at=installed_at()), reach),
        judge_room(session),
        *looked.result(),
        judge_mtu(path, session),
        judge_quality(path, session),
        judge_seen_by(session, seen_by),
    ]
    return Report(
        relay=join_host_port(host, port),
        interface=running.facts.interface if running else settings.interface,
        results=results,
        friends=sights(session.friends, seen_by) if session and seen_by else [],
    )


async def _look_at_lan(
    running: ToldBySession | None, settings: GatewayDoctorSettings
) -> Sequence[CheckResult]:
    """Look at the LAN, or ask the gateway what it found: its own probes would be heard, too."""
    if running is not None:
        status = await _status(running)
        checks = [] if status is None else results_told(status["checks"])
        return [*checks, *judge_forwarding(status)]
    if settings.interface is None:
        return judge_forwarding(None)
    wish = Wish(interface=settings.interface)
    found = await examine(wish, random=random.SystemRandom())
    return [*found.results, *judge_forwarding(None)]


async def _status(running: ToldBySession) -> Mapping[str, Any] | None:  # Any: JSON
    try:
        [status, *_] = await ask(running.socket, {"request": "status"})
    except (RequestRefused, LocalSocketError):
        return None  # It has ended meanwhile.
    return status
