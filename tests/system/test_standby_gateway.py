"""Gateways of one room at a relay in a process of its own: who has the place, and how fast."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import httpx
import pytest

from lanparty_client_core import InMemoryPort, Persistence, SessionState
from lanparty_client_core.join import RunningSession, join_relay
from lanparty_ctrl import Hello, Role, RoomCode
from lanparty_obs.codes import SessionEnd
from lanparty_sim.relay_process import RelayProcess

CODE = RoomCode.parse("STANDBYTEST")
LIMIT = 20.0
"""Seconds that anything may take on a machine that is busy with something else."""


@pytest.fixture
async def relay() -> AsyncIterator[RelayProcess]:
    async with RelayProcess() as relay:
        yield relay


@pytest.fixture
async def leaving() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as leaving:
        yield leaving


async def gateway(
    relay: RelayProcess, leaving: AsyncExitStack, name: str, *, standby: bool
) -> RunningSession:
    hello = Hello(
        role=Role.GATEWAY,
        room_code=CODE,
        create=True,
        standby=standby,
        name=name,
        datagram_budget=1_500,
        port_mtu=1_500,
    )
    running = await join_relay(
        relay.known_relay(), InMemoryPort(), hello=hello, persistence=Persistence.AFTER_WELCOME
    )
    leaving.push_async_callback(running.aclose)
    return running


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT):
        while not condition():  # noqa: ASYNC110  sessions have no event to wait for
            await asyncio.sleep(0.01)


async def test_the_place_passes_on_within_two_seconds_and_the_api_shows_who_waits(
    relay: RelayProcess, leaving: AsyncExitStack
) -> None:
    holder = await gateway(relay, leaving, "cellar", standby=False)
    await until(lambda: holder.session.state is SessionState.JOINED)
    standby = await gateway(relay, leaving, "attic", standby=True)
    await until(lambda: standby.session.state is SessionState.WAITING)
    token = relay.token_file.read_text().strip()
    async with httpx.AsyncClient(
        base_url=relay.admin_url, headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as operator:
        (room,) = (await operator.get("/api/v1/rooms")).json()["rooms"]
        assert (room["peers"], room["gateway"], room["standby_gateways"]) == (1, True, 1)
        assert "softlan_room_standby_gateways" in (await operator.get("/metrics")).text
        began = time.monotonic()
        holder.leave()
        await until(lambda: standby.session.state is SessionState.JOINED)
        assert time.monotonic() - began < 2
        (room,) = (await operator.get("/api/v1/rooms")).json()["rooms"]
        assert (room["peers"], room["gateway"], room["standby_gateways"]) == (1, True, 0)


async def test_a_second_gateway_that_does_not_stand_by_is_refused(
    relay: RelayProcess, leaving: AsyncExitStack
) -> None:
    holder = await gateway(relay, leaving, "cellar", standby=True)
    await until(lambda: holder.session.state is SessionState.JOINED)
    second = await gateway(relay, leaving, "attic", standby=False)
    await until(lambda: second.session.state.is_over)
    assert second.session.ended is not None
    assert second.session.ended.code is SessionEnd.GATEWAY_PRESENT
    assert second.session.sentence.startswith("This room already has a gateway")
    assert holder.session.state is SessionState.JOINED


async def test_gateways_sort_themselves_out_after_a_relay_that_was_held_up(
    relay: RelayProcess, leaving: AsyncExitStack
) -> None:
    first = await gateway(relay, leaving, "cellar", standby=True)
    await until(lambda: first.session.state is SessionState.JOINED)
    second = await gateway(relay, leaving, "attic", standby=True)
    await until(lambda: second.session.state is SessionState.WAITING)
    os.kill(relay.process_id, signal.SIGSTOP)
    try:
        await until(lambda: second.session.state is SessionState.CONNECTING)
    finally:
        os.kill(relay.process_id, signal.SIGCONT)
    sessions = (first.session, second.session)
    await until(
        lambda: {each.state for each in sessions} == {SessionState.JOINED, SessionState.WAITING}
    )
