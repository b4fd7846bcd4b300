"""The scenario's last steps: players of other processes, in a room of their own, must answer.

A bystander is any `lanparty-sim join` in that room, wherever it runs: in a container, on another
computer. It is known by what the relay tells of it, its leased address included.
"""

import asyncio
import statistics
from typing import Final

from lanparty_ctrl import PeerJoined, Role
from lanparty_sim.conservation import require_room_conserves
from lanparty_sim.player import Player, wait_until
from lanparty_sim.stage import Bystanders, Stage, require
from lanparty_sim.steps import Step

__all__ = ["BYSTANDER_STEPS"]

_VISITOR: Final = "visitor"


async def _all_are_there(stage: Stage) -> str:
    expected = _expected(stage)
    # Whoever starts first makes the room. Hosts with a real network stack answer only those of
    # their own network, so the visitor has a leased address too.
    visitor = await stage.join(
        _VISITOR, room_code=expected.room_code, create=True, takes_lease=True
    )
    await wait_until(
        lambda: not visitor.is_joined or len(_clients(visitor)) == expected.count,
        [visitor],
        limit=expected.patience,
    )
    require(visitor.is_joined, "the visitor lost its place in their room")
    clients = _clients(visitor)
    named = ", ".join(sorted(client.name for client in clients)) or "nobody"
    require(
        len(clients) == expected.count,
        f"expected {expected.count}, saw {len(clients)} after {expected.patience:g} s: {named}",
    )
    return f"{expected.count} in room {visitor.welcome.room_id}"


async def _all_answer(stage: Stage) -> str:
    visitor, count = stage[_VISITOR], _expected(stage).count
    clients = _clients(visitor)
    require(len(clients) == count, f"{len(clients)} of {count} are still there")
    async with asyncio.TaskGroup() as visits:
        tasks = [visits.create_task(_visit(visitor, client)) for client in clients]
    times = [task.result() for task in tasks]
    answered = [seconds for seconds in times if seconds is not None]
    silent = [
        f"{client.name} ({client.mac}, {client.address})"
        for client, seconds in zip(clients, times, strict=True)
        if seconds is None
    ]
    require(not silent, f"{len(answered)} of {count} answered; silent: {', '.join(silent)}")
    return f"{count} answered, median {statistics.median(answered) * 1_000:.1f} ms"


async def _visit(visitor: Player, bystander: PeerJoined) -> float | None:
    """Resolve and ping a bystander; None if it doesn't answer, or another does in its place."""
    address = bystander.address
    if address is None or await visitor.resolve(address) != bystander.mac:
        return None
    return await visitor.ping(address)


async def _counters_conserve(stage: Stage) -> str:
    api, visitor, count = stage.require_api(), stage[_VISITOR], _expected(stage).count
    others = {peer_id: member.name for peer_id, member in visitor.members.items()}
    require(len(others) == count, f"{len(others)} of {count} are still there")
    room = await require_room_conserves(
        api, visitor.welcome.room_id, players=[visitor], others=others
    )
    return f"{count + 1} peers, {room.received} received, {room.sent} sent"


def _clients(visitor: Player) -> list[PeerJoined]:
    """Return the clients in the visitor's room, besides itself."""
    return [member for member in visitor.members.values() if member.role is Role.CLIENT]


def _expected(stage: Stage) -> Bystanders:
    assert stage.bystanders is not None, "these steps are for a stage with bystanders"
    return stage.bystanders


BYSTANDER_STEPS: Final[tuple[Step[Stage], ...]] = (
    Step("the bystanders are in their room", _all_are_there, vital=True),
    Step("each bystander answers ARP and ping", _all_answer),
    Step("every bystander's and their room's counters conserve", _counters_conserve),
)
