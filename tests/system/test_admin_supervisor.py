"""The supervisor with real admin processes: it never waits for one, however that behaves."""

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from lanparty_obs.counters import BlockKind
from lanparty_quic import HandshakeStatistics
from lanparty_relay.admin_link import (
    Answer,
    CloseRoom,
    Command,
    Configuration,
    Heartbeat,
    LimitsRecord,
    RoomRecord,
)
from lanparty_relay.core import RELAY_BLOCK, CounterBlocks, SessionCounts
from lanparty_relay.counter_memory import CounterMemory
from lanparty_relay.event_feed import EventFeed
from lanparty_relay.inventory import Inventory
from lanparty_relay.link_connection import OUTBOX_BYTES
from lanparty_relay.supervisor import AdminPatience, AdminSupervisor

TOKEN = "t" * 32
LIMIT = 10.0


class Half:
    """The relay's half: a supervisor, what it supervises for, and a client of the other half."""

    def __init__(
        self, listener: socket.socket, memory: CounterMemory, patience: AdminPatience
    ) -> None:
        self.inventory = Inventory()
        self.events = EventFeed(wall_clock_offset=time.time() - time.monotonic())
        self.blocks = CounterBlocks(memory.slots, memory.blocks)
        self.commands: list[Command] = []
        host, port = listener.getsockname()
        self.url = f"http://{host}:{port}"
        # Blocking, in a thread: a reset while it connects leaves no transport behind.
        self._client = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {TOKEN}"},
            trust_env=False,
        )
        self.supervisor = AdminSupervisor(
            listener=listener,
            memory=memory,
            configuration=configuration(len(memory.slots)),
            inventory=self.inventory,
            events=self.events,
            heartbeat=heartbeat,
            on_command=self._carry_out,
            patience=patience,
        )

    def open_room(self, room_id: str) -> None:
        block = self.blocks.allocate(BlockKind.ROOM, RELAY_BLOCK)
        assert block is not None
        record = RoomRecord(
            room_id=room_id,
            code="CODE",
            mtu=1500,
            network="10.171.5.0/24",
            lasting=False,
            opened_at=time.monotonic(),
            block=block,
            serial=self.blocks.serial(block),
        )
        self.inventory.apply(record)
        self.supervisor.announce(record)

    def newest_event(self) -> int:
        """Return the number of the relay's newest event."""
        newest = 0
        while (told := self.events.after(newest)) is not None:
            newest = told.number
        return newest

    async def status(self, path: str = "/readyz") -> int:
        """Ask; 0 if the connection was cut off."""
        with suppress(httpx.TransportError):
            return (await self.ask("GET", path)).status_code
        return 0

    async def ask(self, method: str, path: str) -> httpx.Response:
        return await asyncio.to_thread(self._client.request, method, path, timeout=1)

    def close_client(self) -> None:
        self._client.close()

    def credentials(self) -> Mapping[str, str]:
        """Return the header that a client of one's own has to send."""
        return {"Authorization": self._client.headers["Authorization"]}

    def use_token(self, token: str) -> None:
        self._client.headers["Authorization"] = f"Bearer {token}"

    async def until_ready(self) -> None:
        await self.until_answer(200, "/readyz")

    async def until_answer(self, status: int, path: str) -> None:
        async with asyncio.timeout(LIMIT):
            while await self.status(path) != status:  # noqa: ASYNC110  another process's doing
                await asyncio.sleep(0.02)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT):
            while not condition():  # noqa: ASYNC110  another process's doing
                await asyncio.sleep(0.02)

    def _carry_out(self, command: Command) -> None:
        self.commands.append(command)
        self.supervisor.answer(Answer(command_id=command.command_id, done=True))


def configuration(counter_slots: int) -> Configuration:
    return Configuration(
        version="1",
        listen="127.0.0.1:443",
        pin="sha256:x",
        token=TOKEN,
        limits=LimitsRecord(
            rooms=1,
            peers=1,
            peers_per_room=1,
            joins_per_minute=None,
            hello_timeout_seconds=5,
            idle_timeout_seconds=30,
            room_mtu=1500,
        ),
        started_at=time.monotonic(),
        wall_clock_offset=time.time() - time.monotonic(),
        counter_slots=counter_slots,
        admin_restarts=0,
        peer_metrics=True,
        log_json=True,
        log_level="warning",
    )


def heartbeat(number: int) -> Heartbeat:
    return Heartbeat(
        number=number,
        connections=0,
        packets_received=0,
        packets_routed=0,
        packets_sent=0,
        packets_dropped={},
        socket_overflows=0,
        handshakes=HandshakeStatistics(),
        sessions=SessionCounts(
            handshakes=0, admitted=0, resumed=0, abandoned=0, rejected={}, ended={}, faults={}
        ),
        cpu_seconds=0,
        leases=0,
    )


def child() -> int:
    """Return the process id of the admin process; other tests may have left another child."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    (found,) = (
        number
        for number in children
        if b"lanparty_relay.admin" in Path(f"/proc/{number}/cmdline").read_bytes()
    )
    return int(found)


@pytest.fixture
def patience() -> AdminPatience:
    return AdminPatience(to_answer=1.5, to_end=0.2)


@pytest.fixture
async def half(tmp_path: Path, patience: AdminPatience) -> AsyncIterator[Half]:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        CounterMemory(2_048, directory=tmp_path) as memory,
    ):
        half = Half(listener, memory, patience)
        half.supervisor.start()
        await half.until_ready()
        yield half
        half.close_client()
        await half.supervisor.aclose()


async def test_rooms_from_before_and_after_its_start_are_known_to_the_next_process(
    half: Half,
) -> None:
    half.open_room("before")
    os.kill(child(), signal.SIGKILL)
    await half.until(lambda: half.supervisor.restarts == 1)
    half.open_room("after")
    await half.until_ready()
    rooms = (await half.ask("GET", "/api/v1/rooms")).json()["rooms"]
    assert [room["room_id"] for room in rooms] == ["before", "after"]


async def test_a_command_reaches_the_relay_and_its_answer_the_operator(half: Half) -> None:
    half.open_room("room")
    assert await half.status("/api/v1/rooms/room") == 200
    assert (await half.ask("DELETE", "/api/v1/rooms/room")).status_code == 204
    assert half.commands == [CloseRoom(command_id=1, room_id="room")]


async def test_an_admin_process_that_hangs_is_killed_and_replaced(half: Half) -> None:
    hanging = child()
    os.kill(hanging, signal.SIGSTOP)
    await half.until(lambda: half.supervisor.restarts == 1)
    await half.until_ready()
    assert child() != hanging


async def test_an_admin_process_that_does_not_read_is_never_waited_for(half: Half) -> None:
    os.kill(child(), signal.SIGSTOP)
    for number in range(1_000):
        half.open_room(f"room{number}")
        await asyncio.sleep(0)
    await half.until(lambda: half.supervisor.restarts == 1)
    await half.until_ready()
    rooms = (await half.ask("GET", "/api/v1/rooms?limit=1000")).json()["rooms"]
    assert len(rooms) == 1_000


@pytest.mark.parametrize("patience", [AdminPatience(to_answer=20.0, to_end=0.2)])
async def test_events_wait_in_the_relays_bounded_memory_while_the_admin_process_sleeps(
    half: Half,
) -> None:
    half.supervisor.tell_events()
    begin = half.newest_event()
    process = child()
    os.kill(process, signal.SIGSTOP)
    version = "x" * 1_000
    happened = 3 * OUTBOX_BYTES // len(version)
    for _ in range(happened):
        half.events.relay_started(version, now=0.0)
        half.supervisor.tell_events()
    await asyncio.sleep(0.1)
    os.kill(process, signal.SIGCONT)
    end = half.newest_event()
    assert end == begin + happened

    async def last_told() -> str:
        answer = await half.ask("GET", "/api/v1/events?timeout=0")
        return answer.text.partition("id: ")[2].split()[0]

    async with asyncio.timeout(LIMIT):
        while not (await last_told()).endswith(f"-{end}"):  # noqa: ASYNC110  another process's
            await asyncio.sleep(0.05)
    assert half.supervisor.restarts == 0


@pytest.mark.parametrize("patience", [AdminPatience(to_answer=20.0, to_end=0.2)])
async def test_a_reader_that_sleeps_is_told_how_much_it_missed(half: Half) -> None:
    begin, version = half.newest_event(), "x" * 1_000
    told = missed = 0
    async with (
        httpx.AsyncClient(base_url=half.url, trust_env=False) as client,
        client.stream("GET", "/api/v1/events", headers=half.credentials()) as answer,
    ):
        for number in range(20_000):  # far more than sockets and ring hold
            half.events.relay_started(version, now=0.0)
            half.supervisor.tell_events()
            if number % 100 == 0:
                await asyncio.sleep(0)
        end = half.newest_event()
        async with asyncio.timeout(LIMIT):
            async for line in answer.aiter_lines():
                if '"type":"missed"' in line:
                    missed += json.loads(line.removeprefix("data: "))["count"]
                told += line == "event: relay_started"
                if line.startswith("id: ") and line.endswith(f"-{end}"):
                    break
    assert missed > 0
    assert told + missed == end - begin


async def test_a_renewed_token_and_pin_reach_this_process_and_the_next(half: Half) -> None:
    first = child()
    assert await half.status("/api/v1/relay") == 200
    half.supervisor.renew(token="n" * 32, pin="sha256:new")
    await half.until_answer(401, "/api/v1/relay")
    half.use_token("n" * 32)
    assert (await half.ask("GET", "/api/v1/relay")).json()["pin"] == "sha256:new"
    assert child() == first
    os.kill(first, signal.SIGKILL)
    await half.until(lambda: half.supervisor.restarts == 1)
    await half.until_ready()
    assert (await half.ask("GET", "/api/v1/relay")).json()["pin"] == "sha256:new"


async def test_an_admin_process_asked_to_stop_is_replaced(half: Half) -> None:
    os.kill(child(), signal.SIGTERM)
    await half.until(lambda: half.supervisor.restarts == 1)
    await half.until_ready()


async def test_at_the_end_no_process_is_left(half: Half) -> None:
    process_id = child()
    await half.supervisor.aclose()
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)
