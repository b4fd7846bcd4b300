"""Frame logs: what they record, what bounds them, and when they end."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address

import pytest

from lanparty_ctrl import Role, RoomCode
from lanparty_ethernet import ETHERTYPE_IPV4, Ipv4Packet, UdpDatagram
from lanparty_obs.counters import SLOTS_PER_BLOCK
from lanparty_obs.frame_log import FrameDirection, FrameLogged
from lanparty_obs.reasons import Cast, IngressDrop
from lanparty_proto import BROADCAST, MacAddress, cut, encode_ethernet, encode_whole
from lanparty_quic.endpoint import ConnectionKey
from lanparty_relay.core import (
    FRAME_LOGS,
    FRAMES_PER_SECOND_CEILING,
    CounterBlocks,
    FrameLogEnd,
    FrameLogRefusal,
    PassEverything,
)
from lanparty_relay.core.frame_log import FRAMES_HELD, FrameLogs
from lanparty_relay.core.members import Member, Newcomer
from lanparty_relay.core.rooms import Room, RoomRegistry
from lanparty_relay.core.switch import Switch

MACS = {name: MacAddress(bytes([2, 0, 0, 0, 0, number])) for number, name in enumerate("abcd", 10)}
SECRET = b"what they say to each other"
UNREAD_SECONDS = 5


@dataclass
class Hall:
    """A room of a, b and c, another of d, and a switch between them that logs."""

    registry: RoomRegistry
    logs: FrameLogs
    switch: Switch
    members: dict[str, Member] = field(default_factory=dict)
    now: float = 100.0

    def admit(self, name: str, room: Room) -> None:
        newcomer = Newcomer(
            connection=ConnectionKey(len(self.members)),
            role=Role.CLIENT,
            mac=MACS[name],
            name=name,
            datagram_budget=1170,
        )
        self.members[name] = self.registry.join(room, newcomer, now=self.now)

    def open(self, of: str = "a", *, alone: bool = False, rate: int = 100) -> int:
        """Open a log of a member's room, or of this member alone."""
        member = self.members[of]
        peer_id = member.peer_id if alone else None
        log = self.logs.open(member.room.room_id, peer_id, frames_per_second=rate, now=self.now)
        assert isinstance(log, int)
        return log

    def send(self, name: str, *datagrams: bytes) -> None:
        self.switch.forward(self.members[name], datagrams, now=self.now)

    def read(self, log: int) -> tuple[FrameLogged, ...]:
        read = self.logs.read(log, now=self.now)
        assert read.end is None
        return read.frames


@pytest.fixture
def hall() -> Hall:
    buffer = memoryview(bytearray(16 * SLOTS_PER_BLOCK * 8)).cast("Q")
    blocks = CounterBlocks(buffer, 16)
    registry = RoomRegistry(blocks, random.Random(1).randbytes)
    logs = FrameLogs(registry)
    hall = Hall(registry, logs, Switch(blocks, PassEverything(), logs))
    room = registry.create(RoomCode("HALL"), mtu=1500, now=hall.now)
    for name in "abc":
        hall.admit(name, room)
    hall.admit("d", registry.create(RoomCode("ELSE"), mtu=1500, now=hall.now))
    return hall


def frame(source: str, destination: bytes, *, payload: bytes = SECRET) -> bytes:
    ip = {"source": IPv4Address("10.9.8.1"), "destination": IPv4Address("10.9.8.2")}
    datagram = UdpDatagram(6112, 6113, payload).encode(**ip)
    packet = Ipv4Packet(**ip, protocol=17, payload=datagram).encode()  # type: ignore[arg-type]  # addresses
    return encode_ethernet(destination, MACS[source], ETHERTYPE_IPV4, packet)


def whole(source: str, destination: bytes) -> bytes:
    return encode_whole(frame(source, destination))


def ways(frames: Iterable[FrameLogged]) -> list[tuple[int, FrameDirection]]:
    return [(logged.peer, logged.direction) for logged in frames]


def test_a_room_s_log_has_header_fields_and_verdict_of_what_its_peers_sent(hall: Hall) -> None:
    log = hall.open()
    hall.send("a", whole("a", BROADCAST))
    assert hall.read(log) == (
        FrameLogged(
            at=100.0,
            direction=FrameDirection.FROM_PEER,
            peer=hall.members["a"].peer_id,
            cast=Cast.BROADCAST,
            dropped=None,
            destinations=2,
            length=len(frame("a", BROADCAST)),
            piece_offset=None,
            destination="ff:ff:ff:ff:ff:ff",
            source="02:00:00:00:00:0a",
            ethertype=ETHERTYPE_IPV4,
            vlan=None,
            source_address="10.9.8.1",
            destination_address="10.9.8.2",
            protocol=17,
            source_port=6112,
            destination_port=6113,
            arp=None,
            passed_over=0,
        ),
    )


def test_what_a_frame_carries_is_nowhere_in_the_log(hall: Hall) -> None:
    log = hall.open()
    hall.send("a", whole("a", MACS["b"]))
    hall.send("a", SECRET)
    written = repr(hall.logs.read(log, now=hall.now))
    assert repr(SECRET)[2:-1] not in written
    assert SECRET.hex() not in written


def test_a_drop_has_its_reason_and_no_destination(hall: Hall) -> None:
    log = hall.open()
    hall.send("a", whole("b", MACS["c"]), whole("a", bytes([2, 9, 9, 9, 9, 9])))
    spoofed, unknown = hall.read(log)
    assert (spoofed.cast, spoofed.dropped, spoofed.destinations) == (None, "mac_spoof", 0)
    assert (unknown.cast, unknown.dropped) == (None, IngressDrop.UNKNOWN_UNICAST)
    assert unknown.destination == "02:09:09:09:09:09"


@pytest.mark.parametrize("datagram", [b"", b"\x10", b"\x7f" * 90, b"\x10\0\0\0short"])
def test_what_is_no_frame_is_logged_as_a_drop_without_fields(hall: Hall, datagram: bytes) -> None:
    log = hall.open()
    hall.send("a", datagram)
    (logged,) = hall.read(log)
    assert logged.dropped in (IngressDrop.MALFORMED, IngressDrop.RUNT)
    assert (logged.destination, logged.ethertype) == (None, None)


def test_a_peer_s_log_has_what_it_sent_and_what_was_chosen_for_it(hall: Hall) -> None:
    log = hall.open("b", alone=True)
    a, b = hall.members["a"].peer_id, hall.members["b"].peer_id
    hall.send("a", whole("a", MACS["b"]), whole("a", MACS["c"]))
    hall.send("b", whole("b", MACS["c"]))
    hall.send("c", whole("c", BROADCAST))
    assert ways(hall.read(log)) == [
        (a, FrameDirection.TO_PEER),
        (b, FrameDirection.FROM_PEER),
        (hall.members["c"].peer_id, FrameDirection.TO_PEER),
    ]


def test_another_room_is_not_in_the_log(hall: Hall) -> None:
    log = hall.open("a")
    hall.send("d", whole("d", BROADCAST))
    assert hall.read(log) == ()


def test_two_logs_have_the_same_frame_each(hall: Hall) -> None:
    logs = [hall.open("a"), hall.open("a", alone=True)]
    hall.send("a", whole("a", BROADCAST))
    assert [len(hall.read(log)) for log in logs] == [1, 1]


def test_pieces_say_where_they_begin_and_the_first_has_the_packet_s_fields(hall: Hall) -> None:
    log = hall.open()
    hall.send("a", *cut(frame("a", MACS["b"], payload=bytes(1400)), budget=1170, frame_id=int))
    first, second = hall.read(log)
    assert (first.piece_offset, first.destination_port) == (0, 6113)
    assert second.piece_offset is not None
    assert (second.piece_offset > 500, second.destination_port) == (True, None)
    assert second.ethertype == ETHERTYPE_IPV4


def test_reading_takes(hall: Hall) -> None:
    log = hall.open()
    hall.send("a", whole("a", BROADCAST))
    assert len(hall.read(log)) == 1
    assert hall.read(log) == ()


def test_more_than_its_rate_is_passed_over_and_counted(hall: Hall) -> None:
    log = hall.open(rate=3)
    hall.send("a", *[whole("a", BROADCAST)] * 10)
    read = hall.logs.read(log, now=hall.now)
    assert (len(read.frames), read.passed_over) == (3, 7)
    hall.send("a", *[whole("a", BROADCAST)] * 2)
    hall.now += 1
    hall.send("a", whole("a", BROADCAST))
    (logged,) = hall.read(log)
    assert logged.passed_over == 2


def test_no_log_is_faster_than_the_ceiling(hall: Hall) -> None:
    log = hall.open(rate=10 * FRAMES_PER_SECOND_CEILING)
    hall.send("a", *[whole("a", BROADCAST)] * 2 * FRAMES_PER_SECOND_CEILING)
    assert len(hall.read(log)) == FRAMES_PER_SECOND_CEILING


def test_a_slow_reader_loses_frames_and_is_told_how_many(hall: Hall) -> None:
    log = hall.open(rate=FRAMES_PER_SECOND_CEILING)
    for _ in range(4):
        hall.send("a", *[whole("a", BROADCAST)] * 100)
        hall.now += 1
    read = hall.logs.read(log, now=hall.now)
    assert (len(read.frames), read.passed_over) == (FRAMES_HELD, 400 - FRAMES_HELD)


def test_nobody_who_reads_nothing_keeps_a_log_open(hall: Hall) -> None:
    log = hall.open()
    assert hall.logs.next_deadline() == hall.now + UNREAD_SECONDS
    hall.now += UNREAD_SECONDS - 1
    assert hall.read(log) == ()
    hall.now += UNREAD_SECONDS
    hall.logs.handle_timer(now=hall.now)
    assert hall.logs.read(log, now=hall.now).end is FrameLogEnd.NOT_READ
    assert not hall.logs.watches(hall.members["a"].room.room_id)
    assert hall.logs.next_deadline() is None


def test_so_many_logs_at_once_and_no_more(hall: Hall) -> None:
    logs = [hall.open() for _ in range(FRAME_LOGS)]
    room_id = hall.members["d"].room.room_id
    refused = hall.logs.open(room_id, None, frames_per_second=1, now=hall.now)
    assert refused is FrameLogRefusal.TOO_MANY
    hall.logs.close(logs[0])
    assert isinstance(hall.open("d"), int)


def test_what_is_not_there_has_no_log(hall: Hall) -> None:
    room_id = hall.members["a"].room.room_id
    missing = hall.logs.open("none", None, frames_per_second=1, now=hall.now)
    assert missing is FrameLogRefusal.NO_SUCH_ROOM
    missing = hall.logs.open(room_id, 99, frames_per_second=1, now=hall.now)
    assert missing is FrameLogRefusal.NO_SUCH_PEER


def test_the_last_frames_of_a_peer_that_left_are_there_with_the_end(hall: Hall) -> None:
    log = hall.open("a", alone=True)
    hall.send("a", whole("a", BROADCAST))
    hall.registry.leave(hall.members["a"], now=hall.now)
    read = hall.logs.read(log, now=hall.now)
    assert (len(read.frames), read.end) == (1, FrameLogEnd.PEER_LEFT)
    assert not hall.logs.watches(hall.members["a"].room.room_id)


def test_a_room_s_log_ends_with_the_room_and_not_with_a_peer(hall: Hall) -> None:
    log = hall.open("a")
    hall.registry.leave(hall.members["a"], now=hall.now)
    assert hall.read(log) == ()
    for name in "bc":
        hall.registry.leave(hall.members[name], now=hall.now)
    assert hall.logs.read(log, now=hall.now).end is FrameLogEnd.ROOM_CLOSED
    assert hall.logs.next_deadline() is None


def test_closing_what_is_closed_means_nothing(hall: Hall) -> None:
    log = hall.open()
    hall.logs.close(log)
    hall.logs.close(log)
    assert hall.logs.read(log, now=hall.now).end is FrameLogEnd.NOT_READ
