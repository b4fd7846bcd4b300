"""A relay as an admin process sees it, without a relay."""

from collections.abc import AsyncIterator

import httpx
import pytest

from lanparty_ctrl import Role
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import (
    CHOSEN,
    DROPPED_EGRESS,
    DROPPED_INGRESS,
    FORWARDED,
    QUEUED,
    RECEIVED,
    RECEIVED_BYTES,
    ROUND_TRIP_MICROSECONDS,
    SENT,
    SENT_BYTES,
    SLOTS_PER_BLOCK,
    BlockKind,
    TunnelCounters,
)
from lanparty_obs.reasons import Cast, EgressDrop, IngressDrop, PacketDrop
from lanparty_relay.admin.app import AdminParts, create_app
from lanparty_relay.admin.metrics import MetricsPage
from lanparty_relay.admin.observation import Observer
from lanparty_relay.admin.snapshot import SnapshotReader
from lanparty_relay.admin.state import RelayState
from lanparty_relay.admin_link import (
    Answer,
    CloseRoom,
    Configuration,
    FromAdmin,
    Heartbeat,
    KickPeer,
    LimitsRecord,
    PeerGone,
    PeerRecord,
    Report,
    RoomGone,
    RoomRecord,
    Synchronised,
)
from lanparty_relay.core import RELAY_BLOCK, CounterBlocks, SessionCounts, SessionFault

BLOCKS = 16
TOKEN = "correct-horse-battery"
CODE = "ABCDE12345F"


@pytest.fixture
def configuration() -> Configuration:
    """What the relay says first."""
    return Configuration(
        version="1.2.3",
        listen="[::]:443",
        pin="sha256:" + "A" * 43,
        token=TOKEN,
        limits=LimitsRecord(
            rooms=10,
            peers=100,
            peers_per_room=64,
            joins_per_minute=None,
            hello_timeout_seconds=5,
            idle_timeout_seconds=30,
            room_mtu=1500,
        ),
        started_at=100.0,
        wall_clock_offset=1_000_000.0,
        counter_slots=BLOCKS * SLOTS_PER_BLOCK,
        admin_restarts=2,
        log_json=False,
        log_level="info",
    )


@pytest.fixture
def heartbeat() -> Heartbeat:
    """A sign of life."""
    return Heartbeat(
        number=4,
        connections=3,
        packets_received=50,
        packets_routed=45,
        packets_sent=60,
        packets_dropped={PacketDrop.MALFORMED: 5},
        socket_overflows=7,
        sessions=SessionCounts(
            handshakes=4,
            admitted=2,
            resumed=1,
            abandoned=0,
            rejected={SessionEnd.ROOM_UNKNOWN: 2},
            ended={SessionEnd.LEFT: 1},
            faults={SessionFault.SECOND_HELLO: 1},
        ),
        cpu_seconds=0.25,
        leases=7,
    )


class PlayedRelay:
    """Plays the relay's part: memory, messages, and answers to commands."""

    def __init__(self, configuration: Configuration, heartbeat: Heartbeat) -> None:
        self._heartbeat = heartbeat
        self.slots = memoryview(bytearray(8 * SLOTS_PER_BLOCK * BLOCKS)).cast("Q")
        self.blocks = CounterBlocks(self.slots, BLOCKS)
        self.now = 160.0
        self.heard: list[FromAdmin] = []
        self.answers = True
        self.state = RelayState(
            configuration, send=self._hear, clock=lambda: self.now, answer_within=0
        )
        observer = Observer(self.state, SnapshotReader(self.slots))
        self.parts = AdminParts(self.state, observer, MetricsPage(observer, clock=lambda: self.now))
        self.observer = observer
        self.metrics = self.parts.metrics
        self._block_of: dict[tuple[str, int], int] = {}

    def beat(self) -> None:
        self.state.receive(self._heartbeat)

    def synchronise(self) -> None:
        self.state.receive(Synchronised())

    def open_room(self, room_id: str = "room1") -> int:
        block = self.blocks.allocate(BlockKind.ROOM, RELAY_BLOCK)
        assert block is not None
        self.state.receive(
            RoomRecord(
                room_id=room_id,
                code=CODE,
                mtu=1400,
                network="10.171.5.0/24",
                lasting=False,
                opened_at=130.0,
                block=block,
                serial=self.blocks.serial(block),
            )
        )
        return block

    def join(self, room_block: int, peer_id: int = 1, *, room_id: str = "room1") -> int:
        block = self.blocks.allocate(BlockKind.PEER, room_block)
        assert block is not None
        self._block_of[room_id, peer_id] = block
        self.state.receive(
            PeerRecord(
                room_id=room_id,
                peer_id=peer_id,
                role=Role.CLIENT if peer_id != 9 else Role.GATEWAY,
                mac="02:00:00:00:00:01" if peer_id != 9 else None,
                name="Ada",
                address="192.0.2.7:50000",
                lease="10.171.5.34" if peer_id != 9 else None,
                joined_at=140.0,
                block=block,
                serial=self.blocks.serial(block),
                report=Report(
                    counters=TunnelCounters(received=999),
                    round_trip_seconds=0.5,
                    reported_at=155.0,
                ),
            )
        )
        return block

    def retell(self) -> None:
        """Forget the oldest room for a moment, so that it is heard of last."""
        room = self.state.inventory.rooms()[0]
        peers = self.state.inventory.peers(room.room_id)
        self.state.receive(RoomGone(room_id=room.room_id))
        self.state.receive(room)
        for peer in peers:
            self.state.receive(peer)

    def count(self, block: int) -> None:
        """Count 10 datagrams in (7 forwarded) and 9 copies out (6 sent), which conserve."""
        base = block * SLOTS_PER_BLOCK
        for slot, count in {
            RECEIVED: 10,
            RECEIVED_BYTES: 1000,
            FORWARDED[Cast.UNICAST]: 4,
            FORWARDED[Cast.BROADCAST]: 3,
            DROPPED_INGRESS[IngressDrop.MAC_SPOOF]: 3,
            CHOSEN: 9,
            SENT: 6,
            SENT_BYTES: 600,
            DROPPED_EGRESS[EgressDrop.QUEUE_TIMEOUT]: 2,
            QUEUED: 1,
        }.items():
            self.slots[base + slot] += count
        self.slots[base + ROUND_TRIP_MICROSECONDS] = 25_000

    def _hear(self, message: FromAdmin) -> None:
        self.heard.append(message)
        if not self.answers:
            return
        match message:
            case KickPeer(command_id=number, room_id=room_id, peer_id=peer_id):
                block = self._block_of.pop((room_id, peer_id), None)
                if block is not None:
                    self.blocks.release(block)
                    self.state.receive(PeerGone(room_id=room_id, peer_id=peer_id))
                self.state.receive(Answer(command_id=number, done=block is not None))
            case CloseRoom(command_id=number, room_id=room_id):
                known = self.state.inventory.room(room_id) is not None
                self.state.receive(RoomGone(room_id=room_id))
                self.state.receive(Answer(command_id=number, done=known))


@pytest.fixture
def bare(configuration: Configuration, heartbeat: Heartbeat) -> PlayedRelay:
    """A relay that has not said anything yet."""
    return PlayedRelay(configuration, heartbeat)


@pytest.fixture
def relay(bare: PlayedRelay) -> PlayedRelay:
    """A relay in order, with a room of a client (1) and a gateway (9), which have counted."""
    bare.beat()
    bare.synchronise()
    room = bare.open_room()
    for peer_id in (1, 9):
        bare.count(bare.join(room, peer_id))
    return bare


@pytest.fixture
async def anonymous(bare: PlayedRelay) -> AsyncIterator[httpx.AsyncClient]:
    """A client without the token."""
    transport = httpx.ASGITransport(create_app(bare.parts), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://relay") as client:
        yield client


@pytest.fixture
async def operator(anonymous: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client with the token."""
    anonymous.headers["Authorization"] = f"Bearer {TOKEN}"
    return anonymous
