from ipaddress import IPv4Address

import pytest

from lanparty_client_core.join import KnownRelay
from lanparty_command import RelayAddress
from lanparty_ctrl import Role
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MacAddress
from lanparty_quic import PinnedKey
from lanparty_sim.player import JoinFailedError, Player, wait_until
from lanparty_sim.virtual_host import VirtualHost

MAC = MacAddress.parse("02:00:00:00:00:01")


def player(role: Role = Role.CLIENT) -> Player:
    host = VirtualHost(mac=MAC, address=IPv4Address("10.86.0.1"))
    return Player(host, name="alice", role=role)


def test_a_client_is_known_by_its_mac_and_a_gateway_by_none() -> None:
    assert player().mac == MAC
    assert player(Role.GATEWAY).mac is None


def test_a_player_that_was_not_told_to_join_has_no_session() -> None:
    assert not player().is_joined
    with pytest.raises(RuntimeError, match="alice"):
        _ = player().session


async def test_a_relay_without_a_name_is_the_reason_that_a_join_fails() -> None:
    relay = KnownRelay(RelayAddress("a" * 70), PinnedKey("sha256:" + "A" * 43))
    alice = player()
    with pytest.raises(JoinFailedError, match="No relay is called") as failure:
        await alice.join(relay, room_code=None)
    assert failure.value.ended.code is SessionEnd.RELAY_UNREACHABLE
    await alice.leave()


async def test_a_wait_ends_with_its_condition_or_its_limit() -> None:
    assert await wait_until(lambda: True, [player()], limit=None)
    assert not await wait_until(lambda: False, [player()], limit=0.0)
