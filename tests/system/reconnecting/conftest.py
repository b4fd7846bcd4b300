"""A house with each engine, and the same with a party in it."""

import pytest
from reconnecting.house import House, Party

from lanparty_quic.identity import ServerIdentity


@pytest.fixture(params=["memory", "aioquic"])
def house(request: pytest.FixtureRequest, identity: ServerIdentity) -> House:
    return House(request.param, identity)


@pytest.fixture
def party(house: House) -> Party:
    house.start_relay()
    return house, house.joined(), house.joined()
