"""The registry of rooms: who is where, and what a leave takes with it.

Invariants, held by every method and checked by tests/property/test_rooms.py:

- a room is found by its code and by its public id, or by neither,
- a client is in its room's members and in its MAC index, or in neither; likewise the gateway,
- every room and every member has a counter block of its own; who goes leaves its counts to the
  room, and a room to the relay,
- a room without members stays only if it is lasting.

The registry doesn't judge: what may be done is `admission`'s to say, and asking for what can't be
done is a bug (`RegistryError`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from lanparty_ctrl import RoomCode, make_room_code
from lanparty_obs.counters import QUEUED, BlockKind
from lanparty_proto import MacAddress
from lanparty_relay.core.blocks import RELAY_BLOCK, CounterBlocks
from lanparty_relay.core.events import RoomEnd
from lanparty_relay.core.learned import LearnedMacs
from lanparty_relay.core.members import Member, Newcomer
from lanparty_relay.core.peer_ids import PeerIds

__all__ = ["Departure", "RegistryError", "Room", "RoomRegistry"]

_ROOM_ID_BYTES: Final = 6
_RESUME_TOKEN_BYTES: Final = 16
"""128 bits: nobody guesses another's session."""


class RegistryError(RuntimeError):
    """The caller asked for what the registry's state forbids: our bug. Nothing was changed."""


@dataclass(slots=True, eq=False, kw_only=True)
class Room:
    """One Ethernet segment. Changed by the registry alone, but for what the switch learns."""

    room_id: str
    """Public: for logs, metrics and URLs."""
    code: RoomCode = field(repr=False)
    """The join secret."""
    mtu: int
    lasting: bool
    """Made ahead: stays without members until it is closed."""
    opened_at: float
    block: int
    serial: int
    peers_limit: int | None = None
    """Its own; the relay's holds as well."""
    expires_at: float | None = None
    """When it is closed by itself."""
    end: RoomEnd = RoomEnd.EMPTY
    """Why it goes, once it does."""
    members: dict[int, Member] = field(default_factory=dict, repr=False)
    clients_by_mac: dict[bytes, Member] = field(default_factory=dict, repr=False)
    gateway: Member | None = field(default=None, repr=False)
    learned: LearnedMacs = field(default_factory=LearnedMacs, repr=False)
    peer_ids: PeerIds = field(default_factory=PeerIds, repr=False)

    def holder_of(self, mac: MacAddress | None) -> Member | None:
        """Who has this client MAC, or with None the gateway's place."""
        return self.gateway if mac is None else self.clients_by_mac.get(mac)

    def others(self, member: Member) -> list[Member]:
        """All members but this one, in the order in which they joined."""
        return [other for other in self.members.values() if other is not member]


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Who left, and what that meant."""

    member: Member
    room_closed: bool
    copies_queued: int
    """Copies that were chosen for the member and have no outcome yet."""
    heir_block: int
    """The block that has the member's counts now, and in which those outcomes are to be counted."""


class RoomRegistry:
    """All rooms of this relay. See the module for what always holds."""

    def __init__(self, blocks: CounterBlocks, random_bytes: Callable[[int], bytes]) -> None:
        self._blocks: Final = blocks
        self._random_bytes: Final = random_bytes
        self._by_code: dict[RoomCode, Room] = {}
        self._by_id: dict[str, Room] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Room]:
        return iter(tuple(self._by_id.values()))

    @property
    def members_capacity(self) -> int:
        """How many counter blocks are left; a new room with its first member takes two."""
        return self._blocks.available

    def look_up(self, code: RoomCode) -> Room | None:
        """Find a room by its code."""
        return self._by_code.get(code)

    def find(self, room_id: str) -> Room | None:
        """Find a room by its public id."""
        return self._by_id.get(room_id)

    def create(
        self,
        code: RoomCode | None = None,
        *,
        room_id: str | None = None,
        mtu: int,
        lasting: bool = False,
        peers_limit: int | None = None,
        expires_at: float | None = None,
        now: float,
    ) -> Room:
        """Open a room; without a code or an id it gets a new one."""
        if code is None:
            code = self._draw_code()
        elif code in self._by_code:
            raise RegistryError("this code names a room already")
        if room_id is None:
            room_id = self._draw_room_id()
        elif room_id in self._by_id:
            raise RegistryError("this id names a room already")
        block = self._blocks.allocate(BlockKind.ROOM, RELAY_BLOCK)
        if block is None:
            raise RegistryError("no counter block is left for a room")
        room = Room(
            room_id=room_id,
            code=code,
            mtu=mtu,
            lasting=lasting,
            opened_at=now,
            block=block,
            serial=self._blocks.serial(block),
            peers_limit=peers_limit,
            expires_at=expires_at,
        )
        self._by_code[code] = self._by_id[room.room_id] = room
        return room

    def change(self, room: Room, *, peers_limit: int | None, expires_at: float | None) -> None:
        """Give a lasting room another limit and another end."""
        if not room.lasting:
            raise RegistryError("only a lasting room has a limit or an end of its own")
        room.peers_limit = peers_limit
        room.expires_at = expires_at

    def join(self, room: Room, newcomer: Newcomer, *, now: float) -> Member:
        """Add a member under a new peer id, with a new resume token."""
        self._require_place(room, newcomer)
        peer_id = room.peer_ids.take(now=now)
        if peer_id is None:
            raise RegistryError("no peer id is left in this room")
        return self._add(room, newcomer, peer_id, now)

    def leave(self, member: Member, *, now: float) -> Departure:
        """Remove a member, its MAC and its peer id together, and the room if it was the last."""
        room = member.room
        departure = self._remove(member)
        self._give_up_id(member, now)
        if room.members or room.lasting:
            return departure
        self.close(room)
        return Departure(
            member=member,
            room_closed=True,
            copies_queued=departure.copies_queued,
            heir_block=RELAY_BLOCK,
        )

    def replace(
        self, holder: Member, newcomer: Newcomer, *, resumed: bool, now: float
    ) -> tuple[Departure, Member]:
        """Give the holder's MAC or gateway place to a newcomer; the room stays meanwhile.

        If the newcomer `resumed` its own session it keeps the peer id, else it gets a new one.
        """
        room = holder.room
        if newcomer.mac != holder.mac:
            raise RegistryError("a place passes only to the same MAC, or from gateway to gateway")
        departure = self._remove(holder)
        if resumed:
            return departure, self._add(room, newcomer, holder.peer_id, now)
        self._give_up_id(holder, now)
        return departure, self.join(room, newcomer, now=now)

    def close(self, room: Room) -> None:
        """Remove a room without members; its counts go to the relay."""
        if room.members:
            raise RegistryError("a room with members can't be closed")
        if self._by_id.get(room.room_id) is not room:
            raise RegistryError("the room is closed already")
        del self._by_id[room.room_id]
        del self._by_code[room.code]
        self._blocks.release(room.block)

    def _require_place(self, room: Room, newcomer: Newcomer) -> None:
        if self._by_id.get(room.room_id) is not room:
            raise RegistryError("the room is closed")
        if room.holder_of(newcomer.mac) is not None:
            raise RegistryError("the place is taken")
        if not self._blocks.available:
            raise RegistryError("no counter block is left for a member")

    def _add(self, room: Room, newcomer: Newcomer, peer_id: int, now: float) -> Member:
        block = self._blocks.allocate(BlockKind.PEER, room.block)
        assert block is not None, "callers make sure that one is left"
        member = Member(
            room=room,
            connection=newcomer.connection,
            peer_id=peer_id,
            role=newcomer.role,
            mac=newcomer.mac,
            name=newcomer.name,
            datagram_budget=newcomer.datagram_budget,
            resume_token=self._random_bytes(_RESUME_TOKEN_BYTES).hex(),
            block=block,
            serial=self._blocks.serial(block),
            joined_at=now,
        )
        room.members[peer_id] = member
        if member.mac is None:
            room.gateway = member
        else:
            room.clients_by_mac[member.mac] = member
        return member

    def _remove(self, member: Member) -> Departure:
        room = member.room
        if room.members.get(member.peer_id) is not member:
            raise RegistryError("the member left already")
        del room.members[member.peer_id]
        if member.mac is None:
            room.gateway = None
        else:
            del room.clients_by_mac[member.mac]
        copies_queued = self._blocks.value(member.block, QUEUED)
        return Departure(
            member=member,
            room_closed=False,
            copies_queued=copies_queued,
            heir_block=self._blocks.release(member.block),
        )

    def _give_up_id(self, member: Member, now: float) -> None:
        member.room.peer_ids.free(member.peer_id, now=now)
        if member.is_gateway:
            member.room.learned.clear()

    def _draw_code(self) -> RoomCode:
        while (code := make_room_code(self._random_bytes)) in self._by_code:
            pass
        return code

    def _draw_room_id(self) -> str:
        while (room_id := self._random_bytes(_ROOM_ID_BYTES).hex()) in self._by_id:
            pass
        return room_id
