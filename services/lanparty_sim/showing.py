"""`make demo`: a relay of its own, the scenario's table, then three players that stay.

No Docker, no root, no file left behind: the relay runs in a process on free ports of the loopback
address, with a temporary state directory.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from rich.console import Console

from lanparty_client_core import MemberJoined, MemberLeft, SessionEvent
from lanparty_command import ExitCode, output_guarded
from lanparty_endpoint.console import plain_console
from lanparty_endpoint.signals import cancelled_by_signals
from lanparty_endpoint.telling import told
from lanparty_sim.player import Player
from lanparty_sim.program import play_scenario
from lanparty_sim.relay_process import RelayProcess, RelayProcessError
from lanparty_sim.report import passed
from lanparty_sim.stage import Stage
from lanparty_sim.steps import StepFailedError

__all__ = ["show"]


def show(arguments: Sequence[str] | None = None) -> int:
    """Show softlan; return 0 if every step of the scenario passed.

    Other codes are `ExitCode`'s.
    """
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__.splitlines()[0])
    parser.add_argument("--once", action="store_true", help="end after the scenario's table")
    once: bool = parser.parse_args(arguments).once
    return output_guarded(lambda: _run(once=once), name="demo", failure=ExitCode.FAILURE)


def _run(*, once: bool) -> int:
    console = plain_console()
    try:
        return asyncio.run(_show(console, once=once))
    except (RelayProcessError, StepFailedError) as error:
        console.print(str(error))
        return ExitCode.FAILURE
    except (asyncio.CancelledError, KeyboardInterrupt):
        return ExitCode.INTERRUPTED


async def _show(console: Console, *, once: bool) -> int:
    with cancelled_by_signals():
        async with RelayProcess("--joins-per-minute=0") as relay:
            addresses = f"players on {relay.address} (UDP), its API on {relay.admin_url}"
            console.print(f"A relay serves {addresses}", soft_wrap=True)
            async with relay.api() as api:
                stage = Stage(relay=relay.known_relay(), api=api)
                results = await play_scenario(stage, console, title="End to end, real sockets")
            if not once:
                await _stay(relay, console)
    return ExitCode.OK if passed(results) else ExitCode.FAILURE


async def _stay(relay: RelayProcess, console: Console) -> None:
    """Keep three players in a room until Ctrl-C, and say how to look at them."""

    def tell(event: SessionEvent) -> None:
        if isinstance(event, MemberJoined | MemberLeft):
            console.print(told(event))

    stage = Stage(relay=relay.known_relay())
    try:
        await stage.join("alice", room_code=None, create=True, observer=tell)
        for name in ("bob", "carol"):
            await stage.join(name, room_code=stage.room_code)
        console.print(_directions(relay, stage), soft_wrap=True)
        await _chatter(stage)
        console.print("Nobody is left in the room.")
    except asyncio.CancelledError:
        console.print("Stopping.")
    finally:
        await stage.close()


async def _chatter(stage: Stage) -> None:
    """Let the players ping each other, so that the counters move while somebody looks.

    Returns when none of them is in the room any more: all kicked, or the relay is gone.
    """
    while stage.inside:
        await stage.between_all_pairs(_ping, "ping")
        await asyncio.sleep(1)


async def _ping(one: Player, other: Player) -> bool:
    """Ping and don't mind the answer: somebody may have been kicked meanwhile."""
    await one.ping(other.host.address)
    return True


def _directions(relay: RelayProcess, stage: Stage) -> str:
    room_id, room_code = stage.room_id, stage.room_code.spoken()
    ask = f'curl -H "Authorization: Bearer $(cat {relay.token_file})" {relay.admin_url}'
    peer_id = stage["carol"].welcome.peer_id
    return f"""
Three players, alice, bob and carol, stay in room {room_code}, id {room_id},
and ping each other each second.

  admin API   {relay.admin_url}   (its description: {relay.admin_url}/openapi.json)
  token       {relay.token_file.read_text(encoding="utf-8").strip()}

Look at them from another terminal:

  {ask}/api/v1/relay
  {ask}/api/v1/rooms
  {ask}/api/v1/rooms/{room_id}/peers
  {ask}/api/v1/peers?name=carol
  {ask}/metrics
  {ask}/api/v1/rooms/{room_id}/peers/{peer_id} -X DELETE    # kicks carol
  {ask}/api/v1/rooms -X POST    # makes a room ahead

Join them:

  {sys.executable} -m lanparty_sim join --relay {relay.address} \\
      --pin-file {relay.pin_file} --room {room_code} --name dave

Ctrl-C ends the demo.
"""
