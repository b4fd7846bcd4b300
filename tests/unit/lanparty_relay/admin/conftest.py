"""A relay as an admin process sees it, without a relay."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from lanparty_ctrl import Role
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import (
    CHOSEN,
    CUT,
    DROPPED_EGRESS,
    DROPPED_INGRESS,
    FORWARDED,
    PIECES,
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
from lanparty_obs.reasons import Cast, EgressDrop, HandshakeFailure, IngressDrop, PacketDrop
from lanparty_quic import HandshakeStatistics
from lanparty_relay.admin.app import AdminParts, create_app
from lanparty_relay.admin.counter_history import CounterHistory
from lanparty_relay.admin.metrics import MetricsPage
from lanparty_relay.admin.observation import Observer
from lanparty_relay.admin.snapshot import SnapshotReader
from lanparty_relay.admin.state import RelayState
from lanparty_relay.admin_link import (
    Answer,
    ChangeRoom,
    CloseRoom,
    Configuration,
    FromAdmin,
    Heartbeat,
    KickPeer,
    LimitsRecord,
    OpenRoom,
    PeerGone,
    PeerRecord,
    Report,
    RoomAnswer,
    RoomChange,
    RoomGone,
    RoomRecord,
    Synchronised,
)
from lanparty_relay.core import RELAY_BLOCK, CounterBlocks, RoomRefusal, SessionCounts, SessionFault

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
        peer_metrics=True,
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
        handshakes=HandshakeStatistics(
            pending=3,
            unproven=2,
            completed=4,
            failed={HandshakeFailure.TIMEOUT: 6},
            retry=True,
        ),
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
        self.counters = SnapshotReader(self.slots)
        self.history = CounterHistory()
        self.parts = AdminParts(
            self.state,
            observer,
            MetricsPage(observer, clock=lambda: self.now),
            self.history,
        )
        self.observer = observer
        self.metrics = self.parts.metrics
        self._block_of: dict[tuple[str, int], int] = {}

    def beat(self) -> None:
        self.state.receive(self._heartbeat)

    def synchronise(self) -> None:
        self.state.receive(Synchronised())

    def open_room(
        self,
        room_id: str = "room1",
        **changes: Any,  # Any: fields of the record
    ) -> int:
        block = self.blocks.allocate(BlockKind.ROOM, RELAY_BLOCK)
        assert block is not None
        fields: dict[str, Any] = {
            "room_id": room_id,
            "code": CODE,
            "mtu": 1400,
            "network": "10.171.5.0/24",
            "lasting": False,
            "opened_at": 130.0,
            "block": block,
            "serial": self.blocks.serial(block),
        }
        self.state.receive(RoomRecord(**(fields | changes)))
        return block

    def join(
        self,
        room_block: int,
        peer_id: int = 1,
        *,
        room_id: str = "room1",
        **changes: Any,  # Any: fields of the record
    ) -> int:
        block = self.blocks.allocate(BlockKind.PEER, room_block)
        assert block is not None
        self._block_of[room_id, peer_id] = block
        is_client = peer_id != 9
        fields: dict[str, Any] = {
            "room_id": room_id,
            "peer_id": peer_id,
            "role": Role.CLIENT if is_client else Role.GATEWAY,
            "mac": "02:00:00:00:00:01" if is_client else None,
            "name": "Ada",
            "address": "192.0.2.7:50000",
            "lease": "10.171.5.34" if is_client else None,
            "joined_at": 140.0,
            "block": block,
            "serial": self.blocks.serial(block),
            "report": Report(
                counters=TunnelCounters(received=999), round_trip_seconds=0.5, reported_at=155.0
            ),
        }
        self.state.receive(PeerRecord(**(fields | changes)))
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
            CUT: 2,
            PIECES: 5,
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
            case OpenRoom(command_id=number):
                self.state.receive(self._open_ahead(number, message))

            case ChangeRoom(command_id=number, room_id=room_id):
                self.state.receive(self._change(number, message))

    def _change(self, number: int, change: ChangeRoom) -> RoomAnswer:
        room = self.state.inventory.room(change.room_id)
        refusal = None
        if room is None:
            refusal = RoomRefusal.NO_SUCH_ROOM
        elif not room.lasting:
            refusal = RoomRefusal.MADE_BY_PLAYERS
        else:
            self.state.receive(
                RoomChange(
                    room_id=change.room_id,
                    peers_limit=change.peers_limit,
                    expires_at=change.expires_at,
                )
            )
        return RoomAnswer(command_id=number, room_id=change.room_id, refusal=refusal)

    def _open_ahead(self, number: int, order: OpenRoom) -> RoomAnswer:
        code = "NEWCDE12345" if order.code is None else str(order.code)
        for room in self.state.inventory.rooms():
            if room.code == code:
                refusal = RoomRefusal.CODE_IN_USE
                return RoomAnswer(command_id=number, room_id=room.room_id, refusal=refusal)
        if not self.blocks.available:
            return RoomAnswer(command_id=number, refusal=RoomRefusal.ROOM_LIMIT)
        room_id = f"ahead{number}"
        self.open_room(
            room_id,
            code=code,
            mtu=order.mtu or 1500,
            lasting=True,
            peers_limit=order.peers_limit,
            expires_at=order.expires_at,
        )
        return RoomAnswer(command_id=number, room_id=room_id)


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
