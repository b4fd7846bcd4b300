"""The bridge: its counters conserve, and what it decides is what a slow model decides."""

from hypothesis import given
from hypothesis import strategies as st

from lanparty_ethernet import Probe, ProbeDirection, ProbeKind
from lanparty_gateway.bridge import Bridge, BridgePolicy, DhcpPolicy, Phase
from lanparty_gateway.bridge.lan_table import AGEING_SECONDS
from lanparty_proto import BROADCAST, MacAddress, encode_ethernet

OWN = MacAddress.parse("02:00:5e:10:00:fe")
INTERFACE = MacAddress.parse("d8:3a:dd:00:00:10")
MDNS = MacAddress.parse("01:00:5e:00:00:fb")
SPANNING_TREE = MacAddress.parse("01:80:c2:00:00:00")
PLAYERS = [bytes([2, 0, 0, 0, 1, number]) for number in range(3)]
HOSTS = [bytes([0, 0, 0, 0, 2, number]) for number in range(3)]
ADDRESSES = [*PLAYERS, *HOSTS, OWN, INTERFACE, MDNS, SPANNING_TREE, bytes(BROADCAST), bytes(6)]

frames = st.builds(
    encode_ethernet,
    st.sampled_from(ADDRESSES),
    st.sampled_from(ADDRESSES),
    st.just(0x88B6),
    st.binary(min_size=46, max_size=50),
)
probes = st.builds(
    lambda nonce, direction, source: Probe(
        kind=ProbeKind.LOOP, nonce=nonce, direction=direction
    ).frame(BROADCAST, MacAddress(source)),
    st.integers(0, 4),
    st.sampled_from(ProbeDirection),
    st.sampled_from(ADDRESSES),
)
moves = st.one_of(
    st.tuples(st.just("from_lan"), st.lists(frames | probes | st.binary(max_size=20), max_size=5)),
    st.tuples(st.just("from_room"), st.lists(frames | probes | st.binary(max_size=20), max_size=5)),
    st.tuples(st.just("members"), st.sets(st.sampled_from(PLAYERS))),
    st.tuples(st.just("joined"), st.booleans()),
    st.tuples(st.just("link"), st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 0.5, 2.0, 70.0, AGEING_SECONDS])),
)


def make_bridge(policy: BridgePolicy) -> Bridge:
    return Bridge(
        policy,
        instance=2,
        room_secret=1,
        own_mac=OWN,
        interface_mac=INTERFACE,
        jitter=lambda: 0.5,
    )


@given(
    st.lists(moves, max_size=30),
    st.builds(
        BridgePolicy,
        dhcp=st.sampled_from(DhcpPolicy),
        allow_macs=st.just(frozenset[bytes]()) | st.just(frozenset(HOSTS[:1])),
        vlan=st.none() | st.just(5),
        broadcast_rate=st.integers(1, 10),
        room_rate=st.integers(1, 10),
    ),
)
def test_every_frame_is_forwarded_or_dropped_for_one_reason(
    script: list[tuple[str, object]], policy: BridgePolicy
) -> None:
    bridge = make_bridge(policy)
    now = 0.0
    given_lan = given_room = out_lan = out_room = 0
    for what, value in script:
        match what, value:
            case "from_lan", list(batch):
                given_lan += len(batch)
                out_room += len(bridge.from_lan(batch, now=now))
            case "from_room", list(batch):
                given_room += len(batch)
                out_lan += len(bridge.from_room(batch, now=now))
            case "members", set(macs):
                bridge.set_members(frozenset(macs))
            case "joined", bool(joined):
                bridge.set_joined(joined, now=now)
            case "link", bool(up):
                bridge.set_link(up, now=now)
            case "wait", float(seconds):
                now += seconds
                bridge.handle_timer(now=now)
                bridge.frames_for_lan(now=now)
                bridge.station.frames_to_send(now=now)
        for due in (bridge.next_deadline(), bridge.station.next_deadline()):
            assert due is None or due > now - 500.0
    counters = bridge.counters()
    lan, room = counters.lan_to_room, counters.room_to_lan
    assert (lan.received, lan.forwarded) == (given_lan, out_room)
    assert (room.received, room.forwarded) == (given_room, out_lan)
    assert lan.received == lan.forwarded + sum(lan.dropped.values())
    assert room.received == room.forwarded + sum(room.dropped.values())


class Model:
    """The rules of addresses, written down as slowly and plainly as they are said."""

    def __init__(self) -> None:
        self.members: set[bytes] = set()
        self.of_lan: set[bytes] = set()
        self.contested: set[bytes] = set()
        self.stopped = False

    def set_members(self, macs: set[bytes]) -> None:
        came = macs - self.members
        self.contested = (self.contested | (came & self.of_lan)) & macs
        self.members = macs

    def into_room(self, frame: bytes) -> bool:
        destination, source = frame[:6], frame[6:12]
        if source[0] % 2 == 1 or source in (bytes(6), OWN, INTERFACE):
            return False
        if source in self.members - self.contested:
            self.stopped = True
            return False
        self.of_lan.add(source)
        if self.stopped or source in self.members or destination == SPANNING_TREE:
            return False
        return destination[0] % 2 == 1 or destination in self.members - self.contested

    def onto_lan(self, frame: bytes) -> bool:
        destination, source = frame[:6], frame[6:12]
        if self.stopped or source not in self.members - self.contested:
            return False
        return destination not in (SPANNING_TREE, INTERFACE)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("from_lan"), frames),
            st.tuples(st.just("from_room"), frames),
            st.tuples(st.just("members"), st.sets(st.sampled_from(PLAYERS))),
        ),
        max_size=60,
    )
)
def test_who_is_reached_is_what_the_plain_rules_say(script: list[tuple[str, object]]) -> None:
    bridge, model = make_bridge(BridgePolicy()), Model()
    bridge.set_joined(True, now=0.0)
    bridge.handle_timer(now=2.0)
    for number, (what, value) in enumerate(script):
        match what, value:
            case "from_lan", bytes(frame):
                # Slowly, so that a frame that comes twice is no sign of a loop.
                now = 2.0 + number * 0.01
                assert bool(bridge.from_lan([frame], now=now)) == model.into_room(frame)
            case "from_room", bytes(frame):
                now = 2.0 + number * 0.01
                assert bool(bridge.from_room([frame], now=now)) == model.onto_lan(frame)
            case "members", set(macs):
                bridge.set_members(frozenset(macs))
                model.set_members(set(macs))
        assert (bridge.state.phase is Phase.STOPPED) == model.stopped
