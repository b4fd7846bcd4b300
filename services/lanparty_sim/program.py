"""The program `lanparty-sim`: join, e2e, lan-host, load."""

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Final

from rich.console import Console

from lanparty_client_core import SessionEvent
from lanparty_command import (
    Command,
    CommandFailed,
    ExitCode,
    Program,
    run_program,
)
from lanparty_ctrl import RoomCode
from lanparty_endpoint.console import plain_console
from lanparty_endpoint.exit_codes import exit_code_of
from lanparty_endpoint.signals import cancelled_by_signals
from lanparty_endpoint.telling import told
from lanparty_endpoint.trust import read_line
from lanparty_sim.admin_api import AdminApi
from lanparty_sim.conservation import poll_until
from lanparty_sim.joining import join
from lanparty_sim.lan_host import serve_lan_host
from lanparty_sim.load import LoadFailedError, LoadPlan, LoadResult, run_load
from lanparty_sim.report import load_table, passed, step_row, steps_as_json, steps_heading, summary
from lanparty_sim.scenario import steps_for
from lanparty_sim.settings import (
    EndToEndSettings,
    JoinSettings,
    LanHostSettings,
    LoadSettings,
)
from lanparty_sim.stage import Bystanders, Stage
from lanparty_sim.steps import StepFailedError, StepResult, StepStatus, run_steps

__all__ = ["play_scenario", "run"]

_EPILOG: Final = """\
exit codes:
  0    done, or the relay stopped cleanly
  1    a step of e2e failed; or the admin API, the state directory or the output can't be used, or
       another program on this computer holds the same place in the room
  2    the command line, or a file that it names, is wrong
  3    no relay answered, or it was lost
  4    the relay isn't the one of the pin or certificate
  5    the relay refused the player
  6    the relay ended the session
  130  interrupted before anything was done
  143  terminated while it was starting

examples:
  lanparty-sim join --relay relay.example --pin-file state/pin --create
  lanparty-sim e2e --relay 127.0.0.1:4433 --pin-file state/pin \\
      --admin 127.0.0.1:8080 --admin-token-file state/admin-token
  lanparty-sim load --relay 127.0.0.1:4433 --pin-file state/pin --create --players 8 --rate 200
"""


def end_to_end(settings: EndToEndSettings) -> int:
    """Run the scenario; 0 if nothing failed.

    If nobody could join, the code of a player that can't; 1 otherwise.
    """
    if (settings.admin is None) != (settings.admin_token_file is None):
        raise CommandFailed("--admin and --admin-token-file go together.", exit_code=ExitCode.USAGE)
    bystanders = _expected_bystanders(settings)
    stage = Stage(
        relay=settings.known_relay(),
        room_wanted=settings.room_code,
        bystanders=bystanders,
        lan_room=_lan_room(settings),
    )
    try:
        results = asyncio.run(_end_to_end(settings, stage))
    except asyncio.CancelledError:
        return ExitCode.INTERRUPTED
    if settings.json_:
        print(steps_as_json(results))
    if passed(results):
        return ExitCode.OK
    if stage.left_outside is not None and results[0].status is StepStatus.FAILED:
        return exit_code_of(stage.left_outside, joined=False)
    return ExitCode.FAILURE


def _expected_bystanders(settings: EndToEndSettings) -> Bystanders | None:
    count, room = settings.bystanders, settings.bystanders_room
    if (count is None) != (room is None):
        raise CommandFailed(
            "--bystanders and --bystanders-room go together.", exit_code=ExitCode.USAGE
        )
    if count is None or room is None:
        return None
    if room.code == settings.room_code:
        raise CommandFailed(
            "--bystanders-room must be another room than --room.", exit_code=ExitCode.USAGE
        )
    return Bystanders(count, room.code)


def _lan_room(settings: EndToEndSettings) -> RoomCode | None:
    if settings.lan_room is None:
        return None
    others = {settings.room, settings.bystanders_room}
    if settings.lan_room.code in {room.code for room in others if room is not None}:
        raise CommandFailed(
            "--lan-room must be another room than --room and --bystanders-room.",
            exit_code=ExitCode.USAGE,
        )
    return settings.lan_room.code


async def _end_to_end(settings: EndToEndSettings, stage: Stage) -> list[StepResult]:
    console = plain_console(quiet=settings.json_)

    def watch(name: str, event: SessionEvent) -> None:
        console.print(f"            {name}: {told(event)}", style="dim", soft_wrap=True)

    if settings.verbose:
        stage.watch = watch
    title = f"End to end through {settings.relay}"
    with cancelled_by_signals():
        async with AsyncExitStack() as resources:
            if settings.admin is not None and settings.admin_token_file is not None:
                api = AdminApi(settings.admin, token=read_line(settings.admin_token_file))
                stage.api = await resources.enter_async_context(api)
                await _require_usable(stage.api)
            return await play_scenario(stage, console, title=title, quiet=settings.quiet)


async def _require_usable(api: AdminApi) -> None:
    """Refuse to begin with an API that would fail some step; wait for one that has just begun."""
    try:
        await poll_until(api.is_ready, "The admin API isn't ready.")
        await api.relay()
    except StepFailedError as error:
        raise CommandFailed(f"{error} Check --admin and --admin-token-file.") from error


async def play_scenario(
    stage: Stage, console: Console, *, title: str, quiet: bool = False
) -> list[StepResult]:
    """Run the scenario on a stage, and print a line of its table as each step is done.

    With `quiet`, only what didn't pass is printed, and the last line.
    """
    results: list[StepResult] = []
    if not quiet:
        console.print(title, style="bold", soft_wrap=True)
        console.print(steps_heading())
    try:
        async for result in run_steps(steps_for(stage), stage):
            results.append(result)
            if not quiet or result.status is not StepStatus.PASSED:
                console.print(step_row(len(results), result))
    finally:
        await stage.close()
    console.print(summary(results))
    return results


def load(settings: LoadSettings) -> int:
    """Run the load and print what was measured."""
    plan = LoadPlan(
        relay=settings.known_relay(),
        room_code=settings.room_code,
        create=settings.create or settings.room is None,
        players=settings.players,
        processes=settings.processes,
        frame_size=settings.frame_size,
        rate=settings.rate,
        seconds=settings.seconds,
        cast=settings.cast,
    )

    def tell(text: str) -> None:
        if not settings.quiet:
            print(text, file=sys.stderr)

    # The processes of a run are its own: an interruption has to reach them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result = run_load(plan, tell=tell)
    except LoadFailedError as failure:
        raise CommandFailed(str(failure), exit_code=failure.exit_code) from failure
    _print_load(result, as_json=settings.json_)
    if not result.delivered:
        raise CommandFailed("Nothing arrived: the relay may be gone. Look at its log.")
    return ExitCode.OK


def _print_load(result: LoadResult, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(result), indent=2))
    else:
        plain_console().print(load_table(result))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    program = Program(
        name="lanparty-sim",
        summary="Simulated players for softlan: hosts that answer ARP and ping, without a kernel.",
        commands=[
            Command(
                settings=JoinSettings,
                run=join,
                name="join",
                summary="Stay in a room and tell who comes and goes; Ctrl-C leaves.",
            ),
            Command(
                settings=EndToEndSettings,
                run=end_to_end,
                name="e2e",
                summary="Check a relay from the first join to the last leave.",
            ),
            Command(
                settings=LanHostSettings,
                run=serve_lan_host,
                name="lan-host",
                summary="Be the host of a real LAN that e2e --lan-room looks for.",
            ),
            Command(
                settings=LoadSettings,
                run=load,
                name="load",
                summary="Send frames from many players; measure what arrives, and how late.",
            ),
        ],
        epilog=_EPILOG,
    )
    return run_program(program, arguments)
