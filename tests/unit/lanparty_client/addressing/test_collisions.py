"""Which networks stand in each other's way."""

from ipaddress import IPv4Network

import pytest

from lanparty_client.addressing.collisions import collision

ROOM = IPv4Network("10.86.5.0/24")


@pytest.mark.parametrize("prefix", ["10.86.5.0/24", "10.0.0.0/8", "10.86.5.128/25", "10.86.5.9/32"])
def test_shared_addresses_are_a_collision(prefix: str) -> None:
    networks = [IPv4Network("192.168.1.0/24"), IPv4Network(prefix)]
    assert collision(ROOM, networks) == IPv4Network(prefix)


@pytest.mark.parametrize("prefix", ["10.86.4.0/24", "192.168.0.0/16", "0.0.0.0/0", "0.0.0.0/1"])
def test_neighbours_and_default_routes_are_none(prefix: str) -> None:
    assert collision(ROOM, [IPv4Network(prefix)]) is None
