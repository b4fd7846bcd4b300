"""Members that take datagrams of 1,150, 1,170 and 1,420 bytes in one room: every frame, each way.

1,150 is what a hello may offer least, and no QUIC packet is that small; 1,170 and 1,420 are what
packets of 1,200 and 1,450 bytes carry (`--packet-size`). What is expected of the counters follows
from the rules for cutting alone.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Final

import pytest

from lanparty_client_core import InMemoryPort, LastingSession, RelayTarget, SessionState
from lanparty_ctrl import Hello, Role, RoomCode
from lanparty_endpoint.packet_size import receive_budget
from lanparty_obs.counters import SLOTS_PER_BLOCK, TunnelCounters
from lanparty_obs.reasons import Cast
from lanparty_proto import BROADCAST, MacAddress, cut, datagram_budget, recut
from lanparty_quic.aioquic_engine import AioquicEndpoint
from lanparty_quic.endpoint import Address, ConnectionKey, PinnedKey
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.limits import LARGEST_PACKET_SIZE, EndpointLimits, QueueLimits
from lanparty_quic.memory import MemoryEndpoint
from lanparty_quic.simulation import Path, Simulation
from lanparty_relay.core import CounterBlocks, LeaseBook, Relay, cut_copy
from lanparty_relay.serving import RelayConsumer
from lanparty_relay.settings import RelaySettings

RELAY: Address = ("203.0.113.1", 443)
BLOCKS: Final = 16
TAG: Final = b"\x81\x00\x00\x07"
IPV4: Final = b"\x08\x00"
MTU: Final = 1_500
BATCH: Final = 40
QUEUE: Final = QueueLimits(maximum_bytes=1_000_000, maximum_wait=10.0)


@dataclass(frozen=True)
class Taste:
    """How a member was started, and what follows from it."""

    packet_size: int | None
    """Its setting."""
    offered: int
    """The budget in its hello."""

    @property
    def sends(self) -> int:
        """Bytes of the largest datagram that it sends once its path is known."""
        return datagram_budget(self.packet_size or LARGEST_PACKET_SIZE)


TASTES: Final = (
    Taste(1_200, 1_150),
    Taste(1_200, receive_budget(1_200)),
    Taste(1_450, receive_budget(1_450)),
)


class Member:
    """A player of some taste."""

    def __init__(self, room: "Room", number: int, taste: Taste) -> None:
        self.taste = taste
        self.mac = MacAddress(bytes([2, 0, 0, 0, 0, number]))
        self.port = InMemoryPort(mtu=MTU, queue_limit=100_000)
        self.endpoint = room.endpoint_of_member(number, taste)
        self.session = LastingSession(
            self.endpoint,
            self.port,
            target=RelayTarget(
                addresses=(RELAY,), server_name="relay.example", trust=PinnedKey(room.pin)
            ),
            hello=Hello(
                role=Role.CLIENT,
                room_code=RoomCode("MIXED"),
                create=True,
                mac=self.mac,
                name=f"player {number}",
                datagram_budget=taste.offered,
                port_mtu=MTU,
            ),
            first_frame_id=number << 24,
            clamp_mss=False,
        )
        self.session.connect(now=room.simulation.now)
        room.simulation.attach(self.endpoint, self.session)
        self.port.on_readable(room.simulation.waker(self.endpoint))

    def frames(self, destination: MacAddress) -> list[bytes]:
        """A frame of each length that the room carries, untagged and tagged, of random bytes."""
        dice = random.Random(self.mac)
        header = destination + self.mac
        return [
            header + tag + IPV4 + dice.randbytes(length)
            for length in range(MTU + 1)
            for tag in (b"", TAG)
        ]


class Room:
    """A relay and one member of each taste, on one engine."""

    def __init__(
        self,
        engine: str,
        identity: ServerIdentity,
        *,
        settings: RelaySettings | None = None,
        tastes: Sequence[Taste] = TASTES,
        trace: bool = False,
    ) -> None:
        self.simulation = Simulation(seed=5, path=Path(latency=0.005, mtu=1_500), trace=trace)
        self._engine = engine
        self.relay: AioquicEndpoint | MemoryEndpoint
        settings = settings or RelaySettings()
        limits = replace(settings.endpoint_limits(), queue=QUEUE)
        if engine == "memory":
            memory = self.simulation.memory_endpoint(
                RELAY, listening=True, limits=limits, datagram_budget=1_442, cutter=cut_copy
            )
            self.relay, self.pin = memory, memory.pin
        else:
            self.relay = self.simulation.aioquic_endpoint(
                RELAY, identity=identity, limits=limits, cutter=cut_copy
            )
            self.pin = identity.pin
        self.slots = memoryview(bytearray(8 * SLOTS_PER_BLOCK * BLOCKS)).cast("Q")
        blocks = CounterBlocks(self.slots, BLOCKS)
        consumer = RelayConsumer(
            endpoint=self.relay,
            relay=Relay(
                limits=settings.relay_limits(),
                blocks=blocks,
                random_bytes=random.Random(3).randbytes,
                server_version="test",
                leases=LeaseBook(bytes(32)),
            ),
            blocks=blocks,
            on_events=lambda events, now: None,
            on_answer=lambda answer: None,
        )
        self.simulation.attach(self.relay, consumer)
        self.members: list[Member] = []
        for number, taste in enumerate(tastes, start=1):
            member = Member(self, number, taste)
            self.members.append(member)
            self.simulation.run_until(lambda: member.session.state is SessionState.JOINED)  # noqa: B023  at once

    def wait_for_paths(self) -> None:
        """Let each side find how much it may send."""
        self.simulation.run_until(self._paths_are_known)

    def endpoint_of_member(self, number: int, taste: Taste) -> AioquicEndpoint | MemoryEndpoint:
        address = (f"198.51.100.{number}", 50_000)
        limits = EndpointLimits(largest_packet_size=taste.packet_size, queue=QUEUE)
        if self._engine == "memory":
            return self.simulation.memory_endpoint(
                address, limits=limits, datagram_budget=taste.sends
            )
        return self.simulation.aioquic_endpoint(address, limits=limits)

    def _paths_are_known(self) -> bool:
        """Each side sends as much as it will."""
        for number, member in enumerate(self.members, start=1):
            own = member.session.statistics
            relays = self.relay.statistics(ConnectionKey(number))
            assert own is not None
            assert relays is not None
            if own.datagram_budget < member.taste.sends:
                return False
            if relays.datagram_budget < member.taste.offered:
                return False
        return True

    def carry(
        self, source: Member, frames: Sequence[bytes], destinations: Iterable[Member]
    ) -> None:
        """Send frames, and require of each destination that it gets just these."""
        destinations = list(destinations)
        for start in range(0, len(frames), BATCH):
            batch = frames[start : start + BATCH]
            for frame in batch:
                source.port.inject(frame)
            received: list[list[bytes]] = [[] for _ in destinations]

            def all_have_come(
                received: list[list[bytes]] = received, count: int = len(batch)
            ) -> bool:
                for taken, destination in zip(received, destinations, strict=True):
                    taken += destination.port.take()
                return all(len(taken) >= count for taken in received)

            self.simulation.run_until(all_have_come)
            for taken in received:
                assert taken == batch
        for member in self.members:
            assert member.port.take() == []

    def counters_of(self, member: Member) -> TunnelCounters:
        return TunnelCounters.from_block(self.slots, self.members.index(member) + 2)


@dataclass
class Expected:
    """What the relay should have counted of one member, by the rules for cutting."""

    received: int = 0
    received_bytes: int = 0
    chosen: int = 0
    sent_bytes: int = 0
    cut: int = 0
    pieces: int = 0

    def count(self, datagram: bytes, budget: int) -> None:
        """One datagram that is for this member."""
        self.chosen += 1
        self.sent_bytes += len(datagram)
        if len(datagram) > budget:
            self.cut += 1
            self.pieces += len(recut(datagram, budget=budget, frame_id=lambda: 0))


class Ledger:
    """What each member of a room should have been counted."""

    def __init__(self, room: Room) -> None:
        self._of = [Expected() for _ in room.members]
        self._room = room

    def note(self, source: Member, frames: Iterable[bytes], others: Iterable[Member]) -> None:
        indexes = [self._room.members.index(other) for other in others]
        own = self._of[self._room.members.index(source)]
        for frame in frames:
            for datagram in cut(frame, budget=source.taste.sends, frame_id=lambda: 0):
                own.received += 1
                own.received_bytes += len(datagram)
                for index in indexes:
                    self._of[index].count(datagram, self._room.members[index].taste.offered)

    def check(self) -> None:
        for member, expected in zip(self._room.members, self._of, strict=True):
            counted = self._room.counters_of(member)
            assert counted.queued == 0
            assert not any(counted.dropped_ingress.values())
            assert not any(counted.dropped_egress.values())
            assert counted.received == expected.received == sum(counted.forwarded.values())
            assert counted.received_bytes == expected.received_bytes
            assert counted.chosen == counted.sent == expected.chosen
            assert counted.sent_bytes == expected.sent_bytes
            assert (counted.cut, counted.pieces) == (expected.cut, expected.pieces)
            assert counted.datagrams_sent == member.session.counters().datagrams_received


@pytest.fixture(params=["memory", "aioquic"])
def room(request: pytest.FixtureRequest, identity: ServerIdentity) -> Room:
    room = Room(request.param, identity)
    room.wait_for_paths()
    return room


@pytest.mark.timeout(240)
def test_unicast_of_every_length_between_all_pairs_arrives_bit_for_bit(room: Room) -> None:
    ledger = Ledger(room)
    for source, destination in permutations(room.members, 2):
        frames = source.frames(destination.mac)
        room.carry(source, frames, [destination])
        ledger.note(source, frames, [destination])
    ledger.check()
    narrowest, narrow, wide = map(room.counters_of, room.members)
    assert narrowest.cut > narrow.cut > wide.cut == 0
    assert all(counted.forwarded[Cast.BROADCAST] == 0 for counted in (narrowest, narrow, wide))


@pytest.mark.timeout(240)
def test_broadcasts_of_every_length_arrive_bit_for_bit_at_all_others(room: Room) -> None:
    ledger = Ledger(room)
    for source in room.members:
        others = [member for member in room.members if member is not source]
        frames = source.frames(BROADCAST)
        room.carry(source, frames, others)
        ledger.note(source, frames, others)
    ledger.check()
    assert all(room.counters_of(member).forwarded[Cast.BROADCAST] for member in room.members)


def test_the_packet_size_of_a_relay_holds_in_both_directions(identity: ServerIdentity) -> None:
    small = RelaySettings(packet_size=1_200)
    searching = Taste(None, receive_budget(None))
    room = Room("aioquic", identity, settings=small, tastes=[searching] * 2, trace=True)
    room.simulation.run_for(10)
    for source, destination in permutations(room.members, 2):
        room.carry(source, source.frames(destination.mac)[-200:], [destination])
    assert max(len(packet.packet) for packet in room.simulation.packets) == 1_200


def test_the_packet_size_of_a_member_holds_in_both_directions(identity: ServerIdentity) -> None:
    small, large = Taste(1_200, receive_budget(1_200)), Taste(1_450, receive_budget(1_450))
    room = Room("aioquic", identity, tastes=[small, large], trace=True)
    room.simulation.run_for(10)
    for source, destination in permutations(room.members, 2):
        room.carry(source, source.frames(destination.mac)[-200:], [destination])
    for member, largest in zip(room.members, (1_200, 1_450), strict=True):
        own = member.endpoint.local_address
        of_member = [
            len(packet.packet)
            for packet in room.simulation.packets
            if own in (packet.source, packet.destination)
        ]
        assert max(of_member) == largest
