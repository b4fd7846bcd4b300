"""How an endpoint tells that its peer may be gone: acknowledgements that don't come, refusals."""

from typing import TYPE_CHECKING

import pytest

from lanparty_obs.codes import SessionEnd
from lanparty_quic import ConnectionKey, EndpointLimits, PathRefused

if TYPE_CHECKING:
    from tests.contract.conftest import Actor, World


async def connect(world: "World", *, nat: bool = False) -> tuple["Actor", ConnectionKey]:
    relay, player = await world.listen(), await world.player()
    key = await world.dial(player, relay, nat=nat)
    await world.until(lambda: bool(relay.connected() and player.connected()))
    await world.until(lambda: waiting_since(player, key) is None)
    return player, key


def waiting_since(player: "Actor", key: ConnectionKey) -> float | None:
    statistics = player.endpoint.statistics(key)
    assert statistics is not None
    return statistics.unacknowledged_since


def refusals(player: "Actor") -> list[ConnectionKey]:
    return [event.connection for event in player.events if isinstance(event, PathRefused)]


@pytest.mark.parametrize("what", ["datagram", "control"])
async def test_what_was_sent_waits_until_it_is_acknowledged(world: "World", what: str) -> None:
    player, key = await connect(world)
    seen: list[float | None] = []
    tell_world = player.on_turn

    def look() -> None:
        seen.append(waiting_since(player, key))
        tell_world()

    player.on_turn = look
    if what == "datagram":
        player.queue([(key, 1, b"x")])
    else:
        player.send_control(key, b"x")
    await world.until(lambda: any(since is not None for since in seen))
    await world.until(lambda: waiting_since(player, key) is None)


async def test_a_steady_stream_that_is_acknowledged_never_waits_for_long(world: "World") -> None:
    player, key = await connect(world)
    began: list[float] = []
    for _ in range(20):
        player.queue([(key, 1, b"x")])
        await world.pass_time(0.05)
        since = waiting_since(player, key)
        if since is not None:
            began.append(since)
    assert len(began) < 20 or began[-1] > began[0]


async def test_on_a_broken_way_the_wait_begins_once_whatever_more_is_sent(world: "World") -> None:
    player, key = await connect(world, nat=True)
    await world.cut(player)
    player.queue([(key, 1, b"x")])
    await world.pass_time(0.1)
    began = waiting_since(player, key)
    assert began is not None
    for _ in range(8):
        player.queue([(key, 1, b"x")])
        await world.pass_time(0.2)
        assert waiting_since(player, key) == began


async def test_a_refusal_is_told_and_the_dial_goes_on(world: "World") -> None:
    player = await world.player(EndpointLimits(handshake_timeout=1.0))
    key = await world.dial_nobody(player)
    await world.refuse(player)
    await world.until(lambda: bool(refusals(player)))
    assert set(refusals(player)) == {key}
    assert not player.closed()
    await world.until(lambda: bool(player.closed()))
    assert player.closed()[0].end is SessionEnd.RELAY_UNREACHABLE


async def test_a_refusal_is_told_of_the_connections_to_that_address_alone(world: "World") -> None:
    player, key = await connect(world)
    nobody = await world.dial_nobody(player)
    await world.refuse(player)
    await world.until(lambda: bool(refusals(player)))
    assert key not in refusals(player)
    assert nobody in refusals(player)
