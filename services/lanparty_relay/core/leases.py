"""Who has which IPv4 address in which room, also a day after the leave.

A room's record is found by its code, of which only a keyed hash is kept: the code is a secret, and
what is remembered goes to a file. A record has a /24 and a host number for each MAC, so that a room
that gets another network leaves everybody their host number.

Invariants, held by every method and checked by tests/property/test_leases.py:

- no two MACs of a record have one host number, and each number is from 2 to 254,
- a MAC that is present keeps its number; one that is absent keeps it for a day, unless the room or
  the relay runs out of room to remember: then whoever has been absent longest is forgotten,
- a record without a room in being and without a MAC is forgotten.
"""

import hmac
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from ipaddress import IPv4Address
from typing import Final

from lanparty_ctrl import RoomCode
from lanparty_proto import MacAddress
from lanparty_relay.core.lease_records import LeaseRecord, RememberedLease, RememberedRoom
from lanparty_relay.core.subnets import NO_OVERLAP, Cover, choose_network, overlap

__all__ = ["ABSENT_LIMIT", "LEASE_KEY_BYTES", "LEASE_SECONDS", "ROOM_KEY_BYTES", "LeaseBook"]

LEASE_SECONDS: Final = 86_400
"""How long an address is kept for a MAC that left."""

ABSENT_LIMIT: Final = 32_768
"""Leases of absent MACs that are remembered in all: some ten megabytes."""

LEASE_KEY_BYTES: Final = 32
"""Of the secret by which codes are hashed."""

ROOM_KEY_BYTES: Final = 16
"""Of the hash that stands for a room's code: 128 bits, no two codes meet."""


class LeaseBook:
    """The records of all rooms. See the module for what always holds."""

    def __init__(self, key: bytes, *, absent_limit: int = ABSENT_LIMIT) -> None:
        """`key` keeps codes secret; with another one, what was remembered isn't found."""
        self._key: Final = key
        self._absent_limit: Final = absent_limit
        self._records: dict[str, LeaseRecord] = {}
        self._left_at: dict[tuple[str, MacAddress], float] = {}
        """Of the absent ones, in the order of leaving."""
        self._changed: dict[str, None] = {}
        self._leases = 0

    def __len__(self) -> int:
        """Count the leases that are remembered, those of present MACs included."""
        return self._leases

    def restore(self, rooms: Iterable[RememberedRoom], *, now: float) -> None:
        """Take over what was remembered, before anything else is asked for.

        No MAC and no host number stands twice in one room. Who was present then has left `now`.
        All of it counts as changed.
        """
        absences: list[tuple[float, LeaseRecord, MacAddress]] = []
        for room in rooms:
            record = LeaseRecord(
                key=room.key,
                seed=_seed_of(bytes.fromhex(room.key)),
                network=room.network,
                accepted_overlap=NO_OVERLAP,
            )
            self._records[room.key] = record
            for lease in room.leases:
                self._assign(record, lease.mac, lease.host)
                left_at = now if lease.left_at is None else min(lease.left_at, now)
                absences.append((left_at, record, lease.mac))
            self._changed[room.key] = None
            self._forget_if_empty(record)
        for left_at, record, mac in sorted(absences, key=lambda absence: absence[0]):
            self._left_at[record.key, mac] = left_at
        self._forget_old(now)

    def open(self, code: RoomCode, taken: AbstractSet[Cover], *, now: float) -> LeaseRecord:
        """Return the record of a room that is being made; `taken` is what its maker's machine uses.

        The room has the network that it had before, unless another one is less in the maker's way.
        """
        self._forget_old(now)
        digest = hmac.digest(self._key, code.encode(), "sha256")[:ROOM_KEY_BYTES]
        key, seed = digest.hex(), _seed_of(digest)
        record = self._records.get(key)
        if record is None:
            choice = choose_network(seed, taken)
            record = LeaseRecord(
                key=key, seed=seed, network=choice.network, accepted_overlap=choice.overlap
            )
            self._records[key] = record
        else:
            self.move(record, taken)
        record.in_being = True
        self._changed[key] = None
        return record

    def close(self, record: LeaseRecord) -> None:
        """Take note that the room is gone; all its MACs are absent."""
        record.in_being = False
        self._forget_if_empty(record)

    def move(self, record: LeaseRecord, taken: AbstractSet[Cover]) -> bool:
        """Give the room a network that is less in the way of what all members' machines use.

        False if there is none; the record then puts up with the longest prefix in its way.
        """
        present = overlap(record.network, taken)
        choice = choose_network(record.seed, taken)
        record.accepted_overlap = min(choice.overlap, present)
        if choice.overlap >= present:
            return False
        record.network = choice.network
        self._changed[record.key] = None
        return True

    def take(
        self, record: LeaseRecord, mac: MacAddress, *, wanted: IPv4Address | None, now: float
    ) -> IPv4Address:
        """Lease an address to a MAC that is becoming present, and return it.

        It is the one that is wanted, if no other MAC has it; else the one that the MAC had; else
        one that nobody had; else that of the MAC which has been absent longest.
        """
        self._forget_old(now)
        host = self._host_for(record, mac, wanted)
        if record.hosts.get(mac) != host:
            for former in (record.holder(host), mac):
                if former is not None and former in record.hosts:
                    self._release(record, former)
            self._assign(record, mac, host)
        self._left_at.pop((record.key, mac), None)
        self._changed[record.key] = None
        return record.address(mac)

    def leave(self, record: LeaseRecord, mac: MacAddress, *, now: float) -> None:
        """Take note that a MAC is absent from now on."""
        self._left_at[record.key, mac] = now
        self._changed[record.key] = None
        self._forget_old(now)

    def changes(self) -> Mapping[str, RememberedRoom | None]:
        """Take what changed, by the record's key; None: it is forgotten."""
        changed, self._changed = self._changed, {}
        return {key: self._remembered(key) for key in changed}

    def _host_for(self, record: LeaseRecord, mac: MacAddress, wanted: IPv4Address | None) -> int:
        if wanted is not None:
            host = record.host_of(wanted)
            if host is not None and record.holder(host) in {None, mac}:
                return host
        had = record.hosts.get(mac)
        if had is not None:
            return had
        free = record.free_host(mac)
        return self._host_of_longest_absent(record) if free is None else free

    def _host_of_longest_absent(self, record: LeaseRecord) -> int:
        absences = (
            (left_at, host)
            for mac, host in record.hosts.items()
            if (left_at := self._left_at.get((record.key, mac))) is not None
        )
        return min(absences)[1]

    def _assign(self, record: LeaseRecord, mac: MacAddress, host: int) -> None:
        record.assign(mac, host)
        self._leases += 1

    def _release(self, record: LeaseRecord, mac: MacAddress) -> None:
        record.release(mac)
        self._left_at.pop((record.key, mac), None)
        self._leases -= 1

    def _forget_old(self, now: float) -> None:
        while self._left_at:
            (key, mac), left_at = next(iter(self._left_at.items()))
            if now - left_at < LEASE_SECONDS and len(self._left_at) <= self._absent_limit:
                return
            record = self._records[key]
            self._release(record, mac)
            self._changed[key] = None
            self._forget_if_empty(record)

    def _forget_if_empty(self, record: LeaseRecord) -> None:
        if not record.hosts and not record.in_being:
            del self._records[record.key]
            self._changed[record.key] = None

    def _remembered(self, key: str) -> RememberedRoom | None:
        record = self._records.get(key)
        if record is None or not record.hosts:
            return None
        leases = tuple(
            RememberedLease(mac, host, self._left_at.get((key, mac)))
            for mac, host in record.hosts.items()
        )
        return RememberedRoom(key, record.network, leases)


def _seed_of(digest: bytes) -> int:
    return int.from_bytes(digest[:4])
