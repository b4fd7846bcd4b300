"""The bridge's clock runs whether frames come or not."""

import asyncio

from lanparty_client_core import InMemoryPort
from lanparty_gateway.bridge import Bridge, BridgePolicy
from lanparty_gateway.bridged_port import BridgedPort
from lanparty_proto import MacAddress

OWN = MacAddress.parse("02:5c:00:00:00:01")
INTERFACE = MacAddress.parse("02:00:00:00:00:01")
HOST = MacAddress.parse("02:00:00:00:00:02")
PLAYER = MacAddress.parse("02:5c:00:00:00:07")
PROBE = bytes.fromhex("88b5")
BROADCAST = b"\xff" * 6


def frame(destination: bytes, source: MacAddress) -> bytes:
    return destination + bytes(source) + b"\x08\x00" + bytes(46)


class Stage:
    """A bridged port on an interface in memory, in a room with one player."""

    def __init__(self) -> None:
        self.interface = InMemoryPort()
        self.bridge = Bridge(
            BridgePolicy(),
            instance=1,
            room_secret=2,
            own_mac=OWN,
            interface_mac=INTERFACE,
            jitter=lambda: 0.5,
        )
        self.turns = 0
        self.woken = asyncio.Event()
        self.turned = asyncio.Event()
        self.port = BridgedPort(
            self.interface, self.bridge, on_turn=self._turn, wake=self.woken.set
        )
        self.bridge.set_members(frozenset({bytes(PLAYER)}))

    def join(self) -> None:
        self.bridge.set_joined(True, now=asyncio.get_running_loop().time())
        self.port.turn()

    def _turn(self) -> None:
        self.turns += 1
        self.turned.set()

    async def until_forwarding(self) -> None:
        async with asyncio.timeout(30):
            while self.bridge.state.phase != "forwarding":
                self.turned.clear()
                await self.turned.wait()


async def test_before_there_is_a_room_nothing_is_sent_and_nothing_crosses() -> None:
    stage = Stage()
    stage.interface.inject(frame(BROADCAST, HOST))
    assert stage.port.read_frames() == []
    assert stage.interface.take() == []


async def test_probes_go_onto_the_lan_though_no_frame_comes() -> None:
    stage = Stage()
    stage.join()
    await stage.until_forwarding()
    assert PROBE in {each[12:14] for each in stage.interface.take()}
    stage.port.close()


async def test_what_may_cross_does_once_the_check_is_over() -> None:
    stage = Stage()
    stage.join()
    await stage.until_forwarding()
    stage.interface.take()
    stage.interface.inject(frame(BROADCAST, HOST))
    assert stage.port.read_frames() == [frame(BROADCAST, HOST)]
    answer = frame(bytes(HOST), PLAYER)
    assert stage.port.write_frames([answer]) == 1
    assert answer in stage.interface.take()
    stage.port.close()


async def test_frames_that_the_bridge_refuses_count_as_taken() -> None:
    stage = Stage()
    assert stage.port.write_frames([frame(bytes(HOST), PLAYER)] * 3) == 3
    assert stage.interface.take() == []


async def test_a_closed_port_has_no_clock_any_more() -> None:
    stage = Stage()
    stage.join()
    stage.port.close()
    due = stage.bridge.next_deadline()
    assert due is not None
    turns = stage.turns
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.call_at(max(due, loop.time()) + 0.1, over.set)
    await over.wait()
    assert stage.turns == turns
