"""Sessions and the relay's core on a simulated network: addresses on both sides."""

import random
from ipaddress import IPv4Address, IPv4Network

import pytest

from lanparty_client_core import (
    InMemoryPort,
    LastingSession,
    LeaseChanged,
    MemberChanged,
    RelayTarget,
    SessionEvent,
    SessionState,
)
from lanparty_ctrl import Hello, Role, RoomCode
from lanparty_obs.counters import SLOTS_PER_BLOCK
from lanparty_proto import MacAddress
from lanparty_quic.endpoint import Address, PinnedKey
from lanparty_quic.simulation import Path, Simulation
from lanparty_relay.core import CounterBlocks, LeaseBook, Relay, RelayLimits
from lanparty_relay.serving import RelayConsumer

RELAY: Address = ("203.0.113.1", 443)
BLOCKS = 16
PATIENCE = 20.0


class Party:
    """A relay, and players who come to it."""

    def __init__(self) -> None:
        self.simulation = Simulation(seed=1, path=Path(latency=0.01))
        self.endpoint = self.simulation.memory_endpoint(RELAY, listening=True)
        slots = memoryview(bytearray(8 * SLOTS_PER_BLOCK * BLOCKS)).cast("Q")
        blocks = CounterBlocks(slots, BLOCKS)
        relay = Relay(
            limits=RelayLimits(),
            blocks=blocks,
            random_bytes=random.Random(1).randbytes,
            server_version="softlan test",
            leases=LeaseBook(bytes(32)),
        )
        consumer = RelayConsumer(
            endpoint=self.endpoint,
            relay=relay,
            blocks=blocks,
            on_events=lambda events, now: None,
            on_answer=lambda answer: None,
        )
        self.simulation.attach(self.endpoint, consumer)

    def joined(self, number: int, *prefixes: IPv4Network) -> "Player":
        player = Player(self, number, prefixes)
        self.simulation.run_until(
            lambda: player.session.state is SessionState.JOINED, timeout=PATIENCE
        )
        return player


class Player:
    """A client of the party."""

    def __init__(self, party: Party, number: int, prefixes: tuple[IPv4Network, ...]) -> None:
        self.events: list[SessionEvent] = []
        self.party = party
        self.endpoint = party.simulation.memory_endpoint((f"198.51.100.{number}", 50_000))
        self.session = LastingSession(
            self.endpoint,
            InMemoryPort(mtu=1_500),
            target=RelayTarget(
                addresses=(RELAY,),
                server_name="relay.example",
                trust=PinnedKey(party.endpoint.pin),
            ),
            hello=Hello(
                role=Role.CLIENT,
                room_code=RoomCode("PARTY"),
                create=True,
                mac=MacAddress(bytes([2, 0, 0, 0, 0, number])),
                name=f"player {number}",
                datagram_budget=1_500,
                port_mtu=1_500,
                prefixes_in_use=prefixes,
            ),
            first_frame_id=0,
            observer=self.events.append,
        )
        self.session.connect(now=party.simulation.now)
        party.simulation.attach(self.endpoint, self.session)

    @property
    def address(self) -> IPv4Address:
        assert self.session.lease is not None
        return self.session.lease.address

    @property
    def others(self) -> set[IPv4Address | None]:
        return {member.address for member in self.session.members.values()}

    def use(self, *prefixes: IPv4Network) -> None:
        """Let its machine be in these networks from now on."""
        self.session.report_prefixes(prefixes)
        self.party.simulation.waker(self.endpoint)()


@pytest.fixture
def party() -> Party:
    return Party()


def test_everybody_knows_everybodys_address(party: Party) -> None:
    a, b = party.joined(1), party.joined(2)
    party.simulation.run_until(lambda: bool(a.session.members), timeout=PATIENCE)
    assert (a.others, b.others) == ({b.address}, {a.address})


def test_a_machine_that_joins_the_rooms_network_moves_both_players(party: Party) -> None:
    a, b = party.joined(1), party.joined(2)
    before = IPv4Network((a.address, 24), strict=False)
    a.use(before)
    party.simulation.run_until(
        lambda: a.address not in before and b.address not in before, timeout=PATIENCE
    )
    assert IPv4Network((a.address, 24), strict=False) == IPv4Network((b.address, 24), strict=False)
    assert (a.others, b.others) == ({b.address}, {a.address})
    for player in (a, b):
        changes = [event for event in player.events if isinstance(event, LeaseChanged)]
        assert changes[-1].lease == player.session.lease
        assert any(isinstance(event, MemberChanged) for event in player.events)


def test_a_newcomer_in_the_rooms_network_moves_who_is_there(party: Party) -> None:
    a = party.joined(1)
    before = IPv4Network((a.address, 24), strict=False)
    b = party.joined(2, before)
    party.simulation.run_until(lambda: a.others == {b.address}, timeout=PATIENCE)
    assert a.address not in before
    assert b.address not in before
    assert b.others == {a.address}
