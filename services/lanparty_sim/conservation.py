"""The two sums that must be right in every snapshot of a relay's counters (docs/protocol.md)."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from lanparty_obs.counters import TunnelCounters
from lanparty_sim.steps import StepFailedError

__all__ = ["imbalance", "poll_until"]

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
