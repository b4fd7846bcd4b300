"""The way to the relay goes and comes, or somebody says that it has gone."""

from reconnecting.house import JOINED, RECONNECTING, RELAY, House, Party

from lanparty_obs.codes import SessionEnd


def test_a_way_cut_for_twenty_seconds_is_back_within_three(
    party: Party,
) -> None:
    house, alice, bob = party
    peer_id, news = alice.peer_id, bob.comings()
    house.talk(alice)
    house.simulation.cut(alice.endpoint)
    house.run(20)
    assert alice.state is RECONNECTING
    house.simulation.restore(alice.endpoint)
    house.until(lambda: alice.state is JOINED, 3)
    assert alice.peer_id == peer_id
    house.run(1)
    assert bob.comings() == news
    assert alice.comings() == [alice.comings()[0]]
    bob.port.take()
    alice.say(b"back")
    house.run(0.2)
    assert bob.heard(b"back")


def test_a_silent_way_starts_a_second_dial_while_the_old_session_stays_in_use(
    party: Party,
) -> None:
    house, alice, _ = party
    house.talk(alice)
    house.simulation.cut(house.relay_endpoint)
    house.run(1.5)
    assert alice.session.tries == 0
    house.run(1)
    assert alice.session.tries == 1
    assert alice.state is JOINED
    assert "trying another connection" in alice.session.sentence
    assert alice.session.statistics is not None
    house.run(3)
    assert alice.state is RECONNECTING


def test_a_lost_link_is_noticed_by_event_and_left_by_event(
    party: Party,
) -> None:
    house, alice, _ = party
    house.simulation.cut(alice.endpoint)
    alice.session.network_changed(now=house.now)
    alice.wake()
    house.run(20)
    tries = alice.session.tries
    house.simulation.restore(alice.endpoint)
    alice.session.network_changed(now=house.now)
    alice.wake()
    assert alice.session.tries > tries or alice.session.next_try is None
    house.until(lambda: alice.state is JOINED and not alice.session.tries, 0.5)


def test_a_change_of_the_network_that_harms_nothing_changes_nothing(
    party: Party,
) -> None:
    house, alice, _ = party
    events = list(alice.events)
    alice.session.network_changed(now=house.now)
    alice.wake()
    house.run(5)
    assert alice.events == events
    assert alice.asked == 1


# Refusals


def test_a_forged_refusal_ends_nothing(party: Party) -> None:
    house, alice, bob = party
    house.talk(alice)
    events = list(alice.events)
    for _ in range(200):
        alice.endpoint.receive_refusal(RELAY)
        house.simulation.run_for(0.01)
    house.run(2)
    assert alice.events == events
    assert alice.asked == 1
    bob.port.take()
    alice.say(b"unmoved")
    house.run(0.2)
    assert bob.heard(b"unmoved")


def test_a_refusal_by_a_relay_that_is_gone_is_followed_by_a_dial_at_once(
    party: Party,
) -> None:
    house, alice, _ = party
    house.kill_relay()
    house.start_relay()
    alice.endpoint.receive_refusal(RELAY)
    house.until(lambda: alice.welcomes == 2, 0.5)


def test_refused_dials_are_repeated_by_the_short_schedule(
    party: Party,
) -> None:
    house, alice, _ = party
    house.stop_relay()
    for _ in range(30):
        alice.endpoint.receive_refusal(RELAY)
        house.run(0.1)
    assert alice.session.tries >= 3
    alice.endpoint.receive_refusal(RELAY)  # of a dial that has perhaps just begun
    house.run(0.01)
    assert alice.session.next_try is not None


def test_a_first_join_that_is_refused_fails_at_once(house: House) -> None:
    alice = house.seat()
    alice.endpoint.receive_refusal(RELAY)
    house.until(lambda: alice.state.is_over, 0.2)
    assert alice.code is SessionEnd.RELAY_UNREACHABLE
