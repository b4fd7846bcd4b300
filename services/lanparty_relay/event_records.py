"""What the core says that happened, as those who follow the relay's events read it."""

from collections.abc import Callable
from datetime import datetime

from lanparty_command import join_host_port
from lanparty_relay.admin_link import (
    Event,
    HelloRejectedEvent,
    PeerJoinedEvent,
    PeerLeftEvent,
    PeerMovedEvent,
    RoomChangedEvent,
    RoomClosedEvent,
    RoomOpenedEvent,
    RoomRenumberedEvent,
    SessionFaultedEvent,
    StandbysChangedEvent,
)
from lanparty_relay.core import (
    HelloRejected,
    LifecycleEvent,
    MemberJoined,
    MemberLeft,
    MemberMoved,
    RoomChanged,
    RoomClosed,
    RoomOpened,
    RoomRenumbered,
    SessionFaulted,
    StandbysChanged,
)

__all__ = ["event_of"]


def event_of(
    happened: LifecycleEvent, *, now: float, date: Callable[[float], datetime]
) -> Event | None:
    """Say it without codes, tokens and what a peer wrote; None for what isn't told.

    `date` says which time of day a moment of the core's clock is. Reports aren't told: they come
    every few seconds, and the peer's place in the API shows the last.
    """
    at = date(now)
    match happened:
        case RoomOpened():
            return RoomOpenedEvent(
                at=at,
                room_id=happened.room_id,
                mtu=happened.mtu,
                network=str(happened.network),
                lasting=happened.lasting,
                peers_limit=happened.peers_limit,
                expires_at=_end(happened, date),
            )
        case RoomChanged(room_id=room_id, peers_limit=peers_limit):
            return RoomChangedEvent(
                at=at, room_id=room_id, peers_limit=peers_limit, expires_at=_end(happened, date)
            )
        case RoomRenumbered(room_id=room_id, network=network):
            return RoomRenumberedEvent(at=at, room_id=room_id, network=str(network))
        case RoomClosed(room_id=room_id, reason=end):
            return RoomClosedEvent(at=at, room_id=room_id, reason=end)
        case MemberJoined():
            return _join(happened, at)
        case MemberMoved(room_id=room_id, peer_id=peer_id, address=address):
            return PeerMovedEvent(
                at=at, room_id=room_id, peer_id=peer_id, address=join_host_port(*address)
            )
        case MemberLeft(room_id=room_id, peer_id=peer_id, reason=reason):
            return PeerLeftEvent(at=at, room_id=room_id, peer_id=peer_id, reason=reason)
        case StandbysChanged(room_id=room_id, waiting=waiting):
            return StandbysChangedEvent(at=at, room_id=room_id, waiting=waiting)
        case HelloRejected(address=address, code=code):
            return HelloRejectedEvent(at=at, reason=code, address=join_host_port(*address))
        case SessionFaulted():
            return SessionFaultedEvent(
                at=at,
                fault=happened.fault,
                room_id=happened.room_id,
                peer_id=happened.peer_id,
                address=join_host_port(*happened.address),
            )
        case _:
            return None


def _end(room: RoomOpened | RoomChanged, date: Callable[[float], datetime]) -> datetime | None:
    return None if room.expires_at is None else date(room.expires_at)


def _join(joined: MemberJoined, at: datetime) -> PeerJoinedEvent:
    return PeerJoinedEvent(
        at=at,
        room_id=joined.room_id,
        peer_id=joined.peer_id,
        role=joined.role,
        mac=None if joined.mac is None else str(joined.mac),
        name=joined.name,
        address=join_host_port(*joined.address),
        lease=None if joined.lease is None else str(joined.lease),
        resumed=joined.resumed,
    )
