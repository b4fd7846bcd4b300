"""The relay goes and comes."""

from reconnecting.house import CODE, JOINED, RECONNECTING, House, Party

from lanparty_client_core import MemberLeft


def test_a_relay_killed_and_started_again_has_everybody_back_within_three_seconds(
    party: Party,
) -> None:
    house, alice, bob = party
    house.talk(alice)
    house.run(1)
    news = [alice.comings(), bob.comings()]
    house.kill_relay()
    house.run(7)
    assert alice.state is bob.state is RECONNECTING
    house.start_relay()
    house.until(lambda: alice.state is bob.state is JOINED, 3)
    bob.port.take()
    alice.say(b"here we are")
    house.run(0.2)
    assert bob.heard(b"here we are")
    house.run(15)
    assert [alice.comings(), bob.comings()] == news
    assert {member.name for member in alice.session.members.values()} == {"player 2"}


def test_who_does_not_come_back_to_a_relay_started_again_has_left(
    party: Party,
) -> None:
    house, alice, bob = party
    house.talk(alice)
    house.kill_relay()
    house.simulation.remove(bob.endpoint)
    house.run(3)
    house.start_relay()
    house.until(lambda: alice.welcomes == 2, 3)
    house.run(9)
    assert len(alice.session.members) == 1
    house.run(2)
    assert not alice.session.members
    assert isinstance(alice.comings()[-1], MemberLeft)


def test_a_clean_restart_is_survived_too(party: Party) -> None:
    house, alice, bob = party
    house.stop_relay()
    assert alice.state is RECONNECTING
    assert alice.session.sentence.startswith("The relay")
    house.run(3)
    house.start_relay()
    house.until(lambda: alice.state is bob.state is JOINED, 3)
    assert alice.states()[-2:] == [RECONNECTING, JOINED]


def test_the_room_made_again_has_the_same_code(party: Party) -> None:
    house, alice, bob = party
    house.stop_relay()
    house.start_relay()
    house.until(lambda: alice.state is bob.state is JOINED, 5)
    assert alice.session.welcome is not None
    assert bob.session.welcome is not None
    assert alice.session.welcome.room_code == CODE
    assert alice.session.welcome.room_id == bob.session.welcome.room_id
    assert not alice.session.welcome.resumed


def test_a_night_without_a_relay_ends_within_half_a_minute(house: House) -> None:
    house.start_relay()
    alice = house.joined()
    house.kill_relay()
    house.simulation.run_for(3_600)
    assert alice.state is RECONNECTING
    assert alice.session.tries < 600
    house.start_relay()
    house.until(lambda: alice.state is JOINED, 31)
