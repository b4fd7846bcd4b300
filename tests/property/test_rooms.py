"""Rooms under any sequence of joins, leaves, resumes, contests, waits, kicks and closes.

A machine plays all endpoints against one `Relay` with plain values. What it knows, it knows as the
outside does: from messages, closes and lifecycle events. After every step these must agree.
"""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lanparty_ctrl import (
    Disconnect,
    Hello,
    Lease,
    Message,
    MessageDecoder,
    PeerJoined,
    PeerLeft,
    Ping,
    Pong,
    PrefixesInUse,
    Reject,
    Role,
    RoomCode,
    RoomReady,
    Waiting,
    Welcome,
    encode_message,
)
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import SLOTS_PER_BLOCK, BlockKind, BlockSlot, TunnelCounters
from lanparty_obs.reasons import EgressDrop
from lanparty_proto import BROADCAST, MacAddress, encode_whole
from lanparty_quic.endpoint import (
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
    CloseConnection,
    CounterBlocks,
    HelloRejected,
    LeaseBook,
    MemberJoined,
    MemberLeft,
    Relay,
    RelayLimits,
    RoomChanged,
    RoomClosed,
    RoomOpened,
    RoomOrder,
    RoomRefusal,
    RoomRefused,
    RoomRenumbered,
    SendControl,
    StandbysChanged,
)

CAPACITY = 8
"""Fewer blocks than the machine can use: rooms and members run into that limit too."""
LIMITS = RelayLimits(rooms=3, peers_per_room=4, joins_per_minute=None)
MACS = [MacAddress(bytes([2, 0, 0, 0, 0, last])) for last in range(5)]
PREFIXES = st.lists(
    st.sampled_from(
        [
            IPv4Network("10.0.0.0/8"),
            IPv4Network("10.160.0.0/11"),
            IPv4Network("172.16.0.0/12"),
            IPv4Network("192.168.0.0/16"),
            IPv4Network("128.0.0.0/1"),
        ]
    ),
    max_size=3,
).map(tuple)
CODES = [RoomCode("AAAA"), RoomCode("BBBB"), RoomCode("CCCC"), RoomCode("DDDD"), None]


@dataclass
class Endpoint:
    """One connection as its endpoint sees it."""

    key: ConnectionKey
    hello: Hello
    decoder: MessageDecoder = field(default_factory=MessageDecoder)
    welcome: Welcome | None = None
    ready: bool = False
    over: bool = False
    peers: dict[int, PeerJoined] = field(default_factory=dict)
    address: IPv4Address | None = None
    pings: list[int] = field(default_factory=list)
    waits: bool = False
    silent_since: float | None = None

    @property
    def is_member(self) -> bool:
        return self.welcome is not None and not self.over

    def hear(self, message: Message) -> None:
        assert not self.over, "nothing follows the end"
        match message:
            case Waiting():
                assert self.hello.standby, "only who stands by is told to wait"
                assert self.welcome is None
                assert not self.waits
                self.waits = True
            case Welcome():
                assert self.welcome is None, "one welcome"
                self.welcome = message
                self.waits = False
                self.address = None if message.lease is None else message.lease.address
            case PeerJoined():
                assert self.welcome is not None, "peers come after the welcome"
                assert message.peer_id != self.welcome.peer_id
                self.peers[message.peer_id] = message
            case PeerLeft():
                del self.peers[message.peer_id]
            case Lease(lease=lease):
                assert self.hello.mac is not None, "a gateway has no lease"
                self.address = lease.address
            case RoomReady():
                assert not self.ready
                self.ready = True
            case Ping(nonce=nonce):
                self.pings.append(nonce)
            case Reject():
                assert self.welcome is None, "a member is disconnected, not rejected"
                self.end()
            case Disconnect():
                assert self.welcome is not None, "a newcomer is rejected, not disconnected"
                self.end()

    def end(self) -> None:
        self.over = True
        self.waits = False


class Rooms(RuleBasedStateMachine):
    """Plays the endpoints."""

    def __init__(self) -> None:
        super().__init__()
        buffer = memoryview(bytearray(CAPACITY * SLOTS_PER_BLOCK * 8)).cast("Q")
        self.blocks = CounterBlocks(buffer, CAPACITY)
        self.relay = Relay(
            limits=LIMITS,
            blocks=self.blocks,
            random_bytes=random.Random(1).randbytes,
            server_version="test",
            leases=LeaseBook(bytes(32)),
        )
        self.now = 0.0
        self.endpoints: dict[ConnectionKey, Endpoint] = {}
        self.tokens: list[str] = ["0" * 32]
        self.rooms: dict[str, RoomOpened] = {}
        self.networks: dict[str, IPv4Network] = {}
        self.members: dict[tuple[str, int], MemberJoined] = {}
        self.leases: dict[tuple[str, int], IPv4Address | None] = {}
        self.left_at: dict[tuple[str, int], float] = {}
        self.waiting: list[Send] = []
        self.standbys: Counter[str] = Counter()
        self.rejected = 0
        self.datagrams = 0
        self.copies = 0

    # What the shell does

    def turn(self, *events: EndpointEvent, datagrams: Iterable[Received] = ()) -> None:
        self.blocks.begin_batch()
        self.relay.handle_datagrams(datagrams, now=self.now)
        for event in events:
            self.relay.handle_event(event, now=self.now)
        self.relay.handle_timer(now=self.now)
        sends = self.relay.sends()
        assert sum(copies for _, copies in self.relay.work()) == len(sends)
        self.waiting += sends
        self.act()
        for key in self.relay.statistics_wanted():
            self.relay.handle_statistics(key, self.look_at(key), now=self.now)
        self.act()
        self.blocks.end_batch()
        for happened in self.relay.lifecycle():
            self.note(happened)

    def act(self) -> None:
        for action in self.relay.actions():
            match action:
                case SendControl(connection=key, data=data):
                    endpoint = self.endpoints[key]
                    endpoint.decoder.receive_bytes(data)
                    for message in endpoint.decoder.messages():
                        endpoint.hear(message)
                case CloseConnection(connection=key):
                    self.endpoints[key].end()

    def look_at(self, key: ConnectionKey) -> ConnectionStatistics | None:
        endpoint = self.endpoints[key]
        if endpoint.over:
            return None
        silent_since = endpoint.silent_since
        return ConnectionStatistics(
            address=("192.0.2.1", 5000),
            datagram_budget=1170,
            packet_size=1200,
            round_trip_time=0.025,
            shortest_round_trip=0.02,
            queued=0,
            control_backlog=0,
            packets_lost=0,
            heard_at=self.now if silent_since is None else silent_since,
        )

    def note(self, event: object) -> None:
        """Keep the inventory as the admin side does, from events alone."""
        match event:
            case RoomOpened(room_id=room_id):
                assert room_id not in self.rooms
                assert event.code not in {room.code for room in self.rooms.values()}
                self.rooms[room_id] = event
                self.networks[room_id] = event.network
            case RoomChanged(room_id=room_id):
                self.rooms[room_id] = replace(
                    self.rooms[room_id],
                    peers_limit=event.peers_limit,
                    expires_at=event.expires_at,
                )
            case RoomRenumbered(room_id=room_id, network=network, leases=leases):
                self.networks[room_id] = network
                for peer_id, lease in leases.items():
                    assert (room_id, peer_id) in self.members
                    self.leases[room_id, peer_id] = lease
            case RoomClosed(room_id=room_id):
                assert not [key for key in self.members if key[0] == room_id]
                del self.rooms[room_id]
            case MemberJoined(room_id=room_id, peer_id=peer_id):
                assert room_id in self.rooms
                key = (room_id, peer_id)
                assert key not in self.members
                rested = self.now - self.left_at.get(key, -60.0)
                assert event.resumed or rested >= 60.0, "a peer id rests for a minute"
                self.members[key] = event
                self.leases[key] = event.lease
            case MemberLeft(room_id=room_id, peer_id=peer_id):
                del self.members[room_id, peer_id]
                del self.leases[room_id, peer_id]
                self.left_at[room_id, peer_id] = self.now
            case StandbysChanged(room_id=room_id, waiting=waiting):
                assert room_id in self.rooms
                self.standbys[room_id] = waiting
            case HelloRejected():
                self.rejected += 1

    def live(self) -> list[Endpoint]:
        return [endpoint for endpoint in self.endpoints.values() if not endpoint.over]

    def pick(self, number: int, *, members: bool = True) -> Endpoint | None:
        chosen = [each for each in self.live() if each.is_member or not members]
        return chosen[number % len(chosen)] if chosen else None

    # What endpoints do

    @initialize(macs=st.lists(st.sampled_from([None, *MACS]), min_size=2, unique=True))
    def meet(self, macs: list[MacAddress | None]) -> None:
        for mac in macs:
            self.join(mac=mac, code=CODES[0], create=True, token=None, prefixes=(), standby=False)

    @rule(mac=st.sampled_from([None, *MACS]), code=st.sampled_from(CODES[:2]), prefixes=PREFIXES)
    def join_or_create(
        self, mac: MacAddress | None, code: RoomCode, prefixes: tuple[IPv4Network, ...]
    ) -> None:
        self.join(mac=mac, code=code, create=True, token=None, prefixes=prefixes, standby=False)

    @rule(code=st.sampled_from(CODES[:2]), create=st.booleans())
    def stand_by(self, code: RoomCode, create: bool) -> None:
        self.join(mac=None, code=code, create=create, token=None, prefixes=(), standby=True)

    @rule(
        mac=st.sampled_from([None, *MACS]),
        code=st.sampled_from(CODES),
        create=st.booleans(),
        token=st.none() | st.integers(0, 50),
        prefixes=PREFIXES,
        standby=st.booleans(),
    )
    def join(
        self,
        mac: MacAddress | None,
        code: RoomCode | None,
        create: bool,
        token: int | None,
        prefixes: tuple[IPv4Network, ...],
        standby: bool,
    ) -> None:
        key = ConnectionKey(len(self.endpoints) + 1)
        hello = Hello(
            role=Role.GATEWAY if mac is None else Role.CLIENT,
            mac=mac,
            room_code=code,
            create=create,
            standby=standby and mac is None,
            name="somebody",
            datagram_budget=1522,
            port_mtu=1500,
            resume_token=None if token is None else self.tokens[-1 - token % len(self.tokens)],
            prefixes_in_use=prefixes,
        )
        self.endpoints[key] = Endpoint(key, hello)
        self.turn(Connected(key, ("192.0.2.1", 5000)), ControlReceived(key, encode_message(hello)))

    @rule(number=st.integers(0, 20))
    def resume(self, number: int) -> None:
        """Come back with the right token, while the stale session is still there."""
        stale = self.pick(number)
        if stale is None or stale.welcome is None:
            return
        key = ConnectionKey(len(self.endpoints) + 1)
        welcome = stale.welcome
        changes = {"room_code": welcome.room_code, "resume_token": welcome.resume_token}
        hello = stale.hello.model_copy(update=changes)
        fresh = self.endpoints[key] = Endpoint(key, hello)
        self.turn(Connected(key, ("192.0.2.9", 5000)), ControlReceived(key, encode_message(hello)))
        assert stale.over
        assert fresh.welcome is not None
        assert fresh.welcome.resumed
        assert fresh.welcome.peer_id == welcome.peer_id
        assert fresh.welcome.room_id == welcome.room_id

    @rule(number=st.integers(0, 20), by_peer=st.booleans())
    def close(self, number: int, by_peer: bool) -> None:
        endpoint = self.pick(number, members=False)
        if endpoint is not None:
            endpoint.end()
            self.turn(ConnectionClosed(endpoint.key, SessionEnd.IDLE, "", by_peer))

    @rule(number=st.integers(0, 20))
    def say_goodbye(self, number: int) -> None:
        endpoint = self.pick(number, members=False)
        if endpoint is not None:
            goodbye = encode_message(Disconnect(code=SessionEnd.LEFT))
            self.turn(ControlReceived(endpoint.key, goodbye))
            assert endpoint.over

    @rule(number=st.integers(0, 20))
    def answer_pings(self, number: int) -> None:
        endpoint = self.pick(number)
        if endpoint is not None and endpoint.pings:
            pongs = b"".join(encode_message(Pong(nonce=nonce)) for nonce in endpoint.pings)
            endpoint.pings.clear()
            self.turn(ControlReceived(endpoint.key, pongs))

    @rule(number=st.integers(0, 20))
    def fall_silent_or_be_heard(self, number: int) -> None:
        endpoint = self.pick(number, members=False)
        if endpoint is not None:
            endpoint.silent_since = self.now if endpoint.silent_since is None else None

    @rule(number=st.integers(0, 20), prefixes=PREFIXES)
    def use_other_prefixes(self, number: int, prefixes: tuple[IPv4Network, ...]) -> None:
        endpoint = self.pick(number)
        if endpoint is not None:
            message = PrefixesInUse(prefixes_in_use=prefixes)
            self.turn(ControlReceived(endpoint.key, encode_message(message)))

    @rule(seconds=st.sampled_from([0.4, 1.0, 3.0, 61.0]))
    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while (deadline := self.relay.next_deadline()) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self.turn()
        self.now = until
        self.turn()

    @rule(number=st.integers(0, 20))
    def broadcast(self, number: int) -> None:
        endpoint = self.pick(number)
        if endpoint is None or endpoint.welcome is None:
            return
        source = endpoint.hello.mac or bytes([0, 1, 2, 3, 4, 5])
        frame = encode_whole(BROADCAST + source + bytes(50))
        before = len(self.waiting)
        self.datagrams += 1
        self.turn(datagrams=[Received(endpoint.key, [frame])])
        receivers = Counter(key for key, _, _ in self.waiting[before:])
        self.copies += receivers.total()
        assert receivers == Counter(
            other.key
            for other in self.live()
            if other.welcome is not None
            and other.welcome.room_id == endpoint.welcome.room_id
            and other is not endpoint
        )

    @precondition(lambda self: self.waiting)
    @rule(count=st.integers(1, 3), reason=st.none() | st.sampled_from(EgressDrop))
    def decide(self, count: int, reason: EgressDrop | None) -> None:
        decided, self.waiting = self.waiting[:count], self.waiting[count:]
        outcomes = [Outcome(key, flow, reason, 1, len(payload)) for key, flow, payload in decided]
        self.relay.handle_outcomes(outcomes, now=self.now)

    # What an operator does

    @rule(
        code=st.sampled_from(CODES),
        peers_limit=st.none() | st.integers(1, 6),
        lifetime=st.none() | st.sampled_from([0.5, 2.0, 100.0]),
    )
    def open_room(
        self, code: RoomCode | None, peers_limit: int | None, lifetime: float | None
    ) -> None:
        expires_at = None if lifetime is None else self.now + lifetime
        order = RoomOrder(code=code, peers_limit=peers_limit, expires_at=expires_at)
        holders = [room.room_id for room in self.rooms.values() if room.code == code]
        opened = self.relay.open_room(order, now=self.now)
        self.turn()
        if not isinstance(opened, RoomRefused):
            assert opened.room_id in self.rooms
        elif opened.reason is RoomRefusal.CODE_IN_USE:
            assert holders == [opened.room_id]
        else:
            assert not holders

    @precondition(lambda self: self.rooms)
    @rule(
        number=st.integers(0, 20),
        peers_limit=st.none() | st.integers(1, 6),
        lifetime=st.none() | st.sampled_from([0.5, 2.0, 100.0]),
    )
    def change_room(self, number: int, peers_limit: int | None, lifetime: float | None) -> None:
        room_id = list(self.rooms)[number % len(self.rooms)]
        expires_at = None if lifetime is None else self.now + lifetime
        room = self.rooms[room_id]
        changed = self.relay.change_room(room_id, peers_limit=peers_limit, expires_at=expires_at)
        self.turn()
        assert isinstance(changed, RoomRefused) is not room.lasting

    @precondition(lambda self: self.members)
    @rule(number=st.integers(0, 20))
    def kick(self, number: int) -> None:
        room_id, peer_id = list(self.members)[number % len(self.members)]
        assert self.relay.kick(room_id, peer_id, now=self.now)
        self.turn()
        assert (room_id, peer_id) not in self.members

    @precondition(lambda self: self.rooms)
    @rule(number=st.integers(0, 20))
    def close_room(self, number: int) -> None:
        room_id = list(self.rooms)[number % len(self.rooms)]
        assert self.relay.close_room(room_id, now=self.now)
        self.turn()
        assert room_id not in self.rooms

    # What always holds

    @invariant()
    def tokens_are_never_given_twice(self) -> None:
        welcomes = [e.welcome for e in self.endpoints.values() if e.welcome is not None]
        tokens = [welcome.resume_token for welcome in welcomes]
        assert len(tokens) == len(set(tokens))
        self.tokens = ["0" * 32, *tokens]

    @invariant()
    def no_two_members_of_a_room_share_a_mac_or_the_gateways_place(self) -> None:
        places = Counter((key[0], member.mac) for key, member in self.members.items())
        assert all(count == 1 for count in places.values())

    @invariant()
    def gateways_wait_only_for_a_place_that_is_taken(self) -> None:
        codes: dict[RoomCode | None, str] = {
            room.code: room_id for room_id, room in self.rooms.items()
        }
        waiting = Counter(codes[e.hello.room_code] for e in self.live() if e.waits)
        assert waiting == +Counter({room: self.standbys[room] for room in self.rooms})
        held = {room_id for (room_id, _), member in self.members.items() if member.mac is None}
        assert set(waiting) <= held

    @invariant()
    def every_client_has_an_address_of_its_own_in_its_rooms_network(self) -> None:
        leased = [(key[0], lease) for key, lease in self.leases.items() if lease is not None]
        assert len(leased) == len(set(leased))
        assert all(address in self.networks[room_id] for room_id, address in leased)
        clients = {key for key, member in self.members.items() if member.mac is not None}
        assert {key for key, lease in self.leases.items() if lease is not None} == clients

    @invariant()
    def rooms_are_within_limits_and_have_members_or_were_made_ahead(self) -> None:
        sizes = Counter(room_id for room_id, _ in self.members)
        ahead = {room_id for room_id, room in self.rooms.items() if room.lasting}
        assert set(sizes) | ahead == set(self.rooms)
        assert len(self.rooms) <= LIMITS.rooms
        for room_id, size in sizes.items():
            assert size <= LIMITS.peers_in(self.rooms[room_id].peers_limit)

    @invariant()
    def no_room_outlives_its_time(self) -> None:
        ends = [room.expires_at for room in self.rooms.values() if room.expires_at is not None]
        assert all(end > self.now for end in ends)

    @invariant()
    def who_was_welcomed_is_who_is_a_member(self) -> None:
        welcomed = {
            (each.welcome.room_id, each.welcome.peer_id): each.hello.mac
            for each in self.live()
            if each.welcome is not None
        }
        assert welcomed == {key: member.mac for key, member in self.members.items()}

    @invariant()
    def every_member_knows_exactly_the_others(self) -> None:
        for endpoint in self.live():
            welcome = endpoint.welcome
            if welcome is None:
                continue
            assert endpoint.ready
            others = {
                peer_id: (member.role, member.mac, self.leases[room_id, peer_id])
                for (room_id, peer_id), member in self.members.items()
                if room_id == welcome.room_id and peer_id != welcome.peer_id
            }
            known = {
                peer_id: (peer.role, peer.mac, peer.address)
                for peer_id, peer in endpoint.peers.items()
            }
            assert known == others
            assert endpoint.address == self.leases[welcome.room_id, welcome.peer_id]

    @invariant()
    def blocks_belong_to_rooms_and_members_alone(self) -> None:
        used = {
            (index, self.blocks.serial(index))
            for index in range(1, CAPACITY)
            if self.blocks.value(index, BlockSlot.KIND) != BlockKind.FREE
        }
        owners = {(room.block, room.serial) for room in self.rooms.values()}
        owners |= {(member.block, member.serial) for member in self.members.values()}
        assert used == owners
        assert self.blocks.available == CAPACITY - 1 - len(used)

    @invariant()
    def counters_conserve(self) -> None:
        total = TunnelCounters()
        for block in range(CAPACITY):
            counters = TunnelCounters.from_block(self.blocks.slots, block)
            verdicts = (*counters.forwarded.values(), *counters.dropped_ingress.values())
            assert counters.received == sum(verdicts)
            dropped = sum(counters.dropped_egress.values())
            assert counters.chosen == counters.sent + dropped + counters.queued
            total += counters
        assert total.queued == len(self.waiting)
        assert (total.received, total.chosen) == (self.datagrams, self.copies)

    @invariant()
    def every_session_is_accounted_for(self) -> None:
        counts = self.relay.session_counts()
        undecided = sum(each.welcome is None for each in self.live())
        rejected = sum(counts.rejected.values())
        assert rejected == self.rejected
        assert counts.handshakes == counts.admitted + rejected + counts.abandoned + undecided
        assert counts.admitted == sum(counts.ended.values()) + len(self.members)


TestRooms = Rooms.TestCase
TestRooms.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
