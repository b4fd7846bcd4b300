"""Where a relay is looked for."""

from reconnecting.house import ELSEWHERE, JOINED, RELAY, House, Party

from lanparty_client_core import SessionState
from lanparty_quic import Address


def test_the_name_is_asked_at_every_dial_and_a_new_address_is_dialed_at_once(
    party: Party,
) -> None:
    house, alice, _ = party
    assert alice.asked == 1
    house.talk(alice)
    house.kill_relay()
    house.start_relay(ELSEWHERE)
    house.until(lambda: alice.asked == 2, 3)
    alice.session.addresses_found((ELSEWHERE,), now=house.now)
    alice.wake()
    house.until(lambda: alice.welcomes == 2, 0.5)
    assert alice.session.statistics is not None
    assert alice.session.statistics.address == ELSEWHERE


def test_while_the_resolver_hangs_the_last_address_is_dialed(
    party: Party,
) -> None:
    house, alice, _ = party
    house.stop_relay()
    house.start_relay()
    house.until(lambda: alice.state is JOINED, 3)
    assert alice.asked > 1


def test_a_dead_ipv6_address_costs_a_quarter_second(house: House) -> None:
    house.start_relay()
    alice = house.seat(addresses=(("2001:db8::1", 443), ("2001:db8::2", 443), RELAY))
    house.until(lambda: alice.state is JOINED, 0.5)
    house.run(15)
    assert alice.states() == [SessionState.JOINING, JOINED]


def test_the_first_to_complete_its_handshake_wins_and_the_others_are_closed(house: House) -> None:
    six: Address = ("2001:db8::1", 443)
    house.start_relay(six)
    first = house.relay_endpoint
    house.start_relay()
    house.simulation.cut(first)
    alice = house.seat(addresses=(six, RELAY))
    house.run(0.3)
    house.simulation.restore(first)
    house.until(lambda: alice.state is JOINED, 1)
    house.run(12)
    assert alice.endpoint.endpoint_statistics().connections == 1
