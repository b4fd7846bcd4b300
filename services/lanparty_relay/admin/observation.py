"""One look at everything: counters, rooms and peers that belong together."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from lanparty_relay.admin.snapshot import Snapshot, SnapshotReader
from lanparty_relay.admin.state import RelayState
from lanparty_relay.admin_link import Configuration, Heartbeat, PeerRecord, RoomRecord

__all__ = ["Observation", "Observer"]

RecordT = TypeVar("RecordT", RoomRecord, PeerRecord)


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen, oldest first. What has no block in the snapshot is left out."""

    now: float
    configuration: Configuration
    heartbeat: Heartbeat | None
    heartbeat_age: float | None
    snapshot: Snapshot
    rooms: tuple[RoomRecord, ...]
    peers_by_room: dict[str, tuple[PeerRecord, ...]]

    def peers(self) -> Iterator[PeerRecord]:
        """Go through the peers of all rooms."""
        for peers in self.peers_by_room.values():
            yield from peers

    def room(self, room_id: str) -> RoomRecord | None:
        """Find a room."""
        return next((room for room in self.rooms if room.room_id == room_id), None)

    def peer(self, room_id: str, peer_id: int) -> PeerRecord | None:
        """Find a peer."""
        peers = self.peers_by_room.get(room_id, ())
        return next((peer for peer in peers if peer.peer_id == peer_id), None)

    def wall_clock(self, moment: float) -> float:
        """Turn a moment of the monotonic clock into Unix time."""
        return moment + self.configuration.wall_clock_offset


class Observer:
    """Takes observations."""

    def __init__(self, state: RelayState, counters: SnapshotReader) -> None:
        self._state: Final = state
        self._counters: Final = counters

    async def observe(self) -> Observation:
        """Look now."""
        snapshot = await self._counters.read(asyncio.sleep)
        state = self._state
        rooms = _counted(snapshot, state.inventory.rooms())
        return Observation(
            now=state.clock(),
            configuration=state.configuration,
            heartbeat=state.heartbeat,
            heartbeat_age=state.readiness().heartbeat_age,
            snapshot=snapshot,
            rooms=rooms,
            peers_by_room={
                room.room_id: _counted(snapshot, state.inventory.peers(room.room_id))
                for room in rooms
            },
        )


def _counted(snapshot: Snapshot, records: list[RecordT]) -> tuple[RecordT, ...]:
    """Leave out what has no block in the snapshot; order by age, whatever order they came in."""
    found = (record for record in records if snapshot.serial(record.block) == record.serial)
    return tuple(sorted(found, key=lambda record: record.serial))
