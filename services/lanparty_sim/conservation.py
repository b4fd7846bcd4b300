"""The two sums that must be right in every snapshot of a relay's counters (docs/protocol.md)."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from lanparty_obs.counters import TunnelCounters
from lanparty_sim.admin_api import AdminApi
from lanparty_sim.player import Player
from lanparty_sim.steps import StepFailedError

__all__ = ["imbalance", "poll_until", "require_room_conserves"]

POLL_LIMIT: Final = 5.0
_POLL_INTERVAL: Final = 0.05


def imbalance(counters: TunnelCounters) -> str:
    """Say which sum is wrong, and by how much; empty if both are right."""
    taken = sum(counters.forwarded.values()) + sum(counters.dropped_ingress.values())
    if counters.received != taken:
        return f"received {counters.received}, but forwarded and dropped {taken}"
    told = counters.sent + sum(counters.dropped_egress.values()) + counters.queued
    if counters.chosen != told:
        return f"chosen {counters.chosen}, but sent, dropped and queued {told}"
    return ""


async def poll_until(holds: Callable[[], Awaitable[object]], otherwise: str) -> None:
    """Ask until the answer is true; fail the step when it isn't in time."""
    give_up_at = time.monotonic() + POLL_LIMIT
    while not await holds():
        if time.monotonic() > give_up_at:
            raise StepFailedError(otherwise)
        await asyncio.sleep(_POLL_INTERVAL)


async def require_room_conserves(
    api: AdminApi,
    room_id: str,
    *,
    players: Sequence[Player],
    others: Mapping[int, str],
) -> TunnelCounters:
    """Require that the API lists these peers of a room alone and that all its counters conserve.

    `players` are ours, whose own counters must agree with the relay's; `others` are known by peer
    id and name. Returns what the room counted; raises `StepFailedError`.
    """
    names = {player.welcome.peer_id: player.name for player in players} | dict(others)

    async def settled() -> bool:
        peers = await api.peers(room_id)
        return peers.keys() == names.keys() and not any(peer.queued for peer in peers.values())

    await poll_until(settled, f"the API doesn't list {sorted(names)} alone with empty queues")
    room = await api.room(room_id)
    peers = await api.peers(room_id)
    if room is None or peers.keys() != names.keys():
        raise StepFailedError("somebody came or went meanwhile")
    for peer_id, name in names.items():
        _require_balance(name, peers[peer_id])
    _require_balance("room", room)
    for player in players:
        _require_agreement(player, peers[player.welcome.peer_id])
    return room


def _require_balance(what: str, counters: TunnelCounters) -> None:
    if wrong := imbalance(counters):
        raise StepFailedError(f"{what}: {wrong}")


def _require_agreement(player: Player, relay: TunnelCounters) -> None:
    own = player.session.counters()
    if relay.received > own.datagrams_sent or own.datagrams_received > relay.datagrams_sent:
        raise StepFailedError(
            f"{player.name} sent {own.datagrams_sent} and received {own.datagrams_received}, "
            f"the relay received {relay.received} and sent {relay.datagrams_sent}"
        )
