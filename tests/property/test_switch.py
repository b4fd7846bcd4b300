"""The switch against a slow, obvious model over 10^5 random datagrams in several rooms.

Whatever members send and however they come and go: verdict and receivers are the model's, no copy
leaves its room or returns to its ingress, and the counters conserve after every batch.
"""

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from lanparty_ctrl import Role, RoomCode
from lanparty_obs.counters import SLOTS_PER_BLOCK, TunnelCounters
from lanparty_obs.reasons import EgressDrop
from lanparty_proto import BROADCAST, MacAddress
from lanparty_quic.endpoint import ConnectionKey, Outcome, Send
from lanparty_relay.core import CounterBlocks, PassEverything
from lanparty_relay.core.egress import EgressLedger
from lanparty_relay.core.frame_log import FrameLogs
from lanparty_relay.core.members import Member, Newcomer
from lanparty_relay.core.rooms import Room, RoomRegistry
from lanparty_relay.core.switch import Switch

DATAGRAMS = 100_000
ROOMS = 4
CLIENT_MACS = [MacAddress(bytes([2, 0, 0, 0, 0, last])) for last in range(8)]
OTHER_MACS = [
    *(bytes([0, 0x11, 0x22, 0, 0, last]) for last in range(6)),
    bytes(6),
    BROADCAST,
    bytes.fromhex("01005e0000fb"),
    bytes.fromhex("333300000001"),
    *(bytes.fromhex("0180c20000") + bytes([last]) for last in (0, 1, 14, 15, 16, 255)),
]


@dataclass
class ModelRoom:
    """A room as the rules speak of it."""

    mtu: int
    clients: dict[int, bytes] = field(default_factory=dict)
    """MAC by connection."""
    gateway: int | None = None
    learned: dict[bytes, float] = field(default_factory=dict)

    def everybody(self) -> set[int]:
        return set(self.clients) | ({self.gateway} if self.gateway is not None else set())


def fault_of_size_and_shape(datagram: bytes, mtu: int) -> str | None:
    """Rule 1, as docs/protocol.md tells it."""
    if len(datagram) < 4 or datagram[1] != 0 or datagram[0] not in (0x10, 0x11):
        return "malformed"
    if datagram[0] == 0x10:
        frame = datagram[4:]
        if len(frame) < 14:
            return "runt"
        tag = 4 if frame[12:14] in (b"\x81\x00", b"\x88\xa8") else 0
        if len(frame) < 14 + tag:
            return "runt"
        return "oversize" if len(frame) > mtu + 14 + tag else None
    place, frame = int.from_bytes(datagram[8:10]), datagram[10:]
    if len(datagram) < 10 or len(frame) < 14:
        return "malformed"
    header = 18 if frame[12:14] in (b"\x81\x00", b"\x88\xa8") else 14
    piece, offset, more = len(frame) - header, place >> 1, place & 1
    if piece < (512 if more else 1):
        return "malformed"
    if (offset == 0 and not more) or 0 < offset < 512:
        return "malformed"
    return "oversize" if offset + piece > mtu else None


def judge(room: ModelRoom, ingress: int, datagram: bytes, now: float) -> tuple[str, set[int]]:
    """Rules 1 to 5: what is counted, and which connections get a copy."""
    fault = fault_of_size_and_shape(datagram, room.mtu)
    if fault is not None:
        return f"dropped {fault}", set()
    frame = datagram[4:] if datagram[0] == 0x10 else datagram[10:]
    destination, source = frame[:6], frame[6:12]
    if destination[:5] == bytes.fromhex("0180c20000") and destination[5] < 16:
        return "dropped reserved_destination", set()
    if ingress == room.gateway:
        if source[0] & 1 or source == bytes(6):
            return "dropped mac_spoof", set()
        if source in room.clients.values():
            return "dropped loop", set()
        room.learned[source] = now
    elif source != room.clients[ingress]:
        return "dropped mac_spoof", set()
    if destination[0] & 1:
        others = room.everybody() - {ingress}
        cast = "broadcast" if destination == BROADCAST else "multicast"
        return (f"forwarded {cast}" if others else "dropped no_destination"), others
    owners = {key for key, mac in room.clients.items() if mac == destination}
    seen = room.learned.get(destination)
    if not owners and seen is not None and now - seen < 300 and room.gateway is not None:
        owners = {room.gateway}
    if owners:
        if owners == {ingress}:
            return "dropped back_to_ingress", set()
        return "forwarded unicast", owners
    if room.gateway is None or room.gateway == ingress:
        return "dropped unknown_unicast", set()
    return "forwarded unknown_unicast", {room.gateway}


class Run:
    """The real thing and the model side by side."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        capacity = 64
        buffer = memoryview(bytearray(capacity * SLOTS_PER_BLOCK * 8)).cast("Q")
        self.blocks = CounterBlocks(buffer, capacity)
        self.registry = RoomRegistry(self.blocks, self.random.randbytes)
        self.ledger = EgressLedger(self.blocks)
        self.switch = Switch(self.blocks, PassEverything(), FrameLogs(self.registry))
        self.now = 0.0
        self.connections = 0
        self.waiting: list[Send] = []
        self.rooms: list[tuple[Room, ModelRoom]] = []
        for number in range(ROOMS):
            mtu = (1280, 1400, 1500)[number % 3]
            code = RoomCode(f"R00M{number}")
            room = self.registry.create(code, mtu=mtu, lasting=True, now=0.0)
            self.rooms.append((room, ModelRoom(mtu)))
        self.members: list[Member] = []

    def model_of(self, member: Member) -> ModelRoom:
        return next(model for room, model in self.rooms if room is member.room)

    def join(self) -> None:
        room, model = self.random.choice(self.rooms)
        mac = self.random.choice([None, *CLIENT_MACS])
        if room.holder_of(mac) is not None:
            return
        self.connections += 1
        newcomer = Newcomer(
            connection=ConnectionKey(self.connections),
            role=Role.GATEWAY if mac is None else Role.CLIENT,
            mac=mac,
            name="somebody",
            datagram_budget=1522,
        )
        member = self.registry.join(room, newcomer, now=self.now)
        self.ledger.member_joined(member)
        self.members.append(member)
        if mac is None:
            model.gateway = self.connections
        else:
            model.clients[self.connections] = mac

    def leave(self) -> None:
        member = self.members.pop(self.random.randrange(len(self.members)))
        model = self.model_of(member)
        self.ledger.member_left(self.registry.leave(member, now=self.now))
        if member.is_gateway:
            model.gateway = None
            model.learned.clear()
        else:
            del model.clients[member.connection]

    def make_datagram(self, ingress: Member) -> bytes:
        draw = self.random
        if draw.random() < 0.03:
            return draw.randbytes(draw.randrange(40))
        pool = [*CLIENT_MACS, *OTHER_MACS]
        source = bytes(draw.choice(OTHER_MACS[:6]) if ingress.mac is None else ingress.mac)
        if draw.random() < 0.1:
            source = draw.choice(pool)
        tag = draw.choice([b"", b"", b"", b"\x81\x00\x20\x05", b"\x88\xa8\x00\x01"])
        header = draw.choice(pool) + source + tag + b"\x08\x00"
        mtu = ingress.room.mtu
        flags = 0 if draw.random() < 0.99 else draw.choice([1, 2, 128])
        if draw.random() < 0.6:
            sizes = (0, draw.randrange(100), mtu - 1, mtu, mtu + 1, mtu + 4, mtu + 5)
            size = draw.choices(sizes, (5, 80, 3, 4, 3, 2, 3))[0]
            datagram = bytes([0x10, flags]) + draw.randbytes(2) + header + bytes(size)
        else:
            more = draw.random() < 0.6
            piece = draw.choice([0, 1, 511, 512, 600, 700, mtu - 512])
            offset = draw.choice([0, 0, 0, 1, 511, 512, 700, mtu - 600, mtu - 512, 0x7FFF])
            place = (offset << 1 | more).to_bytes(2)
            datagram = bytes([0x11, flags]) + draw.randbytes(6) + place + header + bytes(piece)
        if draw.random() < 0.02:
            datagram = datagram[: draw.randrange(len(datagram) + 1)]
        return datagram

    def batch(self, size: int) -> None:
        ingress = self.random.choice(self.members)
        model = self.model_of(ingress)
        datagrams = [self.make_datagram(ingress) for _ in range(size)]
        before = self.counters(ingress)
        sends = self.switch.forward(ingress, datagrams, now=self.now)
        expected_counts: Counter[str] = Counter()
        expected_sends: Counter[Send] = Counter()
        for datagram in datagrams:
            verdict, receivers = judge(model, ingress.connection, datagram, self.now)
            expected_counts[verdict] += 1
            stamped = datagram[:2] + ingress.peer_id.to_bytes(2) + datagram[4:]
            for key in receivers:
                expected_sends[ConnectionKey(key), ingress.peer_id, stamped] += 1
        in_room = {member.connection for member in ingress.room.members.values()}
        assert {key for key, _, _ in sends} <= in_room - {ingress.connection}
        assert Counter(sends) == expected_sends
        after = self.counters(ingress)
        assert after.received - before.received == size
        assert after.received_bytes - before.received_bytes == sum(map(len, datagrams))
        assert verdicts(after) - verdicts(before) == expected_counts
        self.waiting += sends

    def decide(self) -> None:
        """Give some of the waiting copies their outcomes, in any order."""
        self.random.shuffle(self.waiting)
        count = self.random.randrange(len(self.waiting) + 1)
        decided, self.waiting = self.waiting[:count], self.waiting[count:]
        reasons = [None, None, None, *EgressDrop]
        self.ledger.handle_outcomes(
            Outcome(key, flow, self.random.choice(reasons), 1, len(payload))
            for key, flow, payload in decided
        )

    def counters(self, member: Member) -> TunnelCounters:
        return TunnelCounters.from_block(self.blocks.slots, member.block)

    def check_conservation(self) -> TunnelCounters:
        """In every block and in all: nothing is counted twice or lost."""
        total = TunnelCounters()
        for block in range(self.blocks.capacity):
            counters = TunnelCounters.from_block(self.blocks.slots, block)
            verdicts = (*counters.forwarded.values(), *counters.dropped_ingress.values())
            assert counters.received == sum(verdicts)
            dropped = sum(counters.dropped_egress.values())
            assert counters.chosen == counters.sent + dropped + counters.queued
            total += counters
        assert total.queued == len(self.waiting)
        waiting_for = Counter(key for key, _, _ in self.waiting)
        for member in self.members:
            assert self.counters(member).queued == waiting_for[member.connection]
        return total


def verdicts(counters: TunnelCounters) -> Counter[str]:
    counted = Counter({f"forwarded {cast}": n for cast, n in counters.forwarded.items()})
    counted.update({f"dropped {reason}": n for reason, n in counters.dropped_ingress.items()})
    return counted


@pytest.mark.parametrize("seed", [1, 2])
def test_random_datagrams_are_judged_as_by_the_model(seed: int) -> None:
    run = Run(seed)
    done = 0
    while done < DATAGRAMS // 2:
        chance = run.random.random()
        if len(run.members) < ROOMS or chance < 0.06:
            run.join()
        elif chance < 0.09:
            run.leave()
        elif chance < 0.3:
            run.decide()
        elif chance < 0.33:
            run.now += run.random.choice([0.1, 30.0, 299.0, 301.0])
        else:
            size = run.random.randrange(1, 33)
            run.batch(size)
            done += size
        run.check_conservation()
    while run.members:
        run.leave()
    while run.waiting:
        run.decide()
    total = run.check_conservation()
    assert total.received == done
    met = verdicts(total)
    not_met = {verdict for verdict, count in met.items() if not count}
    assert not_met == {"dropped before_welcome", "dropped guard"}
