"""A gateway that can't bridge says so and ends; told to, it goes on all the same."""

import asyncio
from pathlib import Path

import pytest

from lanparty_command import CommandFailed
from lanparty_endpoint.happenings import Happening, Weight
from lanparty_endpoint.place import Place
from lanparty_gateway.bridge import Phase
from lanparty_gateway.membership import GatewayMembership
from lanparty_gateway.memory_interface import InMemoryInterface
from lanparty_gateway.settings import GatewaySettings
from lanparty_proto import MacAddress

INTERFACE = MacAddress.parse("02:00:00:00:00:01")
NOWHERE = "127.0.0.1:9"
"""The discard port: nobody answers there."""


class Stage:
    """A gateway at an interface that this computer hasn't, on the way to a relay that isn't."""

    def __init__(self, folder: Path, *, force: bool) -> None:
        given = {"interface": "softlan-nope", "relay": NOWHERE, "wait": True, "force": force}
        wish = GatewaySettings.model_validate(given).wish()
        self.told: list[Happening] = []
        self.complained = asyncio.Event()
        self.membership = GatewayMembership(
            wish,
            InMemoryInterface(INTERFACE),
            place=Place(folder, wish.relay),
            tell=self._tell,
        )

    def _tell(self, happening: Happening) -> None:
        self.told.append(happening)
        if happening.event == "preflight":
            self.complained.set()

    def close(self) -> None:
        self.membership.lan.port.close()


async def test_a_failed_preflight_ends_it_before_a_frame_has_crossed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, force=False)
    with pytest.raises(CommandFailed, match="Nothing was bridged") as failed:
        await stage.membership.stay()
    assert failed.value.exit_code == 1
    assert "--force" in str(failed.value)
    assert stage.membership.lan.bridge.state.phase is Phase.NOT_JOINED
    assert not [each for each in stage.told if each.event == "preflight"], "it is said once"
    stage.close()


async def test_with_force_the_finding_is_told_and_stays_in_the_status(tmp_path: Path) -> None:
    stage = Stage(tmp_path, force=True)
    staying = asyncio.create_task(stage.membership.stay())
    async with asyncio.timeout(30):
        await stage.complained.wait()
    assert not staying.done()
    [complaint, *_] = [each for each in stage.told if each.event == "preflight"]
    assert complaint.weight is Weight.COMPLAINT
    assert complaint.message in stage.membership.notices
    stage.membership.leave()
    assert await staying == 130, "it was never in the room"
    stage.close()


async def test_to_be_ended_while_it_looks_is_no_failure(tmp_path: Path) -> None:
    stage = Stage(tmp_path, force=True)
    staying = asyncio.create_task(stage.membership.stay())
    await asyncio.sleep(0)
    staying.cancel()
    assert await staying == 130
    stage.close()
