"""Invariant: whatever a relay says and carries, an endpoint counts it, goes on, or ends for it.

The input is a row of steps: messages and bytes of a relay, datagrams of other members, frames of
the host, time. Nothing escapes; each datagram becomes a frame, a part of one or a drop; members
and what waits stay bounded; a session that is over stays over.
"""

import json
from typing import Final

from choices import Choices
from target import Target

from lanparty_client_core import Conversation, FramePump, InMemoryPort, SessionState
from lanparty_client_core.conversation import MEMBERS_LIMIT
from lanparty_ctrl import Hello, MessageDecoder, Role
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MacAddress, encode_ethernet, encode_fragment, encode_whole
from targets.control_framing import framed

__all__ = ["TARGET"]

_MAC: Final = MacAddress(b"\2\0\0\0\0\1")
_PLAYER: Final = Hello(
    role=Role.CLIENT, mac=_MAC, name="alice", datagram_budget=1500, port_mtu=1500
)
_GATEWAY: Final = Hello(
    role=Role.GATEWAY, standby=True, name="home", datagram_budget=1500, port_mtu=1500
)
_LEASE: Final = {"address": "10.77.0.2", "prefix_length": 24, "seconds": 3600}
_BOB: Final = {"peer_id": 9, "role": "client", "mac": "02:00:00:00:00:09", "name": "bob"}
_SAID: Final[tuple[dict[str, object], ...]] = (
    {
        "type": "welcome",
        "version": 1,
        "peer_id": 7,
        "room_code": "ABCDE",
        "room_id": "room",
        "mtu": 1500,
        "datagram_budget": 1170,
        "resume_token": "0" * 32,
        "heartbeat_seconds": 10,
        "peers_limit": 64,
        "server_version": "softlan 1",
        "lease": _LEASE,
    },
    {"type": "room_ready"},
    {
        "type": "peer_joined",
        "peer_id": 9,
        "role": "client",
        "mac": "02:00:00:00:00:09",
        "name": "b",
    },
    {"type": "peer_joined", "peer_id": 8, "role": "gateway", "name": "lan"},
    {"type": "peer_left", "peer_id": 9, "reason": "left"},
    {"type": "lease", "lease": _LEASE},
    {"type": "ping", "nonce": 5},
    {"type": "pong", "nonce": 5},
    {"type": "stats", "counters": {"received": 3}},
    {"type": "waiting"},
    {"type": "reject", "code": "room_full", "text": "no place"},
    {"type": "disconnect", "code": "kicked", "retry_after": 1},
    {"type": "hello"},
)
_VALUES: Final[tuple[object, ...]] = (
    0,
    1,
    255,
    65_535,
    2**53,
    -1,
    1.5,
    "",
    "x",
    None,
    [],
    {},
    True,
    "\x1b[2J",
    1280,
)
_WAITS: Final = (0.0, 0.01, 0.9, 1.0, 10.0, 60.0)
_LENGTHS: Final = (46, 0, 1, 512, 600, 1150, 1500, 1501)


class Endpoint:
    """A conversation and a pump, and what was given to them."""

    def __init__(self, hello: Hello) -> None:
        self.now = 0.0
        self.conversation = Conversation(hello)
        self.port = InMemoryPort()
        self.pump = FramePump(self.port, first_frame_id=0xFFFFFFFE)
        self.relay = MessageDecoder()
        self.datagrams = 0
        self.frames = 0
        self.written = 0
        self.is_open = False
        self.conversation.handle_connected(now=self.now)

    def hear(self, data: bytes) -> None:
        before = self.conversation.state
        self.conversation.receive_bytes(data, now=self.now)
        if before.is_over:
            assert self.conversation.state is before
        self.settle()

    def settle(self) -> None:
        """Do what the endpoint's session does between two batches."""
        conversation = self.conversation
        self.relay.receive_bytes(conversation.to_send())
        self.relay.messages()
        conversation.events()
        assert len(conversation.members) <= MEMBERS_LIMIT
        assert conversation.state.is_over == (conversation.ended is not None)
        joined = conversation.state is SessionState.JOINED
        if joined and not self.is_open and conversation.welcome is not None:
            self.pump.open(mtu=conversation.welcome.mtu)
        elif not joined and self.is_open:
            self.pump.close()
        self.is_open = joined

    def carry(self, payloads: list[bytes]) -> None:
        self.datagrams += len(payloads)
        self.pump.write_port(payloads, now=self.now)
        self.written += len(self.port.take())
        counters = self.pump.counters()
        assert counters.datagrams_received == self.datagrams
        assert counters.frames_written == self.written

    def send(self, frame: bytes, budget: int) -> None:
        self.port.inject(frame)
        self.frames += 1
        datagrams = self.pump.read_port(budget=budget, now=self.now)
        assert all(len(datagram) <= budget for datagram in datagrams)
        assert self.pump.counters().frames_read == self.frames

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.conversation.handle_timer(now=self.now)
        self.pump.handle_timer(now=self.now)
        self.settle()


def said(choices: Choices) -> bytes:
    """Return a relay's message, in which perhaps one field is another."""
    fields = dict(choices.of(_SAID))
    kind = choices.byte()
    if kind & 1:
        fields[choices.of(sorted(fields))] = choices.of(_VALUES)
    if kind & 2 and fields["type"] == "peer_joined":
        fields["peer_id"] = 1 + choices.number(2) % 400
    return framed(json.dumps(fields).encode())


def datagram(choices: Choices) -> bytes:
    """Return what a member might have sent, as the relay carries it, or any bytes."""
    kind = choices.byte()
    if kind >= 0xE0:
        return choices.piece()
    source = choices.byte() % 4
    payload = bytes(choices.of(_LENGTHS))
    frame = encode_ethernet(_MAC, b"\2\0\0\0\0\x09", (0x0800, 0x8100)[kind & 1], payload)
    if kind < 0x60:
        return encode_whole(frame, source, kind & 2)
    place = choices.number(2)
    return encode_fragment(
        frame[:14],
        frame[14:],
        source=source,
        flags=kind & 2 and 1,
        frame_id=choices.byte() % 4,
        offset=(place >> 1) % 1600 if kind & 4 else (0, 512, 600, 1150)[(place >> 1) % 4],
        more=bool(place & 1),
    )


def step(choices: Choices, endpoint: Endpoint) -> None:
    match choices.byte() % 8:
        case 0 | 1:
            endpoint.hear(said(choices))
        case 2:
            endpoint.hear(framed(choices.piece()))
        case 3:
            endpoint.hear(choices.piece())
        case 4 | 5:
            count = 1 + choices.byte() % 4
            endpoint.carry([datagram(choices) for _ in range(count)])
        case 6:
            kind = choices.byte()
            frame = encode_ethernet(
                b"\xff" * 6, _MAC, (0x0800, 0x8100)[kind & 1], bytes(choices.of(_LENGTHS))
            )
            endpoint.send(frame[: kind >> 1] if kind & 0x40 else frame, 1150 + kind)
        case _:
            endpoint.wait(choices.of(_WAITS))


def feed(data: bytes) -> None:
    """Take the steps, then lose the connection and let the time run out."""
    choices = Choices(data)
    endpoint = Endpoint(_GATEWAY if choices.byte() & 1 else _PLAYER)
    if choices.byte() & 1:
        endpoint.hear(framed(json.dumps(_SAID[0]).encode()))
        endpoint.hear(framed(json.dumps(_SAID[1]).encode()))
    while choices.left:
        step(choices, endpoint)
    endpoint.conversation.handle_closed(SessionEnd.IDLE, "", by_relay=False)
    assert endpoint.conversation.state.is_over
    endpoint.wait(60.0)
    assert endpoint.pump.next_deadline() is None
    counters = endpoint.pump.counters()
    known = endpoint.written + counters.dropped.total() + counters.dropped_parts.total()
    assert known <= endpoint.datagrams + endpoint.frames


TARGET = Target(
    name="endpoint_session",
    subject="an endpoint: a relay's messages, members' datagrams, the host's frames, in time",
    largest_input=640,
    begin=lambda: feed,
)
