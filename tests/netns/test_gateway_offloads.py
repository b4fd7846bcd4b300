"""Hosts that leave checksums and cutting to their network cards: what of it reaches a player.

tcpdump judges every packet that comes out at the player, beside the kernel's own counters.
"""

import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bridged import Bridged
from capture import Capture
from ethernet_socket import EthernetSocket
from lan import mac_of, offloads_of
from namespaces import Namespace
from scapy.layers.inet import TCP
from scapy.layers.l2 import Dot1Q, Ether
from superframes import send_superframe

ETHERNET_HEADER = 14
TAG = 4
SECONDS = 2
LEAST_RATE = 2e6
"""In bits a second: that it works; `make bench-gateway` says how fast."""

UDP_SEGMENT = 103
"""linux/udp.h: the kernel cuts what is sent into datagrams of so many bytes, as late as it can."""
SO_RCVBUFFORCE = 33
"""asm-generic/socket.h: all that comes fits in, while nobody reads."""
SEGMENT = 1_000
SEGMENTS_AT_ONCE = 12
SENDS = 100
UDP_PAUSE = 0.01
SOME = 0.9
"""Of datagrams, at a rate far below what is possible: a busy machine may lose a few."""
VLAN = 7
SUPERFRAME = 30_000
SUPERFRAMES = 10

pytestmark = pytest.mark.timeout(90)


@dataclass(frozen=True)
class Judged:
    """What a player's kernel and tcpdump say of what has come."""

    bad_by_kernel: int
    right: int
    wrong: list[str]
    largest: int

    def require_good(self, *, mtu: int, least: int, tag: int = 0) -> None:
        assert (self.bad_by_kernel, self.wrong) == (0, [])
        assert self.largest <= mtu + ETHERNET_HEADER + tag
        assert self.right >= least


class Judge:
    """Takes down what comes in at the player while the block runs."""

    def __init__(self, bridged: Bridged, tcpdump: str, file: Path) -> None:
        self._machine = bridged.ann.machine
        self._capture = Capture(
            tcpdump, bridged.ann.machine, bridged.ann.interface, file, "tcp or udp or vlan"
        )

    def __enter__(self) -> "Judge":
        self._before = bad_checksums(self._machine)
        self._capture.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._capture.__exit__()

    def judged(self) -> Judged:
        right, wrong = self._capture.checksums()
        return Judged(
            bad_by_kernel=bad_checksums(self._machine) - self._before,
            right=right,
            wrong=wrong[:5],
            largest=max(self._capture.sizes()),
        )


def bad_checksums(machine: Namespace) -> int:
    """Return how many packets with a bad checksum the machine has met: RFC 4113 and the like."""
    lines = machine.run("cat", "/proc/net/snmp").splitlines()
    found = 0
    for names, values in zip(lines[::2], lines[1::2], strict=True):
        told = dict(zip(names.split(), values.split(), strict=True))
        found += int(told.get("InCsumErrors", 0))
    for line in machine.run("cat", "/proc/net/snmp6").splitlines():
        name, value = line.split()
        found += int(value) if name.endswith("InCsumErrors") else 0
    return found


@pytest.fixture
def judge(bridged: Bridged, tool: Callable[[str, str], str], tmp_path: Path) -> Iterator[Judge]:
    with Judge(bridged, tool("tcpdump", "tcpdump"), tmp_path / "player.pcap") as made:
        yield made


@pytest.fixture
def iperf3(
    bridged: Bridged, tool: Callable[[str, str], str], tmp_path: Path
) -> Callable[..., Any]:  # Any: its JSON
    """Run it from a host of the LAN to ann, or back with --reverse; return its report."""
    program = tool("iperf3", "iperf3")

    def measure(address: str, *options: str) -> Any:
        with bridged.ann.machine.start(
            program, "-s", "-1", "--forceflush", log=tmp_path / "server.log"
        ) as server:
            server.wait_for_text("Server listening", limit=5)
            command = (program, "-J", "-c", address, f"-t{SECONDS}", *options)
            report = json.loads(bridged.lan.files.run(*command, check=False, limit=40))
        assert "error" not in report, f"{report['error']}\n{bridged.explain()}"
        return report

    return measure


def test_the_hosts_offloads_are_on(bridged: Bridged, tool: Callable[[str, str], str]) -> None:
    told = offloads_of(tool("ethtool", "ethtool"), bridged.lan.files)
    assert all(told.values()), told


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
def test_bulk_tcp_is_whole(
    bridged: Bridged,
    judge: Judge,
    iperf3: Callable[..., Any],
    family: str,
    record_property: Callable[[str, object], None],
) -> None:
    address = bridged.address if family == "IPv4" else bridged.address6
    rate = iperf3(address)["end"]["sum_received"]["bits_per_second"]
    record_property(f"TCP {family}, bit/s", rate)
    print(f"TCP over {family} from the LAN: {rate / 1e6:.0f} Mbit/s")
    assert rate > LEAST_RATE
    judge.__exit__()
    judge.judged().require_good(mtu=bridged.ann.joined["mtu"], least=1_000)


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
def test_bulk_udp_is_whole(
    bridged: Bridged, judge: Judge, iperf3: Callable[..., Any], family: str
) -> None:
    address = bridged.address if family == "IPv4" else bridged.address6
    total = iperf3(address, "-u", "-l1300", "-b10M")["end"]["sum"]
    assert total["lost_percent"] < 100 * (1 - SOME)
    judge.__exit__()
    judge.judged().require_good(mtu=bridged.ann.joined["mtu"], least=1_000)


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
def test_datagrams_that_the_kernel_was_to_cut_are_whole(
    bridged: Bridged, judge: Judge, family: str
) -> None:
    address = bridged.address if family == "IPv4" else bridged.address6
    kind = socket.AF_INET if family == "IPv4" else socket.AF_INET6
    with bridged.ann.machine.entered():
        target = socket.socket(kind, socket.SOCK_DGRAM)
        target.bind((address, 0))
        target.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        target.settimeout(1)
    with bridged.lan.files.entered():
        source = socket.socket(kind, socket.SOCK_DGRAM)
        source.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, SEGMENT)
        source.connect(target.getsockname()[:2])
    with source, target:
        sent = []
        for first in range(0, SENDS * SEGMENTS_AT_ONCE, SEGMENTS_AT_ONCE):
            numbers = range(first, first + SEGMENTS_AT_ONCE)
            # The last of each is shorter, as at the end of what a program has to say.
            sent += [number.to_bytes(4) * (SEGMENT // 4) for number in numbers]
            sent[-1] = sent[-1][: SEGMENT // 3]
            source.send(b"".join(sent[-SEGMENTS_AT_ONCE:]))
            time.sleep(UDP_PAUSE)
        came: list[bytes] = []
        while len(came) < len(sent):
            try:
                came.append(target.recv(65_536))
            except TimeoutError:
                break
    judge.__exit__()
    assert set(came) <= set(sent)
    assert len(came) >= SOME * len(sent)
    judge.judged().require_good(mtu=bridged.ann.joined["mtu"], least=len(came))


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
def test_tagged_superframes_are_cut_and_keep_their_tag(
    bridged: Bridged, judge: Judge, family: str
) -> None:
    files, ann = bridged.lan.files, bridged.ann
    ends = (
        (bridged.lan.address_of(files), bridged.address)
        if family == "IPv4"
        else (bridged.lan.address6_of(files), bridged.address6)
    )
    payloads = [bytes((number,)) * SUPERFRAME for number in range(SUPERFRAMES)]
    with EthernetSocket(ann.machine, ann.interface) as player:
        macs = mac_of(files), player.mac.hex(":")
        came = b""
        for payload in payloads:
            send_superframe(files, macs=macs, ends=ends, vlan=VLAN, payload=payload)
            came += received_in_vlan(player, SUPERFRAME)
    assert came == b"".join(payloads)
    judge.__exit__()
    judge.judged().require_good(
        mtu=bridged.ann.joined["mtu"], least=SUPERFRAMES * SUPERFRAME // 1_400, tag=TAG
    )


def received_in_vlan(player: EthernetSocket, size: int) -> bytes:
    """Take TCP segments with the tag until so many bytes of payload have come, or none comes."""
    came = b""
    while len(came) < size and (frame := player.receive(limit=2)) is not None:
        packet = Ether(frame)
        if Dot1Q in packet and packet[Dot1Q].vlan == VLAN and TCP in packet:
            came += bytes(packet[TCP].payload)
    return came


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
def test_bulk_tcp_of_a_player_is_whole_on_the_lan(
    bridged: Bridged, iperf3: Callable[..., Any], family: str
) -> None:
    address = bridged.address if family == "IPv4" else bridged.address6
    before = bad_checksums(bridged.lan.files)
    report = iperf3(address, "--reverse")
    assert report["end"]["sum_received"]["bits_per_second"] > LEAST_RATE
    assert bad_checksums(bridged.lan.files) == before
