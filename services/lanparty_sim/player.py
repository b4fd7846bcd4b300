"""A simulated player: a session, an in-memory port and a virtual host, over a real endpoint."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address
from typing import Final

from lanparty_client_core import (
    InMemoryPort,
    LastingSession,
    LeaseChanged,
    Observer,
    Persistence,
    SessionEnded,
    SessionEvent,
    SessionState,
)
from lanparty_client_core.join import (
    KnownRelay,
    RelayNotFoundError,
    RunningSession,
    join_relay,
)
from lanparty_ctrl import Hello, PeerJoined, Role, RoomCode, Welcome
from lanparty_endpoint.packet_size import receive_budget
from lanparty_endpoint.probing import ProbeStation
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MacAddress
from lanparty_sim.virtual_host import VirtualHost

__all__ = ["JoinFailedError", "Player", "wait_until"]

_ASK_AGAIN_AFTER: Final = 1.0
_ASK_TIMES: Final = 3


class JoinFailedError(Exception):
    """The player is not in the room. The text is the sentence for a person."""

    def __init__(self, ended: SessionEnded, text: str = "") -> None:
        super().__init__(text or ended.sentence)
        self.ended = ended


class Player:
    """One player on one relay. `join` begins, `leave` ends; in between it answers by itself."""

    def __init__(
        self,
        host: VirtualHost,
        *,
        name: str,
        role: Role = Role.CLIENT,
        observer: Observer | None = None,
        takes_lease: bool = False,
    ) -> None:
        """With `takes_lease` the host's address is the one that the relay leases, once it does."""
        self.host = host
        self.name = name
        self.role = role
        self._observer = observer
        self._takes_lease = takes_lease
        self._port = InMemoryPort(queue_limit=4_096)
        self._port.on_written(self._serve_host)
        self._probing = ProbeStation(host.mac, relay_round_trip=self._way_to_relay)
        self._running: RunningSession | None = None
        self._watchers: list[Callable[[], object]] = []

    @property
    def mac(self) -> MacAddress | None:
        """The identity in the room: a gateway has none of its own."""
        return self.host.mac if self.role is Role.CLIENT else None

    @property
    def session(self) -> LastingSession:
        """The session; `join` must have been called."""
        if self._running is None:
            raise RuntimeError(f"{self.name} has not been told to join")
        return self._running.session

    @property
    def welcome(self) -> Welcome:
        """What the relay granted; `join` must have succeeded."""
        welcome = self.session.welcome
        if welcome is None:
            raise RuntimeError(f"{self.name} has not been welcomed")
        return welcome

    @property
    def members(self) -> Mapping[int, PeerJoined]:
        """Who else is in the room, by peer id."""
        return self.session.members

    @property
    def is_joined(self) -> bool:
        """In the room now."""
        return self._running is not None and self.session.state is SessionState.JOINED

    async def join(
        self,
        relay: KnownRelay,
        *,
        room_code: RoomCode | None,
        create: bool = False,
        resume_token: str | None = None,
        persistence: Persistence = Persistence.ONE_TRY,
    ) -> None:
        """Join and wait until every member is named; raise `JoinFailedError` otherwise.

        `persistence` says what happens when the session is lost later.
        """
        hello = Hello(
            role=self.role,
            room_code=room_code,
            create=create,
            mac=self.mac,
            name=self.name,
            datagram_budget=receive_budget(relay.packet_size),
            port_mtu=self._port.mtu,
            resume_token=resume_token,
        )
        try:
            self._running = await join_relay(
                relay,
                self._port,
                hello=hello,
                persistence=persistence,
                observer=self._observe,
                stations=[self._probing],
            )
        except (RelayNotFoundError, OSError) as error:
            text = error.strerror if isinstance(error, OSError) else str(error)
            unreachable = SessionEnded(code=SessionEnd.RELAY_UNREACHABLE)
            raise JoinFailedError(unreachable, text or "") from error
        self._running.on_stopped(self._wake_watchers)
        session = self._running.session
        try:
            # No limit: the session itself gives up on a relay that doesn't answer.
            await wait_until(
                lambda: session.state is SessionState.JOINED or session.state.is_over,
                [self],
                limit=None,
            )
        except BaseException:
            await self.leave()
            raise
        if session.ended is not None:
            await self.leave()
            raise JoinFailedError(session.ended)

    async def leave(self) -> None:
        """Say goodbye if that makes sense still, and give everything back."""
        self._port.close()
        if self._running is not None:
            await self._running.aclose()

    async def until_over(self, *, limit: float | None = None) -> SessionEnded | None:
        """Wait until the session is over, for `limit` seconds at most; then give all back."""
        session = self.session
        if not await wait_until(lambda: session.state.is_over, [self], limit=limit):
            return None
        await self.leave()
        return session.ended

    def send(self, frame: bytes) -> bool:
        """Send a frame into the room; False if the port's queue is full."""
        return self._port.inject(frame)

    async def resolve(self, address: IPv4Address) -> MacAddress | None:
        """Ask by ARP who has the address, as often as a host does; None if nobody answers."""
        for _ in range(_ASK_TIMES):
            self.send(self.host.arp_request(address))
            if await wait_until(
                lambda: address in self.host.neighbours, [self], limit=_ASK_AGAIN_AFTER
            ):
                return self.host.neighbours[address]
        return None

    async def ping(self, address: IPv4Address) -> float | None:
        """Ping the address, as `ping -c 3` does until one is answered; return the seconds."""
        if address not in self.host.neighbours and await self.resolve(address) is None:
            return None
        for _ in range(_ASK_TIMES):
            sequence, frame = self.host.echo_request(address)
            began = time.monotonic()
            self.send(frame)
            if await wait_until(
                lambda sequence=sequence: sequence in self.host.echoes,  # type: ignore[misc]
                [self],
                limit=_ASK_AGAIN_AFTER,
            ):
                return time.monotonic() - began
        return None

    def watch(self, wake: Callable[[], object]) -> None:
        """Name one more that is called when a frame or an event arrives."""
        self._watchers.append(wake)

    def unwatch(self, wake: Callable[[], object]) -> None:
        """Undo one `watch`."""
        self._watchers.remove(wake)

    def raise_failure(self) -> None:
        """Raise what stopped the session's driver, if it was a fault of ours."""
        if self._running is not None and self._running.failure is not None:
            raise self._running.failure

    def _serve_host(self) -> None:
        for frame in self._port.take():
            for answer in self.host.receive_frame(frame):
                self._port.inject(answer)
        self._wake_watchers()

    def _way_to_relay(self) -> float | None:
        return None if self._running is None else self._running.session.shortest_round_trip

    def _observe(self, event: SessionEvent) -> None:
        if self._takes_lease and isinstance(event, LeaseChanged) and event.lease is not None:
            self.host.address = event.lease.address
        if self._observer is not None:
            self._observer(event)
        self._wake_watchers()

    def _wake_watchers(self) -> None:
        for wake in tuple(self._watchers):
            wake()


async def wait_until(
    condition: Callable[[], bool], players: Iterable[Player], *, limit: float | None
) -> bool:
    """Wait until the condition holds; look again when something arrived for one of the players.

    False if it doesn't hold after `limit` seconds; None waits for ever.
    """
    watched = list(players)
    bell = asyncio.Event()
    for player in watched:
        player.watch(bell.set)
    try:
        async with asyncio.timeout(limit):
            while not condition():
                for player in watched:
                    player.raise_failure()
                bell.clear()
                await bell.wait()
    except TimeoutError:
        return condition()
    finally:
        for player in watched:
            player.unwatch(bell.set)
    return True
