"""The routes about the last quarter of an hour."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter

from lanparty_relay.admin.counter_history import SAMPLE_SECONDS, CounterHistory, Series
from lanparty_relay.admin.history_models import GroupHistory, PeerHistory
from lanparty_relay.admin.lookup import LOOKUP_RESPONSES, PeerId, RoomId, peer_in, room_in
from lanparty_relay.admin.observation import Observation, Observer
from lanparty_relay.core import RELAY_BLOCK

__all__ = ["history_router"]

_RATES: Final = (
    "received_per_second",
    "received_bytes_per_second",
    "dropped_ingress_per_second",
    "sent_per_second",
    "sent_bytes_per_second",
    "dropped_egress_per_second",
)
"""The models' names, in the order of `Series.rates`."""


def history_router(history: CounterHistory, observer: Observer) -> APIRouter:
    """Make the routes."""
    router = APIRouter(tags=["history"])

    @router.get("/relay/history", summary="The relay's last 15 minutes")
    async def relay_history() -> GroupHistory:
        """Show how fast the relay counted, every 10 seconds, in all rooms together."""
        seen = await observer.observe()
        series = history.series(RELAY_BLOCK, seen.snapshot.serial(RELAY_BLOCK))
        return GroupHistory(**_columns(seen, series), peers=series.peers)

    @router.get(
        "/rooms/{room_id}/history", summary="A room's last 15 minutes", responses=LOOKUP_RESPONSES
    )
    async def room_history(room_id: RoomId) -> GroupHistory:
        """Show how fast a room counted, every 10 seconds, for all that were in it."""
        seen = await observer.observe()
        room = room_in(seen, room_id)
        series = history.series(room.block, room.serial)
        return GroupHistory(**_columns(seen, series), peers=series.peers)

    @router.get(
        "/rooms/{room_id}/peers/{peer_id}/history",
        summary="A peer's last 15 minutes",
        responses=LOOKUP_RESPONSES,
    )
    async def peer_history(room_id: RoomId, peer_id: PeerId) -> PeerHistory:
        """Show how fast the relay counted for an endpoint, every 10 seconds since it joined."""
        seen = await observer.observe()
        peer = peer_in(seen, room_id, peer_id)
        series = history.series(peer.block, peer.serial)
        return PeerHistory(**_columns(seen, series), round_trip_seconds=series.round_trip_seconds)

    return router


def _columns(seen: Observation, series: Series) -> Mapping[str, Any]:  # Any: a model's fields
    return {
        "since": None if series.begins_at is None else _time(seen, series.begins_at),
        "interval_seconds": SAMPLE_SECONDS,
        "times": [_time(seen, moment) for moment in series.ends_at],
        **dict(zip(_RATES, series.rates, strict=True)),
    }


def _time(seen: Observation, moment: float) -> datetime:
    return datetime.fromtimestamp(round(seen.wall_clock(moment), 3), UTC)
