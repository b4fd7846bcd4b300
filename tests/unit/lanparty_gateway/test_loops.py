"""Loops and second gateways: what proves them, what doesn't, how fast it stops, how it goes on."""

import random
from collections.abc import Callable

import pytest

from lanparty_client_core import Station
from lanparty_ethernet import ETHERTYPE_PROBE, Hearing, Probe, ProbeDirection, ProbeKind
from lanparty_gateway.bridge import (
    Bridge,
    BridgePolicy,
    ForwardingBegan,
    ForwardingStopped,
    LanDrop,
    Phase,
    RoomDrop,
    SecondGatewayHeard,
    StopReason,
)
from lanparty_proto import (
    BROADCAST,
    CUSTOMER_TAG,
    MacAddress,
    VlanTag,
    encode_ethernet,
    parse_ethernet,
)

PLAYER = MacAddress.parse("02:00:5e:10:00:01")
OWN = MacAddress.parse("02:00:5e:10:00:fe")
OTHERS = MacAddress.parse("02:00:5e:10:00:fd")
INTERFACE = MacAddress.parse("d8:3a:dd:00:00:10")
CONSOLE = MacAddress.parse("00:1f:c5:00:00:01")
INSTANCE, ROOM_SECRET = 1_000, 2_000
PEER = 7
PROBE = ETHERTYPE_PROBE.to_bytes(2)
START = 10.0


def frame(destination: bytes, source: bytes, payload: bytes = b"") -> bytes:
    return encode_ethernet(destination, source, 0x88B6, payload.ljust(46, b"\0"))


def search(nonce: int, direction: ProbeDirection, source: MacAddress = OWN) -> bytes:
    return Probe(kind=ProbeKind.LOOP, nonce=nonce, direction=direction).frame(BROADCAST, source)


def closed_bridge(policy: BridgePolicy | None = None) -> Bridge:
    bridge = Bridge(
        policy or BridgePolicy(),
        instance=INSTANCE,
        room_secret=ROOM_SECRET,
        own_mac=OWN,
        interface_mac=INTERFACE,
        jitter=lambda: 0.0,
    )
    bridge.set_members(frozenset({PLAYER}))
    return bridge


def open_bridge(policy: BridgePolicy | None = None) -> Bridge:
    bridge = closed_bridge(policy)
    bridge.set_joined(True, now=0.0)
    bridge.handle_timer(now=START - 1)
    bridge.events()
    return bridge


def phase_of(bridge: Bridge) -> Phase:
    return bridge.state.phase


def probes_of(bridge: Bridge, *, until: float, after: float = 0.0) -> tuple[list[float], ...]:
    """When probes went into the room and onto the LAN, driven by its deadlines."""
    room: list[float] = []
    lan: list[float] = []
    now = after
    while now <= until:
        bridge.handle_timer(now=now)
        room += [now for _ in bridge.station.frames_to_send(now=now)]
        lan += [now for sent in bridge.frames_for_lan(now=now) if PROBE in sent[12:18]]
        dues = (bridge.next_deadline(), bridge.station.next_deadline())
        soonest = min((due for due in dues if due is not None), default=until + 1)
        assert soonest > now, "what was due is done"
        now = soonest
    return room, lan


def test_while_joined_a_probe_goes_each_way_every_half_second() -> None:
    bridge = closed_bridge()
    assert bridge.next_deadline() is None
    assert bridge.station.next_deadline() is None
    bridge.set_joined(True, now=0.0)
    expected = [number / 2 for number in range(9)]
    assert probes_of(bridge, until=4.0) == (expected, expected)
    assert bridge.counters().probes_sent == 18
    bridge.set_joined(False, now=4.0)
    assert probes_of(bridge, until=9.0, after=4.0) == ([], [])


def test_probes_are_broadcasts_of_the_gateways_own_address_with_different_nonces() -> None:
    bridge = closed_bridge()
    bridge.set_joined(True, now=0.0)
    station: Station = bridge.station
    [into_room] = station.frames_to_send(now=0.0)
    [onto_lan] = bridge.frames_for_lan(now=0.0)
    for sent, nonce, direction in [
        (into_room, ROOM_SECRET, ProbeDirection.INTO_ROOM),
        (onto_lan, INSTANCE, ProbeDirection.ONTO_LAN),
    ]:
        header = parse_ethernet(memoryview(sent))
        assert (header.destination, header.source) == (BROADCAST, OWN)
        assert header.ethertype == ETHERTYPE_PROBE
        probe = Probe.parse(header.payload)
        assert (probe.kind, probe.nonce, probe.direction) == (ProbeKind.LOOP, nonce, direction)


def test_before_the_first_frame_it_looks_for_two_rounds_of_probes() -> None:
    bridge = closed_bridge()
    bridge.set_joined(True, now=0.0)
    assert phase_of(bridge) is Phase.CHECKING
    bridge.handle_timer(now=1.0)
    assert phase_of(bridge) is Phase.CHECKING
    room, lan = probes_of(bridge, until=1.2)
    assert len(room) == len(lan) == 3
    assert phase_of(bridge) is Phase.FORWARDING
    assert bridge.events() == [ForwardingBegan()]


def test_after_an_outage_of_the_relay_it_goes_on_at_once_and_after_one_of_the_link_it_looks() -> (
    None
):
    bridge = open_bridge()
    bridge.set_joined(False, now=20.0)
    assert phase_of(bridge) is Phase.NOT_JOINED
    bridge.set_joined(True, now=30.0)
    assert phase_of(bridge) is Phase.FORWARDING
    bridge.set_link(False, now=40.0)
    assert phase_of(bridge) is Phase.LINK_DOWN
    bridge.set_link(True, now=41.0)
    assert phase_of(bridge) is Phase.CHECKING, "the cable may be in another network now"
    bridge.handle_timer(now=43.0)
    assert phase_of(bridge) is Phase.FORWARDING
    bridge.set_joined(False, now=50.0)
    bridge.set_joined(True, now=500.0)
    assert phase_of(bridge) is Phase.CHECKING


def test_a_check_that_was_interrupted_begins_anew() -> None:
    bridge = closed_bridge()
    bridge.set_joined(True, now=0.0)
    bridge.set_joined(False, now=0.2)
    bridge.set_joined(True, now=2.0)
    assert phase_of(bridge) is Phase.CHECKING


# What proves a loop.


def hear_own_room_probe_on_lan(bridge: Bridge, now: float) -> None:
    bridge.from_lan([search(ROOM_SECRET, ProbeDirection.INTO_ROOM)], now=now)


def hear_member_on_lan(bridge: Bridge, now: float) -> None:
    bridge.from_lan([frame(CONSOLE, PLAYER)], now=now)


def hear_own_lan_probe_in_room(bridge: Bridge, now: float) -> None:
    sent = search(INSTANCE, ProbeDirection.ONTO_LAN, PLAYER)
    assert bridge.station.receive_frame(sent, source=PEER, now=now)


Proof = Callable[[Bridge, float], None]
PROOFS: list[Proof] = [hear_own_room_probe_on_lan, hear_member_on_lan, hear_own_lan_probe_in_room]


@pytest.mark.parametrize("prove", PROOFS)
def test_a_loop_stops_everything_at_once_and_says_why(prove: Proof) -> None:
    bridge = open_bridge()
    prove(bridge, START)
    state = bridge.state
    assert (state.phase, state.reason, state.since) == (Phase.STOPPED, StopReason.LOOP, START)
    assert state.sentence.startswith("loop: ")
    [event] = bridge.events()
    assert isinstance(event, ForwardingStopped)
    assert event.sentence == state.sentence
    assert bridge.counters().loops == 1
    assert bridge.hearing is Hearing.PAUSED
    assert not bridge.from_lan([frame(BROADCAST, CONSOLE)], now=START)
    assert not bridge.from_room([frame(BROADCAST, PLAYER)], now=START)


def test_what_follows_a_proof_in_the_same_batch_does_not_cross() -> None:
    bridge = open_bridge()
    batch = [frame(BROADCAST, CONSOLE), frame(CONSOLE, PLAYER), frame(BROADCAST, CONSOLE)]
    assert bridge.from_lan(batch, now=START) == batch[:1]
    assert bridge.counters().lan_to_room.dropped == {LanDrop.MEMBER_SOURCE: 1, LanDrop.STOPPED: 1}


@pytest.mark.parametrize("prove", PROOFS)
def test_probes_go_on_both_ways_while_a_loop_stands(prove: Proof) -> None:
    bridge = open_bridge()
    probes_of(bridge, until=START, after=START - 1)
    prove(bridge, START)
    room, lan = probes_of(bridge, until=START + 1.9, after=START)
    assert len(room) == len(lan) == 3


def test_it_stays_stopped_while_the_loop_is_heard_and_goes_on_two_seconds_after() -> None:
    bridge = open_bridge()
    for half_seconds in range(200):
        hear_own_room_probe_on_lan(bridge, START + half_seconds / 2)
        bridge.handle_timer(now=START + half_seconds / 2)
        assert phase_of(bridge) is Phase.STOPPED
    last = START + 199 / 2
    assert bridge.state.retry_at == last + 2.0
    assert bridge.next_deadline() is not None
    bridge.handle_timer(now=last + 1.9)
    assert phase_of(bridge) is Phase.STOPPED
    bridge.handle_timer(now=last + 2.0)
    assert phase_of(bridge) is Phase.FORWARDING
    _, began = bridge.events()
    assert began == ForwardingBegan(after=StopReason.LOOP, stopped_for=last + 2.0 - START)
    assert bridge.counters().loops == 1


def test_pauses_double_from_2_to_60_seconds_and_shrink_after_a_calm_minute() -> None:
    bridge = open_bridge()
    pauses: list[float] = []
    now = START
    for _ in range(8):
        hear_member_on_lan(bridge, now)
        retry_at = bridge.state.retry_at
        assert retry_at is not None
        pauses.append(retry_at - now)
        bridge.handle_timer(now=retry_at)
        now = retry_at + 0.5
    assert pauses == pytest.approx([2, 4, 8, 16, 32, 60, 60, 60])
    hear_member_on_lan(bridge, now + 60.0)
    assert bridge.state.retry_at == now + 62.0


def test_pauses_are_of_different_lengths_by_the_jitter() -> None:
    bridge = Bridge(
        BridgePolicy(),
        instance=INSTANCE,
        room_secret=ROOM_SECRET,
        own_mac=OWN,
        interface_mac=INTERFACE,
        jitter=lambda: 1.0,
    )
    bridge.set_joined(True, now=0.0)
    hear_own_room_probe_on_lan(bridge, 0.0)
    assert bridge.state.retry_at == 2.5


def test_a_stop_outlasts_a_gap_of_the_link_until_there_was_time_to_hear() -> None:
    bridge = open_bridge()
    hear_own_room_probe_on_lan(bridge, START)
    bridge.set_link(False, now=START + 0.5)
    bridge.set_link(True, now=START + 100.0)
    assert phase_of(bridge) is Phase.STOPPED
    bridge.handle_timer(now=START + 101.0)
    assert phase_of(bridge) is Phase.STOPPED
    bridge.handle_timer(now=START + 101.2)
    assert phase_of(bridge) is Phase.FORWARDING


@pytest.mark.parametrize(
    "tags", [b"\x81\x00\x00\x05", b"\x88\xa8\x00\x01\x81\x00\x00\x05"], ids=["one", "two"]
)
def test_a_probe_that_comes_back_with_a_tag_on_a_trunk_is_a_loop_too(tags: bytes) -> None:
    bridge = open_bridge()
    probe = search(ROOM_SECRET, ProbeDirection.INTO_ROOM)
    bridge.from_lan([probe[:12] + tags + probe[12:]], now=START)
    assert phase_of(bridge) is Phase.STOPPED


# What proves nothing.


@pytest.mark.parametrize(
    "heard",
    [
        search(INSTANCE, ProbeDirection.ONTO_LAN),
        search(INSTANCE, ProbeDirection.ONTO_LAN, CONSOLE),
        search(INSTANCE, ProbeDirection.INTO_ROOM),
        search(ROOM_SECRET, ProbeDirection.ONTO_LAN, CONSOLE),
        search(INSTANCE - 1, ProbeDirection.UNSAID, CONSOLE),
        search(INSTANCE - 1, ProbeDirection.INTO_ROOM, CONSOLE),
    ],
    ids=["reflection", "by another", "wrong way", "a secret's copy", "unsaid", "another's room"],
)
def test_other_probes_on_the_lan_do_not_stop_it(heard: bytes) -> None:
    bridge = open_bridge()
    bridge.from_lan([heard], now=START)
    assert phase_of(bridge) is Phase.FORWARDING


@pytest.mark.parametrize("direction", ProbeDirection)
@pytest.mark.parametrize("nonce", [ROOM_SECRET, 0, INSTANCE - 1, INSTANCE + 1])
def test_no_probe_that_a_player_can_know_or_invent_stops_the_gateway(
    nonce: int, direction: ProbeDirection
) -> None:
    bridge = open_bridge()
    forged = search(nonce, direction, PLAYER)
    assert bridge.station.receive_frame(forged, source=PEER, now=START), "it is kept from the LAN"
    assert not bridge.from_room([forged], now=START), "and would not cross"
    assert phase_of(bridge) is Phase.FORWARDING
    assert bridge.counters().room_to_lan.dropped == {RoomDrop.LOOP_PROBE: 1}


def test_a_players_forgery_behind_a_tag_never_reaches_another_gateway_of_the_lan() -> None:
    bridge = open_bridge()
    payload = Probe(kind=ProbeKind.LOOP, nonce=0, direction=ProbeDirection.ONTO_LAN).encode()
    for tag in (VlanTag(CUSTOMER_TAG, 0), VlanTag(CUSTOMER_TAG, 5)):
        forged = encode_ethernet(BROADCAST, PLAYER, ETHERTYPE_PROBE, payload, tag=tag)
        assert not bridge.from_room([forged], now=START)


def test_other_frames_of_the_same_ethertype_are_not_kept() -> None:
    bridge = open_bridge()
    question = Probe(kind=ProbeKind.SEEN_BY, nonce=1).frame(BROADCAST, PLAYER)
    anothers = encode_ethernet(BROADCAST, PLAYER, ETHERTYPE_PROBE, b"another's")
    for sent in (question, anothers, question[:15]):
        assert not bridge.station.receive_frame(sent, source=PEER, now=START)


def test_an_id_of_another_gateway_is_not_told_the_room_but_its_search_of_its_room_goes_on() -> None:
    bridge = open_bridge()
    ids = search(INSTANCE + 1, ProbeDirection.ONTO_LAN, OTHERS)
    behind_tag = ids[:12] + b"\x81\x00\x00\x05" + ids[12:]
    assert not bridge.from_lan([ids, behind_tag], now=START)
    passing = search(77, ProbeDirection.INTO_ROOM, OTHERS)
    assert bridge.from_lan([passing], now=START) == [passing]


# Another gateway on the LAN.


def hear_gateway(bridge: Bridge, nonce: int, now: float) -> None:
    bridge.from_lan([search(nonce, ProbeDirection.ONTO_LAN, OTHERS)], now=now)


def test_of_two_gateways_the_larger_id_stops_and_is_silent_on_the_lan() -> None:
    bridge = open_bridge()
    probes_of(bridge, until=START, after=START - 1)
    hear_gateway(bridge, INSTANCE - 1, START)
    state = bridge.state
    assert (state.phase, state.reason) == (Phase.STOPPED, StopReason.SECOND_GATEWAY)
    assert state.sentence.startswith("second_gateway: ")
    room, lan = probes_of(bridge, until=START + 1.9, after=START)
    assert (len(room), len(lan)) == (3, 0)
    [event] = bridge.events()
    assert isinstance(event, ForwardingStopped)
    assert event.mac == OTHERS
    assert bridge.counters().second_gateways == 1


def test_it_takes_over_when_the_other_has_gone() -> None:
    bridge = open_bridge()
    for half_seconds in range(20):
        hear_gateway(bridge, INSTANCE - 1, START + half_seconds / 2)
    room, lan = probes_of(bridge, until=START + 20.0, after=START + 9.5)
    assert phase_of(bridge) is Phase.FORWARDING
    assert lan[0] == START + 9.5 + 2.0
    assert room


def test_the_smaller_id_goes_on_and_says_so_once() -> None:
    bridge = open_bridge()
    for half_seconds in range(20):
        hear_gateway(bridge, INSTANCE + 1, START + half_seconds / 2)
    assert phase_of(bridge) is Phase.FORWARDING
    [event] = bridge.events()
    assert isinstance(event, SecondGatewayHeard)
    assert event.sentence.startswith("second_gateway: ")
    hear_gateway(bridge, INSTANCE + 1, START + 100.0)
    assert len(bridge.events()) == 1, "a minute later it is news again"
    assert bridge.counters().second_gateways == 2


def test_a_second_gateway_is_found_on_the_bridged_vlan_where_its_probes_go_too() -> None:
    bridge = open_bridge(BridgePolicy(vlan=5))
    own = bridge.frames_for_lan(now=START)[-1]
    assert parse_ethernet(memoryview(own)).tag == VlanTag(CUSTOMER_TAG, 5)
    others = search(INSTANCE - 1, ProbeDirection.ONTO_LAN, OTHERS)
    bridge.from_lan([others], now=START)
    assert phase_of(bridge) is Phase.FORWARDING
    bridge.from_lan([others[:12] + own[12:16] + others[12:]], now=START)
    assert phase_of(bridge) is Phase.STOPPED


def test_a_flood_of_other_gateways_ids_is_bounded() -> None:
    bridge = open_bridge()
    dice = random.Random(1)
    for number in range(10_000):
        hear_gateway(bridge, dice.getrandbits(64), START + number / 1_000)
    assert len(bridge.events()) <= 64
    assert bridge.state.phase in (Phase.FORWARDING, Phase.STOPPED)


def test_a_player_whose_loop_was_taken_for_a_hosts_address_is_carried_once_it_is_mended() -> None:
    bridge = open_bridge()
    bridge.set_members(frozenset())
    bridge.from_lan([frame(BROADCAST, PLAYER)], now=START)  # his bridge goes on while he dials anew
    bridge.set_members(frozenset({PLAYER}))
    bridge.from_lan([search(ROOM_SECRET, ProbeDirection.INTO_ROOM)], now=START)
    assert phase_of(bridge) is Phase.STOPPED
    bridge.handle_timer(now=START + 2.0)
    assert phase_of(bridge) is Phase.FORWARDING
    assert bridge.from_room([frame(BROADCAST, PLAYER)], now=START + 2.0)
    bridge.set_members(frozenset())
    bridge.set_members(frozenset({PLAYER}))
    assert bridge.from_room([frame(BROADCAST, PLAYER)], now=START + 2.0)
    bridge.from_lan([frame(BROADCAST, PLAYER)], now=START + 3.0)
    assert phase_of(bridge) is Phase.STOPPED
