"""The LAN's switches learn where the players are as soon as frames cross, or cross again."""

import pytest
from scapy.layers.l2 import ARP, Ether

from lanparty_gateway.bridge import Bridge, BridgePolicy, Phase
from lanparty_proto import BROADCAST, MacAddress, encode_ethernet

PLAYER = MacAddress.parse("02:00:5e:10:00:01")
SECOND_PLAYER = MacAddress.parse("02:00:5e:10:00:02")
OWN = MacAddress.parse("02:00:5e:10:00:fe")
REVERSE_ARP = b"\x80\x35"


class _PassingOn:
    def from_room(self, frame: bytes, now: float) -> list[bytes]:
        return [frame]

    def from_lan(self, frame: bytes, now: float) -> list[bytes]:
        return [frame]


def make_bridge(*, hides_players: bool = False, vlan: int | None = None) -> Bridge:
    bridge = Bridge(
        BridgePolicy(vlan=vlan),
        instance=1,
        room_secret=2,
        own_mac=OWN,
        interface_mac=MacAddress.parse("d8:3a:dd:00:00:10"),
        jitter=lambda: 0.0,
        mac_nat=_PassingOn() if hides_players else None,
    )
    bridge.set_members(frozenset({PLAYER, SECOND_PLAYER}))
    bridge.set_joined(True, now=0.0)
    return bridge


def announced(bridge: Bridge, now: float) -> list[bytes]:
    """Return the addresses that are announced once all that is due is done."""
    bridge.handle_timer(now=now)
    due = bridge.next_deadline()
    sent = bridge.frames_for_lan(now=now)
    frames = [frame for frame in sent if REVERSE_ARP in frame[12:18]]
    assert not frames or (due is not None and due <= now)
    return [frame[6:12] for frame in frames]


def test_players_are_announced_once_when_frames_begin_to_cross_and_not_before() -> None:
    bridge = make_bridge()
    assert not announced(bridge, 0.5)
    assert announced(bridge, 2.0) == [PLAYER, SECOND_PLAYER]
    assert not announced(bridge, 2.0)
    assert not announced(bridge, 3.0)


def test_they_are_announced_again_after_a_stop_an_outage_and_a_gap_of_the_link() -> None:
    bridge = make_bridge()
    announced(bridge, 2.0)
    bridge.from_lan([encode_ethernet(BROADCAST, PLAYER, 0x88B6, bytes(46))], now=3.0)
    assert bridge.state.phase is Phase.STOPPED
    assert not announced(bridge, 4.0)
    assert announced(bridge, 6.0) == [PLAYER, SECOND_PLAYER]
    bridge.set_joined(False, now=7.0)
    bridge.set_joined(True, now=9.0)
    assert announced(bridge, 9.0) == [PLAYER, SECOND_PLAYER]
    bridge.set_link(False, now=10.0)
    bridge.set_link(True, now=11.0)
    assert not announced(bridge, 11.5)
    assert announced(bridge, 13.0) == [PLAYER, SECOND_PLAYER]


def test_an_announcement_is_a_padded_reverse_arp_request_in_the_players_name() -> None:
    bridge = make_bridge(vlan=5)
    bridge.handle_timer(now=2.0)
    frame = bridge.frames_for_lan(now=2.0)[0]
    assert len(frame) == 64
    assert frame[12:16] == b"\x81\x00\x00\x05"
    read = Ether(frame[:12] + frame[16:])
    assert (read.dst, read.src, read.type) == ("ff:ff:ff:ff:ff:ff", str(PLAYER), 0x8035)
    request = ARP(bytes(read.payload))
    assert (request.op, request.hwsrc, request.hwdst) == (3, str(PLAYER), str(PLAYER))


@pytest.mark.parametrize("hides_players", [True, False])
def test_who_is_hidden_behind_the_interfaces_address_is_not_announced(hides_players: bool) -> None:
    assert bool(announced(make_bridge(hides_players=hides_players), 2.0)) != hides_players


def test_an_address_that_a_host_of_the_lan_has_is_not_announced() -> None:
    bridge = make_bridge()
    bridge.set_members(frozenset())
    bridge.from_lan([encode_ethernet(BROADCAST, PLAYER, 0x88B6, bytes(46))], now=0.1)
    bridge.set_members(frozenset({PLAYER, SECOND_PLAYER}))
    assert announced(bridge, 2.0) == [SECOND_PLAYER]
