"""Rooms whose members come, go, move, crash and resume: afterwards nothing is left of them."""

import asyncio
import gc
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aioquic.quic.connection import QuicConnection
from churn import ChurnPlan, measure
from churn_party import Change, ChurnParty
from rich.console import Console

from lanparty_client_core import RelayTarget
from lanparty_obs.counters import SLOTS_PER_BLOCK, TunnelCounters
from lanparty_quic.aioquic_engine.connection import AioquicConnection
from lanparty_quic.endpoint import PinnedKey
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.limits import EndpointLimits
from lanparty_quic.loop import EndpointDriver, UdpEndpoint, bind_endpoint
from lanparty_quic.send_queue import SendQueue
from lanparty_relay.core import CounterBlocks, LeaseBook, Relay, RelayLimits, cut_copy
from lanparty_relay.core.members import Member
from lanparty_relay.core.rooms import Room
from lanparty_relay.core.session import ControlSession
from lanparty_relay.serving import RelayConsumer
from lanparty_sim.conservation import imbalance

BLOCKS = 64
IDLE_TIMEOUT = 2.0
PATIENCE = 60.0
OF_A_PEER = (Member, Room, ControlSession, AioquicConnection, QuicConnection, SendQueue)
"""What there is for each peer, room or connection, in the relay or here."""


@pytest.mark.timeout(240)
async def test_a_relay_keeps_nothing_of_rooms_that_came_and_went() -> None:
    plan = ChurnPlan(rooms=6, size=5, seconds=10.0, hands=4, idle_timeout=5)
    result = await measure(plan, console=Console(quiet=True))
    assert result.wrong == []
    assert result.changes.keys() == set(Change)
    assert result.joins >= sum(result.changes[change] for change in (Change.COME, Change.MOVE))
    assert result.looks > 10


@dataclass
class RelayHere:
    """A relay in this process, so that what it holds can be counted."""

    endpoint: UdpEndpoint
    target: RelayTarget
    slots: memoryview
    blocks: CounterBlocks

    def counters(self) -> list[TunnelCounters]:
        return [TunnelCounters.from_block(self.slots, block) for block in range(BLOCKS)]


@pytest.fixture
async def relay(identity: ServerIdentity) -> AsyncIterator[RelayHere]:
    limits = EndpointLimits(idle_timeout=IDLE_TIMEOUT, keep_alive=0.5)
    endpoint = bind_endpoint("127.0.0.1", 0, identity=identity, limits=limits, cutter=cut_copy)
    slots = memoryview(bytearray(8 * SLOTS_PER_BLOCK * BLOCKS)).cast("Q")
    blocks = CounterBlocks(slots, BLOCKS)
    consumer = RelayConsumer(
        endpoint=endpoint,
        relay=Relay(
            limits=RelayLimits(joins_per_minute=None),
            blocks=blocks,
            random_bytes=os.urandom,
            server_version="test",
            leases=LeaseBook(bytes(32)),
        ),
        blocks=blocks,
        on_events=lambda events, now: None,
        on_answer=lambda answer: None,
    )
    driver = EndpointDriver(endpoint, consumer)
    driver.start()
    target = RelayTarget(
        addresses=(endpoint.local_address,),
        server_name="relay.example",
        trust=PinnedKey(identity.pin),
    )
    yield RelayHere(endpoint, target, slots, blocks)
    await driver.aclose()


def living() -> Counter[str]:
    """How many objects there are of each kind that comes and goes with a peer."""
    gc.collect()
    return Counter(type(each).__name__ for each in gc.get_objects() if isinstance(each, OF_A_PEER))


@pytest.mark.timeout(240)
async def test_no_object_task_descriptor_or_counter_block_outlives_its_peer(
    relay: RelayHere,
) -> None:
    tasks, descriptors, objects = (
        len(asyncio.all_tasks()),
        len(os.listdir("/proc/self/fd")),
        living(),
    )
    available = relay.blocks.available
    party = ChurnParty(
        relay.target,
        rooms=5,
        size=4,
        given_up_after=IDLE_TIMEOUT + 1,
        dice=random.Random(3),
    )
    await party.fill(hands=4)
    assert living()["Member"] == 20
    await party.run(seconds=4, hands=4)
    await party.rest()
    await party.end(hands=4)
    async with asyncio.timeout(PATIENCE):
        while relay.endpoint.endpoint_statistics().connections:  # noqa: ASYNC110  its own turns
            await asyncio.sleep(0.1)
    assert party.churn.wrong == []
    assert len(asyncio.all_tasks()) == tasks
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert living() == objects
    assert relay.blocks.available == available
    counted = relay.counters()
    assert all(imbalance(block) == "" for block in counted)
    assert counted[0].received > 0
    assert counted[0].queued == 0
    assert counted[1:] == [TunnelCounters.from_block([0] * SLOTS_PER_BLOCK, 0)] * (BLOCKS - 1)
