"""What a person is told of the bridge, once, and what the status says for as long as it holds."""

from lanparty_gateway.bridge import Bridge, BridgePolicy, Phase
from lanparty_gateway.bridge_story import BridgeStory
from lanparty_proto import BROADCAST, MacAddress, encode_ethernet

INTERFACE = MacAddress.parse("02:00:00:00:00:01")
OWN = MacAddress.parse("02:00:00:00:00:02")
PLAYER = MacAddress.parse("02:00:00:00:00:03")
LATER = 2.0


def stage() -> tuple[Bridge, BridgeStory]:
    bridge = Bridge(
        BridgePolicy(),
        instance=1,
        room_secret=2,
        own_mac=OWN,
        interface_mac=INTERFACE,
        jitter=lambda: 0.0,
    )
    bridge.set_joined(True, now=0.0)
    bridge.handle_timer(now=LATER)
    assert bridge.state.phase is Phase.FORWARDING
    return bridge, BridgeStory(bridge)


def from_player(destination: bytes = BROADCAST) -> bytes:
    return encode_ethernet(MacAddress(destination), PLAYER, 0x1234, bytes(46))


def test_what_happened_is_told_once() -> None:
    _, story = stage()
    assert story.note()
    assert [told.event for told in story.take()] == ["forwarding"]
    assert not story.note()
    assert not story.take()


def test_why_it_has_stopped_is_a_notice_until_it_goes_on() -> None:
    bridge, story = stage()
    bridge.set_members(frozenset({PLAYER}))
    bridge.from_lan([from_player()], now=LATER)
    story.note()
    [sentence] = story.notices
    assert sentence.startswith("loop:")
    bridge.handle_timer(now=LATER + 60)
    assert not story.notices


def test_who_asked_for_the_gateways_machine_stays_a_notice() -> None:
    bridge, story = stage()
    bridge.set_members(frozenset({PLAYER}))
    bridge.from_room([from_player(INTERFACE)], now=LATER)
    story.note()
    story.take()
    [sentence] = story.notices
    assert "setup-host" in sentence


def test_a_contested_address_is_a_notice_while_its_player_is_there() -> None:
    bridge, story = stage()
    bridge.from_lan([from_player()], now=LATER)
    bridge.set_members(frozenset({PLAYER}))
    story.note()
    assert len(story.notices) == 1
    bridge.set_members(frozenset())
    assert not story.notices
