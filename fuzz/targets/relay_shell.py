"""A relay's core without sockets, and what must hold of all that it decides.

It plays the shell: every connection is a number, control bytes are read as a peer reads them, and
copies wait until they are decided. What it knows of rooms it knows from what the relay said.
"""

import random
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from lanparty_ctrl import (
    Disconnect,
    Hello,
    Message,
    MessageDecoder,
    Ping,
    ProtocolViolation,
    Reject,
    Welcome,
)
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import (
    CHOSEN,
    DROPPED_EGRESS,
    DROPPED_INGRESS,
    FORWARDED,
    QUEUED,
    RECEIVED,
    SENT,
    SLOTS_PER_BLOCK,
    USED,
)
from lanparty_obs.reasons import EgressDrop
from lanparty_proto import FRAGMENT_HEADER_LENGTH, HEADER_LENGTH, Kind, decode
from lanparty_quic.endpoint import (
    Address,
    Connected,
    ConnectionClosed,
    ConnectionKey,
    ConnectionStatistics,
    ControlReceived,
    EndpointEvent,
    Outcome,
    Received,
    Send,
)
from lanparty_relay.core import (
    Action,
    CloseConnection,
    CounterBlocks,
    LeaseBook,
    Relay,
    RelayLimits,
    SendControl,
)

__all__ = ["BLOCKS", "LIMITS", "Peer", "Shell", "check_conservation"]

BLOCKS = 16
LIMITS = RelayLimits(rooms=3, peers_per_room=4, joins_per_minute=None)

_TAKEN: Final = (*FORWARDED.values(), *DROPPED_INGRESS.values())
_TOLD: Final = (SENT, QUEUED, *DROPPED_EGRESS.values())


@dataclass(slots=True)
class Peer:
    """One connection, as its peer sees it."""

    key: ConnectionKey
    decoder: MessageDecoder = field(default_factory=MessageDecoder)
    hello: Hello | None = None
    """The first message, if it was one: the only hello that counts."""
    said: MessageDecoder | None = field(default_factory=MessageDecoder)
    """Reads what it says, up to the first message."""
    welcome: Welcome | None = None
    closed: bool = False
    last_ping: int = 0
    backlog: int = 0
    """Control bytes that it doesn't acknowledge."""
    silent_since: float | None = None

    @property
    def is_member(self) -> bool:
        return self.welcome is not None and not self.closed

    def note(self, data: bytes) -> None:
        """Remember the hello in what it says."""
        if self.said is None:
            return
        with suppress(ProtocolViolation):
            self.said.receive_bytes(data)
        for message in self.said.messages():
            self.said = None
            self.hello = message if isinstance(message, Hello) else None
            return

    def hear(self, message: Message) -> None:
        match message:
            case Welcome():
                assert self.welcome is None, "one welcome"
                assert not self.closed
                self.welcome = message
            case Reject():
                assert self.welcome is None, "a member is disconnected, not rejected"
            case Disconnect():
                assert self.welcome is not None, "a newcomer is rejected, not disconnected"
            case Ping(nonce=nonce):
                self.last_ping = nonce
            case Hello():
                raise AssertionError("a relay says no hello")


def check_conservation(blocks: CounterBlocks) -> None:
    """Require both sums of docs/protocol.md, "Counters", in every block."""
    for block in range(blocks.slots[USED]):
        base = block * SLOTS_PER_BLOCK
        slots = blocks.slots[base : base + SLOTS_PER_BLOCK].tolist()
        assert slots[RECEIVED] == sum(map(slots.__getitem__, _TAKEN))
        assert slots[CHOSEN] == sum(map(slots.__getitem__, _TOLD))


class Shell:
    """Gives a relay what came in, and does what it decides."""

    def __init__(self) -> None:
        buffer = memoryview(bytearray(BLOCKS * SLOTS_PER_BLOCK * 8)).cast("Q")
        self.blocks = CounterBlocks(buffer, BLOCKS)
        self.relay = Relay(
            limits=LIMITS,
            blocks=self.blocks,
            random_bytes=random.Random(7).randbytes,
            server_version="fuzz",
            leases=LeaseBook(bytes(32)),
        )
        self.now = 100.0
        self.peers: list[Peer] = []
        self.by_key: dict[ConnectionKey, Peer] = {}
        self.queued: list[Send] = []
        self.copies = 0

    def connect(self, address: Address) -> Peer:
        peer = Peer(ConnectionKey(len(self.peers) + 1))
        self.peers.append(peer)
        self.by_key[peer.key] = peer
        self.turn(Connected(peer.key, address))
        return peer

    def say(self, peer: Peer, data: bytes) -> None:
        peer.note(data)
        self.turn(ControlReceived(peer.key, data))

    def lose(self, peer: Peer, end: SessionEnd, *, by_peer: bool) -> None:
        # What closes is gone for the endpoint, whoever began it.
        if not peer.closed:
            self.turn(ConnectionClosed(peer.key, end, "", by_peer=by_peer))
            peer.closed = True

    def bring(self, peer: Peer, datagrams: list[bytes]) -> None:
        """Let a peer's datagrams come in, and judge the copies that they become."""
        was_member = peer.is_member
        before = len(self.queued)
        self.turn(datagrams=[Received(peer.key, datagrams)])
        sends = self.queued[before:]
        assert was_member or not sends, "nobody sends without a welcome"
        for send in sends:
            self._check_copy(peer, send)

    def turn(self, *events: EndpointEvent, datagrams: list[Received] | None = None) -> None:
        """Take one turn, as `lanparty_relay.serving` does."""
        relay = self.relay
        self.blocks.begin_batch()
        relay.handle_datagrams(datagrams or [], now=self.now)
        for event in events:
            relay.handle_event(event, now=self.now)
        self.finish()

    def finish(self) -> None:
        relay = self.relay
        relay.handle_timer(now=self.now)
        charged = sum(copies for _, copies in relay.work())
        sends = relay.sends()
        assert charged == len(sends), "every copy is charged to who caused it"
        self.queued += sends
        self._do(relay.actions())
        for key in relay.statistics_wanted():
            relay.handle_statistics(key, self._statistics(key), now=self.now)
        self._do(relay.actions())
        relay.lifecycle()
        self.blocks.end_batch()

    def wait(self, seconds: float) -> None:
        """Let time pass, with a turn at each deadline."""
        until = self.now + seconds
        for _ in range(1000):
            deadline = self.relay.next_deadline()
            if deadline is None or deadline > until:
                break
            self.now = max(self.now, deadline)
            self.turn()
        else:
            raise AssertionError("a deadline that doesn't go away")
        self.now = until

    def decide(self, count: int, reason: EgressDrop | None) -> None:
        """Give the oldest copies their outcome."""
        decided, self.queued = self.queued[:count], self.queued[count:]
        self.blocks.begin_batch()
        self.relay.handle_outcomes(
            [Outcome(key, flow, reason, 1, len(payload)) for key, flow, payload in decided],
            now=self.now,
        )
        self.blocks.end_batch()

    def end(self) -> None:
        """Let everybody go; nothing may be left of them."""
        for peer in self.peers:
            self.lose(peer, SessionEnd.IDLE, by_peer=False)
        self.decide(len(self.queued), EgressDrop.DESTINATION_LEFT)
        self.wait(3600.0)
        assert self.relay.next_deadline() is None
        assert self.blocks.available == BLOCKS - 1, "a counter block has been left"
        check_conservation(self.blocks)

    def _check_copy(self, source: Peer, send: Send) -> None:
        key, flow, payload = send
        destination = self.by_key[key]
        assert source.welcome is not None
        assert destination.welcome is not None
        assert destination is not source, "nothing goes back to where it came from"
        assert destination.welcome.room_id == source.welcome.room_id
        assert flow == source.welcome.peer_id
        overlay = decode(payload)
        assert overlay.source == flow
        assert not overlay.flags
        start = HEADER_LENGTH
        if overlay.kind is Kind.FRAGMENT:
            start += FRAGMENT_HEADER_LENGTH
        mac = payload[start + 6 : start + 12]
        assert source.hello is not None
        if source.hello.mac is not None:
            assert mac == source.hello.mac, "a client sends with its own MAC alone"
        else:
            assert not mac[0] & 1

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case SendControl(connection=key, data=data):
                    peer = self.by_key[key]
                    assert not peer.closed, "nothing is said behind a close"
                    peer.backlog += len(data) if peer.backlog else 0
                    peer.decoder.receive_bytes(data)
                    for message in peer.decoder.messages():
                        peer.hear(message)
                case CloseConnection(connection=key):
                    peer = self.by_key[key]
                    assert not peer.closed, "a connection is closed once"
                    peer.closed = True

    def _statistics(self, key: ConnectionKey) -> ConnectionStatistics | None:
        peer = self.by_key[key]
        if peer.closed:
            return None
        return ConnectionStatistics(
            address=("192.0.2.1", 5000),
            datagram_budget=1170,
            packet_size=1200,
            round_trip_time=0.025,
            shortest_round_trip=0.02,
            queued=0,
            control_backlog=peer.backlog,
            packets_lost=0,
            heard_at=self.now if peer.silent_since is None else peer.silent_since,
        )
