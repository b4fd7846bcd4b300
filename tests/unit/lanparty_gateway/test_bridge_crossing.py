"""What crosses the bridge, what stays, and under which reason: the table of verdicts."""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address

import pytest

from lanparty_ethernet import ArpOperation, ArpPacket, Hearing
from lanparty_gateway.bridge import (
    AddressContested,
    Bridge,
    BridgePolicy,
    HostAsked,
    LanDrop,
    Phase,
    RoomDrop,
)
from lanparty_gateway.bridge.lan_table import AGEING_SECONDS, TABLE_LIMIT
from lanparty_proto import BROADCAST, MacAddress, encode_ethernet

PLAYER = MacAddress.parse("02:00:5e:10:00:01")
SECOND_PLAYER = MacAddress.parse("02:00:5e:10:00:02")
OWN = MacAddress.parse("02:00:5e:10:00:fe")
INTERFACE = MacAddress.parse("d8:3a:dd:00:00:10")
CONSOLE = MacAddress.parse("00:1f:c5:00:00:01")
PRINTER = MacAddress.parse("00:1f:c5:00:00:02")
MDNS = MacAddress.parse("01:00:5e:00:00:fb")
SPANNING_TREE = MacAddress.parse("01:80:c2:00:00:00")
VLANS_SPANNING_TREE = MacAddress.parse("01:00:0c:cc:cc:cd")
LAST_RESERVED = MacAddress.parse("01:80:c2:00:00:0f")
FIRST_FREE_GROUP = MacAddress.parse("01:80:c2:00:00:10")
NOBODY = MacAddress(bytes(6))
LATER = 10.0
"""Long after the check at the beginning."""


def frame(destination: bytes, source: bytes, payload: bytes = b"", kind: int = 0x88B6) -> bytes:
    return encode_ethernet(destination, source, kind, payload.ljust(46, b"\0"))


def open_bridge(
    policy: BridgePolicy | None = None, members: Iterable[bytes] = (PLAYER, SECOND_PLAYER)
) -> Bridge:
    bridge = Bridge(
        policy or BridgePolicy(),
        instance=1,
        room_secret=2,
        own_mac=OWN,
        interface_mac=INTERFACE,
        jitter=lambda: 0.0,
    )
    bridge.set_members(frozenset(members))
    bridge.set_joined(True, now=0.0)
    bridge.handle_timer(now=2.0)
    assert bridge.state.phase is Phase.FORWARDING
    bridge.events()
    return bridge


LAN_VERDICTS: list[tuple[str, bytes, LanDrop | None]] = [
    ("a broadcast", frame(BROADCAST, CONSOLE), None),
    ("a multicast", frame(MDNS, CONSOLE), None),
    ("for a player", frame(PLAYER, CONSOLE), None),
    ("for another host", frame(PRINTER, CONSOLE), LanDrop.STAYS_ON_LAN),
    ("for the interface", frame(INTERFACE, CONSOLE), LanDrop.STAYS_ON_LAN),
    ("for the probes' address", frame(OWN, CONSOLE), LanDrop.STAYS_ON_LAN),
    ("spanning tree", frame(SPANNING_TREE, CONSOLE), LanDrop.RESERVED_DESTINATION),
    ("spanning tree of a VLAN", frame(VLANS_SPANNING_TREE, CONSOLE), LanDrop.RESERVED_DESTINATION),
    ("the last reserved", frame(LAST_RESERVED, CONSOLE), LanDrop.RESERVED_DESTINATION),
    ("the group after them", frame(FIRST_FREE_GROUP, CONSOLE), None),
    ("from a group", frame(BROADCAST, MDNS), LanDrop.BAD_SOURCE),
    ("from nobody", frame(BROADCAST, NOBODY), LanDrop.BAD_SOURCE),
    ("from the interface", frame(BROADCAST, INTERFACE), LanDrop.OWN_SOURCE),
    ("from the probes' address", frame(BROADCAST, OWN), LanDrop.OWN_SOURCE),
    ("nothing", b"", LanDrop.RUNT),
    ("13 bytes", frame(BROADCAST, CONSOLE)[:13], LanDrop.RUNT),
    ("a header alone", frame(BROADCAST, CONSOLE)[:14], None),
]


@pytest.mark.parametrize(
    ("sent", "reason"), [each[1:] for each in LAN_VERDICTS], ids=[each[0] for each in LAN_VERDICTS]
)
def test_of_the_lan_crosses_what_can_matter_in_the_room(
    sent: bytes, reason: LanDrop | None
) -> None:
    bridge = open_bridge()
    assert bridge.from_lan([sent], now=LATER) == ([] if reason else [sent])
    counted = bridge.counters().lan_to_room
    assert (counted.received, counted.forwarded) == (1, 0 if reason else 1)
    assert counted.dropped == ({reason: 1} if reason else {})
    assert bridge.state.phase is Phase.FORWARDING


ROOM_VERDICTS: list[tuple[str, bytes, RoomDrop | None]] = [
    ("a broadcast", frame(BROADCAST, PLAYER), None),
    ("a multicast", frame(MDNS, PLAYER), None),
    ("for a host", frame(CONSOLE, PLAYER), None),
    ("for a host not heard yet", frame(PRINTER, PLAYER), None),
    ("spanning tree", frame(SPANNING_TREE, PLAYER), RoomDrop.RESERVED_DESTINATION),
    ("for the gateway's machine", frame(INTERFACE, PLAYER), RoomDrop.HOST_UNREACHABLE),
    ("from no player", frame(BROADCAST, PRINTER), RoomDrop.NOT_MEMBER),
    ("from the gateway", frame(BROADCAST, OWN), RoomDrop.NOT_MEMBER),
    ("from a host of the LAN", frame(BROADCAST, CONSOLE), RoomDrop.SOURCE_ON_LAN),
    ("13 bytes", frame(BROADCAST, PLAYER)[:13], RoomDrop.RUNT),
]


@pytest.mark.parametrize(
    ("sent", "reason"),
    [each[1:] for each in ROOM_VERDICTS],
    ids=[each[0] for each in ROOM_VERDICTS],
)
def test_of_the_room_crosses_what_players_send(sent: bytes, reason: RoomDrop | None) -> None:
    bridge = open_bridge()
    bridge.from_lan([frame(BROADCAST, CONSOLE)], now=LATER)
    assert bridge.from_room([sent], now=LATER) == ([] if reason else [sent])
    counted = bridge.counters().room_to_lan
    assert (counted.received, counted.forwarded) == (1, 0 if reason else 1)
    assert counted.dropped == ({reason: 1} if reason else {})


def test_the_order_of_a_batch_is_kept() -> None:
    bridge = open_bridge()
    sent = [frame(BROADCAST, CONSOLE, bytes([number])) for number in range(64)]
    assert bridge.from_lan(sent, now=LATER) == sent
    back = [frame(CONSOLE, PLAYER, bytes([number])) for number in range(64)]
    assert bridge.from_room(back, now=LATER) == back


def test_only_allowed_hosts_send_into_the_room_and_are_reached() -> None:
    bridge = open_bridge(BridgePolicy(allow_macs=frozenset({CONSOLE})))
    sent = [frame(BROADCAST, source) for source in (CONSOLE, PRINTER)]
    assert bridge.from_lan(sent, now=LATER) == sent[:1]
    back = [frame(destination, PLAYER) for destination in (CONSOLE, BROADCAST, PRINTER)]
    assert bridge.from_room(back, now=LATER) == back[:2]
    counters = bridge.counters()
    assert counters.lan_to_room.dropped == {LanDrop.NOT_ALLOWED: 1}
    assert counters.room_to_lan.dropped == {RoomDrop.NOT_ALLOWED: 1}


def test_a_player_who_left_is_nobody_and_one_who_came_is_reached() -> None:
    bridge = open_bridge()
    bridge.set_members(frozenset({SECOND_PLAYER}))
    assert not bridge.from_room([frame(BROADCAST, PLAYER)], now=LATER)
    assert not bridge.from_lan([frame(PLAYER, CONSOLE)], now=LATER)
    bridge.set_members(frozenset({PLAYER}))
    assert bridge.from_room([frame(BROADCAST, PLAYER)], now=LATER)
    assert bridge.from_lan([frame(PLAYER, CONSOLE)], now=LATER)


def test_a_player_who_comes_with_a_hosts_address_neither_speaks_for_it_nor_hears_for_it() -> None:
    bridge = open_bridge(members=[])
    bridge.from_lan([frame(BROADCAST, PLAYER)], now=LATER)
    bridge.set_members(frozenset({PLAYER, SECOND_PLAYER}))
    assert not bridge.from_room([frame(BROADCAST, PLAYER)], now=LATER)
    assert not bridge.from_lan([frame(BROADCAST, PLAYER)], now=LATER)
    assert not bridge.from_lan([frame(PLAYER, CONSOLE)], now=LATER)
    assert bridge.state.phase is Phase.FORWARDING, "a loop is for the probes to find"
    assert bridge.from_room([frame(BROADCAST, SECOND_PLAYER)], now=LATER)
    counters = bridge.counters()
    assert counters.lan_to_room.dropped[LanDrop.CONTESTED] == 1
    assert counters.room_to_lan.dropped == {RoomDrop.SOURCE_ON_LAN: 1}
    [event] = bridge.events()
    assert isinstance(event, AddressContested)
    assert event.mac == PLAYER


@pytest.mark.parametrize("stays", [True, False])
def test_an_address_is_contested_for_as_long_as_the_player_is_there(stays: bool) -> None:
    bridge = open_bridge(members=[])
    bridge.from_lan([frame(BROADCAST, PLAYER)], now=LATER)
    bridge.set_members(frozenset({PLAYER}))
    bridge.set_members(frozenset({PLAYER, SECOND_PLAYER} if stays else {SECOND_PLAYER}))
    assert bridge.has_contested_addresses is stays


def test_an_address_that_the_lan_has_not_heard_for_long_is_the_players() -> None:
    bridge = open_bridge(members=[])
    bridge.from_lan([frame(BROADCAST, PLAYER)], now=LATER)
    bridge.set_members(frozenset({PLAYER}))
    later = LATER + AGEING_SECONDS
    assert bridge.from_room([frame(BROADCAST, PLAYER)], now=later)
    assert bridge.from_lan([frame(PLAYER, CONSOLE)], now=later)
    assert bridge.counters().moves == 1


def test_after_a_gap_of_the_link_nobody_is_known_to_be_on_the_lan() -> None:
    bridge = open_bridge(members=[])
    bridge.from_lan([frame(BROADCAST, PLAYER)], now=LATER)
    bridge.set_link(False, now=LATER)
    bridge.set_link(True, now=LATER)
    bridge.set_members(frozenset({PLAYER}))
    assert bridge.counters().lan_hosts == 0
    bridge.handle_timer(now=LATER + 2.0)
    assert bridge.from_room([frame(BROADCAST, PLAYER)], now=LATER + 2.0)


def test_a_player_who_left_with_a_hosts_address_leaves_it_to_the_host() -> None:
    bridge = open_bridge(members=[])
    sent = [frame(BROADCAST, PLAYER)]
    bridge.from_lan(sent, now=LATER)
    bridge.set_members(frozenset({PLAYER}))
    bridge.set_members(frozenset())
    assert bridge.from_lan(sent, now=LATER) == sent


@pytest.mark.parametrize("taken", [OWN, INTERFACE])
def test_a_player_with_an_address_of_the_gateways_sends_nothing_from_it(taken: MacAddress) -> None:
    bridge = open_bridge(members=[taken])
    assert not bridge.from_room([frame(BROADCAST, taken)], now=LATER)
    assert bridge.counters().room_to_lan.dropped == {RoomDrop.OWN_SOURCE: 1}
    assert not bridge.from_lan([frame(BROADCAST, taken)], now=LATER)
    assert bridge.state.phase is Phase.FORWARDING


@pytest.mark.parametrize(
    ("close", "lan_reason", "room_reason"),
    [
        (
            lambda bridge: bridge.set_joined(False, now=LATER),
            LanDrop.NOT_JOINED,
            RoomDrop.NOT_JOINED,
        ),
        (
            lambda bridge: bridge.set_link(False, now=LATER),
            LanDrop.NOT_JOINED,
            RoomDrop.NOT_JOINED,
        ),
        (
            lambda bridge: (
                bridge.set_link(False, now=LATER),
                bridge.set_link(True, now=LATER),
            ),
            LanDrop.CHECKING,
            RoomDrop.CHECKING,
        ),
        (
            lambda bridge: bridge.from_lan([frame(BROADCAST, SECOND_PLAYER)], now=LATER),
            LanDrop.STOPPED,
            RoomDrop.STOPPED,
        ),
    ],
    ids=["left", "link down", "checking", "stopped"],
)
def test_while_it_is_closed_everything_is_dropped_for_the_reason_of_that(
    close: Callable[[Bridge], object], lan_reason: LanDrop, room_reason: RoomDrop
) -> None:
    bridge = open_bridge()
    close(bridge)
    assert not bridge.from_lan([frame(BROADCAST, CONSOLE)], now=LATER)
    assert not bridge.from_room([frame(BROADCAST, PLAYER)], now=LATER)
    counters = bridge.counters()
    assert counters.lan_to_room.dropped[lan_reason] == 1
    assert counters.room_to_lan.dropped[room_reason] == 1


def test_who_looks_for_the_gateways_machine_is_told_of_setup_host_once() -> None:
    bridge = open_bridge()
    for _ in range(3):
        bridge.from_room([frame(INTERFACE, PLAYER)], now=LATER)
    [event] = bridge.events()
    assert isinstance(event, HostAsked)
    assert "lanparty-gateway setup-host" in event.sentence


def test_an_arp_question_for_the_machines_address_is_told_and_goes_on() -> None:
    bridge = open_bridge()
    bridge.set_host_addresses([IPv4Address("192.168.1.10")])
    question = ArpPacket(
        operation=ArpOperation.REQUEST,
        sender_mac=PLAYER,
        sender_ip=IPv4Address("192.168.1.77"),
        target_mac=NOBODY,
        target_ip=IPv4Address("192.168.1.10"),
    )
    sent = encode_ethernet(BROADCAST, PLAYER, 0x0806, question.encode())
    assert bridge.from_room([sent], now=LATER) == [sent]
    assert [type(event) for event in bridge.events()] == [HostAsked]


def test_a_new_address_of_the_interface_counts_from_then_on() -> None:
    bridge = open_bridge()
    bridge.set_interface_mac(PRINTER)
    assert not bridge.from_room([frame(PRINTER, PLAYER)], now=LATER)
    assert bridge.from_room([frame(INTERFACE, PLAYER)], now=LATER)


def test_a_flood_of_invented_sources_leaves_players_and_memory_alone() -> None:
    bridge = open_bridge()
    flood = [frame(PRINTER, b"\x02\x01" + number.to_bytes(4)) for number in range(100_000)]
    assert not bridge.from_lan(flood, now=LATER)
    assert bridge.counters().lan_hosts == TABLE_LIMIT
    sent = [frame(PLAYER, CONSOLE)]
    assert bridge.from_lan(sent, now=LATER) == sent
    assert bridge.from_room([frame(CONSOLE, PLAYER)], now=LATER)
    assert bridge.hearing is Hearing.NO_HOST


class _Hiding:
    """A translation that lets through what is for a name that it knows."""

    def from_room(self, frame: bytes, now: float) -> list[bytes]:
        return [] if b"secret" in frame else [frame[:6] + INTERFACE + frame[12:]]

    def from_lan(self, frame: bytes, now: float) -> list[bytes]:
        return [PLAYER + frame[6:]] if frame[:6] == INTERFACE and b"player" in frame else []


def test_players_behind_the_interfaces_address_are_reached_through_the_translation() -> None:
    bridge = Bridge(
        BridgePolicy(),
        instance=1,
        room_secret=2,
        own_mac=OWN,
        interface_mac=INTERFACE,
        jitter=lambda: 0.0,
        mac_nat=_Hiding(),
    )
    bridge.set_members(frozenset({PLAYER}))
    bridge.set_joined(True, now=0.0)
    bridge.handle_timer(now=2.0)
    sent = [frame(INTERFACE, CONSOLE, what) for what in (b"player", b"machine")]
    assert bridge.from_lan(sent, now=LATER) == [frame(PLAYER, CONSOLE, b"player")]
    back = [frame(CONSOLE, PLAYER, what) for what in (b"hello", b"secret")]
    assert bridge.from_room(back, now=LATER) == [frame(CONSOLE, INTERFACE, b"hello")]
    counters = bridge.counters()
    assert counters.lan_to_room.dropped == {LanDrop.MAC_NAT: 1}
    assert counters.room_to_lan.dropped == {RoomDrop.MAC_NAT: 1}
    [probe] = bridge.frames_for_lan(now=LATER)
    assert probe[6:12] == INTERFACE, "a wireless station sends from no other address"
