"""Rooms that an operator makes ahead: they stay until they are closed or expire."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from lanparty_ctrl import RoomCode
from lanparty_relay.core.admission import ROOM_AND_MEMBER
from lanparty_relay.core.events import RoomEnd
from lanparty_relay.core.limits import RelayLimits
from lanparty_relay.core.membership import Membership
from lanparty_relay.core.places import Places
from lanparty_relay.core.rooms import Room, RoomRegistry

__all__ = ["KeptRoom", "LastingRooms", "RoomOrder", "RoomRefusal", "RoomRefused"]


class RoomRefusal(StrEnum):
    """Why a room isn't made ahead or changed."""

    CODE_IN_USE = "code_in_use"
    """A room has this code."""
    ROOM_LIMIT = "room_limit"
    """The relay has as many rooms as it may."""
    NO_SUCH_ROOM = "no_such_room"
    """There is none to change."""
    MADE_BY_PLAYERS = "made_by_players"
    """It goes with its last player, and isn't an operator's to change."""


@dataclass(frozen=True, slots=True)
class RoomRefused:
    """No room was made or changed."""

    reason: RoomRefusal
    room_id: str | None = None
    """The room that has the code, or that can't be changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOrder:
    """What a room made ahead is to be like."""

    code: RoomCode | None = field(default=None, repr=False)
    """None: a new one."""
    mtu: int | None = None
    """None: that of the relay's setting."""
    peers_limit: int | None = None
    """None: the relay's limit alone, which holds in any case."""
    expires_at: float | None = None
    """None: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRoom:
    """A room made ahead as it outlives the relay: the same id, code and MTU, and nobody in it."""

    room_id: str
    code: RoomCode = field(repr=False)
    mtu: int
    peers_limit: int | None
    opened_at: float
    expires_at: float | None


class LastingRooms:
    """Makes rooms ahead and closes them, also those that have expired."""

    def __init__(
        self, registry: RoomRegistry, limits: RelayLimits, places: Places, membership: Membership
    ) -> None:
        self._registry: Final = registry
        self._limits: Final = limits
        self._places: Final = places
        self._membership: Final = membership
        self._expiries: Final[dict[str, float]] = {}
        self._next_expiry: float | None = None

    def open(self, order: RoomOrder, *, now: float) -> Room | RoomRefused:
        """Make a room, or say why not."""
        if order.code is not None and (room := self._registry.look_up(order.code)) is not None:
            return RoomRefused(RoomRefusal.CODE_IN_USE, room.room_id)
        if not self._has_place():
            return RoomRefused(RoomRefusal.ROOM_LIMIT)
        room = self._places.open_ahead(
            order.code,
            mtu=self._limits.room_mtu if order.mtu is None else order.mtu,
            peers_limit=order.peers_limit,
            expires_at=order.expires_at,
            now=now,
        )
        self._let_expire(room)
        return room

    def restore(self, kept: KeptRoom, *, now: float) -> bool:
        """Make a room again after the relay's restart, before anybody has joined.

        No two have the same id or code. False: the relay allows fewer rooms than it did.
        """
        if not self._has_place():
            return False
        room = self._places.open_ahead(
            kept.code,
            room_id=kept.room_id,
            mtu=kept.mtu,
            peers_limit=kept.peers_limit,
            expires_at=kept.expires_at,
            now=min(kept.opened_at, now),
        )
        self._let_expire(room)
        return True

    def change(
        self, room_id: str, *, peers_limit: int | None, expires_at: float | None
    ) -> Room | RoomRefused:
        """Give a room another limit and another end. Nobody is sent away for a lower limit."""
        room = self._registry.find(room_id)
        if room is None:
            return RoomRefused(RoomRefusal.NO_SUCH_ROOM)
        if not room.lasting:
            return RoomRefused(RoomRefusal.MADE_BY_PLAYERS, room_id)
        self._places.change(room, peers_limit=peers_limit, expires_at=expires_at)
        self._expiries.pop(room_id, None)
        self._let_expire(room)
        return room

    def close(self, room: Room, end: RoomEnd, *, now: float) -> None:
        """End every session in a room, whoever made it, and the room with them."""
        if self._expiries.pop(room.room_id, None) is not None:
            self._note_next_expiry()
        self._membership.close_room(room, end, now=now)

    def handle_timer(self, *, now: float) -> None:
        """Close the rooms that have expired."""
        if self._next_expiry is None or now < self._next_expiry:
            return
        for room_id in [room_id for room_id, at in self._expiries.items() if at <= now]:
            room = self._registry.find(room_id)
            assert room is not None, "every end of a room made ahead comes through `close`"
            self.close(room, RoomEnd.EXPIRED, now=now)

    def next_deadline(self) -> float | None:
        """When the next room expires."""
        return self._next_expiry

    def _has_place(self) -> bool:
        registry = self._registry
        return len(registry) < self._limits.rooms and registry.members_capacity >= ROOM_AND_MEMBER

    def _let_expire(self, room: Room) -> None:
        if room.expires_at is not None:
            self._expiries[room.room_id] = room.expires_at
        self._note_next_expiry()

    def _note_next_expiry(self) -> None:
        self._next_expiry = min(self._expiries.values(), default=None)
