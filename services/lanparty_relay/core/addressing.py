"""The addresses of the rooms in being: leases to their clients, and networks out of members' way.

When a member's machine turns out to be in the room's network already, the room gets another one and
every client an address in that. Nobody loses the address before, so running games go on. But a
stranger in the room must not be able to move it for ever: a room moves a few times an hour, and
whoever is in the way then stays so.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import Final, TypeAlias

from lanparty_ctrl import AddressLease, Hello
from lanparty_relay.core.lease_records import LeaseRecord
from lanparty_relay.core.leases import LEASE_SECONDS, LeaseBook
from lanparty_relay.core.members import Member
from lanparty_relay.core.rooms import Room
from lanparty_relay.core.subnets import ROOM_PREFIX_LENGTH, Cover, covers_of, overlap

__all__ = ["MOVES_PER_HOUR", "Addressing"]

MOVES_PER_HOUR: Final = 4
"""Searches for another network that a room's members may cause."""

_HOUR: Final = 3_600.0

Prefixes: TypeAlias = Iterable[IPv4Network | IPv6Network]


@dataclass(slots=True, eq=False)
class _RoomAddresses:
    """What is known of one room while it is there."""

    record: LeaseRecord
    covers: dict[int, frozenset[Cover]] = field(default_factory=dict)
    """What the machines of its members use, by peer id."""
    moves: deque[float] = field(default_factory=deque)
    """When another network was last looked for."""

    def may_move(self, *, now: float) -> bool:
        while self.moves and now - self.moves[0] >= _HOUR:
            self.moves.popleft()
        return len(self.moves) < MOVES_PER_HOUR


class Addressing:
    """Leases addresses. Every room is opened before its first member joins, and closed last."""

    def __init__(self, book: LeaseBook) -> None:
        self._book: Final = book
        self._rooms: dict[str, _RoomAddresses] = {}

    def open_room(self, room: Room, prefixes: Prefixes, *, now: float) -> IPv4Network:
        """Choose the network of a room whose maker's machine uses these prefixes."""
        record = self._book.open(room.code, covers_of(prefixes), now=now)
        self._rooms[room.room_id] = _RoomAddresses(record)
        return record.network

    def close_room(self, room: Room) -> None:
        """Forget a room whose last member has left."""
        self._book.close(self._rooms.pop(room.room_id).record)

    def join(self, member: Member, hello: Hello, *, now: float) -> bool:
        """Lease a client its address. True: the room has another network now, for its sake."""
        moved = self.change_prefixes(member, hello.prefixes_in_use, now=now)
        if member.mac is not None:
            record = self._rooms[member.room.room_id].record
            self._book.take(record, member.mac, wanted=hello.address_wanted, now=now)
        return moved

    def leave(self, member: Member, *, now: float) -> None:
        """Keep the address of a client that left for another day."""
        addresses = self._rooms[member.room.room_id]
        del addresses.covers[member.peer_id]
        if member.mac is not None:
            self._book.leave(addresses.record, member.mac, now=now)

    def change_prefixes(self, member: Member, prefixes: Prefixes, *, now: float) -> bool:
        """Take note of what a member's machine uses now.

        True: the room has another network for it.
        """
        addresses = self._rooms[member.room.room_id]
        covers = addresses.covers[member.peer_id] = covers_of(prefixes)
        record = addresses.record
        if overlap(record.network, covers) <= record.accepted_overlap:
            return False
        if not addresses.may_move(now=now):
            return False
        addresses.moves.append(now)
        return self._book.move(record, frozenset().union(*addresses.covers.values()))

    def network(self, room: Room) -> IPv4Network:
        """Return the network that a room has now."""
        return self._rooms[room.room_id].record.network

    def address(self, member: Member) -> IPv4Address | None:
        """Return the address that is leased to a client; None for a gateway."""
        if member.mac is None:
            return None
        return self._rooms[member.room.room_id].record.address(member.mac)

    def lease(self, member: Member) -> AddressLease | None:
        """Return a client's lease as it is told; None for a gateway."""
        address = self.address(member)
        if address is None:
            return None
        return AddressLease(
            address=address, prefix_length=ROOM_PREFIX_LENGTH, seconds=LEASE_SECONDS
        )
