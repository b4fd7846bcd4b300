"""The packet port against a real kernel: a cable whose far end a test holds.

host --- far0 === eth0 --- PacketPort          in one namespace, silent in IPv6
"""

import asyncio
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from ipaddress import IPv4Address
from pathlib import Path
from typing import NoReturn

import pytest
from namespaces import CommandFailedError, Namespace, link

from lanparty_client_core.port import FRAMES_PER_READ
from lanparty_ethernet import internet_checksum
from lanparty_gateway.packet import FilterWish, LinkState, PacketPort, PortError, PortFault
from lanparty_gateway.packet.ring import SLOTS
from lanparty_proto import MacAddress

EVERYTHING = 0x0003  # ETH_P_ALL
SOL_PACKET, PACKET_AUXDATA, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 263, 8, 15, 23
PLAYER = bytes.fromhex("02005e100002")
HOST = bytes.fromhex("02005e100001")
BROADCAST = b"\xff" * 6
WISH = FilterWish(destinations=frozenset({PLAYER}))
LONGEST = 70_000
TCP = {4: (b"\x08\x00", 6), 6: (b"\x86\xdd", 6)}


@pytest.fixture
def box(machine: Callable[[str], Namespace]) -> Iterator[Namespace]:
    """A machine of its own with this thread inside, and a cable from eth0 to far0."""
    namespace = machine("box")
    namespace.set_sysctl("ipv6.conf.default.disable_ipv6", 1)
    add_cable(namespace)
    with namespace.entered():
        yield namespace


def add_cable(box: Namespace) -> None:
    box.ip("link", "add", "eth0", "type", "veth", "peer", "name", "far0")
    box.ip("link", "set", "far0", "up")
    box.ip("link", "set", "eth0", "up")


@pytest.fixture
def port(box: Namespace) -> Iterator[PacketPort]:
    """A port that wants what is for the player."""
    with closing(PacketPort.open("eth0")) as port:
        port.admit(WISH)
        yield port


def open_host() -> socket.socket:
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING))
    packets.bind(("far0", EVERYTHING))
    packets.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    packets.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    packets.settimeout(5)
    return packets


@pytest.fixture
def host(box: Namespace) -> Iterator[socket.socket]:
    """The far end of the cable."""
    with open_host() as packets:
        yield packets


def frame_of(
    size: int, *, to: bytes = PLAYER, origin: bytes = HOST, kind: bytes = b"\x88\xb5"
) -> bytes:
    head = to + origin + kind
    return head + random.Random(size).randbytes(size - len(head))


def received(host: socket.socket) -> bytes:
    """Take a frame as it was on the wire: the kernel moves a VLAN tag into PACKET_AUXDATA."""
    frame, ancillary, _, _ = host.recvmsg(LONGEST, 64)
    for _, _, data in ancillary:
        status, _, _, _, _, control, protocol = struct.unpack("=IIIHHHH", data)
        if status & 0x10:  # TP_STATUS_VLAN_VALID
            return frame[:12] + struct.pack("!HH", protocol, control) + frame[12:]
    return frame


async def frames_from(port: PacketPort, count: int = 1) -> list[bytes]:
    """Wait for so many frames."""
    woken, frames = asyncio.Event(), port.read_frames()
    port.on_readable(woken.set)
    async with asyncio.timeout(10):
        while len(frames) < count:
            await woken.wait()
            woken.clear()
            frames += port.read_frames()
    port.on_readable(None)
    return frames


async def until(port: PacketPort, holds: Callable[[], bool]) -> None:
    """Wait until the port has heard of a change."""
    heard = asyncio.Event()
    port.on_link_change(heard.set)
    async with asyncio.timeout(10):
        while not holds():
            await heard.wait()
            heard.clear()


@pytest.mark.parametrize(
    "tag", [b"", b"\x81\x00\x60\x05", b"\x88\xa8\x60\x05"], ids=["plain", "802.1Q", "802.1ad"]
)
async def test_every_size_passes_both_ways_bit_for_bit(
    port: PacketPort, host: socket.socket, tag: bytes
) -> None:
    kind = tag + b"\x88\xb5"
    for size in range(60, 1_515):
        outward = frame_of(size, kind=kind)
        host.send(outward)
        assert port.read_frames() == [outward]
        inward = frame_of(size, to=HOST, origin=PLAYER, kind=kind)
        assert port.write_frames([inward]) == 1
        assert received(host) == inward
    counters = port.counters()
    assert (counters.kernel_drops, counters.unreadable, counters.refused_writes) == (0, 0, 0)


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        pytest.param(b"\x81\x00\x20\x05\x08\x00", 1_518, id="tagged frame of full size"),
        pytest.param(b"\x88\xa8\x00\x05\x81\x00\x00\x07\x88\xb5", 1_514, id="two tags"),
        pytest.param(b"\x81\x00\x00\x00\x88\xb5", 100, id="a tag of nothing"),
        pytest.param(b"\x81\x37", 1_514, id="IPX in Ethernet II"),
        pytest.param(b"\x05\xdc\xff\xff", 1_514, id="IPX in 802.3 with a length"),
        pytest.param(b"\x88\xb5", 14, id="header alone"),
    ],
)
async def test_frames_of_every_kind_pass_both_ways(
    port: PacketPort, host: socket.socket, kind: bytes, size: int
) -> None:
    outward = frame_of(size, kind=kind)
    host.send(outward)
    assert await frames_from(port) == [outward]
    inward = frame_of(size, to=HOST, origin=PLAYER, kind=kind)
    assert port.write_frames([inward]) == 1
    assert received(host) == inward


async def test_a_batch_is_bounded_and_keeps_the_order(
    port: PacketPort, host: socket.socket
) -> None:
    sent = [frame_of(60 + n) for n in range(2 * FRAMES_PER_READ + 3)]
    for frame in sent:
        host.send(frame)
    batches = [port.read_frames() for _ in range(4)]
    assert [len(batch) for batch in batches] == [FRAMES_PER_READ, FRAMES_PER_READ, 3, 0]
    assert [frame for batch in batches for frame in batch] == sent


async def test_what_finds_no_room_is_counted_and_the_ring_goes_round(
    port: PacketPort, host: socket.socket
) -> None:
    for _ in range(3):
        for _ in range(SLOTS + 100):
            host.send(frame_of(60))
        frames = 0
        while batch := port.read_frames():
            frames += len(batch)
        assert frames == SLOTS
    assert port.counters().kernel_drops == 300
    assert port.counters().kernel_drops == 300  # reading the kernel's count clears it
    host.send(frame_of(61))
    assert port.read_frames() == [frame_of(61)]


async def test_the_kernel_keeps_away_what_no_wish_names(
    port: PacketPort, host: socket.socket
) -> None:
    stranger = bytes.fromhex("001122334455")
    for _ in range(SLOTS + 100):
        host.send(frame_of(60, to=stranger))
    assert port.read_frames() == []
    assert port.counters().kernel_drops == 0  # not for want of room
    port.admit(FilterWish(sources=frozenset({HOST})))
    host.send(frame_of(60, to=stranger))
    host.send(frame_of(60, to=BROADCAST))
    assert len(port.read_frames()) == 2


@pytest.mark.parametrize(
    ("memory", "coarse"),
    [
        pytest.param(10_000, 0, id="for one program at a time"),
        pytest.param(3_500, 1, id="for none that knows the members"),
    ],
)
async def test_a_kernel_that_is_short_of_memory_for_filters_gets_what_it_can_hold(
    box: Namespace,
    host: socket.socket,
    lacking: Callable[[str], NoReturn],
    memory: int,
    coarse: int,
) -> None:
    try:
        box.set_sysctl("core.optmem_max", memory)
    except CommandFailedError:
        lacking("net.core.optmem_max belongs to the whole machine before Linux 6.7")
    relay = IPv4Address("203.0.113.9")
    rng = random.Random(9)
    with closing(PacketPort.open("eth0")) as port:
        for _ in range(2):
            macs = frozenset(b"\x02" + rng.randbytes(5) for _ in range(200))
            port.admit(FilterWish(destinations=macs | {PLAYER}, relays=frozenset({(relay, 5)})))
        host.send(frame_of(60, to=bytes.fromhex("001122334455")))
        packet = bytes.fromhex("4500002c0001000040110000") + relay.packed + bytes(4)
        host.send(PLAYER + HOST + b"\x08\x00" + packet + b"\x00\x05\x00\x05" + bytes(20))
        host.send(frame_of(61))
        assert len(port.read_frames()) == 1 + coarse
        assert port.counters().coarse_filters == 2 * coarse


async def test_before_any_wish_nothing_but_group_frames_comes(
    box: Namespace, host: socket.socket
) -> None:
    with closing(PacketPort.open("eth0")) as port:
        host.send(frame_of(60))
        host.send(frame_of(61, to=BROADCAST))
        assert port.read_frames() == [frame_of(61, to=BROADCAST)]


@pytest.mark.parametrize("tag", [b"", b"\x81\x00\x00\x07", b"\x88\xa8\x00\x07"], ids=bytes.hex)
async def test_the_tunnel_s_own_packets_never_come(
    port: PacketPort, host: socket.socket, tag: bytes
) -> None:
    relay = IPv4Address("203.0.113.9")
    port.admit(FilterWish(destinations=frozenset({PLAYER}), relays=frozenset({(relay, 4433)})))
    for source, to, ports in (
        (bytes(4), relay.packed, b"\x00\x05\x11\x51"),
        (relay.packed, bytes(4), b"\x11\x51\x00\x05"),
    ):
        packet = bytes.fromhex("4500002c0001000040110000") + source + to + ports + bytes(20)
        for address in (PLAYER, BROADCAST):
            host.send(address + HOST + tag + b"\x08\x00" + packet)
    other = PLAYER + HOST + tag + b"\x08\x00" + bytes.fromhex("4500002c00010000401100") + bytes(40)
    host.send(other)
    assert port.read_frames() == [other]


async def test_one_vlan_alone_comes_by_its_tag(port: PacketPort, host: socket.socket) -> None:
    port.admit(FilterWish(destinations=frozenset({PLAYER}), vlan=7))
    wanted = [frame_of(80, kind=tag + b"\x88\xb5") for tag in (b"\x81\0\xe0\7", b"\x88\xa8\0\7")]
    for frame in (frame_of(80), frame_of(80, kind=b"\x81\0\0\x08\x88\xb5"), *wanted):
        host.send(frame)
    assert port.read_frames() == wanted


async def test_the_host_s_own_frames_don_t_come(box: Namespace, port: PacketPort) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as packets:
        packets.bind(("eth0", EVERYTHING))
        packets.send(frame_of(60))
        packets.send(frame_of(60, to=BROADCAST))
    port.write_frames([frame_of(60, to=BROADCAST)])
    assert port.read_frames() == []


async def test_an_unfinished_checksum_is_completed(
    box: Namespace, port: PacketPort, machine: Callable[[str], Namespace]
) -> None:
    frames = await datagrams_from_host(box, port, payload=b"x" * 101, segment=None)
    (frame,) = frames
    assert udp_is_good(frame)
    assert port.counters().completed_checksums == 1


async def test_a_superframe_of_datagrams_comes_as_frames(box: Namespace, port: PacketPort) -> None:
    frames = await datagrams_from_host(box, port, payload=bytes(14_000), segment=1_400)
    assert [len(frame) for frame in frames] == [1_442] * 10
    assert all(udp_is_good(frame) for frame in frames)
    assert (port.counters().superframes, port.counters().segments) == (1, 10)


async def datagrams_from_host(
    box: Namespace, port: PacketPort, *, payload: bytes, segment: int | None
) -> list[bytes]:
    """Let the far interface's own stack send, with every offload that a veth has."""
    box.run("ethtool", "-K", "far0", "tx", "on", "gso", "on", "tx-udp-segmentation", "on")
    box.ip("address", "add", "10.77.0.1/24", "dev", "far0")
    box.ip("neigh", "add", "10.77.0.2", "lladdr", PLAYER.hex(":"), "dev", "far0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        if segment is not None:
            datagrams.setsockopt(17, 103, segment)  # SOL_UDP, UDP_SEGMENT
        datagrams.connect(("10.77.0.2", 9))
        datagrams.send(payload)
    return await frames_from(port, 1 if segment is None else len(payload) // segment)


def udp_is_good(frame: bytes) -> bool:
    assert frame[12:14] == b"\x08\x00"
    packet = frame[14:]
    segment = packet[20 : int.from_bytes(packet[2:4])]
    pseudo = packet[12:20] + bytes((0, packet[9])) + len(segment).to_bytes(2)
    return internet_checksum(packet[:20]) == 0 and internet_checksum(pseudo + segment) == 0


@pytest.mark.parametrize("family", [4, 6])
def test_bulk_with_all_offloads_comes_as_good_frames_and_only_if_it_is_wanted(
    machine: Callable[[str], Namespace],
    tool: Callable[[str, str], str],
    tmp_path: Path,
    family: int,
) -> None:
    """The port stands at a hub between two hosts, and is told that the sender is a member."""
    iperf3 = tool("iperf3", "iperf3")
    hub, sender, server = machine("hub"), machine("sender"), machine("server")
    hub.ip("link", "add", "lan", "type", "bridge", "ageing_time", "0")
    hub.ip("link", "set", "lan", "up")
    addresses = {}
    for number, host in enumerate((sender, server), 1):
        link(host, "eth0", hub, f"port{number}")
        hub.ip("link", "set", f"port{number}", "master", "lan")
        host.ip("address", "add", f"10.77.0.{number}/24", "dev", "eth0")
        host.ip("address", "add", f"fd77::{number}/64", "dev", "eth0", "nodad")
        addresses[host] = f"10.77.0.{number}" if family == 4 else f"fd77::{number}"
    hub.ip("link", "add", "eth0", "type", "veth", "peer", "name", "port3")
    hub.ip("link", "set", "port3", "master", "lan", "up")
    hub.ip("link", "set", "eth0", "up")
    mac = re.search(r"link/ether (\S+)", sender.ip("link", "show", "eth0"))
    assert mac is not None
    with hub.entered():
        port = PacketPort.open("eth0")
    with closing(port):
        port.admit(FilterWish(sources=frozenset({bytes.fromhex(mac[1].replace(":", ""))})))
        command = (iperf3, "-s", "-1", "--forceflush")
        with server.start(*command, log=tmp_path / "server") as serving:
            serving.wait_for_text("listening", limit=10)
            frames: list[bytes] = []
            with sender.start(
                *(iperf3, "-c", addresses[server], "-n", "30M"), log=tmp_path / "client"
            ) as client:
                while client.is_running:
                    frames += port.read_frames()[: 20_000 - len(frames)]
            while batch := port.read_frames():
                frames += batch
        counters = port.counters()
        port.admit(WISH)
        with server.start(*command, log=tmp_path / "server") as serving:
            serving.wait_for_text("listening", limit=10)
            before = port.counters()
            sender.run(iperf3, "-c", addresses[server], "-n", "30M")
            while port.read_frames():
                pass
            after = port.counters()
    assert after.frames_read - before.frames_read < 100  # group frames of both hosts
    assert after.kernel_drops == before.kernel_drops
    assert counters.superframes > 20
    assert counters.unreadable == 0
    assert max(len(frame) for frame in frames) == 1_514
    bulk = [
        frame for frame in frames if (frame[12:14], frame[23 if family == 4 else 20]) == TCP[family]
    ]
    assert len(bulk) > 1_000
    assert all(tcp_is_good(frame) for frame in bulk)


def tcp_is_good(frame: bytes) -> bool:
    packet = frame[14:]
    if frame[12:14] == b"\x08\x00":
        segment, protocol = packet[20 : int.from_bytes(packet[2:4])], packet[9]
        addresses, head_is_good = packet[12:20], internet_checksum(packet[:20]) == 0
    else:
        segment, protocol = packet[40 : 40 + int.from_bytes(packet[4:6])], packet[6]
        addresses, head_is_good = packet[8:40], True
    pseudo = addresses + len(segment).to_bytes(4) + protocol.to_bytes(4)
    return head_is_good and internet_checksum(pseudo + segment) == 0


async def test_a_frame_that_the_kernel_refuses_is_skipped(
    port: PacketPort, host: socket.socket
) -> None:
    good = [frame_of(60, to=HOST), frame_of(61, to=HOST)]
    assert port.write_frames([good[0], b"runt", b"", frame_of(9_000), good[1]]) == 2
    assert [received(host), received(host)] == good
    assert port.counters().refused_writes == 3


async def test_garbage_from_either_side_breaks_nothing(
    port: PacketPort, host: socket.socket
) -> None:
    rng = random.Random(6)
    host.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    unwilling = 0
    for _ in range(3_000):
        head = struct.pack(
            "=BBHHHH",
            rng.choice([0, 1, 2, 255]),
            rng.choice([0, 1, 3, 4, 5, 0x81, 9]),
            rng.choice([0, 14, 54, rng.getrandbits(16)]),
            rng.choice([0, 1, 100, 1_400]),
            rng.choice([0, 14, 34, 54, rng.getrandbits(16)]),
            rng.choice([0, 6, 16, rng.getrandbits(16)]),
        )
        kind = rng.choice([b"\x08\x00\x45\x00", b"\x86\xdd\x60\x00", b"\x81\x00", b""])
        body = rng.randbytes(rng.choice([0, 6, 40, 1_400, 9_000, 60_000]))
        try:
            host.send(head + rng.choice([PLAYER, BROADCAST]) + HOST + kind + body)
        except OSError:  # the kernel checks a little itself
            unwilling += 1
        port.read_frames()
        port.write_frames([rng.randbytes(rng.randint(0, 2_000))])
    assert unwilling < 3_000
    while port.read_frames():
        pass
    host.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 0)
    host.send(frame_of(99))
    assert port.read_frames() == [frame_of(99)]


async def test_a_superframe_is_cut_to_the_room_s_size(box: Namespace, port: PacketPort) -> None:
    port.set_room_mtu(600)
    box.run("ethtool", "-K", "far0", "tx", "on", "tso", "on")
    segment = struct.pack("!HHIIBBHHH", 5, 6, 7, 8, 5 << 4, 0x10, 99, 0, 0) + bytes(4_000)
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 1, 0, 64, 6, 0)
    packet = head + bytes((10, 0, 0, 1, 10, 0, 0, 2)) + segment
    with open_host() as host:
        host.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        offload = struct.pack("=BBHHHH", 1, 1, 54, 1_400, 34, 16)
        host.send(offload + PLAYER + HOST + b"\x08\x00" + packet)
    frames = await frames_from(port, 8)
    assert [len(frame) for frame in frames] == [614] * 7 + [54 + 4_000 - 7 * 560]
    assert all(tcp_is_good(frame) for frame in frames)


def send_superframe(box: Namespace, *, last: int) -> None:
    """Send from the host what is cut into four TCP segments, the last one with `last` octets."""
    box.run("ethtool", "-K", "far0", "tx", "on", "tso", "on")
    size = 3 * 1_400 + last
    head = struct.pack("!BBHHHBBH", 0x45, 0, 40 + size, 1, 0, 64, 6, 0)
    packet = head + bytes((10, 0, 0, 1, 10, 0, 0, 2))
    packet += struct.pack("!HHIIBBHHH", 5, 6, 7, 8, 5 << 4, 0x10, 99, 0, 0) + bytes(size)
    with open_host() as host:
        host.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        offload = struct.pack("=BBHHHH", 1, 1, 54, 1_400, 34, 16)
        host.send(offload + PLAYER + HOST + b"\x08\x00" + packet)


async def test_superframes_from_before_the_interface_went_down_are_told_apart(
    box: Namespace, port: PacketPort
) -> None:
    send_superframe(box, last=100)
    box.ip("link", "set", "eth0", "down")
    box.ip("link", "set", "eth0", "up")
    await until(port, lambda: port.link is LinkState.UP)
    send_superframe(box, last=200)
    frames = await frames_from(port, 8)
    assert [len(frame) - 54 for frame in frames] == [1_400] * 3 + [100] + [1_400] * 3 + [200]
    assert port.counters().unreadable == 0


async def test_superframes_beyond_a_batch_come_in_later_reads_and_wake(
    box: Namespace, port: PacketPort
) -> None:
    frames = await datagrams_from_host(box, port, payload=bytes(12_800), segment=100)
    assert len(frames) == 128
    assert port.read_frames() == []


async def test_the_interface_goes_down_and_up(
    box: Namespace, port: PacketPort, host: socket.socket
) -> None:
    wakes: list[int] = []
    port.on_readable(lambda: wakes.append(len(port.read_frames())))
    box.ip("link", "set", "eth0", "down")
    await until(port, lambda: port.link is LinkState.DOWN)
    assert port.read_frames() == []
    assert port.write_frames([frame_of(60)]) == 0
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(wakes) <= 2  # the pending error keeps no loop busy
    box.ip("link", "set", "eth0", "up")
    await until(port, lambda: port.link is LinkState.UP)
    with pytest.raises(OSError, match="down"):
        raise OSError(host.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "down")
    port.on_readable(None)
    host.send(frame_of(60))
    assert await frames_from(port) == [frame_of(60)]
    assert port.write_frames([frame_of(60, to=HOST)]) == 1


async def test_a_cable_that_is_pulled_is_told(box: Namespace, port: PacketPort) -> None:
    box.ip("link", "set", "far0", "down")
    await until(port, lambda: port.link is LinkState.DOWN)
    box.ip("link", "set", "far0", "up")
    await until(port, lambda: port.link is LinkState.UP)


async def test_another_address_and_mtu_of_the_interface_are_told(
    box: Namespace, port: PacketPort
) -> None:
    assert (port.name, port.mtu) == ("eth0", 1_500)
    box.ip("link", "set", "eth0", "address", "02:00:5e:00:00:77", "mtu", "1400")
    await until(port, lambda: port.mtu == 1_400)
    await until(port, lambda: port.mac == MacAddress.parse("02:00:5e:00:00:77"))


async def test_an_interface_that_was_unplugged_goes_on_when_it_is_back(
    box: Namespace, port: PacketPort
) -> None:
    woken = asyncio.Event()
    frames: list[bytes] = []

    def wake() -> None:
        frames.extend(port.read_frames())
        woken.set()

    port.on_readable(wake)
    before, descriptors = port.index, len(os.listdir("/proc/self/fd"))
    for times in (1, 2):
        box.ip("link", "delete", "eth0")
        await until(port, lambda: port.link is LinkState.GONE)
        assert port.read_frames() == []
        assert port.write_frames([frame_of(60)]) == 0
        add_cable(box)
        await until(port, lambda: port.link is LinkState.UP)
        assert port.index != before
        assert port.counters().reopened == times
        assert promiscuity(box) == 1
        with open_host() as host:
            host.send(frame_of(60, to=bytes.fromhex("001122334455")))  # the filter is back too
            host.send(frame_of(61))
            async with asyncio.timeout(5):
                while not frames:
                    woken.clear()
                    await woken.wait()
            assert frames == [frame_of(61)]
            frames.clear()
            assert port.write_frames([frame_of(62, to=HOST)]) == 1
            assert received(host) == frame_of(62, to=HOST)
    assert len(os.listdir("/proc/self/fd")) == descriptors


async def test_a_loss_is_survived_when_nobody_listens(box: Namespace, port: PacketPort) -> None:
    box.ip("link", "delete", "eth0")
    assert port.read_frames() == []
    assert port.write_frames([frame_of(60)]) == 0
    port.admit(FilterWish())
    assert port.counters().refused_writes == 1
    port.on_link_change(lambda: None)
    assert port.link is LinkState.GONE


def promiscuity(box: Namespace) -> int:
    found = re.search(r"promiscuity (\d+)", box.ip("-d", "link", "show", "eth0"))
    assert found is not None
    return int(found[1])


async def test_closing_ends_the_promiscuity(box: Namespace, port: PacketPort) -> None:
    port.on_readable(lambda: None)
    assert promiscuity(box) == 1
    port.close()
    port.close()
    assert promiscuity(box) == 0
    assert port.read_frames() == []
    assert port.write_frames([frame_of(60)]) == 0


def test_a_killed_process_leaves_nothing(box: Namespace) -> None:
    program = (
        "import sys\n"
        "from lanparty_gateway.packet import PacketPort\n"
        "port = PacketPort.open('eth0')\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        assert promiscuity(box) == 1
        process.send_signal(signal.SIGKILL)
    assert promiscuity(box) == 0


OPENS = (
    "from lanparty_gateway.packet import PacketPort, PortError\n"
    "try:\n"
    "    PacketPort.open('eth0')\n"
    "    print('open')\n"
    "except PortError as error:\n"
    "    print(error.fault, error.sentence)\n"
)


def opened_by(box: Namespace, tool: Callable[[str, str], str], *rights: str) -> str:
    """Open the port in a process of its own with other rights."""
    return box.run(tool("setpriv", "util-linux"), *rights, sys.executable, "-c", OPENS)


def test_an_ordinary_user_needs_one_right_alone(
    box: Namespace, tool: Callable[[str, str], str]
) -> None:
    user = ("--reuid=65534", "--regid=65534", "--clear-groups")
    only = ("--inh-caps=-all,+net_raw", "--ambient-caps=-all,+net_raw", "--bounding-set=+net_raw")
    assert opened_by(box, tool, *user, *only) == "open\n"


def test_a_right_that_is_only_permitted_is_raised(box: Namespace) -> None:
    lower = (
        "import ctypes, struct\n"
        "header = ctypes.create_string_buffer(struct.pack('=Ii', 0x20080522, 0))\n"
        "sets = ctypes.create_string_buffer(struct.pack('=6I', 0, 1 << 13, 0, 0, 0, 0))\n"
        "assert ctypes.CDLL(None).capset(header, sets) == 0\n"
    )
    assert box.run(sys.executable, "-c", lower + OPENS) == "open\n"


def test_without_the_right_the_sentence_says_how_to_give_it(
    box: Namespace, tool: Callable[[str, str], str]
) -> None:
    said = opened_by(box, tool, "--reuid=65534", "--regid=65534", "--clear-groups")
    assert said.startswith("not_permitted")
    assert "as root" in said
    assert f"setcap cap_net_raw+p {Path(sys.executable).resolve()}" in said
    assert "cap_add: [NET_RAW]" in said
    root = opened_by(box, tool, "--bounding-set=-net_raw", "--inh-caps=-net_raw")
    assert "This is root without it" in root


@pytest.mark.parametrize("name", ["eth9", "", "a name that is far too long", "a/b", "\x00"])
def test_an_interface_that_isn_t_there_is_named(box: Namespace, name: str) -> None:
    with pytest.raises(PortError, match="no network interface") as failure:
        PacketPort.open(name)
    assert failure.value.fault is PortFault.NO_DEVICE


def test_an_interface_that_is_no_ethernet_is_refused(box: Namespace) -> None:
    with pytest.raises(PortError, match="no Ethernet") as failure:
        PacketPort.open("lo")
    assert failure.value.fault is PortFault.NOT_ETHERNET
