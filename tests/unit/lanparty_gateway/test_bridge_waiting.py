"""A gateway that waits hears another's players on the LAN: they are no hosts of it."""

from lanparty_gateway.bridge import Bridge, BridgePolicy, LanDrop, Phase
from lanparty_proto import BROADCAST, MacAddress, encode_ethernet

PLAYER = MacAddress.parse("02:00:5e:10:00:01")
HOST = MacAddress.parse("d8:3a:dd:00:00:20")


def test_what_was_heard_before_the_room_makes_no_player_a_host() -> None:
    bridge = Bridge(
        BridgePolicy(),
        instance=1,
        room_secret=2,
        own_mac=MacAddress.parse("02:00:5e:10:00:fe"),
        interface_mac=MacAddress.parse("d8:3a:dd:00:00:10"),
        jitter=lambda: 0.0,
    )
    heard = encode_ethernet(BROADCAST, PLAYER, 0x88B6, bytes(46))
    assert bridge.from_lan([heard], now=0.0) == []
    assert bridge.counters().lan_to_room.dropped[LanDrop.NOT_JOINED] == 1
    assert bridge.counters().lan_hosts == 0
    bridge.set_members(frozenset({PLAYER}))
    bridge.set_joined(True, now=1.0)
    bridge.handle_timer(now=3.0)
    assert bridge.state.phase is Phase.FORWARDING
    to_host = encode_ethernet(HOST, PLAYER, 0x88B6, bytes(46))
    assert bridge.from_room([to_host], now=3.0) == [to_host]
    to_player = encode_ethernet(PLAYER, HOST, 0x88B6, bytes(46))
    assert bridge.from_lan([to_player], now=3.0) == [to_player]
