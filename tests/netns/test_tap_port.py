"""The TAP port against a real kernel, seen from the host's side through packet sockets."""

import asyncio
import errno
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from namespaces import Namespace

from lanparty_client.linux.tap import LARGEST_READ, TapPort
from lanparty_client_core.port import FRAMES_PER_READ
from lanparty_client_core.port_error import PortError, PortFault
from lanparty_proto import MacAddress, ethernet_header_length

EVERYTHING = 0x0003  # ETH_P_ALL
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
ROOM = bytes.fromhex("02005e100002")
HOST = bytes.fromhex("02005e100001")
BROADCAST = b"\xff" * 6


@pytest.fixture
def pc(machine: Callable[[str], Namespace]) -> Iterator[Namespace]:
    """A machine of its own, silent in IPv6, with this thread inside."""
    namespace = machine("pc")
    namespace.set_sysctl("ipv6.conf.default.disable_ipv6", 1)
    with namespace.entered():
        yield namespace


@pytest.fixture
def port(pc: Namespace) -> Iterator[TapPort]:
    """An interface lan0 that is up."""
    with closing(TapPort.open("lan0")) as port:
        pc.ip("link", "set", "lan0", "address", HOST.hex(":"), "up")
        yield port


@pytest.fixture
def host(port: TapPort) -> Iterator[socket.socket]:
    """The host's side of the interface: what goes in here is read from the port, and back."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING)) as packets:
        packets.bind((port.name, EVERYTHING))
        packets.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        packets.settimeout(5)
        yield packets


def frame_of(
    size: int, *, to: bytes = HOST, origin: bytes = ROOM, kind: bytes = b"\x88\xb5"
) -> bytes:
    head = to + origin + kind
    return head + random.Random(size).randbytes(size - len(head))


async def read_of(port: TapPort) -> bytes:
    """Wait for one frame of the host's."""
    woken = asyncio.Event()
    port.on_readable(woken.set)
    async with asyncio.timeout(5):
        while not (frames := port.read_frames()):
            await woken.wait()
            woken.clear()
    port.on_readable(None)
    (frame,) = frames
    return frame


async def test_every_size_passes_both_ways_bit_for_bit(port: TapPort, host: socket.socket) -> None:
    for size in range(60, 1_515):
        outward = frame_of(size, to=ROOM, origin=HOST)
        host.send(outward)
        assert port.read_frames() == [outward]
        inward = frame_of(size)
        assert port.write_frames([inward]) == 1
        assert host.recv(LARGEST_READ) == inward


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        pytest.param(b"\x81\x00\x20\x05\x08\x00", 1_518, id="tagged frame of full size"),
        pytest.param(b"\x88\xa8\x20\x05\x08\x00", 1_514, id="service tag"),
        pytest.param(b"\x81\x37", 1_514, id="IPX in Ethernet II"),
        pytest.param(b"\x05\xdc\xff\xff", 1_514, id="IPX in 802.3 with a length"),
        pytest.param(b"\x00\x26\x42\x42\x03", 60, id="802.2 LLC"),
        pytest.param(b"\x88\xb5", 14, id="header alone"),
    ],
)
async def test_frames_of_every_kind_pass_both_ways(
    port: TapPort, host: socket.socket, kind: bytes, size: int
) -> None:
    outward = frame_of(size, to=ROOM, origin=HOST, kind=kind)
    host.send(outward)
    assert await read_of(port) == outward
    inward = frame_of(size, kind=kind)
    assert port.write_frames([inward]) == 1
    assert received(host) == inward


def received(host: socket.socket) -> bytes:
    """Take a frame as it was on the wire: the kernel moves a VLAN tag into PACKET_AUXDATA."""
    host.setsockopt(SOL_PACKET, 8, 1)  # PACKET_AUXDATA
    frame, ancillary, _, _ = host.recvmsg(LARGEST_READ, 64)
    for _, _, data in ancillary:
        status = int.from_bytes(data[:4], sys.byteorder)
        tag = int.from_bytes(data[16:18], sys.byteorder)
        protocol = int.from_bytes(data[18:20], sys.byteorder)
        if status & 0x10:  # TP_STATUS_VLAN_VALID
            return frame[:12] + protocol.to_bytes(2) + tag.to_bytes(2) + frame[12:]
    return frame


async def test_a_batch_is_bounded_and_keeps_the_order(port: TapPort, host: socket.socket) -> None:
    sent = [frame_of(60 + n, to=ROOM, origin=HOST) for n in range(2 * FRAMES_PER_READ + 3)]
    for frame in sent:
        host.send(frame)
    batches = [port.read_frames() for _ in range(4)]
    assert [len(batch) for batch in batches] == [FRAMES_PER_READ, FRAMES_PER_READ, 3, 0]
    assert [frame for batch in batches for frame in batch] == sent


async def test_a_superframe_costs_no_more_than_a_frame_and_is_too_long_for_any_room(
    pc: Namespace, port: TapPort, host: socket.socket
) -> None:
    pc.ip("link", "set", "lan0", "mtu", 65_000)
    host.send(frame_of(60_000, to=ROOM, origin=HOST))
    after = frame_of(60, to=ROOM, origin=HOST)
    host.send(after)
    cut, whole = port.read_frames()
    assert len(cut) == LARGEST_READ
    assert len(cut) - ethernet_header_length(cut) > 1_500
    assert whole == after


async def test_the_host_s_own_tcp_superframes_arrive_as_frames(
    pc: Namespace, port: TapPort
) -> None:
    pc.ip("address", "add", "10.77.0.1/24", "dev", "lan0")
    pc.ip("neigh", "add", "10.77.0.2", "lladdr", ROOM.hex(":"), "dev", "lan0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.setsockopt(17, 103, 1_400)  # SOL_UDP, UDP_SEGMENT: one send, many segments
        datagrams.connect(("10.77.0.2", 9))
        datagrams.send(bytes(14_000))
    frames = port.read_frames()
    assert [len(frame) for frame in frames] == [1_442] * 10


async def test_garbage_from_either_side_breaks_nothing(port: TapPort, host: socket.socket) -> None:
    rng = random.Random(5)
    for _ in range(500):
        host.send(rng.randbytes(rng.randint(14, 1_514)))
        assert len(port.read_frames()) == 1
        port.write_frames([rng.randbytes(rng.randint(1, LARGEST_READ))])
    while port.read_frames():  # what the host answered to something that looked like a question
        pass
    host.setblocking(False)
    while True:
        try:
            host.recv(65_536)
        except BlockingIOError:
            break
    host.settimeout(5)
    inward = frame_of(300)
    assert port.write_frames([inward]) == 1
    assert host.recv(LARGEST_READ) == inward


async def test_a_frame_that_the_kernel_refuses_is_skipped(
    port: TapPort, host: socket.socket
) -> None:
    good = [frame_of(60), frame_of(61)]
    assert port.write_frames([good[0], b"runt", b"", good[1]]) == 2
    assert [host.recv(LARGEST_READ), host.recv(LARGEST_READ)] == good
    assert port.refused_frames == 2


async def test_the_port_survives_that_the_interface_goes_down_and_up(
    pc: Namespace, port: TapPort, host: socket.socket
) -> None:
    pc.ip("link", "set", "lan0", "down")
    assert port.read_frames() == []
    assert port.write_frames([frame_of(60)]) == 0
    assert not port.lost
    pc.ip("link", "set", "lan0", "up")
    with pytest.raises(OSError, match=os.strerror(errno.ENETDOWN)):
        host.recv(LARGEST_READ)  # the socket's pending error
    host.send(frame_of(60, to=ROOM, origin=HOST))
    assert await read_of(port) == frame_of(60, to=ROOM, origin=HOST)
    assert port.write_frames([frame_of(60)]) == 1
    assert host.recv(LARGEST_READ) == frame_of(60)


async def test_an_idle_or_paused_port_wakes_nobody(pc: Namespace, port: TapPort) -> None:
    wakes = []
    port.on_readable(lambda: wakes.append(1))
    pc.ip("link", "set", "lan0", "down")
    for _ in range(20):
        await asyncio.sleep(0)
    assert not wakes


async def test_an_interface_deleted_by_another_program_is_told_once(
    pc: Namespace, port: TapPort
) -> None:
    told = asyncio.Event()
    wakes = []

    def wake() -> None:
        wakes.append(port.read_frames())

    port.on_lost(told.set)
    port.on_readable(wake)
    pc.ip("link", "delete", "lan0")
    async with asyncio.timeout(5):
        await told.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    assert wakes == [[]]  # the descriptor doesn't keep the loop busy
    assert port.lost
    assert port.read_frames() == []
    assert port.write_frames([frame_of(60)]) == 0
    assert "removed by another program" in port.lost_error().sentence
    with pytest.raises(PortError) as failure:
        _ = port.mac
    assert failure.value.fault is PortFault.GONE


async def test_a_loss_noticed_by_writing_is_told_too(pc: Namespace, port: TapPort) -> None:
    pc.ip("link", "delete", "lan0")
    assert port.write_frames([frame_of(60)]) == 0
    told: list[bool] = []
    port.on_lost(lambda: told.append(True))
    assert told == [True]


@pytest.mark.parametrize("taken", ["lan0", "lo"])
async def test_a_name_that_is_taken_is_refused(port: TapPort, taken: str) -> None:
    with pytest.raises(PortError, match=f"interface {taken} already") as failure:
        TapPort.open(taken)
    assert failure.value.fault is PortFault.NAME_TAKEN


async def test_the_port_knows_its_interface(pc: Namespace, port: TapPort) -> None:
    assert (port.name, port.mtu, port.mac) == ("lan0", 1_500, MacAddress(HOST))
    assert port.index == socket.if_nametoindex("lan0")


async def test_closing_removes_the_interface(pc: Namespace, port: TapPort) -> None:
    port.on_readable(lambda: None)
    port.close()
    port.close()
    assert pc.interfaces() == {"lo"}
    assert port.read_frames() == []
    assert port.write_frames([frame_of(60)]) == 0


def test_a_killed_process_leaves_no_interface(pc: Namespace) -> None:
    program = (
        "import sys\n"
        "from lanparty_client.linux.tap import TapPort\n"
        "port = TapPort.open('lan7')\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        assert "lan7" in pc.interfaces()
        process.send_signal(signal.SIGKILL)
    assert pc.interfaces() == {"lo"}


def test_without_permission_the_sentence_says_both_ways_out(pc: Namespace) -> None:
    program = (
        "import os\n"
        "from lanparty_client.linux.tap import TapPort\n"
        "from lanparty_client_core.port_error import PortError\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try:\n"
        "    TapPort.open('lan0')\n"
        "except PortError as error:\n"
        "    print(error.fault, error.sentence)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    assert said.startswith("not_permitted")
    assert "as root" in said
    assert "lanparty-client setup" in said
