"""The limits of frames a second: what they stop, and what they leave alone."""

from collections.abc import Callable

import pytest

from lanparty_gateway.bridge import Bridge, BridgePolicy, LanDrop, RoomDrop
from lanparty_gateway.bridge.rates import TokenBucket
from lanparty_proto import BROADCAST, MacAddress, encode_ethernet

PLAYER = MacAddress.parse("02:00:5e:10:00:01")
HOST = MacAddress.parse("00:1f:c5:00:00:01")
START = 10.0


def open_bridge(policy: BridgePolicy) -> Bridge:
    bridge = Bridge(
        policy,
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


def frames(destination: bytes, source: bytes, count: int) -> list[bytes]:
    return [
        encode_ethernet(destination, source, 0x88B6, number.to_bytes(46)) for number in range(count)
    ]


def test_a_bucket_lets_a_seconds_worth_through_at_once_and_then_its_rate() -> None:
    bucket = TokenBucket(10)
    assert sum(bucket.take(now=5.0) for _ in range(20)) == 10
    assert sum(bucket.take(now=5.25) for _ in range(20)) == 2
    assert sum(bucket.take(now=100.0) for _ in range(20)) == 10
    assert not bucket.take(now=0.0), "time that goes back gives nothing"


def test_broadcasts_into_the_room_are_limited_and_counted() -> None:
    bridge = open_bridge(BridgePolicy(broadcast_rate=100))
    sent = frames(BROADCAST, HOST, 250)
    assert bridge.from_lan(sent, now=START) == sent[:100]
    assert bridge.counters().lan_to_room.dropped == {LanDrop.RATE: 150}
    assert bridge.from_lan(sent[100:200], now=START + 0.5) == sent[100:150]


def test_unicast_to_players_is_never_limited() -> None:
    bridge = open_bridge(BridgePolicy(broadcast_rate=1))
    sent = frames(PLAYER, HOST, 10_000)
    assert bridge.from_lan(sent, now=START) == sent


def test_frames_and_broadcasts_of_the_room_have_limits_of_their_own() -> None:
    bridge = open_bridge(BridgePolicy(room_rate=200, room_broadcast_rate=50))
    assert len(bridge.from_room(frames(BROADCAST, PLAYER, 100), now=START)) == 50
    assert len(bridge.from_room(frames(HOST, PLAYER, 150), now=START)) == 100
    assert bridge.counters().room_to_lan.dropped == {
        RoomDrop.BROADCAST_RATE: 50,
        RoomDrop.RATE: 50,
    }


def test_thirty_hosts_that_play_and_announce_themselves_are_not_limited_by_default() -> None:
    bridge = open_bridge(BridgePolicy())
    crossed = 0
    for tick in range(30 * 5):
        now = START + tick / 30
        batch = [
            encode_ethernet(
                BROADCAST, b"\x02\x10\x00\x00\x00" + bytes([host]), 0x88B6, bytes([tick])
            )
            for host in range(30)
        ]
        crossed += len(bridge.from_lan(batch, now=now))
    assert crossed == 30 * 30 * 5
    announcements = frames(BROADCAST, HOST, 50)
    assert len(bridge.from_lan(announcements, now=START + 6)) == 50


def test_bulk_of_a_player_is_not_limited_by_default() -> None:
    bridge = open_bridge(BridgePolicy())
    batch = frames(HOST, PLAYER, 64)
    for tick in range(1_000):  # 64,000 frames in two seconds: 770 Mbit/s if they are full
        assert len(bridge.from_room(batch, now=START + tick / 500)) == 64


@pytest.mark.parametrize(
    "make",
    [
        lambda: BridgePolicy(broadcast_rate=0),
        lambda: BridgePolicy(room_rate=0),
        lambda: BridgePolicy(room_broadcast_rate=0),
    ],
)
def test_a_rate_of_nothing_is_refused(make: Callable[[], BridgePolicy]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        make()
