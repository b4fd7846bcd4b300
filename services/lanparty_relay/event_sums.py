"""Events that a stranger can cause as fast as he likes: some are told each, the rest summed up."""

from collections.abc import Hashable
from datetime import datetime
from typing import Final, TypeAlias

from lanparty_relay.admin_link import (
    Event,
    EventType,
    HelloRejectedEvent,
    PeerLeftEvent,
    PeerMovedEvent,
    SessionFaultedEvent,
)

__all__ = ["EventSums"]

_BURST: Final = 20.0
_EACH_SECOND: Final = 1.0
"""Of such events as many are told each; a person who follows them reads no faster."""

_SUMMED_SECONDS: Final = 10.0
"""Time over which the others are summed: a few lines then, one for each reason or fault."""

_Summable: TypeAlias = HelloRejectedEvent | SessionFaultedEvent | PeerMovedEvent


class EventSums:
    """Lets events pass, holds back those that are too many, and tells their sums later.

    What it holds is bounded: one for each reason, each fault, and each peer that is in a room.
    """

    def __init__(self) -> None:
        self._left = _BURST
        self._looked_at: float | None = None
        self._sums: dict[Hashable, _Summable] = {}
        self._due: float | None = None

    def receive(self, event: Event, *, now: float) -> list[Event]:
        """Return what is to be told because of this event: mostly the event itself."""
        if isinstance(event, PeerLeftEvent):
            # Where it had moved is told before it is gone.
            moved = self._sums.pop((EventType.PEER_MOVED, event.room_id, event.peer_id), None)
            return [event] if moved is None else [moved, event]
        if not isinstance(event, _Summable):
            return [event]
        key, summed = _sum_of(event)
        before = self._sums.get(key)
        # What is being summed is no more told each: an older address would be told last.
        if before is None and self._may_pass(now):
            return [event]
        if not self._sums:
            self._due = now + _SUMMED_SECONDS
        count = event.count + (0 if before is None else before.count)
        self._sums[key] = summed.model_copy(update={"count": count})
        return []

    def take_due(self, *, now: float, at: datetime) -> list[Event]:
        """Take the sums when it is time, as of `at`."""
        if self._due is None or now < self._due:
            return []
        self._due = None
        sums, self._sums = self._sums, {}
        return [summed.model_copy(update={"at": at}) for summed in sums.values()]

    def _may_pass(self, now: float) -> bool:
        if self._looked_at is not None:
            since = _EACH_SECOND * (now - self._looked_at)
            self._left = min(_BURST, self._left + since)
        self._looked_at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


def _sum_of(event: _Summable) -> tuple[Hashable, _Summable]:
    """Say under which key it is summed, and what of it holds for all of them.

    The type is part of the key: a reason and a fault may be spelled alike.
    """
    match event:
        case HelloRejectedEvent(reason=reason):
            return (event.type, reason), event.model_copy(update={"address": None})
        case SessionFaultedEvent(fault=fault):
            nobody = {"room_id": None, "peer_id": None, "address": None}
            return (event.type, fault), event.model_copy(update=nobody)
        case PeerMovedEvent(room_id=room_id, peer_id=peer_id):
            return (event.type, room_id, peer_id), event
