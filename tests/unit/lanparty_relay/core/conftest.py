"""A shell without sockets: drives a `Relay` with plain values and keeps what it answered."""

import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from lanparty_ctrl import Hello, Message, MessageDecoder, Role, Welcome, encode_message
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import SLOTS_PER_BLOCK, TunnelCounters
from lanparty_obs.reasons import EgressDrop
from lanparty_proto import MacAddress, encode_whole
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
    LifecycleEvent,
    Relay,
    RelayLimits,
    SendControl,
)

MessageT = TypeVar("MessageT", bound=Message)


class FakeShell:
    """Connections are numbers; each method is one turn at `now`."""

    def __init__(self, limits: RelayLimits | None = None, capacity: int = 64) -> None:
        buffer = memoryview(bytearray(capacity * SLOTS_PER_BLOCK * 8)).cast("Q")
        self.blocks = CounterBlocks(buffer, capacity)
        self.relay = Relay(
            limits=limits or RelayLimits(),
            blocks=self.blocks,
            random_bytes=random.Random(7).randbytes,
            server_version="test",
            leases=LeaseBook(bytes(32)),
        )
        self.now = 100.0
        self.inbox: defaultdict[ConnectionKey, list[Message]] = defaultdict(list)
        self.closed: dict[ConnectionKey, SessionEnd] = {}
        self.lifecycle: list[LifecycleEvent] = []
        self.queued: list[Send] = []
        self.backlogs: dict[ConnectionKey, int] = {}
        """Control bytes that a peer doesn't take; absent: it takes all at once."""
        self.unheard: dict[ConnectionKey, float] = {}
        """Since when nothing comes from a peer; absent: it answers at once."""
        self.looks: list[ConnectionKey] = []
        self.work: list[tuple[ConnectionKey, int]] = []
        self._decoders: defaultdict[ConnectionKey, MessageDecoder] = defaultdict(MessageDecoder)
        self._connections = 0

    @staticmethod
    def mac(number: int) -> MacAddress:
        return MacAddress(b"\x02\x00\x00\x00\x00" + bytes([number]))

    def connect(self, address: Address = ("192.0.2.1", 5000)) -> ConnectionKey:
        self._connections += 1
        key = ConnectionKey(self._connections)
        self.happen(Connected(key, address))
        return key

    def happen(self, *events: EndpointEvent, datagrams: list[Received] | None = None) -> None:
        """One turn in which this came in."""
        relay = self.relay
        relay.handle_datagrams(datagrams or [], now=self.now)
        for event in events:
            relay.handle_event(event, now=self.now)
        self.finish()

    def finish(self) -> None:
        """Do what the relay wants, as its shell would."""
        relay = self.relay
        relay.handle_timer(now=self.now)
        self.work += relay.work()
        self.queued += relay.sends()
        self._do(relay.actions())
        for key in relay.statistics_wanted():
            self.looks.append(key)
            relay.handle_statistics(key, self._statistics(key), now=self.now)
        self._do(relay.actions())
        self.lifecycle += relay.lifecycle()

    def say(self, key: ConnectionKey, *messages: Message) -> None:
        self.say_bytes(key, b"".join(map(encode_message, messages)))

    def say_bytes(self, key: ConnectionKey, data: bytes) -> None:
        self.happen(ControlReceived(key, data))

    def lose(self, key: ConnectionKey, end: SessionEnd = SessionEnd.IDLE) -> None:
        """The connection goes without a word."""
        self.happen(ConnectionClosed(key, end, "", by_peer=False))

    def join(self, number: int, **changes: Any) -> ConnectionKey:
        """Connect and say the hello of a client with the MAC of this number."""
        key = self.connect()
        self.say(key, self.hello(number, **changes))
        return key

    def join_gateway(self, **changes: Any) -> ConnectionKey:
        return self.join(0, role=Role.GATEWAY, mac=None, **changes)

    def stand_by(self, **changes: Any) -> ConnectionKey:
        return self.join_gateway(**({"standby": True} | changes))

    def fall_silent(self, *keys: ConnectionKey) -> None:
        """Nothing comes from these peers any more."""
        self.unheard |= dict.fromkeys(keys, self.now)

    def hello(self, number: int = 1, **changes: Any) -> Hello:
        fields: dict[str, Any] = {
            "role": Role.CLIENT,
            "mac": self.mac(number),
            "name": f"player {number}",
            "room_code": "TEST",
            "create": True,
            "datagram_budget": 1522,
            "port_mtu": 1500,
        }
        return Hello(**(fields | changes))

    def heard(self, key: ConnectionKey, kind: type[MessageT]) -> list[MessageT]:
        """All messages of one kind that this connection got so far."""
        return [message for message in self.inbox[key] if isinstance(message, kind)]

    def welcome(self, key: ConnectionKey) -> Welcome:
        (welcome,) = self.heard(key, Welcome)
        return welcome

    def is_member(self, key: ConnectionKey) -> bool:
        return bool(self.heard(key, Welcome)) and key not in self.closed

    def lifecycle_of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.lifecycle if isinstance(event, kind)]

    def wait(self, seconds: float) -> None:
        """Let time pass, with a turn at each deadline."""
        until = self.now + seconds
        while (deadline := self.relay.next_deadline()) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self.finish()
        self.now = until

    def send_frames(self, key: ConnectionKey, *frames: bytes) -> list[Send]:
        """Let a member send whole frames; return the copies that they became."""
        before = len(self.queued)
        self.happen(datagrams=[Received(key, [encode_whole(frame) for frame in frames])])
        return self.queued[before:]

    def decide(self, sends: list[Send], reason: EgressDrop | None = None) -> None:
        """Give each copy its outcome."""
        self.relay.handle_outcomes(
            [Outcome(key, flow, reason, 1, len(payload)) for key, flow, payload in sends],
            now=self.now,
        )

    def counters(self, block: int) -> TunnelCounters:
        return TunnelCounters.from_block(self.blocks.slots, block)

    def total(self) -> TunnelCounters:
        """The sum of all blocks: what the relay counted since it began."""
        total = TunnelCounters()
        for block in range(self.blocks.capacity):
            total += self.counters(block)
        return total

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case SendControl(connection=key, data=data):
                    assert key not in self.closed, "nothing is said behind a close"
                    self._decoders[key].receive_bytes(data)
                    self.inbox[key] += self._decoders[key].messages()
                case CloseConnection(connection=key, end=end):
                    assert key not in self.closed, "a connection is closed once"
                    self.closed[key] = end

    def _statistics(self, key: ConnectionKey) -> ConnectionStatistics | None:
        if key in self.closed:
            return None
        return ConnectionStatistics(
            address=("192.0.2.1", 5000),
            datagram_budget=1170,
            packet_size=1200,
            round_trip_time=0.025,
            shortest_round_trip=0.02,
            queued=0,
            control_backlog=self.backlogs.get(key, 0),
            packets_lost=0,
            heard_at=self.unheard.get(key, self.now),
        )


@pytest.fixture
def shell() -> FakeShell:
    """A relay with the default limits."""
    return FakeShell()


@pytest.fixture
def make_shell() -> Callable[..., FakeShell]:
    """Make relays with limits of one's own: `make_shell(RelayLimits(...), capacity=...)`."""
    return FakeShell
