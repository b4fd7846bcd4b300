"""What every engine counts of the handshakes that it accepts."""

import socket
from typing import TYPE_CHECKING

from first_packets import FirstPackets

from lanparty_obs.codes import SessionEnd
from lanparty_obs.reasons import HandshakeFailure
from lanparty_quic import EndpointLimits, HandshakeStatistics, PinnedKey

if TYPE_CHECKING:
    from tests.contract.conftest import Actor, World


def handshakes(actor: "Actor") -> HandshakeStatistics:
    return actor.endpoint.endpoint_statistics().handshakes


def failures(actor: "Actor") -> dict[HandshakeFailure, int]:
    return {why: count for why, count in handshakes(actor).failed.items() if count}


async def test_those_that_complete_are_counted_where_they_are_accepted(world: "World") -> None:
    relay = await world.listen()
    for _ in range(3):
        player = await world.player()
        await world.dial(player, relay)
        await world.until(lambda player=player: bool(player.connected()))  # type: ignore[misc]
        assert handshakes(player) == HandshakeStatistics()
    await world.until(lambda: len(relay.connected()) == 3)
    assert handshakes(relay) == HandshakeStatistics(completed=3)


async def test_a_client_that_trusts_another_key_is_counted_as_one_that_broke_off(
    world: "World",
) -> None:
    relay = await world.listen()
    player = await world.player()
    await world.dial(player, relay, trust=PinnedKey("sha256:" + "A" * 43))
    await world.until(lambda: bool(player.closed()))
    await world.until(lambda: bool(failures(relay)))
    assert failures(relay) == {HandshakeFailure.CLOSED_BY_PEER: 1}
    assert handshakes(relay).completed == handshakes(relay).pending == 0


async def test_a_client_that_goes_silent_is_counted_and_forgotten(world: "World") -> None:
    relay = await world.listen(EndpointLimits(handshake_timeout=1.0))
    if world.simulated:
        player = await world.player()
        await world.dial(player, relay)
        await world.until(lambda: handshakes(relay).pending == 1)
        await world.cut(player)
    else:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            port = relay.endpoint.local_address[1]
            stranger.sendto(FirstPackets().make(bytes(8)), ("127.0.0.1", port))
        await world.until(lambda: handshakes(relay).pending == 1)
    await world.until(lambda: handshakes(relay).pending == 0)
    assert failures(relay) == {HandshakeFailure.TIMEOUT: 1}
    assert relay.events == []
    assert relay.endpoint.endpoint_statistics().connections == 0


async def test_a_closed_session_is_no_failed_handshake(world: "World") -> None:
    relay = await world.listen()
    player = await world.player()
    key = await world.dial(player, relay)
    await world.until(lambda: bool(player.connected() and relay.connected()))
    player.close(key, SessionEnd.LEFT)
    await world.until(lambda: bool(relay.closed()))
    assert failures(relay) == {}
    assert handshakes(relay).completed == 1
