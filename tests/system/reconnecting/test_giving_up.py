"""What ends a session, and what is counted until then."""

from reconnecting.house import JOINED, RECONNECTING, RELAY, House, Party

from lanparty_client_core import Persistence, SessionState
from lanparty_obs.codes import SessionEnd
from lanparty_quic.identity import ServerIdentity


def test_a_first_join_that_nobody_answers_fails(house: House) -> None:
    alice = house.seat()
    house.until(lambda: alice.state.is_over, 11)
    assert alice.code is SessionEnd.RELAY_UNREACHABLE
    assert alice.states() == [SessionState.DISCONNECTED]


def test_a_join_to_no_address_fails_at_once(house: House) -> None:
    alice = house.seat(addresses=())
    house.until(lambda: alice.state.is_over, 0.1)
    assert alice.code is SessionEnd.RELAY_UNREACHABLE


def test_a_service_waits_for_its_relay(house: House) -> None:
    alice = house.seat(Persistence.ALWAYS)
    house.run(60)
    assert alice.state is SessionState.CONNECTING
    assert "trying again by itself" in alice.session.sentence
    house.start_relay()
    house.until(lambda: alice.state is JOINED, 3)


def test_a_service_without_an_address_begins_when_there_is_one(house: House) -> None:
    house.start_relay()
    alice = house.seat(Persistence.ALWAYS, addresses=())
    house.run(5)
    assert alice.asked > 1
    alice.session.addresses_found((RELAY,), now=house.now)
    alice.wake()
    house.until(lambda: alice.state is JOINED, 0.5)


def test_a_stranger_at_the_relays_address_is_waited_out(
    party: Party, other_identity: ServerIdentity
) -> None:
    house, alice, bob = party
    house.stop_relay()
    house.start_stranger(other_identity)
    house.run(20)
    assert alice.state is RECONNECTING
    assert alice.session.sentence.startswith("This is not the relay")
    house.kill_relay()
    house.start_relay()
    house.until(lambda: alice.state is bob.state is JOINED, 8)


def test_a_kick_is_final(party: Party) -> None:
    house, alice, bob = party
    room_id = alice.session.welcome.room_id if alice.session.welcome else ""
    assert house.relay.kick(room_id, bob.peer_id, now=house.now)
    house.until(lambda: bob.state.is_over, 1)
    house.run(30)
    assert bob.code is SessionEnd.KICKED
    assert bob.state is SessionState.DISCONNECTED


def test_one_try_is_one_try(house: House) -> None:
    house.start_relay()
    alice = house.joined(Persistence.ONE_TRY)
    house.stop_relay()
    assert alice.state is SessionState.DISCONNECTED
    assert alice.code is SessionEnd.SHUTDOWN


def test_a_leave_during_an_outage_ends_it(party: Party) -> None:
    house, alice, _ = party
    house.stop_relay()
    alice.session.leave()
    alice.wake()
    house.start_relay()
    house.run(5)
    assert alice.state is SessionState.LEFT
    assert alice.welcomes == 1


def test_a_leave_while_a_second_dial_runs_is_told_to_the_relay(
    party: Party,
) -> None:
    house, alice, bob = party
    house.simulation.cut(alice.endpoint)
    alice.session.network_changed(now=house.now)
    alice.wake()
    house.until(lambda: alice.session.tries == 1, 1)
    house.simulation.restore(alice.endpoint)
    alice.session.leave()
    alice.wake()
    house.run(1)
    assert alice.state is SessionState.LEFT
    assert not bob.session.members
    assert alice.welcomes == 1


# Figures


def test_frames_sent_during_an_outage_are_counted(party: Party) -> None:
    house, alice, _ = party
    house.stop_relay()
    before = alice.session.counters().dropped.total()
    for _ in range(5):
        alice.say(b"into the void")
    house.run(0.5)
    assert alice.session.counters().dropped.total() == before + 5


def test_totals_go_on_while_the_relay_hears_of_its_own_session(
    party: Party,
) -> None:
    house, alice, bob = party
    for _ in range(7):
        alice.say(b"before")
    house.run(1)
    house.stop_relay()
    house.start_relay()
    house.until(lambda: alice.state is bob.state is JOINED, 5)
    alice.say(b"after")
    house.run(11)
    assert alice.session.counters().datagrams_sent == 8
    assert alice.session.relay_stats is not None
    assert alice.session.relay_stats.counters.received == 1
