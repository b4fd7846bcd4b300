from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from lanparty_ctrl import Role, RoomCode, Stats
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import TunnelCounters
from lanparty_proto import MacAddress
from lanparty_relay.admin_link import PeerRecord, RoomRecord
from lanparty_relay.core import (
    HelloRejected,
    LifecycleEvent,
    MemberJoined,
    MemberLeft,
    MemberMoved,
    MemberReported,
    RoomChanged,
    RoomClosed,
    RoomEnd,
    RoomOpened,
    RoomRenumbered,
    StandbysChanged,
)
from lanparty_relay.inventory import Inventory, change_of


def opened(room_id: str = "r1") -> RoomOpened:
    return RoomOpened(
        room_id=room_id,
        code=RoomCode.parse("ABCDE"),
        mtu=1500,
        network=IPv4Network("10.171.5.0/24"),
        lasting=False,
        opened_at=1.0,
        block=1,
        serial=2,
    )


def joined(peer_id: int = 1, *, room_id: str = "r1") -> MemberJoined:
    return MemberJoined(
        room_id=room_id,
        peer_id=peer_id,
        role=Role.CLIENT,
        mac=MacAddress.parse("02:00:00:00:00:01"),
        name="Ada",
        address=("2001:db8::1", 50_000),
        lease=IPv4Address("10.171.5.34"),
        joined_at=2.0,
        resumed=False,
        block=2,
        serial=3,
    )


def inventory_after(*events: LifecycleEvent) -> Inventory:
    inventory = Inventory()
    for event in events:
        change = change_of(event, now=9.0)
        assert change is not None
        inventory.apply(change)
    return inventory


def test_a_room_that_was_changed_has_its_new_terms() -> None:
    inventory = inventory_after(opened(), RoomChanged("r1", 5, 99.0))
    room = inventory.room("r1")
    assert room is not None
    assert (room.peers_limit, room.expires_at) == (5, 99.0)


def test_rooms_and_peers_are_found_after_they_came() -> None:
    inventory = inventory_after(opened(), joined())
    room = inventory.room("r1")
    assert room is not None
    assert (room.code, room.block, room.serial) == ("ABCDE", 1, 2)
    assert room.network == "10.171.5.0/24"
    peer = inventory.peer("r1", 1)
    assert peer is not None
    assert (peer.mac, peer.address) == ("02:00:00:00:00:01", "[2001:db8::1]:50000")
    assert peer.lease == "10.171.5.34"
    assert peer.report is None


def test_a_room_with_another_network_has_its_members_under_their_new_leases() -> None:
    network = IPv4Network("172.16.130.0/24")
    leases = {1: network[34], 2: None, 3: network[35]}
    renumbered = RoomRenumbered("r1", network, leases)
    inventory = inventory_after(opened(), joined(1), joined(2), renumbered)
    assert [room.network for room in inventory.rooms()] == ["172.16.130.0/24"]
    assert [peer.lease for peer in inventory.peers("r1")] == ["172.16.130.34", None]


def test_a_room_knows_how_many_gateways_wait() -> None:
    inventory = inventory_after(opened(), StandbysChanged("r1", 2), StandbysChanged("r1", 1))
    assert [room.standby_gateways for room in inventory.rooms()] == [1]


def test_a_peer_that_left_is_gone() -> None:
    inventory = inventory_after(opened(), joined(), MemberLeft("r1", 1, SessionEnd.LEFT))
    assert inventory.peers("r1") == []
    assert len(inventory.rooms()) == 1


def test_a_closed_room_is_gone_with_its_peers() -> None:
    inventory = inventory_after(opened(), joined(), RoomClosed("r1", RoomEnd.EMPTY))
    assert inventory.rooms() == []
    assert inventory.peer("r1", 1) is None


def test_a_peer_that_moved_has_its_new_address() -> None:
    inventory = inventory_after(opened(), joined(), MemberMoved("r1", 1, ("192.0.2.7", 4)))
    peer = inventory.peer("r1", 1)
    assert peer is not None
    assert peer.address == "192.0.2.7:4"


def test_a_report_is_kept_as_the_peers_own_with_its_time() -> None:
    stats = Stats(counters=TunnelCounters(sent=5), round_trip_time=0.1)
    inventory = inventory_after(opened(), joined(), MemberReported("r1", 1, stats))
    peer = inventory.peer("r1", 1)
    assert peer is not None
    assert peer.report is not None
    assert peer.report.counters.sent == 5
    assert peer.report.reported_at == 9.0


def test_a_change_about_what_is_not_there_means_nothing() -> None:
    inventory = inventory_after(
        MemberLeft("r1", 1, SessionEnd.LEFT),
        MemberMoved("r1", 1, ("192.0.2.7", 4)),
        RoomRenumbered("r1", IPv4Network("172.16.130.0/24"), {1: None}),
        StandbysChanged("r1", 1),
        RoomClosed("r1", RoomEnd.EMPTY),
    )
    assert inventory.rooms() == []


def test_a_rejected_hello_changes_nothing() -> None:
    rejected = HelloRejected(("192.0.2.7", 4), SessionEnd.ROOM_UNKNOWN)
    assert change_of(rejected, now=1.0) is None


def test_everything_tells_each_room_before_its_peers() -> None:
    inventory = inventory_after(opened("r1"), opened("r2"), joined(1), joined(2, room_id="r2"))
    told = [record.type + record.room_id for record in inventory.everything()]
    assert told == ["roomr1", "peerr1", "roomr2", "peerr2"]


def test_who_hears_everything_and_each_change_meanwhile_ends_up_right() -> None:
    here = inventory_after(opened("r1"), opened("r2"), joined(1), joined(2, room_id="r2"))
    there = Inventory()
    account: Iterator[RoomRecord | PeerRecord] = here.everything()
    there.apply(next(account))
    for event in (
        RoomClosed("r2", RoomEnd.EMPTY),
        opened("r3"),
        MemberLeft("r1", 1, SessionEnd.LEFT),
    ):
        change = change_of(event, now=9.0)
        assert change is not None
        here.apply(change)
        there.apply(change)
    for record in account:
        there.apply(record)
    assert [room.room_id for room in there.rooms()] == ["r1", "r3"]
    assert there.peers("r1") == []
