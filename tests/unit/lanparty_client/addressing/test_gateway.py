"""Whether the gateway counts as there."""

from lanparty_client.addressing.gateway import GATEWAY_GRACE, GatewayPresence


def test_a_room_without_one_has_none() -> None:
    presence = GatewayPresence()
    assert not presence.follow(None, now=0)
    assert not presence.counts(now=0)
    assert presence.next_deadline() is None


def test_a_short_absence_does_not_count() -> None:
    presence = GatewayPresence()
    assert presence.follow(9, now=0)
    assert not presence.follow(None, now=10)
    assert presence.next_deadline() == 10 + GATEWAY_GRACE
    assert presence.counts(now=10 + GATEWAY_GRACE - 0.01)
    assert presence.follow(9, now=14)
    assert presence.next_deadline() is None
    assert presence.counts(now=100)


def test_a_long_one_does() -> None:
    presence = GatewayPresence()
    presence.follow(9, now=0)
    presence.follow(None, now=10)
    assert not presence.counts(now=10 + GATEWAY_GRACE)
    assert presence.next_deadline() is None


def test_another_gateway_in_its_place_is_told() -> None:
    presence = GatewayPresence()
    presence.follow(9, now=0)
    assert presence.follow(12, now=1)
    assert not presence.follow(12, now=2)
