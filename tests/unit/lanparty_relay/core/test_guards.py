import random

from lanparty_ctrl import Role, RoomCode
from lanparty_obs.counters import SLOTS_PER_BLOCK
from lanparty_obs.reasons import Cast
from lanparty_quic.endpoint import ConnectionKey
from lanparty_relay.core import CounterBlocks, Guard, PassEverything
from lanparty_relay.core.members import Newcomer
from lanparty_relay.core.rooms import RoomRegistry


def test_the_guard_that_refuses_nothing_lets_every_cast_pass() -> None:
    buffer = memoryview(bytearray(4 * SLOTS_PER_BLOCK * 8)).cast("Q")
    registry = RoomRegistry(CounterBlocks(buffer, 4), random.Random(1).randbytes)
    newcomer = Newcomer(
        connection=ConnectionKey(1),
        role=Role.GATEWAY,
        mac=None,
        name="gateway",
        datagram_budget=1522,
    )
    room = registry.create(RoomCode("TEST"), mtu=1500, now=0.0)
    member = registry.join(room, newcomer, now=0.0)
    guard: Guard = PassEverything()
    assert all(guard.passes(member, cast, bytes(64), 4, now=0.0) for cast in Cast)
