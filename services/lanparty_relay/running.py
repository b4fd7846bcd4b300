"""A relay from its start to its stop: builds the parts, lets them run, ends them in order."""

import asyncio
import os
import signal
import socket
import sys
import time
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from typing import Final

from lanparty_command import (
    CommandFailed,
    ExitCode,
    abandon_output,
    softlan_version,
)
from lanparty_obs.logging import configure, get_logger
from lanparty_quic.loop import EndpointDriver, UdpEndpoint
from lanparty_relay.admin_link import (
    AnyAnswer,
    Command,
    Configuration,
    Heartbeat,
    LimitsRecord,
)
from lanparty_relay.announcement import Addresses, announcement
from lanparty_relay.binding import bind_admin, bind_players
from lanparty_relay.collector import settle_collector
from lanparty_relay.core import CounterBlocks, LifecycleEvent, Relay
from lanparty_relay.counter_memory import CounterMemory
from lanparty_relay.credentials import Credentials
from lanparty_relay.event_feed import EventFeed
from lanparty_relay.host_check import HostLimits, advise
from lanparty_relay.inventory import Inventory, change_of
from lanparty_relay.journal import Journal
from lanparty_relay.lease_keeper import LeaseKeeper
from lanparty_relay.memory_budget import budget_of, resident_bytes, used_memory
from lanparty_relay.room_keeper import RoomKeeper
from lanparty_relay.serving import RelayConsumer
from lanparty_relay.settings import RelaySettings
from lanparty_relay.state_directory import StateDirectory
from lanparty_relay.supervisor import AdminSupervisor

__all__ = ["run_relay"]

_ADMIN_PACKAGES: Final = ("fastapi", "prometheus_client", "uvicorn")


def run_relay(settings: RelaySettings) -> int:
    """Serve until SIGTERM or SIGINT and return the exit code.

    Raises `CommandFailed` for what the operator can mend, before anything is served.
    """
    _require_admin_packages()
    configure(json=settings.log_format == "json", level=settings.log_level)
    state = StateDirectory(settings.state_dir)
    with ExitStack() as resources:
        resources.enter_context(state.held())
        credentials = Credentials(settings, state)
        leases = LeaseKeeper(state, get_logger("relay.leases"))
        rooms = RoomKeeper(state, get_logger("relay.rooms"))
        listener = resources.enter_context(bind_admin(settings.admin))
        endpoint = bind_players(
            settings.listen,
            identity=credentials.identity,
            limits=settings.endpoint_limits(),
            retry=settings.retry,
        )
        resources.callback(endpoint.socket.close)
        memory = resources.enter_context(
            CounterMemory(settings.counter_blocks(), directory=state.path)
        )
        with asyncio.Runner() as runner:
            running = _RunningRelay(
                settings, credentials, leases, rooms, listener, endpoint, memory
            )
            settle_collector()
            runner.run(running.serve())
    return ExitCode.OK


def _require_admin_packages() -> None:
    """Say at once what the admin process would fail by, again and again."""
    missing = [name for name in _ADMIN_PACKAGES if find_spec(name) is None]
    if missing:
        raise CommandFailed(
            f"not installed: {', '.join(missing)}. Install the relay's extras with "
            "pip install 'softlan[relay]'"
        )


class _RunningRelay:
    """The parts of one relay and how they hang together."""

    def __init__(
        self,
        settings: RelaySettings,
        credentials: Credentials,
        leases: LeaseKeeper,
        rooms: RoomKeeper,
        listener: socket.socket,
        endpoint: UdpEndpoint,
        memory: CounterMemory,
    ) -> None:
        self._settings: Final = settings
        self._credentials: Final = credentials
        self._leases: Final = leases
        self._rooms: Final = rooms
        self._endpoint: Final = endpoint
        self._addresses: Final = Addresses.of(
            settings, endpoint.local_address, listener.getsockname()
        )
        self._log: Final = get_logger("relay")
        self._journal: Final = Journal(self._log)
        self._inventory: Final = Inventory()
        self._wall_clock_offset: Final = time.time() - time.monotonic()
        self._budget: Final = budget_of(
            settings.endpoint_limits(),
            rooms=settings.rooms,
            peers=settings.peers,
            counter_slots=len(memory.slots),
        )
        self._events: Final = EventFeed(wall_clock_offset=self._wall_clock_offset)
        blocks = CounterBlocks(memory.slots, memory.blocks)
        self._relay: Final = Relay(
            limits=settings.relay_limits(),
            blocks=blocks,
            random_bytes=os.urandom,
            server_version=f"softlan {softlan_version()}",
            leases=leases.book,
        )
        self._consumer: Final = RelayConsumer(
            endpoint=endpoint,
            relay=self._relay,
            blocks=blocks,
            on_events=self._note_events,
            on_answer=self._note_answer,
        )
        self._supervisor: Final = AdminSupervisor(
            listener=listener,
            memory=memory,
            configuration=self._configuration(len(memory.slots)),
            inventory=self._inventory,
            events=self._events,
            heartbeat=self._heartbeat,
            on_command=self._command,
        )
        self._driver: EndpointDriver | None = None

    async def serve(self) -> None:
        """Run until a signal says stop. A bug in a turn ends the relay and is raised."""
        stop, hung_up = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, hung_up.set)
        self._driver = driver = EndpointDriver(self._endpoint, self._consumer)
        self._events.relay_started(softlan_version(), now=loop.time())
        self._make_rooms_again(now=loop.time())
        self._supervisor.start()
        driver.start()
        self._leases.start()
        self._rooms.start()
        self._say_hello()
        waiting = {
            asyncio.create_task(stop.wait()),
            asyncio.create_task(driver.wait_closed()),
            asyncio.create_task(self._renew_until_terminal_is_gone(hung_up)),
        }
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            self._log.info("relay stops")
        finally:
            self._events.relay_stopping(now=loop.time())
            self._supervisor.tell_events()
            self._consumer.shut_down()
            await asyncio.gather(driver.aclose(), self._supervisor.aclose())
            await self._leases.aclose()
            await self._rooms.aclose()
            for task in waiting:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _renew_until_terminal_is_gone(self, hung_up: asyncio.Event) -> None:
        """Renew the credentials at each SIGHUP; return at one that means a closed terminal."""
        had_terminal = sys.stderr.isatty()
        while True:
            await hung_up.wait()
            hung_up.clear()
            if had_terminal and not sys.stderr.isatty():
                return
            # In a thread: players' packets don't wait for a disk.
            await asyncio.to_thread(self._credentials.renew, self._log)
            self._endpoint.renew_identity(self._credentials.identity)
            self._supervisor.renew(
                token=self._credentials.token, pin=self._credentials.identity.pin
            )

    def _make_rooms_again(self, *, now: float) -> None:
        for room in self._rooms.read:
            if not self._relay.restore_room(room, now=now):
                self._rooms.has_no_place(room)
        self._note_events(self._relay.lifecycle(), now)

    def _say_hello(self) -> None:
        limits = HostLimits.granted(self._endpoint.socket)
        all_advice = advise(limits)
        for advice in all_advice:
            self._log.warning(
                "host limit is low",
                subject=advice.subject,
                value=advice.value,
                wanted=advice.wanted,
                effect=advice.effect,
                remedy=advice.remedy,
            )
        if not all_advice:
            self._log.info(
                "host limits suffice",
                receive_buffer=limits.receive_buffer,
                send_buffer=limits.send_buffer,
                descriptors=limits.descriptors,
            )
        if self._addresses.admin_is_exposed:
            self._log.warning(
                "admin API is open to other hosts, and its token travels unencrypted",
                admin=self._addresses.admin_url,
                remedy="--admin 127.0.0.1:PORT, or a proxy with TLS before it",
            )
        self._log.info(
            "relay started",
            version=softlan_version(),
            listen=self._addresses.listen,
            admin=self._addresses.admin,
            state_dir=str(self._settings.state_dir),
        )
        pin = self._credentials.identity.pin
        try:
            print(announcement(self._settings, self._addresses, pin), flush=True)
        except OSError as error:
            # The relay is for its players, whether anybody reads this or not.
            abandon_output()
            self._log.warning("what to dial could not be printed", reason=error.strerror)

    def _note_events(self, events: list[LifecycleEvent], now: float) -> None:
        for event in events:
            self._journal.note(event)
            self._rooms.note(event)
            change = change_of(event, now=now)
            if change is not None:
                self._inventory.apply(change)
                self._supervisor.announce(change)
        if events:  # a turn of frames alone pays nothing for this
            self._events.happened(events, now=now)
            self._supervisor.tell_events()

    def _note_answer(self, answer: AnyAnswer) -> None:
        self._supervisor.answer(answer)

    def _command(self, command: Command) -> None:
        self._consumer.ask(command)
        if self._driver is not None:
            self._driver.wake()

    def _configuration(self, counter_slots: int) -> Configuration:
        settings = self._settings
        return Configuration(
            version=softlan_version(),
            listen=self._addresses.listen,
            pin=self._credentials.identity.pin,
            token=self._credentials.token,
            limits=LimitsRecord(
                rooms=settings.rooms,
                peers=settings.peers,
                peers_per_room=settings.peers_per_room,
                joins_per_minute=settings.joins_per_minute or None,
                hello_timeout_seconds=settings.hello_timeout,
                idle_timeout_seconds=settings.idle_timeout,
                room_mtu=settings.room_mtu,
            ),
            started_at=time.monotonic(),
            wall_clock_offset=self._wall_clock_offset,
            counter_slots=counter_slots,
            admin_restarts=0,
            memory=self._budget,
            peer_metrics=settings.peer_metrics,
            log_json=settings.log_format == "json",
            log_level=settings.log_level,
        )

    def _heartbeat(self, number: int) -> Heartbeat:
        endpoint = self._endpoint.endpoint_statistics()
        return Heartbeat(
            number=number,
            connections=endpoint.connections,
            packets_received=endpoint.packets_received,
            packets_routed=endpoint.packets_routed,
            packets_sent=endpoint.packets_sent,
            packets_dropped=endpoint.packets_dropped,
            socket_overflows=endpoint.socket_overflows,
            handshakes=endpoint.handshakes,
            sessions=self._relay.session_counts(),
            cpu_seconds=time.process_time(),
            leases=len(self._leases.book),
            memory=used_memory(
                self._budget,
                endpoint,
                places=sum(1 for _ in self._inventory.everything()),
                leases=len(self._leases.book),
                control_bytes=self._relay.control_bytes,
            ),
            resident_bytes=resident_bytes(),
        )
