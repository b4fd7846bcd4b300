"""A room whose members' paths carry datagrams of different sizes: every frame arrives as it was."""

import random
from itertools import permutations

import pytest

from lanparty_client_core import InMemoryPort, LastingSession, RelayTarget, SessionState
from lanparty_ctrl import Hello, Role, RoomCode
from lanparty_obs.counters import SLOTS_PER_BLOCK, TunnelCounters
from lanparty_obs.reasons import EgressDrop
from lanparty_proto import BROADCAST, MacAddress, encode_fragment
from lanparty_quic.endpoint import Address, ConnectionKey, PinnedKey
from lanparty_quic.limits import EndpointLimits, QueueLimits
from lanparty_quic.simulation import Path, Simulation
from lanparty_relay.core import CounterBlocks, LeaseBook, Relay, RelayLimits, cut_copy
from lanparty_relay.serving import RelayConsumer

RELAY: Address = ("203.0.113.1", 443)
BLOCKS = 16
TAG = b"\x81\x00\x00\x07"
IPV4 = b"\x08\x00"

BUDGETS = (1150, 1170, 1420)
LARGEST = 1_500


class Member:
    """A player with a path of its own, each way."""

    def __init__(self, room: "Room", number: int, *, path: int, accepts: int) -> None:
        self.mac = MacAddress(bytes([2, 0, 0, 0, 0, number]))
        self.path = path
        self.port = InMemoryPort(mtu=1_500, queue_limit=100_000)
        self.endpoint = room.simulation.memory_endpoint(
            (f"198.51.100.{number}", 50_000), datagram_budget=path
        )
        self.session = LastingSession(
            self.endpoint,
            self.port,
            target=RelayTarget(
                addresses=(RELAY,),
                server_name="relay.example",
                trust=PinnedKey(room.endpoint.pin),
            ),
            hello=Hello(
                role=Role.CLIENT,
                room_code=RoomCode("MIXED"),
                create=True,
                mac=self.mac,
                name=f"player {number}",
                datagram_budget=accepts,
                port_mtu=1_500,
            ),
            first_frame_id=number << 24,
            clamp_mss=False,
        )
        self.session.connect(now=room.simulation.now)
        room.simulation.attach(self.endpoint, self.session)
        self.port.on_readable(room.simulation.waker(self.endpoint))


class Room:
    """A relay and its members. Its connections' budgets are set as path discovery would."""

    def __init__(self, *, send_rate: float | None = None) -> None:
        self.simulation = Simulation(seed=3, path=Path(latency=0.005, mtu=1_600))
        self.endpoint = self.simulation.memory_endpoint(
            RELAY,
            listening=True,
            send_rate=send_rate,
            limits=EndpointLimits(queue=QueueLimits(maximum_bytes=1_000_000)),
            cutter=cut_copy,
        )
        self.slots = memoryview(bytearray(8 * SLOTS_PER_BLOCK * BLOCKS)).cast("Q")
        blocks = CounterBlocks(self.slots, BLOCKS)
        consumer = RelayConsumer(
            endpoint=self.endpoint,
            relay=Relay(
                limits=RelayLimits(),
                blocks=blocks,
                random_bytes=random.Random(3).randbytes,
                server_version="test",
                leases=LeaseBook(bytes(32)),
            ),
            blocks=blocks,
            on_events=self.check,
            on_answer=lambda answer: None,
        )
        self.simulation.attach(self.endpoint, consumer)
        self.members: list[Member] = []

    def join(self, *, path: int, accepts: int = LARGEST) -> Member:
        member = Member(self, len(self.members) + 1, path=path, accepts=accepts)
        self.members.append(member)
        self.simulation.run_until(lambda: member.session.state is SessionState.JOINED)
        self.set_path(member, path)
        return member

    def set_path(self, member: Member, budget: int) -> None:
        """Let the way from the relay to this member carry so much from now on."""
        key = ConnectionKey(self.members.index(member) + 1)  # in the order of their coming
        self.endpoint.set_datagram_budget(key, budget)

    def check(self, *_: object) -> None:
        """See that the counters of each block conserve, as they must in each turn."""
        self.counters()

    def counters(self) -> TunnelCounters:
        """The sum of all blocks, each of which conserves."""
        total = TunnelCounters()
        for block in range(BLOCKS):
            counters = TunnelCounters.from_block(self.slots, block)
            dropped = sum(counters.dropped_egress.values())
            assert counters.chosen == counters.sent + dropped + counters.queued
            total += counters
        return total

    def carry(self, frames: list[bytes], source: Member) -> None:
        for start in range(0, len(frames), 40):
            for frame in frames[start : start + 40]:
                source.port.inject(frame)
            self.simulation.run_for(0.02)
        self.simulation.run_for(0.1)


def frames_of_every_length(destination: MacAddress, source: Member) -> list[bytes]:
    dice = random.Random(source.mac)
    header = destination + source.mac
    return [
        frame
        for length in range(46, 1_501)
        for frame in (
            header + IPV4 + dice.randbytes(length),
            header + TAG + IPV4 + dice.randbytes(length),
        )
    ]


def mixed_room() -> Room:
    """Members with the budgets of `BUDGETS` by their paths, and again by what they accept."""
    room = Room()
    for budget in BUDGETS:
        room.join(path=budget)
    room.join(path=LARGEST, accepts=1150)
    return room


@pytest.mark.parametrize(("one", "other"), [*permutations(range(4), 2)])
def test_frames_of_every_length_arrive_bit_for_bit_between_any_two(one: int, other: int) -> None:
    room = mixed_room()
    source, destination = room.members[one], room.members[other]
    frames = frames_of_every_length(destination.mac, source)
    room.carry(frames, source)
    assert destination.port.take() == frames
    total = room.counters()
    assert not any(total.dropped_egress.values())
    assert total.queued == 0


def test_a_broadcast_reaches_each_by_its_own_way() -> None:
    room = mixed_room()
    source = room.members[2]  # sends whole what two others can't take whole
    frames = frames_of_every_length(BROADCAST, source)
    room.carry(frames, source)
    for member in room.members:
        assert member.port.take() == ([] if member is source else frames)
    assert not any(room.counters().dropped_egress.values())


def test_a_copy_in_pieces_counts_once() -> None:
    room = mixed_room()
    source, destination = room.members[3], room.members[0]
    before = room.counters()
    room.carry([destination.mac + source.mac + IPV4 + bytes(1_400)], source)
    after = room.counters()
    assert after.received - before.received == 1
    assert after.chosen - before.chosen == after.sent - before.sent == 1
    assert after.sent_bytes - before.sent_bytes == 4 + 14 + 1_400
    assert (after.cut - before.cut, after.pieces - before.pieces) == (1, 2)
    assert len(destination.port.take()) == 1


def test_an_uneven_fragment_is_cut_again_and_put_together() -> None:
    room = mixed_room()
    source, destination = room.members[3], room.members[0]
    payload = bytes(range(250)) * 6
    header = destination.mac + source.mac + IPV4
    key = ConnectionKey(1)  # the first and only one of its endpoint
    for start, end, more in ((0, 1_400, True), (1_400, 1_500, False)):
        fragment = encode_fragment(
            header, payload[start:end], source=0, flags=0, frame_id=1, offset=start, more=more
        )
        source.endpoint.queue([(key, 0, fragment)], now=room.simulation.now)
    room.simulation.run_for(0.1)
    assert destination.port.take() == [header + payload]
    total = room.counters()
    assert (total.sent, total.cut, total.pieces) == (2, 1, 2)


def test_frames_go_on_while_a_path_narrows_and_widens_again() -> None:
    room = mixed_room()
    source, destination = room.members[3], room.members[2]
    sent = []
    for number, budget in enumerate((1420, 1170, 1150, 1300, 1170, 1442) * 5):
        room.set_path(destination, budget)
        frames = [
            destination.mac + source.mac + IPV4 + bytes([number]) * length
            for length in range(1_100, 1_500, 25)
        ]
        sent += frames
        room.carry(frames, source)
    assert destination.port.take() == sent
    assert not any(room.counters().dropped_egress.values())


def test_what_waits_for_a_path_that_narrows_is_cut_when_it_leaves() -> None:
    room = Room(send_rate=100_000.0)
    source, destination = room.join(path=LARGEST), room.join(path=LARGEST)
    frames = [destination.mac + source.mac + IPV4 + bytes([n]) * 1_400 for n in range(3)]
    for frame in frames:
        source.port.inject(frame)
    room.simulation.run_for(0.0101)
    assert room.counters().queued == 2
    room.set_path(destination, 1150)
    room.simulation.run_for(1)
    assert destination.port.take() == frames


def test_a_copy_of_which_only_a_piece_left_in_time_is_dropped_and_counted_once() -> None:
    room = Room(send_rate=10_000.0)
    source, destination = room.join(path=LARGEST), room.join(path=1150)
    source.port.inject(destination.mac + source.mac + IPV4 + bytes(1_400))
    room.simulation.run_for(2)
    assert destination.port.take() == []
    total = room.counters()
    assert total.dropped_egress[EgressDrop.QUEUE_TIMEOUT] == 1
    assert (total.chosen, total.sent, total.queued) == (1, 0, 0)
    assert (total.cut, total.pieces, total.datagrams_sent) == (0, 1, 1)
