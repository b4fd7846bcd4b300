"""Which rooms and peers there are: kept by the relay for a new admin process, and by that."""

from collections.abc import Iterator
from ipaddress import IPv4Address

from lanparty_command import join_host_port
from lanparty_quic import Address
from lanparty_relay.admin_link import (
    InventoryChange,
    PeerGone,
    PeerMoved,
    PeerRecord,
    PeerReported,
    Report,
    RoomChange,
    RoomGone,
    RoomMoved,
    RoomRecord,
    RoomStandbys,
)
from lanparty_relay.core import (
    LifecycleEvent,
    MemberJoined,
    MemberLeft,
    MemberMoved,
    MemberReported,
    RoomChanged,
    RoomClosed,
    RoomOpened,
    RoomRenumbered,
    StandbysChanged,
)

__all__ = ["Inventory", "change_of"]


class Inventory:
    """Rooms and their peers, in the order in which they came."""

    def __init__(self) -> None:
        self._rooms: dict[str, RoomRecord] = {}
        self._peers: dict[str, dict[int, PeerRecord]] = {}

    def apply(self, change: InventoryChange) -> None:
        """Take a change; one about what isn't there means nothing."""
        match change:
            case RoomRecord():
                self._rooms[change.room_id] = change
            case RoomChange(peers_limit=peers_limit, expires_at=expires_at):
                terms: dict[str, object] = {"peers_limit": peers_limit, "expires_at": expires_at}
                self._update_room(change.room_id, terms)
            case RoomMoved():
                self._move_room(change)
            case RoomStandbys(waiting=waiting):
                self._update_room(change.room_id, {"standby_gateways": waiting})
            case RoomGone():
                self._rooms.pop(change.room_id, None)
                self._peers.pop(change.room_id, None)
            case PeerRecord():
                self._peers.setdefault(change.room_id, {})[change.peer_id] = change
            case PeerGone():
                self._peers.get(change.room_id, {}).pop(change.peer_id, None)
            case PeerMoved(address=address):
                self._update_peer(change.room_id, change.peer_id, {"address": address})
            case PeerReported(report=report):
                self._update_peer(change.room_id, change.peer_id, {"report": report})

    def rooms(self) -> list[RoomRecord]:
        """All rooms."""
        return list(self._rooms.values())

    def room(self, room_id: str) -> RoomRecord | None:
        """Find a room."""
        return self._rooms.get(room_id)

    def peers(self, room_id: str) -> list[PeerRecord]:
        """All peers of a room; none if there is no such room."""
        return list(self._peers.get(room_id, {}).values())

    def peer(self, room_id: str, peer_id: int) -> PeerRecord | None:
        """Find a peer."""
        return self._peers.get(room_id, {}).get(peer_id)

    def everything(self) -> Iterator[RoomRecord | PeerRecord]:
        """Tell each room, then its peers, as they are when their turn comes.

        The inventory may change meanwhile: who hears every change as well ends up right.
        """
        for room_id in list(self._rooms):
            if (room := self.room(room_id)) is None:
                continue
            yield room
            for peer_id in list(self._peers.get(room_id, {})):
                if (peer := self.peer(room_id, peer_id)) is not None:
                    yield peer

    def _move_room(self, move: RoomMoved) -> None:
        self._update_room(move.room_id, {"network": move.network})
        for peer_id, lease in move.leases.items():
            self._update_peer(move.room_id, peer_id, {"lease": lease})

    def _update_room(self, room_id: str, update: dict[str, object]) -> None:
        if (room := self.room(room_id)) is not None:
            self._rooms[room_id] = room.model_copy(update=update)

    def _update_peer(self, room_id: str, peer_id: int, update: dict[str, object]) -> None:
        if (peer := self.peer(room_id, peer_id)) is not None:
            self._peers[room_id][peer_id] = peer.model_copy(update=update)


def change_of(event: LifecycleEvent, *, now: float) -> InventoryChange | None:
    """Say what an event of the core changes in the inventory; None if nothing."""
    match event:
        case RoomOpened():
            return RoomRecord(
                room_id=event.room_id,
                code=str(event.code),
                mtu=event.mtu,
                network=str(event.network),
                lasting=event.lasting,
                opened_at=event.opened_at,
                block=event.block,
                serial=event.serial,
                peers_limit=event.peers_limit,
                expires_at=event.expires_at,
            )
        case RoomChanged(room_id=room_id, peers_limit=peers_limit, expires_at=expires_at):
            return RoomChange(room_id=room_id, peers_limit=peers_limit, expires_at=expires_at)
        case RoomRenumbered(room_id=room_id, network=network, leases=leases):
            written = {peer_id: _written_lease(lease) for peer_id, lease in leases.items()}
            return RoomMoved(room_id=room_id, network=str(network), leases=written)
        case StandbysChanged(room_id=room_id, waiting=waiting):
            return RoomStandbys(room_id=room_id, waiting=waiting)
        case RoomClosed(room_id=room_id):
            return RoomGone(room_id=room_id)
        case MemberJoined():
            return _peer_record(event)
        case MemberLeft(room_id=room_id, peer_id=peer_id):
            return PeerGone(room_id=room_id, peer_id=peer_id)
        case MemberMoved(room_id=room_id, peer_id=peer_id, address=address):
            return PeerMoved(room_id=room_id, peer_id=peer_id, address=_written(address))
        case MemberReported(room_id=room_id, peer_id=peer_id, stats=stats):
            report = Report(
                counters=stats.counters,
                round_trip_seconds=stats.round_trip_time,
                reported_at=now,
            )
            return PeerReported(room_id=room_id, peer_id=peer_id, report=report)
        case _:
            return None


def _peer_record(event: MemberJoined) -> PeerRecord:
    return PeerRecord(
        room_id=event.room_id,
        peer_id=event.peer_id,
        role=event.role,
        mac=None if event.mac is None else str(event.mac),
        name=event.name,
        address=_written(event.address),
        lease=_written_lease(event.lease),
        joined_at=event.joined_at,
        block=event.block,
        serial=event.serial,
    )


def _written_lease(lease: IPv4Address | None) -> str | None:
    return None if lease is None else str(lease)


def _written(address: Address) -> str:
    return join_host_port(*address)
