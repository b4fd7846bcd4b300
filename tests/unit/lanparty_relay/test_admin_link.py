from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanparty_ctrl import Role, RoomCode
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import TunnelCounters
from lanparty_obs.frame_log import FrameDirection, FrameLogged
from lanparty_obs.reasons import Cast, EgressDrop, HandshakeFailure, IngressDrop, PacketDrop
from lanparty_quic import HandshakeStatistics
from lanparty_relay.admin_link import (
    Answer,
    ChangeRoom,
    CloseFrameLog,
    CloseRoom,
    Configuration,
    EventTold,
    FrameLogAnswer,
    FramesAnswer,
    FromAdmin,
    Heartbeat,
    HeartbeatSeen,
    HelloRejectedEvent,
    KickPeer,
    LimitsRecord,
    LinkBroken,
    LinkDecoder,
    OpenFrameLog,
    OpenRoom,
    PeerGone,
    PeerMoved,
    PeerRecord,
    PeerReported,
    ReadFrameLog,
    Report,
    RoomAnswer,
    RoomChange,
    RoomGone,
    RoomMoved,
    RoomRecord,
    Serving,
    Synchronised,
    ToAdmin,
    encode,
)
from lanparty_relay.core import (
    FrameLogEnd,
    FrameLogRefusal,
    RoomRefusal,
    SessionCounts,
    SessionFault,
)
from lanparty_relay.core.frame_log import FRAMES_HELD

FRAME = FrameLogged(
    at=12.5,
    direction=FrameDirection.TO_PEER,
    peer=65_535,
    cast=None,
    dropped=IngressDrop.UNKNOWN_UNICAST,
    destinations=0,
    length=1518,
    piece_offset=744,
    destination="ff:ff:ff:ff:ff:ff",
    source="02:00:5e:10:00:01",
    ethertype=0x86DD,
    vlan=4095,
    source_address="fe80:1111:2222:3333:4444:5555:6666:7777",
    destination_address="fe80:1111:2222:3333:4444:5555:6666:8888",
    protocol=17,
    source_port=65_535,
    destination_port=65_535,
    arp=None,
    passed_over=1_000_000,
)
REPORT = Report(
    counters=TunnelCounters(
        received=7,
        forwarded={Cast.UNICAST: 5},
        dropped_ingress={IngressDrop.RUNT: 2},
        dropped_egress={EgressDrop.QUEUE_TIMEOUT: 1},
    ),
    round_trip_seconds=0.02,
    reported_at=12.5,
)

MESSAGES: list[ToAdmin | FromAdmin] = [
    Configuration(
        version="1.0",
        listen="[::]:443",
        pin="sha256:x",
        token="t" * 16,
        limits=LimitsRecord(
            rooms=1,
            peers=2,
            peers_per_room=3,
            joins_per_minute=None,
            hello_timeout_seconds=5,
            idle_timeout_seconds=30,
            room_mtu=1500,
        ),
        started_at=1.5,
        wall_clock_offset=1e9,
        counter_slots=640,
        admin_restarts=0,
        peer_metrics=True,
        log_json=True,
        log_level="info",
    ),
    RoomRecord(
        room_id="r1",
        code="ABCD",
        mtu=1500,
        network="10.171.5.0/24",
        lasting=False,
        opened_at=1,
        block=1,
        serial=2,
    ),
    RoomMoved(room_id="r1", network="172.16.130.0/24", leases={1: "172.16.130.34", 2: None}),
    RoomGone(room_id="r1"),
    PeerRecord(
        room_id="r1",
        peer_id=1,
        role=Role.CLIENT,
        mac="02:00:00:00:00:01",
        name="Ada ✈",
        address="[2001:db8::1]:50000",
        lease="10.171.5.34",
        joined_at=2,
        block=2,
        serial=3,
        report=REPORT,
    ),
    PeerGone(room_id="r1", peer_id=1),
    PeerMoved(room_id="r1", peer_id=1, address="192.0.2.1:1"),
    PeerReported(room_id="r1", peer_id=1, report=REPORT),
    Synchronised(),
    Heartbeat(
        number=3,
        connections=1,
        packets_received=2,
        packets_routed=1,
        packets_sent=3,
        packets_dropped={PacketDrop.MALFORMED: 1},
        socket_overflows=0,
        handshakes=HandshakeStatistics(failed={HandshakeFailure.TLS: 2}, retry=True),
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
    ),
    Answer(command_id=1, done=True),
    Serving(),
    HeartbeatSeen(number=3),
    KickPeer(command_id=1, room_id="r1", peer_id=1),
    CloseRoom(command_id=2, room_id="r1"),
    EventTold(
        number=7,
        event=HelloRejectedEvent(
            at=datetime(2026, 11, 24, 20, 15, 0, 125_000, tzinfo=UTC),
            reason=SessionEnd.ROOM_UNKNOWN,
            address=None,
            count=12,
        ),
    ),
    OpenRoom(command_id=3, code=RoomCode("PARTY"), mtu=1400, peers_limit=8, expires_at=99.5),
    ChangeRoom(command_id=4, room_id="r1", peers_limit=None, expires_at=99.5),
    RoomChange(room_id="r1", peers_limit=7, expires_at=None),
    RoomAnswer(command_id=3, room_id="r1", refusal=RoomRefusal.CODE_IN_USE),
    OpenFrameLog(command_id=4, room_id="r1", peer_id=None, frames_per_second=20),
    FrameLogAnswer(command_id=4, refusal=FrameLogRefusal.TOO_MANY),
    ReadFrameLog(command_id=5, log_id=2),
    FramesAnswer(
        command_id=5, frames=(FRAME,) * FRAMES_HELD, passed_over=3, end=FrameLogEnd.PEER_LEFT
    ),
    CloseFrameLog(command_id=6, log_id=2),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.type)
def test_every_message_arrives_as_it_was_sent(message: ToAdmin | FromAdmin) -> None:
    (arrived,) = LinkDecoder().receive_bytes(encode(message))
    assert arrived.model_dump_json() == message.model_dump_json()
    assert type(arrived) is type(message)


@given(cuts=st.lists(st.integers(1, 200), max_size=40))
def test_messages_arrive_whole_under_any_cut(cuts: list[int]) -> None:
    stream = b"".join(map(encode, MESSAGES))
    decoder = LinkDecoder()
    arrived: list[ToAdmin | FromAdmin] = []
    for cut in cuts:
        arrived += decoder.receive_bytes(stream[:cut])
        stream = stream[cut:]
    arrived += decoder.receive_bytes(stream)
    assert [message.type for message in arrived] == [message.type for message in MESSAGES]


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00\x02{}",
        b"\x00\x00\x00\x01x",
        b"\x00\x00\x00\x13" + b'{"type": "unheard"}',
        b"\x00\x00\x00\x24" + b'{"type": "room_gone", "room_id": 17}',
        b"\xff\xff\xff\xff",
    ],
)
def test_what_cannot_be_read_breaks_the_link(data: bytes) -> None:
    with pytest.raises(LinkBroken):
        LinkDecoder().receive_bytes(data)


def test_secrets_are_in_no_repr() -> None:
    assert "tttt" not in repr(MESSAGES[0])
    assert "ABCD" not in repr(MESSAGES[1])
