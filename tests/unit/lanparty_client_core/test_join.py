import asyncio
import socket

import pytest

from lanparty_client_core import (
    InMemoryPort,
    Persistence,
    SessionEvent,
    SessionState,
    StateChanged,
)
from lanparty_client_core.join import KnownRelay, RelayNotFoundError, join_relay
from lanparty_command import RelayAddress
from lanparty_ctrl import Hello, Role
from lanparty_obs.codes import SessionEnd
from lanparty_quic import PinnedKey

PIN = PinnedKey("sha256:" + "A" * 43)
HELLO = Hello(role=Role.GATEWAY, name="the LAN", datagram_budget=1_500, port_mtu=1_500)


@pytest.fixture
def silent_relay() -> KnownRelay:
    """An address where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return KnownRelay(RelayAddress("127.0.0.1", port), PIN, connect_timeout=0.05)


async def test_a_name_that_can_not_be_resolved_is_said_so() -> None:
    relay = KnownRelay(RelayAddress("a" * 70), PIN)
    with pytest.raises(RelayNotFoundError, match="No relay is called"):
        await join_relay(relay, InMemoryPort(), hello=HELLO)


async def test_a_session_that_finds_nobody_ends_and_another_may_use_its_port(
    silent_relay: KnownRelay,
) -> None:
    port = InMemoryPort()
    over = asyncio.Event()

    def observe(event: SessionEvent) -> None:
        if isinstance(event, StateChanged) and event.state.is_over:
            over.set()

    running = await join_relay(silent_relay, port, hello=HELLO, observer=observe)
    await over.wait()
    assert running.session.state is SessionState.DISCONNECTED
    assert running.session.ended is not None
    assert running.session.ended.code is SessionEnd.RELAY_UNREACHABLE
    assert running.failure is None
    await running.aclose()
    await running.aclose()
    assert not port.closed
    again = await join_relay(silent_relay, port, hello=HELLO)
    await again.aclose()


async def test_a_session_left_while_connecting_ends_at_once(silent_relay: KnownRelay) -> None:
    running = await join_relay(silent_relay, InMemoryPort(), hello=HELLO)
    await running.aclose()
    assert running.session.state is SessionState.LEFT


async def test_a_fault_of_an_observer_is_loud(silent_relay: KnownRelay) -> None:
    stopped = asyncio.Event()

    def observe(event: SessionEvent) -> None:
        raise RuntimeError("a bug")

    running = await join_relay(silent_relay, InMemoryPort(), hello=HELLO, observer=observe)
    running.on_stopped(stopped.set)
    await stopped.wait()
    assert isinstance(running.failure, RuntimeError)
    with pytest.raises(RuntimeError, match="a bug"):
        await running.aclose()


async def test_a_service_begins_although_the_name_can_not_be_resolved_yet() -> None:
    relay = KnownRelay(RelayAddress("a" * 70), PIN)
    running = await join_relay(relay, InMemoryPort(), hello=HELLO, persistence=Persistence.ALWAYS)
    states = [running.session.state]
    await running.aclose()
    states.append(running.session.state)
    assert states == [SessionState.CONNECTING, SessionState.LEFT]


async def test_a_relay_that_is_not_running_is_noticed_long_before_the_time_limit() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    over = asyncio.Event()

    def observe(event: SessionEvent) -> None:
        if isinstance(event, StateChanged) and event.state.is_over:
            over.set()

    relay = KnownRelay(RelayAddress("127.0.0.1", port), PIN, connect_timeout=300)
    running = await join_relay(relay, InMemoryPort(), hello=HELLO, observer=observe)
    await over.wait()
    await running.aclose()
    assert running.session.ended is not None
    assert running.session.ended.code is SessionEnd.RELAY_UNREACHABLE
