"""Whatever a hostile relay or neighbour sends, an endpoint counts it and goes on."""

from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from lanparty_client_core import Conversation, FramePump, InMemoryPort, SessionState
from lanparty_ctrl import Hello, Role, RoomCode, RoomReady, Welcome, encode_message
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MacAddress, encode_whole, stamp
from lanparty_sim.virtual_host import VirtualHost

MAC = MacAddress.parse("02:00:00:00:00:01")
HELLO = Hello(role=Role.CLIENT, mac=MAC, name="alice", datagram_budget=1_500, port_mtu=1_500)
WELCOME = Welcome(
    version=1,
    peer_id=7,
    room_code=RoomCode("ABCDE"),
    room_id="room",
    mtu=1_500,
    datagram_budget=1_170,
    resume_token="0" * 32,
    heartbeat_seconds=10,
    peers_limit=64,
    server_version="softlan 1",
)

fragment_like = st.builds(
    lambda flags, frame_id, place, rest: (
        b"\x11" + bytes([flags]) + b"\x00\x09" + frame_id + place + rest
    ),
    st.integers(0, 3),
    st.sampled_from([b"\x00\x00\x00\x01", b"\x00\x00\x00\x02"]),
    st.binary(min_size=2, max_size=2),
    st.binary(min_size=14, max_size=1_200),
)
datagrams = st.lists(
    st.binary(max_size=64)
    | fragment_like
    | st.binary(max_size=1_600).map(lambda frame: stamp(9, encode_whole(frame))),
    max_size=20,
)


@given(datagrams)
def test_every_datagram_becomes_a_frame_a_part_or_a_drop(payloads: list[bytes]) -> None:
    port = InMemoryPort()
    pump = FramePump(port, first_frame_id=0)
    pump.open(mtu=1_500)
    pump.write_port(payloads, now=0.0)
    pump.handle_timer(now=10.0)
    counters = pump.counters()
    assert counters.datagrams_received == len(payloads)
    assert counters.frames_written == len(port.take())
    known = counters.frames_written + counters.dropped.total() + counters.dropped_parts.total()
    # A frame put together is one, and so is the last of its parts; the others are in it.
    assert known <= len(payloads)
    assert pump.next_deadline() is None


@given(st.lists(st.binary(max_size=1_600), max_size=20))
def test_every_frame_from_the_port_becomes_datagrams_or_a_drop(frames: list[bytes]) -> None:
    port = InMemoryPort()
    pump = FramePump(port, first_frame_id=0)
    pump.open(mtu=1_500)
    for frame in frames:
        port.inject(frame)
    sent = pump.read_port(budget=1_170, now=0.0)
    assert all(len(datagram) <= 1_170 for datagram in sent)
    other = InMemoryPort()
    receiver = FramePump(other, first_frame_id=0)
    receiver.open(mtu=1_500)
    receiver.write_port([stamp(9, datagram) for datagram in sent], now=0.0)
    counters = pump.counters()
    assert len(other.take()) == len(frames) - counters.dropped.total()


@given(st.lists(st.binary(max_size=200), max_size=5), st.booleans())
def test_control_bytes_of_any_kind_end_the_session_at_most(cuts: list[bytes], joined: bool) -> None:
    conversation = Conversation(HELLO)
    conversation.handle_connected(now=0.0)
    if joined:
        conversation.receive_bytes(encode_message(WELCOME), now=0.0)
        conversation.receive_bytes(encode_message(RoomReady()), now=0.0)
    before = conversation.state
    for data in cuts:
        conversation.receive_bytes(data, now=0.0)
    if conversation.state is not before:
        assert conversation.state is SessionState.DISCONNECTED
        assert conversation.ended is not None
        assert conversation.ended.code is SessionEnd.PROTOCOL_ERROR


@given(st.binary(max_size=1_514), st.sampled_from([b"\x08\x06", b"\x08\x00", b"\x88\xb6", b""]))
def test_a_host_answers_or_records_whatever_frame_comes(noise: bytes, ethertype: bytes) -> None:
    host = VirtualHost(mac=MAC, address=IPv4Address("10.86.0.1"))
    frame = bytes(MAC) + noise[:6] + ethertype + noise[6:]
    for answer in host.receive_frame(frame):
        assert answer[6:12] == MAC
    assert host.recorded() == [frame]
