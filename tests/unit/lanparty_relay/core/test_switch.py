"""The forwarding rules as verdict tables: who sent what, what it counted as, who got a copy."""

import random
from dataclasses import dataclass, field

import pytest

from lanparty_ctrl import Role, RoomCode
from lanparty_obs.counters import SLOTS_PER_BLOCK, TunnelCounters
from lanparty_obs.reasons import Cast, IngressDrop
from lanparty_proto import (
    BROADCAST,
    FLAG_CUT_BY_RELAY,
    MacAddress,
    decode,
    encode_fragment,
    encode_whole,
)
from lanparty_quic.endpoint import ConnectionKey
from lanparty_relay.core import CounterBlocks, PassEverything
from lanparty_relay.core.frame_log import FrameLogs
from lanparty_relay.core.learned import LEARNED_SECONDS
from lanparty_relay.core.members import Member, Newcomer
from lanparty_relay.core.rooms import Room, RoomRegistry
from lanparty_relay.core.switch import Switch

A = MacAddress.parse("02:00:00:00:00:0a")
B = MacAddress.parse("02:00:00:00:00:0b")
C = MacAddress.parse("02:00:00:00:00:0c")
ELSEWHERE = MacAddress.parse("02:00:00:00:00:0d")
PRINTER = MacAddress.parse("00:11:22:33:44:55")
STRANGER = MacAddress.parse("02:99:99:99:99:99")
MDNS = MacAddress.parse("01:00:5e:00:00:fb")
GROUP_SOURCE = MacAddress.parse("03:00:00:00:00:0a")
ZERO = MacAddress(bytes(6))

MTU = 1400
IPV4 = b"\x08\x00"
TAG = b"\x81\x00\x20\x05"
SERVICE_TAG = b"\x88\xa8\x20\x05"
NOW = 1000.0


def frame(destination: bytes, source: bytes, length: int = 60, *, tag: bytes = b"") -> bytes:
    """An Ethernet frame of this length without its tag."""
    header = destination + source + tag + IPV4
    return header + bytes(length - 14)


def whole(destination: bytes, source: bytes, length: int = 60, *, tag: bytes = b"") -> bytes:
    return encode_whole(frame(destination, source, length, tag=tag))


def fragment(
    destination: bytes,
    source: bytes,
    *,
    offset: int = 0,
    piece: int = 700,
    more: bool = True,
    flags: int = 0,
    tag: bytes = b"",
) -> bytes:
    return encode_fragment(
        destination + source + tag + IPV4,
        bytes(piece),
        source=0,
        flags=flags,
        frame_id=7,
        offset=offset,
        more=more,
    )


class Refusing:
    """A guard that lets one cast through."""

    def __init__(self, passing: Cast) -> None:
        self.passing = passing
        self.frame_starts: list[int] = []

    def passes(
        self, ingress: Member, cast: Cast, datagram: bytes, frame_start: int, *, now: float
    ) -> bool:
        self.frame_starts.append(frame_start)
        return cast is self.passing


@dataclass
class Hall:
    """Two rooms: a, b, c and the gateway g in one, d alone in the other."""

    blocks: CounterBlocks
    registry: RoomRegistry
    room: Room
    members: dict[str, Member]
    switch: Switch
    names: dict[ConnectionKey, str] = field(default_factory=dict)

    def admit(self, name: str, room: Room, mac: MacAddress | None, budget: int = 1522) -> None:
        key = ConnectionKey(len(self.names) + 1)
        self.names[key] = name
        newcomer = Newcomer(
            connection=key,
            role=Role.GATEWAY if mac is None else Role.CLIENT,
            mac=mac,
            name=name,
            datagram_budget=budget,
        )
        self.members[name] = self.registry.join(room, newcomer, now=NOW)

    def forward(self, ingress: str, *datagrams: bytes, now: float = NOW) -> str:
        """Forward and return the receivers' names, sorted."""
        sends = self.switch.forward(self.members[ingress], datagrams, now=now)
        return "".join(sorted(self.names[key] for key, _, _ in sends))

    def counters(self, name: str) -> TunnelCounters:
        return TunnelCounters.from_block(self.blocks.slots, self.members[name].block)

    def verdict(self, name: str) -> Cast | IngressDrop:
        """What the one datagram of this member counted as."""
        counters = self.counters(name)
        # Two mappings, never one: `unknown_unicast` is a cast and a reason, and equal as a string.
        counted: list[tuple[Cast | IngressDrop, int]] = [*counters.forwarded.items()]
        counted += counters.dropped_ingress.items()
        ((verdict, count),) = [(reason, count) for reason, count in counted if count]
        assert count == counters.received == 1
        return verdict


@pytest.fixture
def hall() -> Hall:
    capacity = 16
    buffer = memoryview(bytearray(capacity * SLOTS_PER_BLOCK * 8)).cast("Q")
    blocks = CounterBlocks(buffer, capacity)
    registry = RoomRegistry(blocks, random.Random(1).randbytes)
    room = registry.create(RoomCode("HALL"), mtu=MTU, now=NOW)
    hall = Hall(blocks, registry, room, {}, Switch(blocks, PassEverything(), FrameLogs(registry)))
    hall.admit("a", room, A)
    hall.admit("b", room, B)
    hall.admit("c", room, C)
    hall.admit("g", room, None)
    hall.admit("d", registry.create(RoomCode("ELSE"), mtu=MTU, now=NOW), ELSEWHERE)
    room.learned.learn(PRINTER, now=NOW - 1)
    return hall


MALFORMED, RUNT, OVERSIZE = IngressDrop.MALFORMED, IngressDrop.RUNT, IngressDrop.OVERSIZE
RESERVED, SPOOF, LOOP = (
    IngressDrop.RESERVED_DESTINATION,
    IngressDrop.MAC_SPOOF,
    IngressDrop.LOOP,
)

RULE_1 = [
    ("a", b"", MALFORMED, ""),
    ("a", b"\x10", MALFORMED, ""),
    ("a", b"\x10\x00", MALFORMED, ""),
    ("a", b"\x10\x00\x00", MALFORMED, ""),
    ("a", b"\x10\x00\x00\x00", RUNT, ""),
    ("a", encode_whole(frame(B, A, 14)[:13]), RUNT, ""),
    ("a", encode_whole(B + A + b"\x81\x00" + bytes(3)), RUNT, ""),
    ("a", whole(B, A, 14), Cast.UNICAST, "b"),
    ("a", b"\x20" + whole(B, A)[1:], MALFORMED, ""),
    ("a", b"\x00" + whole(B, A)[1:], MALFORMED, ""),
    ("a", b"\x12" + whole(B, A)[1:], MALFORMED, ""),
    ("a", encode_whole(frame(B, A), flags=FLAG_CUT_BY_RELAY), MALFORMED, ""),
    ("a", encode_whole(frame(B, A), flags=0x80), MALFORMED, ""),
    ("a", encode_whole(frame(B, A), source=4711), Cast.UNICAST, "b"),
    ("a", whole(B, A, MTU + 14), Cast.UNICAST, "b"),
    ("a", whole(B, A, MTU + 15), OVERSIZE, ""),
    ("a", whole(B, A, MTU + 14, tag=TAG), Cast.UNICAST, "b"),
    ("a", whole(B, A, MTU + 15, tag=TAG), OVERSIZE, ""),
    ("a", whole(B, A, MTU + 14, tag=SERVICE_TAG), Cast.UNICAST, "b"),
    ("a", whole(B, A, MTU + 15, tag=SERVICE_TAG), OVERSIZE, ""),
    ("a", encode_whole(bytes(65_000)), OVERSIZE, ""),
    ("g", whole(A, PRINTER, MTU + 14, tag=TAG), Cast.UNICAST, "a"),
    ("g", whole(A, PRINTER, MTU + 15), OVERSIZE, ""),
    # The size is judged before anything that the header says.
    ("a", whole(MacAddress.parse("01:80:c2:00:00:00"), B, MTU + 15), OVERSIZE, ""),
]

FRAGMENTS = [
    ("a", fragment(B, A), Cast.UNICAST, "b"),
    ("a", fragment(B, A, tag=TAG), Cast.UNICAST, "b"),
    ("a", fragment(B, A, offset=700, more=False, piece=1), Cast.UNICAST, "b"),
    ("a", fragment(B, A, offset=700, more=False), Cast.UNICAST, "b"),
    ("a", fragment(B, A, offset=700, more=False, piece=701), OVERSIZE, ""),
    ("a", fragment(B, A, offset=700, more=False, tag=TAG), Cast.UNICAST, "b"),
    ("a", fragment(B, A, offset=700, more=False, piece=701, tag=TAG), OVERSIZE, ""),
    ("a", fragment(B, A, offset=0x7FFF, more=False), OVERSIZE, ""),
    ("a", fragment(B, A, piece=511), MALFORMED, ""),
    ("a", fragment(B, A, offset=700, more=False, piece=0), MALFORMED, ""),
    ("a", fragment(B, A, flags=FLAG_CUT_BY_RELAY), MALFORMED, ""),
    ("a", fragment(B, A, flags=0x02), MALFORMED, ""),
    ("a", fragment(B, A)[:23], MALFORMED, ""),
    ("a", fragment(B, A)[:9], MALFORMED, ""),
    ("a", fragment(B, A, tag=TAG)[:27], MALFORMED, ""),
    ("a", fragment(MDNS, A), Cast.MULTICAST, "bcg"),
    ("a", fragment(BROADCAST, A), Cast.BROADCAST, "bcg"),
    ("a", fragment(STRANGER, A), Cast.UNKNOWN_UNICAST, "g"),
    ("a", fragment(B, C), SPOOF, ""),
    ("a", fragment(MacAddress.parse("01:80:c2:00:00:0e"), A), RESERVED, ""),
    ("g", fragment(B, A), LOOP, ""),
    ("g", fragment(B, PRINTER), Cast.UNICAST, "b"),
]

RULE_2 = [
    ("a", whole(MacAddress.parse("01:80:c2:00:00:00"), A), RESERVED, ""),
    ("a", whole(MacAddress.parse("01:80:c2:00:00:01"), A), RESERVED, ""),
    ("a", whole(MacAddress.parse("01:80:c2:00:00:0f"), A), RESERVED, ""),
    ("a", whole(MacAddress.parse("01:80:c2:00:00:10"), A), Cast.MULTICAST, "bcg"),
    ("a", whole(MacAddress.parse("01:80:c2:00:01:00"), A), Cast.MULTICAST, "bcg"),
    ("g", whole(MacAddress.parse("01:80:c2:00:00:0e"), PRINTER), RESERVED, ""),
    # Before the source is looked at.
    ("a", whole(MacAddress.parse("01:80:c2:00:00:00"), B), RESERVED, ""),
    ("g", whole(MacAddress.parse("01:80:c2:00:00:00"), A), RESERVED, ""),
]

RULE_3 = [
    ("a", whole(B, C), SPOOF, ""),
    ("a", whole(B, B), SPOOF, ""),
    ("a", whole(B, STRANGER), SPOOF, ""),
    ("a", whole(B, PRINTER), SPOOF, ""),
    ("a", whole(B, GROUP_SOURCE), SPOOF, ""),
    ("a", whole(B, ZERO), SPOOF, ""),
    ("a", whole(BROADCAST, BROADCAST), SPOOF, ""),
    ("a", whole(BROADCAST, C), SPOOF, ""),
    ("g", whole(B, GROUP_SOURCE), SPOOF, ""),
    ("g", whole(B, ZERO), SPOOF, ""),
    ("g", whole(B, BROADCAST), SPOOF, ""),
    ("g", whole(B, A), LOOP, ""),
    ("g", whole(B, B), LOOP, ""),
    ("g", whole(BROADCAST, C), LOOP, ""),
    ("g", whole(B, STRANGER), Cast.UNICAST, "b"),
    ("g", whole(B, ELSEWHERE), Cast.UNICAST, "b"),
]

RULE_5 = [
    ("a", whole(B, A), Cast.UNICAST, "b"),
    ("a", whole(PRINTER, A), Cast.UNICAST, "g"),
    ("a", whole(STRANGER, A), Cast.UNKNOWN_UNICAST, "g"),
    ("a", whole(ELSEWHERE, A), Cast.UNKNOWN_UNICAST, "g"),
    ("a", whole(ZERO, A), Cast.UNKNOWN_UNICAST, "g"),
    ("a", whole(A, A), IngressDrop.BACK_TO_INGRESS, ""),
    ("a", whole(BROADCAST, A), Cast.BROADCAST, "bcg"),
    ("a", whole(MDNS, A), Cast.MULTICAST, "bcg"),
    ("g", whole(A, PRINTER), Cast.UNICAST, "a"),
    ("g", whole(PRINTER, STRANGER), IngressDrop.BACK_TO_INGRESS, ""),
    ("g", whole(PRINTER, PRINTER), IngressDrop.BACK_TO_INGRESS, ""),
    ("g", whole(STRANGER, PRINTER), IngressDrop.UNKNOWN_UNICAST, ""),
    ("g", whole(ELSEWHERE, PRINTER), IngressDrop.UNKNOWN_UNICAST, ""),
    ("g", whole(BROADCAST, PRINTER), Cast.BROADCAST, "abc"),
    ("g", whole(MDNS, PRINTER), Cast.MULTICAST, "abc"),
    ("d", whole(A, ELSEWHERE), IngressDrop.UNKNOWN_UNICAST, ""),
    ("d", whole(PRINTER, ELSEWHERE), IngressDrop.UNKNOWN_UNICAST, ""),
    ("d", whole(ELSEWHERE, ELSEWHERE), IngressDrop.BACK_TO_INGRESS, ""),
    ("d", whole(BROADCAST, ELSEWHERE), IngressDrop.NO_DESTINATION, ""),
    ("d", whole(MDNS, ELSEWHERE), IngressDrop.NO_DESTINATION, ""),
]


@pytest.mark.parametrize(
    ("ingress", "datagram", "verdict", "receivers"),
    [
        pytest.param(*row, id=f"{name}-{number}")
        for name, table in {
            "size": RULE_1,
            "fragment": FRAGMENTS,
            "reserved": RULE_2,
            "source": RULE_3,
            "destination": RULE_5,
        }.items()
        for number, row in enumerate(table)
    ],
)
def test_the_first_rule_that_applies_decides(
    hall: Hall, ingress: str, datagram: bytes, verdict: Cast | IngressDrop, receivers: str
) -> None:
    assert hall.forward(ingress, datagram) == receivers
    assert hall.verdict(ingress) is verdict
    assert hall.counters(ingress).received_bytes == len(datagram)


def test_each_copy_is_the_datagram_with_the_members_peer_id_and_all_copies_share_it(
    hall: Hall,
) -> None:
    a = hall.members["a"]
    sent = encode_whole(frame(BROADCAST, A, 200), source=999)
    sends = hall.switch.forward(a, [sent], now=NOW)
    assert len({id(payload) for _, _, payload in sends}) == 1
    for _, flow, payload in sends:
        assert flow == a.peer_id
        assert decode(payload).source == a.peer_id
        assert decode(payload).frame == frame(BROADCAST, A, 200)


def test_a_fragment_keeps_all_but_its_source(hall: Hall) -> None:
    sent = fragment(B, A, offset=700, more=False, piece=600)
    ((_, _, payload),) = hall.switch.forward(hall.members["a"], [sent], now=NOW)
    assert payload[:2] + payload[4:] == sent[:2] + sent[4:]
    assert decode(payload).source == hall.members["a"].peer_id


def test_a_batch_keeps_its_order(hall: Hall) -> None:
    sent = [whole(B, A, 60 + n) for n in range(20)]
    sends = hall.switch.forward(hall.members["a"], sent, now=NOW)
    assert [len(payload) for _, _, payload in sends] == [len(datagram) for datagram in sent]


def test_every_copy_is_counted_as_chosen_and_queued_at_its_destination(hall: Hall) -> None:
    hall.forward("a", whole(BROADCAST, A), whole(B, A), whole(STRANGER, A))
    assert hall.counters("b").chosen == hall.counters("b").queued == 2
    assert hall.counters("c").chosen == hall.counters("c").queued == 1
    assert hall.counters("g").chosen == hall.counters("g").queued == 2
    assert hall.counters("a").chosen == hall.counters("d").chosen == 0


def test_all_destinations_share_one_copy_whatever_they_accept(hall: Hall) -> None:
    small = MacAddress.parse("02:00:00:00:00:0e")
    hall.admit("s", hall.room, small, budget=1200)
    sends = hall.switch.forward(hall.members["a"], [whole(BROADCAST, A, MTU)], now=NOW)
    assert len(sends) == 4
    assert len({id(payload) for _, _, payload in sends}) == 1
    assert hall.counters("s").chosen == hall.counters("s").queued == 1


def test_without_a_gateway_unknown_unicast_goes_nowhere(hall: Hall) -> None:
    hall.registry.leave(hall.members["g"], now=NOW)
    assert hall.forward("a", whole(STRANGER, A)) == ""
    assert hall.verdict("a") is IngressDrop.UNKNOWN_UNICAST


def test_what_was_learned_behind_a_gateway_leaves_with_it(hall: Hall) -> None:
    hall.registry.leave(hall.members["g"], now=NOW)
    hall.admit("h", hall.room, None)
    assert hall.forward("a", whole(PRINTER, A)) == "h"
    assert hall.verdict("a") is Cast.UNKNOWN_UNICAST


def test_a_source_behind_the_gateway_is_known_for_300_seconds(hall: Hall) -> None:
    hall.forward("g", whole(A, STRANGER), now=NOW)
    hall.forward("a", whole(STRANGER, A), now=NOW + LEARNED_SECONDS - 1)
    hall.forward("b", whole(STRANGER, B), now=NOW + LEARNED_SECONDS)
    assert hall.verdict("a") is Cast.UNICAST
    assert hall.verdict("b") is Cast.UNKNOWN_UNICAST


def test_nothing_is_learned_from_a_source_that_is_dropped(hall: Hall) -> None:
    hall.forward("g", whole(B, A), whole(B, GROUP_SOURCE), encode_whole(frame(B, STRANGER)[:13]))
    assert not any(hall.room.learned.knows(mac, now=NOW) for mac in (A, GROUP_SOURCE, STRANGER))


def test_the_mac_of_a_client_who_left_may_be_learned(hall: Hall) -> None:
    hall.registry.leave(hall.members["a"], now=NOW)
    assert hall.forward("g", whole(B, A)) == "b"
    assert hall.forward("b", whole(A, B)) == "g"
    assert hall.verdict("b") is Cast.UNICAST


@pytest.mark.parametrize(
    ("datagram", "cast"),
    [
        (whole(B, A), Cast.UNICAST),
        (whole(A, A), Cast.UNICAST),
        (whole(STRANGER, A), Cast.UNKNOWN_UNICAST),
        (whole(MDNS, A), Cast.MULTICAST),
        (fragment(BROADCAST, A), Cast.BROADCAST),
    ],
)
def test_a_guard_judges_after_the_source_and_before_the_destination(
    hall: Hall, datagram: bytes, cast: Cast
) -> None:
    refusing = Refusing(Cast.UNICAST if cast is not Cast.UNICAST else Cast.BROADCAST)
    switch = Switch(hall.blocks, refusing, FrameLogs(hall.registry))
    assert switch.forward(hall.members["a"], [datagram], now=NOW) == []
    assert hall.verdict("a") is IngressDrop.GUARD
    (start,) = refusing.frame_starts
    assert datagram[start + 6 : start + 12] == A


def test_a_guard_is_not_asked_about_what_earlier_rules_drop(hall: Hall) -> None:
    refusing = Refusing(Cast.UNICAST)
    datagrams = [b"", whole(B, C), whole(MacAddress.parse("01:80:c2:00:00:00"), A)]
    Switch(hall.blocks, refusing, FrameLogs(hall.registry)).forward(
        hall.members["a"], datagrams, now=NOW
    )
    assert refusing.frame_starts == []


def test_a_guard_that_lets_a_datagram_pass_changes_nothing(hall: Hall) -> None:
    switch = Switch(hall.blocks, Refusing(Cast.UNICAST), FrameLogs(hall.registry))
    assert len(switch.forward(hall.members["a"], [whole(B, A)], now=NOW)) == 1
    assert hall.verdict("a") is Cast.UNICAST
