"""Who loses the relay, or the way to it, and comes back: with both engines, no real time.

player or gateway -- simulated wire -- relay (killed, stopped, moved, cut off, started again)
"""

import random
from collections.abc import Callable
from typing import Final, TypeAlias

from lanparty_client_core import (
    InMemoryPort,
    LastingSession,
    MemberJoined,
    MemberLeft,
    Persistence,
    RelayTarget,
    SessionEvent,
    SessionState,
    StateChanged,
    Welcomed,
)
from lanparty_ctrl import Hello, Role, RoomCode
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import SLOTS_PER_BLOCK
from lanparty_proto import BROADCAST, MacAddress
from lanparty_quic import Address, Endpoint, PinnedKey
from lanparty_quic.aioquic_engine import AioquicEndpoint
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.memory import MemoryEndpoint
from lanparty_quic.simulation import Path, Simulation
from lanparty_relay.core import CounterBlocks, LeaseBook, LifecycleEvent, Relay, RelayLimits
from lanparty_relay.serving import RelayConsumer

RELAY: Final[Address] = ("203.0.113.1", 443)
ELSEWHERE: Final[Address] = ("203.0.113.99", 443)
CODE: Final = RoomCode("PARTY")
BLOCKS: Final = 64
JOINED, RECONNECTING = SessionState.JOINED, SessionState.RECONNECTING


class Seat:
    """One player: a session, its port, and a stream of ten frames a second to everybody."""

    def __init__(
        self,
        house: "House",
        number: int,
        *,
        persistence: Persistence,
        addresses: tuple[Address, ...],
        create: bool,
        role: Role = Role.CLIENT,
        standby: bool = False,
    ) -> None:
        self.house = house
        self.number = number
        self.events: list[SessionEvent] = []
        self.port = InMemoryPort(queue_limit=10_000)
        self.asked = 0
        self.endpoint = house.endpoint((f"198.51.100.{number}", 50_000))
        self.session = LastingSession(
            self.endpoint,
            self.port,
            target=RelayTarget(
                addresses=addresses,
                server_name="relay.example",
                trust=PinnedKey(house.pin),
            ),
            hello=Hello(
                role=role,
                room_code=CODE,
                create=create,
                standby=standby,
                mac=mac_of(number) if role is Role.CLIENT else None,
                name=f"player {number}",
                datagram_budget=1_500,
                port_mtu=1_500,
            ),
            persistence=persistence,
            random=house.random.random,
            first_frame_id=house.random.randrange(2**32),
            observer=self.events.append,
            ask_addresses=self._ask,
        )
        self.session.connect(now=house.now)
        house.simulation.attach(self.endpoint, self.session)
        self.port.on_readable(house.simulation.waker(self.endpoint))

    def _ask(self) -> None:
        self.asked += 1

    @property
    def state(self) -> SessionState:
        return self.session.state

    @property
    def code(self) -> SessionEnd | None:
        return None if self.session.ended is None else self.session.ended.code

    @property
    def peer_id(self) -> int:
        assert self.session.welcome is not None
        return self.session.welcome.peer_id

    @property
    def welcomes(self) -> int:
        return sum(isinstance(event, Welcomed) for event in self.events)

    def states(self) -> list[SessionState]:
        return [event.state for event in self.events if isinstance(event, StateChanged)]

    def comings(self) -> list[SessionEvent]:
        return [event for event in self.events if isinstance(event, MemberJoined | MemberLeft)]

    def say(self, text: bytes) -> None:
        self.port.inject(BROADCAST + mac_of(self.number) + b"\x88\xb6" + text)

    def heard(self, text: bytes) -> bool:
        return any(text in frame for frame in self.port.take())

    def wake(self) -> None:
        self.house.simulation.waker(self.endpoint)()


class House:
    """A wire, a relay on it or not, and players."""

    def __init__(self, engine: str, identity: ServerIdentity) -> None:
        self.random = random.Random(5)
        self.simulation = Simulation(seed=5, path=Path(latency=0.01))
        self._engine = engine
        self._identity = identity
        self._talkers: list[Seat] = []
        self._seats = 0
        self.pin = "sha256:the relay" if engine == "memory" else identity.pin
        self.relay: Relay
        self.relay_endpoint: Endpoint
        self.consumer: RelayConsumer

    @property
    def now(self) -> float:
        return self.simulation.now

    def endpoint(self, address: Address) -> MemoryEndpoint | AioquicEndpoint:
        if self._engine == "memory":
            return self.simulation.memory_endpoint(address)
        return self.simulation.aioquic_endpoint(address)

    def start_relay(self, address: Address = RELAY) -> None:
        if self._engine == "memory":
            self.relay_endpoint = self.simulation.memory_endpoint(address, True, pin=self.pin)
        else:
            self.relay_endpoint = self.simulation.aioquic_endpoint(address, identity=self._identity)
        slots = memoryview(bytearray(8 * SLOTS_PER_BLOCK * BLOCKS)).cast("Q")
        blocks = CounterBlocks(slots, BLOCKS)
        self.relay = Relay(
            limits=RelayLimits(),
            blocks=blocks,
            random_bytes=self.random.randbytes,
            server_version="softlan test",
            leases=LeaseBook(bytes(32)),
        )
        self.lifecycle: list[LifecycleEvent] = []
        self.consumer = RelayConsumer(
            endpoint=self.relay_endpoint,
            relay=self.relay,
            blocks=blocks,
            on_events=lambda events, now: self.lifecycle.extend(events),
            on_answer=lambda answer: None,
        )
        self.simulation.attach(self.relay_endpoint, self.consumer)

    def start_stranger(self, identity: ServerIdentity) -> None:
        """Let somebody else listen at the relay's address."""
        if self._engine == "memory":
            self.relay_endpoint = self.simulation.memory_endpoint(RELAY, True, pin="sha256:other")
        else:
            self.relay_endpoint = self.simulation.aioquic_endpoint(RELAY, identity=identity)

    def kill_relay(self) -> None:
        self.simulation.remove(self.relay_endpoint)

    def stop_relay(self) -> None:
        self.consumer.shut_down()
        self.simulation.waker(self.relay_endpoint)()
        self.simulation.run_for(0.5)
        self.kill_relay()

    def seat(
        self,
        persistence: Persistence = Persistence.AFTER_WELCOME,
        *,
        addresses: tuple[Address, ...] = (RELAY,),
        create: bool = True,
    ) -> Seat:
        self._seats += 1
        return Seat(self, self._seats, persistence=persistence, addresses=addresses, create=create)

    def gateway(
        self,
        persistence: Persistence = Persistence.AFTER_WELCOME,
        *,
        standby: bool = False,
        create: bool = True,
    ) -> Seat:
        """Let a gateway come, which makes the room if it is the first."""
        self._seats += 1
        return Seat(
            self,
            self._seats,
            persistence=persistence,
            addresses=(RELAY,),
            create=create,
            role=Role.GATEWAY,
            standby=standby,
        )

    def joined(
        self,
        persistence: Persistence = Persistence.AFTER_WELCOME,
        *,
        addresses: tuple[Address, ...] = (RELAY,),
    ) -> Seat:
        seat = self.seat(persistence, addresses=addresses)
        self.until(lambda: seat.state is JOINED)
        self.run(0.1)
        return seat

    def talk(self, *seats: Seat) -> None:
        """Let them send ten frames a second from now on."""
        self._talkers = list(seats)

    def run(self, seconds: float) -> None:
        self._run(lambda: False, seconds)

    def until(self, condition: Callable[[], bool], seconds: float = 40.0) -> None:
        if not self._run(condition, seconds):
            raise TimeoutError(f"the condition did not hold within {seconds} simulated seconds")

    def _run(self, condition: Callable[[], bool], seconds: float) -> bool:
        end = self.now + seconds
        while not condition() and self.now < end:
            for seat in self._talkers:
                seat.say(b"tick")
            self.simulation.run_for(min(0.1, end - self.now))
        return condition()


Party: TypeAlias = tuple[House, Seat, Seat]
"""A relay with two players in a room."""


def mac_of(number: int) -> MacAddress:
    return MacAddress(b"\x02\x00\x00\x00\x00" + bytes([number]))
