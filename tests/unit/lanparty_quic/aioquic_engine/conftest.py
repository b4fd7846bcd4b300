"""A QUIC client that breaks softlan's rules: plain aioquic, driven packet by packet."""

import ssl
from collections.abc import Callable
from typing import Any

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated

from lanparty_quic import (
    Address,
    ConnectionKey,
    EndpointEvent,
    EndpointLimits,
    Outcome,
)
from lanparty_quic.aioquic_engine import AioquicEndpoint
from lanparty_quic.identity import ServerIdentity

RELAY: Address = ("203.0.113.1", 443)


class Bench:
    """A listening endpoint on a clock that the test moves, and rogues that talk to it."""

    def __init__(self, identity: ServerIdentity, limits: EndpointLimits | None) -> None:
        self.endpoint = AioquicEndpoint(RELAY, identity=identity, limits=limits)
        self.now = 0.0
        self.events: list[EndpointEvent] = []
        self.payloads: list[bytes] = []
        self.outcomes: list[Outcome] = []
        self._rogues: list[Rogue] = []

    def rogue(self, **settings: Any) -> "Rogue":
        """Any: whatever aioquic's configuration takes."""
        rogue = Rogue(("198.51.100.9", 40_000 + len(self._rogues)), settings, now=self.now)
        self._rogues.append(rogue)
        return rogue

    def forget_rogues(self) -> None:
        """Let them go: they are silent from now on."""
        self._rogues.clear()

    def feed(self, packet: bytes, source: Address = ("192.0.2.1", 1)) -> list[bytes]:
        """Give the endpoint one packet and return what it answers to that address."""
        self.endpoint.receive_packet(packet, source, now=self.now)
        return [data for data, address in self._turn() if address == source]

    def exchange(self, rounds: int = 20) -> None:
        """Carry packets both ways, 5 ms a round."""
        for _ in range(rounds):
            self.now += 0.005
            for rogue in self._rogues:
                for packet in rogue.packets(now=self.now):
                    self.endpoint.receive_packet(packet, rogue.address, now=self.now)
            for packet, address in self._turn():
                for rogue in self._rogues:
                    if rogue.address == address:
                        rogue.receive(packet, now=self.now)

    def _turn(self) -> list[tuple[bytes, Address]]:
        self.endpoint.handle_turn(now=self.now)
        for received in self.endpoint.datagrams():
            self.payloads += received.payloads
        self.events += self.endpoint.events()
        self.endpoint.flush(now=self.now)
        self.outcomes += self.endpoint.outcomes()
        self.events += self.endpoint.events()
        return self.endpoint.packets_to_send()

    @property
    def key(self) -> ConnectionKey:
        """The first connection that was announced."""
        return self.events[0].connection


class Rogue:
    """One client. `quic` is the test's to misuse."""

    def __init__(self, address: Address, settings: dict[str, Any], *, now: float) -> None:
        configuration = QuicConfiguration(
            **{
                "alpn_protocols": ["lanparty/1"],
                "max_datagram_frame_size": 65_535,
                "verify_mode": ssl.CERT_NONE,
                **settings,
            }
        )
        self.address = address
        self.quic = QuicConnection(configuration=configuration)
        self.quic.connect(RELAY, now=now)
        self.keeps: Callable[[int], bool] = lambda serial: True
        """Tells of each packet, by its serial number, whether it reaches the endpoint."""
        self.hears = True
        self.sent = 0
        self._ended: ConnectionTerminated | None = None

    def packets(self, *, now: float) -> list[bytes]:
        timer = self.quic.get_timer()
        if timer is not None and timer <= now:
            self.quic.handle_timer(now)
        kept = []
        for packet, _ in self.quic.datagrams_to_send(now):
            self.sent += 1
            if self.keeps(self.sent):
                kept.append(packet)
        return kept

    def receive(self, packet: bytes, *, now: float) -> None:
        if self.hears:
            self.quic.receive_datagram(packet, RELAY, now)

    def end(self) -> ConnectionTerminated | None:
        """Why the connection is over; None while it is not."""
        while (event := self.quic.next_event()) is not None:
            if isinstance(event, ConnectionTerminated):
                self._ended = event
        return self._ended


@pytest.fixture
def make_bench(identity: ServerIdentity) -> Callable[..., Bench]:
    def make(limits: EndpointLimits | None = None) -> Bench:
        return Bench(identity, limits)

    return make


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench()
