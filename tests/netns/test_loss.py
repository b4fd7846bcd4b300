"""A bad line: one packet in twenty is lost, packets overtake each other, all of it both ways."""

import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from jitter import PROXY_ADDRESS, start_proxy
from network import Network
from real_client import Client, Pair
from real_relay import Relay
from traffic import Stream, Transfer

LOSS = 5
"""Per cent on each way between a player and the relay."""

SECONDS = 12.0
RATE = 50.0
MOST_LOST = 0.25
"""Of the stream: two ways of 5 % lose about a tenth; a burst of bad luck is no failure."""

LARGE = 400_000
"""Bytes: to TCP, and to QUIC, packets that come late look lost."""

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def bad_line(network: Network) -> Iterator[None]:
    network.lose(LOSS)
    yield
    network.lose(0)


def assert_no_break_and_no_duplicates(clients: tuple[Client, ...], stream: Stream) -> None:
    counts = Counter(one.number for one in stream.arrivals)
    assert not [number for number, count in counts.items() if count > 1]
    assert len(counts) > stream.sent * (1 - MOST_LOST)
    for client in clients:
        told = {event["state"] for event in client.program.events("state")}
        assert not told & {"reconnecting", "rejected", "disconnected"}, client.program.tail()


def test_a_lossy_line_neither_ends_the_session_nor_doubles_anything(
    pair: Pair, bad_line: None
) -> None:
    ann, bob = pair.ann, pair.bob
    with Stream(ann.machine, bob.machine, bob.address, rate=RATE) as stream:
        time.sleep(SECONDS)
    assert_no_break_and_no_duplicates((ann, bob), stream)


def test_jitter_and_reordering_neither_end_the_session_nor_double_anything(
    network: Network, relay: Relay, player: Callable[[str], Client]
) -> None:
    ann, bob = player("ann"), player("bob")
    dial = (f"--relay={PROXY_ADDRESS}", f"--pin={relay.pin}")
    with start_proxy(network, least=0, most=30):
        # The pair of the other test has lan0.
        ann.start("--room=SHAKY", "--create", "--interface=lan1", dial=dial)
        ann.wait_joined()
        bob.start("--room=SHAKY", "--interface=lan1", dial=dial)
        bob.wait_joined()
        with Stream(ann.machine, bob.machine, bob.address, rate=RATE) as stream:
            transfer = Transfer(bob.machine, ann.machine, ann.address, size=LARGE)
            transfer.finish(limit=40)
            time.sleep(SECONDS / 2)
        assert transfer.is_intact
        assert_no_break_and_no_duplicates((ann, bob), stream)
        assert [ann.leave(), bob.leave()] == [0, 0]
