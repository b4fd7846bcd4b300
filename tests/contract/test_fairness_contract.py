"""Fairness, which every endpoint keeps: between the sources of a destination, and at its door."""

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from lanparty_obs.reasons import EgressDrop
from lanparty_quic import EndpointLimits, Flow, QueueLimits

if TYPE_CHECKING:
    from tests.contract.conftest import Actor, World

FLOOD, GAME = 1, 2
PATIENT = EndpointLimits(queue=QueueLimits(maximum_wait=30.0))


def fates(actor: "Actor", flow: Flow) -> Counter[EgressDrop | None]:
    counter: Counter[EgressDrop | None] = Counter()
    for outcome in actor.outcomes:
        if outcome.flow == flow:
            counter[outcome.reason] += outcome.count
    return counter


async def connect(world: "World", relay: "Actor") -> "Actor":
    player = await world.player()
    await world.dial(player, relay)
    await world.until(lambda: bool(player.connected()))
    return player


@pytest.mark.parametrize("floods", [1, 5])
async def test_what_floods_a_destination_drops_its_own_and_not_the_others(
    world: "World", floods: int
) -> None:
    relay = await world.listen(PATIENT)
    player = await connect(world, relay)
    await world.until(lambda: bool(relay.connected()))
    (key,) = relay.connected()
    for serial in range(10):
        flood = [(key, 10 + source, bytes(1000)) for source in range(floods)] * (600 // floods)
        relay.queue([*flood, (key, GAME, b"game%d" % serial)])
        await world.pass_time(0.01)
    await world.until(lambda: fates(relay, GAME).total() == 10)
    assert fates(relay, GAME) == {None: 10}
    dropped = sum(fates(relay, 10 + source)[EgressDrop.QUEUE_OVERFLOW] for source in range(floods))
    assert dropped > 2000
    here = player.connected()[0]
    await world.until(lambda: b"game9" in player.received(here))


async def test_a_frame_of_a_quiet_source_leaves_before_what_waits_of_a_loud_one(
    world: "World",
) -> None:
    relay = await world.listen(PATIENT)
    player = await connect(world, relay)
    await world.until(lambda: bool(relay.connected()))
    (key,) = relay.connected()
    relay.queue([*[(key, FLOOD, bytes(1000))] * 200, (key, GAME, b"game")])
    here = player.connected()[0]
    await world.until(lambda: b"game" in player.received(here))
    assert player.received(here).index(b"game") <= 20


async def test_all_destinations_together_hold_no_more_than_is_allowed(world: "World") -> None:
    most = 60_000
    limits = EndpointLimits(queue=QueueLimits(maximum_wait=30.0), queued_bytes_in_all=most)
    relay = await world.listen(limits)
    for _ in range(3):
        await connect(world, relay)
    await world.until(lambda: len(relay.connected()) == 3)
    held: list[int] = []

    def flood(now: float) -> None:
        for key in relay.connected():
            relay.endpoint.queue([(key, FLOOD, bytes(1000))] * 200, now=now)
        held.append(relay.endpoint.endpoint_statistics().holds.bytes_queued)

    relay.order(flood)
    await world.until(lambda: fates(relay, FLOOD).total() == 600)
    assert 0 < held[0] <= most
    assert relay.endpoint.endpoint_statistics().holds.bytes_queued == 0
    sent = fates(relay, FLOOD)[None]
    assert 30 <= sent < 600


async def test_nobody_who_sends_little_is_refused_for_those_who_send_much(world: "World") -> None:
    limits = EndpointLimits(ingress_packets=64, ingress_packets_in_all=128, work_per_turn=16)
    relay = await world.listen(limits)
    loud = [await connect(world, relay) for _ in range(5)]
    quiet = await connect(world, relay)
    await world.until(lambda: len(relay.connected()) == 6)
    for player in loud:
        player.queue([(player.connected()[0], FLOOD, b"loud" * 250)] * 200)
    quiet.queue([(quiet.connected()[0], GAME, b"game%d" % serial) for serial in range(4)])
    await world.until(
        lambda: sum(p.startswith(b"game") for got in relay.payloads.values() for p in got) == 4
    )
