import random

import pytest

from lanparty_client_core import InMemoryPort, LastingSession, RelayTarget, SessionState
from lanparty_ctrl import Hello, Role, RoomCode
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import GENERATION, SLOTS_PER_BLOCK
from lanparty_proto import BROADCAST, MacAddress
from lanparty_quic import Address, ConnectionKey, PinnedKey
from lanparty_quic.simulation import Simulation
from lanparty_relay.admin_link import (
    Answer,
    AnyAnswer,
    ChangeRoom,
    CloseRoom,
    Command,
    KickPeer,
    OpenRoom,
    RoomAnswer,
)
from lanparty_relay.core import (
    CounterBlocks,
    LeaseBook,
    LifecycleEvent,
    MemberLeft,
    Relay,
    RelayLimits,
    RoomChanged,
    RoomOpened,
    RoomRefusal,
)
from lanparty_relay.serving import RelayConsumer

ADDRESS: Address = ("203.0.113.1", 443)
BLOCKS = 8


def mac(number: int) -> MacAddress:
    return MacAddress(b"\x02\0\0\0\0" + bytes([number]))


class ServedRelay:
    """A relay in memory with one player, and what its consumer told, in order."""

    def __init__(self) -> None:
        self.simulation = Simulation(seed=1)
        self.endpoint = self.simulation.memory_endpoint(ADDRESS, listening=True)
        self.slots = memoryview(bytearray(8 * SLOTS_PER_BLOCK * BLOCKS)).cast("Q")
        blocks = CounterBlocks(self.slots, BLOCKS)
        self.told: list[LifecycleEvent | AnyAnswer] = []
        self.consumer = RelayConsumer(
            endpoint=self.endpoint,
            relay=Relay(
                limits=RelayLimits(),
                blocks=blocks,
                random_bytes=random.Random(5).randbytes,
                server_version="softlan test",
                leases=LeaseBook(bytes(32)),
            ),
            blocks=blocks,
            on_events=lambda events, now: self.told.extend(events),
            on_answer=self.told.append,
        )
        self.simulation.attach(self.endpoint, self.consumer)
        self.player = self.join(1)

    @property
    def room_id(self) -> str:
        return next(event.room_id for event in self.told if isinstance(event, RoomOpened))

    def ask(self, command: Command) -> None:
        self.consumer.ask(command)
        self.wake()

    def wake(self) -> None:
        self.simulation.waker(self.endpoint)()
        self.simulation.run_for(1)

    def join(self, number: int, port: InMemoryPort | None = None) -> LastingSession:
        endpoint = self.simulation.memory_endpoint((f"198.51.100.{number}", 50_000))
        session = LastingSession(
            endpoint,
            port or InMemoryPort(mtu=1_500),
            target=RelayTarget(
                addresses=(ADDRESS,), server_name="x", trust=PinnedKey(self.endpoint.pin)
            ),
            hello=Hello(
                role=Role.CLIENT,
                room_code=RoomCode("PARTY"),
                create=True,
                mac=mac(number),
                name="Ada",
                datagram_budget=1_500,
                port_mtu=1_500,
            ),
            first_frame_id=0,
        )
        session.connect(now=self.simulation.now)
        self.simulation.attach(endpoint, session)
        self.simulation.run_until(lambda: session.state is SessionState.JOINED, timeout=5)
        return session


@pytest.fixture
def served() -> ServedRelay:
    return ServedRelay()


def end_of(session: LastingSession) -> SessionEnd | None:
    return None if session.ended is None else session.ended.code


def test_the_counters_are_exact_after_each_turn(served: ServedRelay) -> None:
    assert served.slots[GENERATION] > 0
    assert served.slots[GENERATION] % 2 == 0


def test_a_broadcast_is_charged_by_its_copies(
    served: ServedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    charged: list[tuple[ConnectionKey, int]] = []
    monkeypatch.setattr(
        served.endpoint, "charge", lambda connection, work: charged.append((connection, work))
    )
    port = InMemoryPort()
    for number in (2, 3):
        served.join(number)
    served.join(4, port)
    port.inject(BROADCAST + mac(4) + bytes(50))
    served.wake()
    assert [work for _, work in charged] == [3]


def test_a_kick_is_answered_after_what_it_caused(served: ServedRelay) -> None:
    command = KickPeer(command_id=1, room_id=served.room_id, peer_id=1)
    served.ask(command)
    assert end_of(served.player) is SessionEnd.KICKED
    left = MemberLeft(served.room_id, 1, SessionEnd.KICKED)
    assert served.told.index(left) < served.told.index(Answer(command_id=1, done=True))


def test_closing_a_room_sends_its_members_away(served: ServedRelay) -> None:
    command = CloseRoom(command_id=1, room_id=served.room_id)
    served.ask(command)
    assert end_of(served.player) is SessionEnd.ROOM_CLOSED
    assert Answer(command_id=1, done=True) in served.told


def test_a_room_made_ahead_is_answered_with_its_id(served: ServedRelay) -> None:
    served.ask(OpenRoom(command_id=4, code=RoomCode("THERE"), mtu=1300, peers_limit=3))
    *_, opened, answer = served.told
    assert isinstance(opened, RoomOpened)
    assert (opened.code, opened.mtu, opened.peers_limit) == ("THERE", 1300, 3)
    assert answer == RoomAnswer(command_id=4, room_id=opened.room_id)


def test_a_room_made_ahead_is_changed_and_one_that_players_made_is_not(
    served: ServedRelay,
) -> None:
    served.ask(OpenRoom(command_id=1))
    ahead = served.told[-1]
    assert isinstance(ahead, RoomAnswer)
    assert ahead.room_id is not None
    served.ask(ChangeRoom(command_id=2, room_id=ahead.room_id, peers_limit=3, expires_at=None))
    assert served.told[-2:] == [
        RoomChanged(ahead.room_id, 3, None),
        RoomAnswer(command_id=2, room_id=ahead.room_id),
    ]
    served.ask(ChangeRoom(command_id=3, room_id=served.room_id, peers_limit=3, expires_at=None))
    assert served.told[-1] == RoomAnswer(
        command_id=3, room_id=served.room_id, refusal=RoomRefusal.MADE_BY_PLAYERS
    )


def test_a_room_that_cannot_be_made_is_answered_with_the_reason(served: ServedRelay) -> None:
    served.ask(OpenRoom(command_id=4, code=RoomCode("PARTY")))
    assert served.told[-1] == RoomAnswer(
        command_id=4, room_id=served.room_id, refusal=RoomRefusal.CODE_IN_USE
    )


@pytest.mark.parametrize(
    "command",
    [
        KickPeer(command_id=1, room_id="absent", peer_id=1),
        CloseRoom(command_id=2, room_id="absent"),
    ],
)
def test_a_command_about_nobody_is_answered_so(served: ServedRelay, command: Command) -> None:
    served.ask(command)
    assert served.told[-1] == Answer(command_id=command.command_id, done=False)
    assert end_of(served.player) is None


def test_a_shutdown_tells_every_player(served: ServedRelay) -> None:
    served.consumer.shut_down()
    served.wake()
    assert end_of(served.player) is SessionEnd.SHUTDOWN
