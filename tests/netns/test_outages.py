"""Outages: the relay goes and comes, a cable is pulled; nobody types a command."""

import time
from collections.abc import Callable

import pytest
from network import Network
from real_client import Client, Pair
from real_relay import Relay
from traffic import Stream, Transfer

BACK_LIMIT = 3.0
"""From the moment when it can be, to the first packet that arrives."""

LINK_DOWN = 20.0
AWAY = 4.0
"""How long the relay is down: several tries fail."""

pytestmark = pytest.mark.timeout(120)


def lan_of(client: Client) -> str:
    """The interface's index, its MAC and addresses: all that must stay through an outage."""
    return client.machine.ip("-o", "addr", "show", "dev", client.interface, "scope", "global")


@pytest.mark.parametrize("end", [Relay.stop, Relay.kill], ids=["stopped", "killed"])
def test_all_are_back_after_the_relay_was(
    pair: Pair, relay: Relay, end: Callable[[Relay], None]
) -> None:
    before = [lan_of(client) for client in (pair.ann, pair.bob)]
    assert all(before)
    with Stream(pair.ann.machine, pair.bob.machine, pair.bob.address) as stream:
        end(relay)
        time.sleep(AWAY)
        relay.start()
        took = stream.seconds_until_flowing(time.monotonic(), limit=20)
    assert [lan_of(client) for client in (pair.ann, pair.bob)] == before
    assert took < BACK_LIMIT


def test_a_tcp_session_survives_a_pulled_cable(network: Network, pair: Pair) -> None:
    home = network.homes[0]
    before = lan_of(pair.ann)
    transfer = Transfer(pair.ann.machine, pair.bob.machine, pair.bob.address)
    try:
        with Stream(pair.ann.machine, pair.bob.machine, pair.bob.address) as stream:
            transfer.wait_received(100_000, limit=10)
            home.unplug()
            time.sleep(LINK_DOWN)
            assert lan_of(pair.ann) == before
            home.plug_in()
            took = stream.seconds_until_flowing(time.monotonic(), limit=20)
        # TCP's own timer has grown to many seconds by now: RFC 6298 section 5.5.
        transfer.wait_received(transfer.received + 500_000, limit=45)
    finally:
        transfer.close()
    assert took < BACK_LIMIT


def test_a_silence_on_the_way_is_no_end(network: Network, pair: Pair) -> None:
    home = network.homes[1]
    with Stream(pair.ann.machine, pair.bob.machine, pair.bob.address) as stream:
        network.cut_off(home)
        time.sleep(LINK_DOWN / 2)
        network.reconnect()
        took = stream.seconds_until_flowing(time.monotonic(), limit=20)
    assert took < BACK_LIMIT


def test_a_nat_that_forgets_its_flows_breaks_nothing(network: Network, pair: Pair) -> None:
    with Stream(pair.ann.machine, pair.bob.machine, pair.bob.address) as stream:
        for home in network.homes:
            home.forget_flows()
        took = stream.seconds_until_flowing(time.monotonic(), limit=20)
    assert took < BACK_LIMIT
