"""The access VLAN: untagged in the room, tagged on the LAN, nothing of other VLANs."""

import pytest

from lanparty_gateway.bridge import Bridge, BridgePolicy, LanDrop, RoomDrop
from lanparty_proto import (
    BROADCAST,
    CUSTOMER_TAG,
    SERVICE_TAG,
    MacAddress,
    VlanTag,
    encode_ethernet,
)

PLAYER = MacAddress.parse("02:00:5e:10:00:01")
HOST = MacAddress.parse("00:1f:c5:00:00:01")
INNER = VlanTag(CUSTOMER_TAG, 9)
LATER = 10.0


def open_bridge(vlan: int | None) -> Bridge:
    bridge = Bridge(
        BridgePolicy(vlan=vlan),
        instance=1,
        room_secret=2,
        own_mac=MacAddress.parse("02:00:5e:10:00:fe"),
        interface_mac=MacAddress.parse("d8:3a:dd:00:00:10"),
        jitter=lambda: 0.0,
    )
    bridge.set_members(frozenset({PLAYER}))
    bridge.set_joined(True, now=0.0)
    bridge.handle_timer(now=2.0)
    return bridge


def frame(source: MacAddress, tag: VlanTag | None = None) -> bytes:
    return encode_ethernet(BROADCAST, source, 0x88B6, bytes(46), tag=tag)


@pytest.mark.parametrize("control", [5, 0xF005])
def test_frames_of_the_vlan_lose_their_tag_into_the_room(control: int) -> None:
    bridge = open_bridge(5)
    sent = frame(HOST, VlanTag(CUSTOMER_TAG, control))
    assert bridge.from_lan([sent], now=LATER) == [frame(HOST)]


@pytest.mark.parametrize(
    "sent",
    [
        frame(HOST),
        frame(HOST, VlanTag(CUSTOMER_TAG, 6)),
        frame(HOST, VlanTag(CUSTOMER_TAG, 0)),
        frame(HOST, VlanTag(SERVICE_TAG, 5)),
        frame(HOST, VlanTag(CUSTOMER_TAG, 5))[:17],
        b"",
    ],
    ids=["untagged", "another", "priority", "service tag", "half a tag", "nothing"],
)
def test_everything_else_of_a_trunk_is_dropped_and_its_hosts_are_not_learned(sent: bytes) -> None:
    bridge = open_bridge(5)
    assert not bridge.from_lan([sent], now=LATER)
    counters = bridge.counters()
    assert counters.lan_to_room.dropped == {LanDrop.VLAN: 1}
    assert counters.lan_hosts == 0


def test_frames_of_the_room_get_the_tag_and_tagged_ones_are_dropped() -> None:
    bridge = open_bridge(5)
    sent = [frame(PLAYER), frame(PLAYER, VlanTag(CUSTOMER_TAG, 5)), frame(PLAYER, INNER)]
    assert bridge.from_room(sent, now=LATER) == [frame(PLAYER, VlanTag(CUSTOMER_TAG, 5))]
    assert bridge.counters().room_to_lan.dropped == {RoomDrop.VLAN: 2}


@pytest.mark.parametrize("tag", [None, INNER, VlanTag(SERVICE_TAG, 5), VlanTag(CUSTOMER_TAG, 0)])
def test_without_a_vlan_tags_stay_as_they_are(tag: VlanTag | None) -> None:
    bridge = open_bridge(None)
    assert bridge.from_lan([frame(HOST, tag)], now=LATER) == [frame(HOST, tag)]
    assert bridge.from_room([frame(PLAYER, tag)], now=LATER) == [frame(PLAYER, tag)]


@pytest.mark.parametrize("vlan", [-1, 0, 4_095, 5_000])
def test_a_vlan_that_can_not_be_is_refused(vlan: int) -> None:
    with pytest.raises(ValueError, match="1 to 4094"):
        BridgePolicy(vlan=vlan)
