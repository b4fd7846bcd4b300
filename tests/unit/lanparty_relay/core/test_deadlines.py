from lanparty_relay.core.deadlines import Deadlines, earliest


def test_keys_ring_after_the_delay_in_the_order_in_which_they_were_set() -> None:
    deadlines: Deadlines[str] = Deadlines(5.0)
    deadlines.set("a", now=0.0)
    deadlines.set("b", now=1.0)
    assert deadlines.next_deadline() == 5.0
    assert deadlines.take_due(now=4.9) == []
    assert deadlines.take_due(now=6.0) == ["a", "b"]
    assert deadlines.next_deadline() is None


def test_a_key_that_is_set_again_rings_later() -> None:
    deadlines: Deadlines[str] = Deadlines(5.0)
    deadlines.set("a", now=0.0)
    deadlines.set("b", now=1.0)
    deadlines.set("a", now=2.0)
    assert deadlines.take_due(now=6.5) == ["b"]
    assert "a" in deadlines


def test_a_cleared_key_never_rings() -> None:
    deadlines: Deadlines[str] = Deadlines(5.0)
    deadlines.set("a", now=0.0)
    deadlines.clear("a")
    deadlines.clear("never set")
    assert deadlines.take_due(now=9.0) == []


def test_the_earliest_ignores_what_is_not_set() -> None:
    assert earliest(None, 3.0, 2.0) == 2.0
    assert earliest(None) is None
