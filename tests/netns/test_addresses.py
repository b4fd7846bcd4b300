"""Leases of the relay: one for each, the same again, never in a network that somebody has."""

from collections.abc import Callable
from functools import partial
from ipaddress import IPv4Address, IPv4Network

import pytest
from network import USUAL_HOME, Network
from programs import wait_until
from real_client import Client
from real_relay import Relay

ELSEWHERE = IPv4Network("10.0.0.0/24")
ROOMS = 4
SETTLE_LIMIT = 10.0

pytestmark = pytest.mark.timeout(120)


def reaches(client: Client, address: str) -> bool:
    return "1 received" in client.machine.run("ping", "-c1", "-W1", address, check=False)


def address_now(client: Client) -> str:
    """The address that the client said last."""
    told = client.program.events("address_changed") or [client.joined]
    return str(told[-1]["address"]).partition("/")[0]


def answers(friend: Client, asker: Client) -> bool:
    """Whether the friend is reached at its newest address."""
    return reaches(asker, address_now(friend))


def leases(relay: Relay) -> dict[str, str]:
    """Each player's lease in the relay's only room, as the API shows it."""
    (room,) = relay.api("/api/v1/rooms")["rooms"]
    peers = relay.api(f"/api/v1/rooms/{room['room_id']}/peers")["peers"]
    network = IPv4Network(room["network"])
    assert all(IPv4Address(peer["lease"]) in network for peer in peers)
    return {peer["name"]: peer["lease"] for peer in peers}


def test_four_players_get_addresses_that_the_api_shows_and_get_them_again(
    network: Network, relay: Relay, player: Callable[[str], Client]
) -> None:
    for name in ("carl", "dora"):
        network.add_home(name)
    players = [player(name) for name in ("ann", "bob", "carl", "dora")]
    room = players[0].join(None)["room_code"]
    for one in players[1:]:
        one.join(room)
    first = {one.name: one.address for one in players}
    assert len(set(first.values())) == len(players)
    assert leases(relay) == first
    for one in players[1:]:
        assert reaches(players[0], one.address)

    for one in players[1:]:
        assert one.leave() == 0
    for one in reversed(players[1:]):
        one.join(room)
    assert {one.name: one.address for one in players} == first
    for one in players:
        assert one.leave() == 0


def test_no_lease_of_four_rooms_collides_with_homes_or_with_each_other(
    network: Network, player: Callable[[str], Client]
) -> None:
    network.add_home("erik", inner=ELSEWHERE)
    rooms = []
    for number in range(ROOMS):
        ann, erik = player("ann"), player("erik")
        interface = f"--interface=room{number}"
        room = ann.join(None, interface)["room_code"]
        erik.join(room, interface)
        rooms.append((room, ann, erik))
    networks = [IPv4Network(ann.joined["address"], strict=False) for _, ann, _ in rooms]
    for index, one in enumerate(networks):
        others = [*networks[:index], USUAL_HOME, ELSEWHERE]
        assert not any(one.overlaps(other) for other in others)
    for _, ann, erik in rooms:
        assert reaches(ann, erik.address)
        assert reaches(erik, ann.address)

    # A newcomer whose home has the very network of the first room: the room moves, all of it.
    room, ann, erik = rooms[0]
    network.add_home("fred", inner=networks[0])
    fred = player("fred")
    fred.join(room, "--interface=room0")
    for asker, friend in ((ann, fred), (fred, ann), (erik, fred), (fred, erik), (ann, erik)):
        wait_until(
            partial(answers, friend, asker),
            f"{friend.name} answers {asker.name}",
            limit=SETTLE_LIMIT,
        )
    for member in (ann, erik, fred):
        assert IPv4Address(address_now(member)) not in networks[0]
