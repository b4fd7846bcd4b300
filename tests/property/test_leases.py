"""Leases and networks against slow, obvious models."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lanparty_ctrl import RoomCode
from lanparty_proto import MacAddress
from lanparty_relay.core.lease_records import (
    FIRST_HOST,
    LAST_HOST,
    LeaseRecord,
    RememberedRoom,
)
from lanparty_relay.core.leases import LEASE_SECONDS, LeaseBook
from lanparty_relay.core.subnets import NO_OVERLAP, choose_network, covers_of, overlap

KEY = bytes(32)
CODES = [RoomCode("AAAA"), RoomCode("BBBB")]
MACS = [MacAddress(bytes([2, 0, 0, 0, 0, last])) for last in range(8)]
HOSTS = [0, 1, 2, 3, 4, 254, 255]

# Mostly within what rooms' networks are chosen from, or hardly one would be in the way.
PREFIXES = st.lists(
    st.builds(
        lambda base, host, length: IPv4Network((base | host, length), strict=False),
        st.sampled_from([0x0AA00000, 0xAC108000, 0xC0A8C000, 0]),
        st.integers(0, 2**21 - 1),
        st.integers(1, 32),
    ),
    max_size=30,
)


def longest_overlap(network: IPv4Network, prefixes: Iterable[IPv4Network]) -> int:
    lengths = [min(each.prefixlen, 24) for each in prefixes if each.overlaps(network)]
    return max(lengths, default=NO_OVERLAP)


@given(st.integers(0, 2**32 - 1), PREFIXES)
def test_an_overlap_is_what_the_addresses_say(seed: int, prefixes: list[IPv4Network]) -> None:
    taken = covers_of(prefixes)
    chosen = choose_network(seed, taken)
    assert chosen.overlap == overlap(chosen.network, taken)
    assert chosen.overlap == longest_overlap(chosen.network, prefixes)


@given(st.integers(0, 2**32 - 1), PREFIXES)
def test_a_network_in_nobodys_way_is_found_while_the_last_range_is_free(
    seed: int, prefixes: list[IPv4Network]
) -> None:
    last = IPv4Network("192.168.192.0/19")
    chosen = choose_network(seed, covers_of(prefixes))
    assert chosen.network.is_private
    if not any(prefix.overlaps(last) for prefix in prefixes):
        assert chosen.overlap == NO_OVERLAP


@dataclass
class KnownRoom:
    """What the model remembers of a room: who has which host number, and since when not."""

    hosts: dict[MacAddress, int] = field(default_factory=dict)
    left_at: dict[MacAddress, float] = field(default_factory=dict)
    record: LeaseRecord | None = None
    present: set[MacAddress] = field(default_factory=set)


class Leases(RuleBasedStateMachine):
    """Two rooms, eight MACs, and relays that follow each other with one file."""

    def __init__(self) -> None:
        super().__init__()
        self.book = LeaseBook(KEY)
        self.rooms = {code: KnownRoom() for code in CODES}
        self.file: dict[str, RememberedRoom] = {}
        self.now = 0.0

    def forget(self) -> None:
        """What a day takes with it."""
        for room in self.rooms.values():
            for mac, left_at in list(room.left_at.items()):
                if self.now - left_at >= LEASE_SECONDS:
                    del room.hosts[mac], room.left_at[mac]

    @rule(code=st.sampled_from(CODES), mac=st.sampled_from(MACS), host=st.sampled_from(HOSTS))
    def join(self, code: RoomCode, mac: MacAddress, host: int) -> None:
        room = self.rooms[code]
        if mac in room.present:
            return
        self.forget()
        if room.record is None:
            room.record = self.book.open(code, frozenset(), now=self.now)
        wanted = room.record.network[host]
        address = self.book.take(room.record, mac, wanted=wanted, now=self.now)
        had, free = room.hosts.get(mac), host not in room.hosts.values()
        given = int(address) & 0xFF
        if FIRST_HOST <= host <= LAST_HOST and (free or had == host):
            assert given == host, "wanted, and nobody else's"
        elif had is not None:
            assert given == had, "sticky"
        else:
            assert given not in room.hosts.values(), "nobody's"
        room.hosts[mac] = given
        room.left_at.pop(mac, None)
        room.present.add(mac)

    @precondition(lambda self: any(room.present for room in self.rooms.values()))
    @rule(number=st.integers(0, 20))
    def leave(self, number: int) -> None:
        present = [(room, mac) for room in self.rooms.values() for mac in sorted(room.present)]
        room, mac = present[number % len(present)]
        assert room.record is not None
        room.present.remove(mac)
        room.left_at[mac] = self.now
        self.book.leave(room.record, mac, now=self.now)
        self.forget()
        if not room.present:
            self.book.close(room.record)
            room.record = None

    @rule(code=st.sampled_from(CODES), prefixes=PREFIXES)
    def move(self, code: RoomCode, prefixes: list[IPv4Network]) -> None:
        record = self.rooms[code].record
        if record is None:
            return
        before = record.network
        moved = self.book.move(record, covers_of(prefixes))
        assert moved == (record.network != before)
        if moved:
            assert longest_overlap(record.network, prefixes) < longest_overlap(before, prefixes)

    @rule(seconds=st.sampled_from([10.0, LEASE_SECONDS / 2, LEASE_SECONDS]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def write(self) -> None:
        for key, room in self.book.changes().items():
            if room is None:
                self.file.pop(key, None)
            else:
                self.file[key] = room

    @rule()
    def restart(self) -> None:
        self.write()
        for room in self.rooms.values():
            for mac in [mac for mac in room.hosts if mac in room.present]:
                room.left_at[mac] = self.now
            room.present.clear()
            room.record = None
        self.book = LeaseBook(KEY)
        self.book.restore(self.file.values(), now=self.now)
        self.file.clear()
        self.forget()

    @invariant()
    def no_two_have_one_address_and_all_are_of_the_network(self) -> None:
        for room in self.rooms.values():
            if room.record is not None:
                addresses: list[IPv4Address] = [room.record.address(mac) for mac in room.present]
                assert len(set(addresses)) == len(addresses)
                assert set(addresses) <= set(room.record.network.hosts())

    @invariant()
    def as_many_are_remembered_as_the_model_knows(self) -> None:
        assert len(self.book) == sum(len(room.hosts) for room in self.rooms.values())


Leases.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestLeases = Leases.TestCase
