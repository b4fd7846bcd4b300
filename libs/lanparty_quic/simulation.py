"""A network in one process on a simulated clock: endpoints, their consumers, and a wire that fails.

    simulation = Simulation(seed=7, path=Path(latency=0.02, loss=0.01))
    relay = simulation.memory_endpoint(("203.0.113.1", 443), listening=True)
    player = simulation.memory_endpoint(("198.51.100.7", 50000))
    simulation.attach(relay, ...)
    simulation.attach(player, ...)
    simulation.run_until(lambda: ..., timeout=5)

Time jumps to the next thing that happens, so an hour of silence costs nothing. Two runs with one
seed are equal. Within one run, whatever arrives for an endpoint at one moment is one turn.
"""

import heapq
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from lanparty_quic.aioquic_engine import AioquicEndpoint
from lanparty_quic.endpoint import Address, Consumer, Cutter, Endpoint
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.limits import DEFAULT_DATAGRAM_BUDGET, EndpointLimits
from lanparty_quic.memory import MemoryEndpoint
from lanparty_quic.memory_packets import MemoryPacket
from lanparty_quic.wire import PacketEndpoint

__all__ = ["Path", "Simulation", "TracedPacket"]

_TURNS_WITHOUT_TIME: Final = 20_000
"""Turns at one moment after which somebody asks for a turn without ever making progress."""

AnyPacketEndpoint: TypeAlias = PacketEndpoint[Any]
"""Any: a simulation mixes engines, whose packets only their own kind reads."""


@dataclass(frozen=True, slots=True)
class Path:
    """What the way between any two endpoints does to packets. Times in seconds, sizes in bytes."""

    latency: float = 0.01
    """One way."""
    jitter: float = 0.0
    """Most that a packet is late beyond that, evenly drawn; it reorders packets."""
    loss: float = 0.0
    """Share of packets that vanish, 0 to 1."""
    mtu: int = 1500
    """Largest UDP payload; a longer one vanishes."""


@dataclass(frozen=True, slots=True)
class TracedPacket:
    """A packet that was handed to the wire."""

    time: float
    source: Address
    destination: Address
    packet: bytes | MemoryPacket
    delivered: bool
    """False: lost, too long, or nobody was at the destination when it was sent."""


class Simulation:
    """Carries packets between endpoints and gives each its turns."""

    def __init__(self, *, seed: int = 0, path: Path | None = None, trace: bool = False) -> None:
        """With `trace` every packet is kept in `packets`, in the order of sending."""
        self.path = path or Path()
        """May be replaced between runs: a path that gets worse."""
        self.packets: list[TracedPacket] = []
        self._trace = trace
        self._random = random.Random(seed)  # noqa: S311  a reproducible network, no secret
        self._now = 0.0
        self._order = 0
        self._endpoints: list[AnyPacketEndpoint] = []
        self._consumers: dict[int, Consumer] = {}
        self._at_address: dict[Address, AnyPacketEndpoint] = {}
        self._addresses: dict[int, Address] = {}
        self._cut: set[int] = set()
        self._last_reliable: dict[tuple[int, Address], float] = {}
        self._wakes: dict[int, float] = {}
        self._arrivals: list[tuple[float, int, AnyPacketEndpoint, Any, Address]] = []

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return self._now

    # Who is there

    def memory_endpoint(
        self,
        address: Address,
        listening: bool = False,
        *,
        pin: str | None = None,
        names: Iterable[str] = (),
        limits: EndpointLimits | None = None,
        datagram_budget: int = DEFAULT_DATAGRAM_BUDGET,
        send_rate: float | None = None,
        cutter: Cutter | None = None,
    ) -> MemoryEndpoint:
        """Make a memory endpoint and put it on the wire. See `MemoryEndpoint` for the options."""
        endpoint = MemoryEndpoint(
            address,
            listening=listening,
            pin=pin or f"sha256:{address[0]}:{address[1]}",
            names=frozenset(names),
            limits=limits,
            datagram_budget=datagram_budget,
            send_rate=send_rate,
            cutter=cutter,
        )
        self.add(endpoint)
        return endpoint

    def aioquic_endpoint(
        self,
        address: Address,
        *,
        identity: ServerIdentity | None = None,
        limits: EndpointLimits | None = None,
        retry: bool = False,
        cutter: Cutter | None = None,
    ) -> AioquicEndpoint:
        """Make a QUIC endpoint, listening if it has an identity, and put it on the wire."""
        endpoint = AioquicEndpoint(
            address, identity=identity, limits=limits, retry=retry, cutter=cutter
        )
        self.add(endpoint)
        return endpoint

    def add(self, endpoint: AnyPacketEndpoint) -> None:
        """Put an endpoint on the wire at its local address; raise ValueError if that is taken."""
        address = endpoint.local_address
        if address in self._at_address:
            raise ValueError(f"{address} is taken")
        self._at_address[address] = endpoint
        self._addresses[id(endpoint)] = address
        self._endpoints.append(endpoint)

    def remove(self, endpoint: Endpoint) -> None:
        """Switch an endpoint off, without a word: what is under way to it is lost."""
        self._endpoints = [kept for kept in self._endpoints if kept is not endpoint]
        del self._at_address[self._addresses.pop(id(endpoint))]
        self._consumers.pop(id(endpoint), None)
        self._wakes.pop(id(endpoint), None)
        self._arrivals = [arrival for arrival in self._arrivals if arrival[2] is not endpoint]
        heapq.heapify(self._arrivals)

    def attach(self, endpoint: Endpoint, consumer: Consumer) -> None:
        """Name the endpoint's consumer, which is served from now on.

        Without one an endpoint has its turns too, and nobody hears its news.
        """
        self._consumers[id(endpoint)] = consumer
        self.waker(endpoint)()

    def waker(self, endpoint: Endpoint) -> Callable[[], None]:
        """Return what gives the endpoint a turn at the moment of its call."""

        def wake() -> None:
            self._wake_at(endpoint, self._now)

        return wake

    # What happens to them

    def cut(self, endpoint: Endpoint) -> None:
        """Pull the endpoint's cable: nothing reaches it and nothing leaves it."""
        self._cut.add(id(endpoint))

    def restore(self, endpoint: Endpoint) -> None:
        """Plug the cable in again."""
        self._cut.discard(id(endpoint))

    def move(self, endpoint: Endpoint, address: Address) -> None:
        """Show the endpoint at another address, as a NAT does that forgot it.

        The endpoint doesn't know. What was sent to the old address and is not there yet is lost.
        """
        old = self._addresses[id(endpoint)]
        self._at_address[address] = self._at_address.pop(old)
        self._addresses[id(endpoint)] = address
        self._arrivals = [arrival for arrival in self._arrivals if arrival[2] is not endpoint]
        heapq.heapify(self._arrivals)

    def inject(self, packet: Any, source: Address, destination: Address) -> None:
        """Send a packet that no endpoint made. Any: it may be of any engine, or of none."""
        self._carry(None, packet, source, destination)

    # Time

    def run_for(self, seconds: float) -> None:
        """Let so much time pass."""
        self._run(self._now + seconds, lambda: False)

    def run_until(self, condition: Callable[[], bool], *, timeout: float = 60.0) -> None:
        """Run until the condition holds after a turn; raise TimeoutError if it never does."""
        if not self._run(self._now + timeout, condition):
            raise TimeoutError(f"the condition did not hold within {timeout} simulated seconds")

    def _run(self, until: float, condition: Callable[[], bool]) -> bool:
        # What a test did to an endpoint since the last run takes effect in this first turn.
        for endpoint in self._endpoints:
            self._wake_at(endpoint, self._now)
        turns_left = _TURNS_WITHOUT_TIME
        while True:
            if condition():
                return True
            moment = self._next_moment()
            if moment is None or moment > until:
                self._now = until
                return condition()
            if moment > self._now:
                self._now = moment
                turns_left = _TURNS_WITHOUT_TIME
            turns_left -= 1
            if turns_left < 0:
                raise RuntimeError(f"no progress at {self._now}: a deadline stays in the past")
            self._do_moment()

    def _next_moment(self) -> float | None:
        arrival = self._arrivals[0][0] if self._arrivals else None
        wake = min(self._wakes.values(), default=None)
        moments = [moment for moment in (arrival, wake) if moment is not None]
        return max(self._now, min(moments)) if moments else None

    def _do_moment(self) -> None:
        now = self._now
        while self._arrivals and self._arrivals[0][0] <= now:
            _, _, endpoint, packet, source = heapq.heappop(self._arrivals)
            if id(endpoint) not in self._cut:
                endpoint.receive_packet(packet, source, now=now)
                self._wake_at(endpoint, now)
        for endpoint in tuple(self._endpoints):
            if self._wakes.get(id(endpoint), now + 1) <= now:
                del self._wakes[id(endpoint)]
                self._give_turn(endpoint)

    def _give_turn(self, endpoint: AnyPacketEndpoint) -> None:
        consumer = self._consumers.get(id(endpoint))
        endpoint.handle_turn(now=self._now)
        deadlines = []
        if consumer is None:
            endpoint.datagrams()
            endpoint.events()
            endpoint.flush(now=self._now)
            endpoint.outcomes()
        else:
            consumer.serve(now=self._now)
            deadlines.append(consumer.next_deadline())
        for packet, destination in endpoint.packets_to_send():
            self._carry(endpoint, packet, self._addresses[id(endpoint)], destination)
        deadlines.append(endpoint.next_deadline())
        for deadline in deadlines:
            if deadline is not None:
                self._wake_at(endpoint, deadline)

    def _wake_at(self, endpoint: Endpoint, moment: float) -> None:
        known = self._wakes.get(id(endpoint))
        if known is None or moment < known:
            self._wakes[id(endpoint)] = moment

    # The wire

    def _carry(
        self, sender: AnyPacketEndpoint | None, packet: Any, source: Address, destination: Address
    ) -> None:
        receiver = self._at_address.get(destination)
        reliable = isinstance(packet, MemoryPacket) and packet.reliable
        vanishes = receiver is None or id(sender) in self._cut or len(packet) > self.path.mtu
        if self.path.loss and not reliable:
            vanishes |= self._random.random() < self.path.loss
        if self._trace:
            self.packets.append(TracedPacket(self._now, source, destination, packet, not vanishes))
        if vanishes or receiver is None:
            return
        arrival = self._now + self.path.latency
        if self.path.jitter:
            arrival += self._random.uniform(0, self.path.jitter)
        if reliable:
            way = (id(sender), destination)
            arrival = max(arrival, self._last_reliable.get(way, 0.0))
            self._last_reliable[way] = arrival
        self._order += 1
        heapq.heappush(self._arrivals, (arrival, self._order, receiver, packet, source))
