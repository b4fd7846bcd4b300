"""Paths of any MTU, and one that narrows under way, with and without being told."""

import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from network import Network
from programs import wait_until
from real_client import Client
from traffic import Transfer

STALL_LIMIT = 3.0
"""What the project promises for a path that narrows."""

NARROW = 1300

SOME = 1_000_000
"""Bytes: enough to need full-size packets for a while."""

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def narrowed(network: Network) -> Iterator[Callable[..., None]]:
    """Set the path MTU of ann's home; the usual one comes back after the test."""
    home = network.homes[0]

    def narrow(mtu: int, *, silent: bool = False) -> None:
        network.set_path_mtu(home, mtu, silent=silent)

    yield narrow
    network.set_path_mtu(home)


@pytest.mark.parametrize("silent", [False, True], ids=["told", "black hole"])
@pytest.mark.parametrize("mtu", [1280, 1400, 1500])
def test_tcp_goes_both_ways_over_a_path_of(
    narrowed: Callable[..., None], player: Callable[[str], Client], mtu: int, silent: bool
) -> None:
    narrowed(mtu, silent=silent)
    ann, bob = player("ann"), player("bob")
    bob.join(ann.join(None)["room_code"])
    for source, target in ((ann, bob), (bob, ann)):
        transfer = Transfer(source.machine, target.machine, target.address, size=SOME)
        transfer.finish(limit=20)
        assert transfer.is_intact
    for client in (ann, bob):
        assert client.leave() == 0


@pytest.mark.parametrize("silent", [False, True], ids=["told", "black hole"])
def test_tcp_goes_on_both_ways_when_the_path_narrows(
    narrowed: Callable[..., None], player: Callable[[str], Client], silent: bool
) -> None:
    narrowed(1500)
    ann, bob = player("ann"), player("bob")
    bob.join(ann.join(None)["room_code"])
    ways = ((ann, bob), (bob, ann))
    transfers = [Transfer(one.machine, two.machine, two.address) for one, two in ways]
    try:
        for client in (ann, bob):
            wait_until(partial(fills_the_path, client), "packets grow to the path", limit=10)
        narrowed(NARROW, silent=silent)
        at = time.monotonic()
        before = [transfer.received for transfer in transfers]
        time.sleep(STALL_LIMIT + 1)
        assert [
            stall for each in transfers if (stall := each.longest_stall(at)) > STALL_LIMIT
        ] == []
        for transfer, size in zip(transfers, before, strict=True):
            transfer.wait_received(size + SOME, limit=10)
    finally:
        for transfer in transfers:
            transfer.close()
    assert ann.diagnostics()["send_budget"] < NARROW
    for client in (ann, bob):
        assert not [e for e in client.program.events("state") if e["state"] == "reconnecting"]
        assert client.leave() == 0


def fills_the_path(client: Client) -> bool:
    """Whether the client sends larger packets than the narrow path carries."""
    return bool(client.diagnostics()["send_budget"] > NARROW)
