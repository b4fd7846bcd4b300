"""The admin process leaves the processor to the players' frames."""

import os
from pathlib import Path

from lanparty_sim.relay_process import RelayProcess


def niceness(process_id: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, process_id)


def only_child_of(process_id: int) -> int:
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text()
    (child,) = map(int, children.split())
    return child


async def test_the_admin_process_is_nicer_than_the_relay() -> None:
    async with RelayProcess() as relay:
        admin = only_child_of(relay.process_id)
        assert niceness(admin) == min(niceness(relay.process_id) + 10, 19)
