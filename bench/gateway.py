"""`make bench-gateway`: what goes from a host of a LAN to a player, beside OpenVPN's bridging.

    files --+                          hub: relay, openvpn
            |                                  |
    den  ---+--- home's router (NAT) --- internet --- B: player, openvpn
            |
    vpn  ---+    in network namespaces: needs root, iperf3, and Debian's openvpn

The gateway runs on den. vpn bridges its network card with a TAP of OpenVPN, as OpenVPN's manual has
it. The systems take turns in each round, at the same offered loads: the ratios hold on a noisy
machine; the absolute figures don't travel.

Usage: PYTHONPATH=tests/netns/stand python bench/gateway.py --help
"""

import json
import statistics
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from ipaddress import IPv4Address
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any, Final

from bridged import ROOM
from comparison import comparison_options, publish, require
from lan import Lan
from machine import cpu_seconds, describe_machine
from namespaces import Namespace
from network import Network
from programs import Program, wait_until
from real_client import Client
from real_gateway import Gateway
from real_relay import Relay
from rich.console import Console
from tap import megabits, microseconds
from tap_systems import OpenVpn, Star

_UDP_PAYLOAD: Final = 128
_RATES: Final = (1_000, 5_000)
_READY_LIMIT: Final = 30.0
_TRIES: Final = 3
_PATIENCE: Final = 10.0
_TOOLS: Final = {"iperf3": "iperf3", "openvpn": "openvpn", "ping": "iputils-ping"}


class Way(ABC):
    """One running way from the LAN to B."""

    name: str
    address_host: str
    address_b: str
    """What the LAN's host and B have on it."""

    bridge: Program
    """The process on the LAN that carries frames into the tunnel."""

    @abstractmethod
    def explain(self) -> str:
        """Return what its programs have printed."""


class Softlan(Way):
    """The gateway, the relay and a player."""

    name = "softlan"
    address_host = "10.82.0.1"
    address_b = "10.82.0.2"

    def __init__(self, lan: Lan, hub: Namespace, b: Namespace) -> None:
        self._relay = Relay(hub, lan.folder / "relay")
        self._gateway = Gateway(lan.gateway_host, self._relay)
        self._gateway.join(ROOM)
        self._player = Client(b, self._relay, "bob", lan.folder / "bob")
        self._player.join(ROOM, f"--address={self.address_b}/24")
        self.bridge = self._gateway.program

    def explain(self) -> str:
        return self._gateway.program.tail() + self._player.program.tail()

    def close(self) -> None:
        """Remove what lies outside the folder of this run."""
        self._gateway.close()


class BridgedOpenVpn(Way):
    """OpenVPN on vpn, whose TAP is in a bridge with the network card."""

    name = "OpenVPN, bridged"
    address_host = "10.83.0.1"
    address_b = "10.83.0.2"

    def __init__(self, lan: Lan, hub: Namespace, b: Namespace) -> None:
        vpn = lan.add_host("vpn")
        self._system = _OpenVpn(Star(hub, vpn, b, lan.folder))
        self.bridge = self._system.bridge
        self.bridge.wait_for_text("Initialization Sequence Completed", limit=_READY_LIMIT)
        # The player's address is found by its own way alone; softlan sees to that on its interface.
        wait_until(lambda: "ovpn0" in b.interfaces(), "OpenVPN at B", limit=_READY_LIMIT)
        b.set_sysctl("ipv4.conf.ovpn0.arp_ignore", 1)
        vpn.ip("link", "add", "br0", "type", "bridge")
        vpn.ip("addr", "flush", "dev", "ovpn0")
        for interface in ("ovpn0", "eth0"):
            vpn.ip("link", "set", interface, "master", "br0")
        vpn.ip("addr", "flush", "dev", "eth0")
        vpn.ip("link", "set", "br0", "up")
        vpn.ip("addr", "add", f"{lan.address_of(vpn)}/24", "dev", "br0")
        vpn.ip("route", "add", "default", "via", lan.router_address, "dev", "br0")

    def explain(self) -> str:
        return self._system.explain()


class _OpenVpn(OpenVpn):
    address_a = "10.83.0.99"
    address_b = BridgedOpenVpn.address_b

    @property
    def bridge(self) -> Program:
        """The process at A."""
        return self._programs[1]


@dataclass(frozen=True, slots=True)
class Measured:
    """One round of one way. Rates in bits a second, CPU in seconds."""

    tcp_from_lan: float
    tcp_to_lan: float
    cpu_per_megabyte: float
    """Of the process on the LAN, while TCP runs from it."""
    round_trip: float
    """The mean, in seconds, while nothing else runs."""
    from_lan_1k_loss: float
    from_lan_1k_cpu: float
    """Of the process on the LAN, for a packet."""
    from_lan_5k_loss: float
    from_lan_5k_cpu: float
    to_lan_1k_loss: float
    to_lan_1k_cpu: float
    to_lan_5k_loss: float
    to_lan_5k_cpu: float


def measure(lan: Lan, b: Namespace, way: Way, seconds: float) -> Measured:
    """Measure one way once."""
    printed = lan.files.run(
        *("ping", "-n", "-q", "-i0.01", f"-c{int(seconds * 100)}", way.address_b),
        limit=seconds + 30,
    )
    # "rtt min/avg/max/mdev = ..."
    round_trip = float(printed.rpartition("= ")[2].split("/")[1]) / 1e3
    before = cpu_seconds(way.bridge.process_id)
    there = iperf3(lan.files, way, way.address_b, seconds)["end"]["sum_received"]
    spent = cpu_seconds(way.bridge.process_id) - before
    back = iperf3(b, way, way.address_host, seconds)["end"]["sum_received"]
    costs = [
        udp(source, way, address, rate, seconds)
        for source, address in ((lan.files, way.address_b), (b, way.address_host))
        for rate in _RATES
    ]
    return Measured(
        there["bits_per_second"],
        back["bits_per_second"],
        spent / there["bytes"] * 1e6,
        round_trip,
        *(figure for pair in costs for figure in pair),
    )


def iperf3(
    source: Namespace, way: Way, address: str, seconds: float, *options: str
) -> Any:  # Any: JSON
    """Send from a machine to the server at an address of the way; return iperf3's report."""
    command = ("iperf3", "-J", "-c", address, "-t", f"{seconds:g}", *options)
    for _ in range(_TRIES):
        # It waits for ever when the datagram is lost with which it begins.
        with suppress(TimeoutExpired):
            report = json.loads(source.run(*command, check=False, limit=seconds + _PATIENCE))
            if "error" not in report:
                return report
    raise SystemExit(f"iperf3 over {way.name} came to no end\n{way.explain()}")


def udp(
    source: Namespace, way: Way, address: str, rate: int, seconds: float
) -> tuple[float, float]:
    """Offer small packets at a rate; return the share that was lost, and the CPU for each."""
    before = cpu_seconds(way.bridge.process_id)
    bits = rate * _UDP_PAYLOAD * 8
    report = iperf3(source, way, address, seconds, "-u", f"-l{_UDP_PAYLOAD}", f"-b{bits}")
    spent = cpu_seconds(way.bridge.process_id) - before
    total = report["end"]["sum"]
    return total["lost_packets"] / total["packets"], spent / total["packets"]


def median_of(runs: Sequence[Measured]) -> Measured:
    """Take each figure's median by itself."""
    return Measured(
        *(statistics.median(getattr(run, field.name) for run in runs) for field in fields(Measured))
    )


def _figures_of_udp(direction: str, rate: str) -> Callable[[Measured], str]:
    def text(run: Measured) -> str:
        loss = getattr(run, f"{direction}_{rate}_loss")
        return f"{microseconds(getattr(run, f'{direction}_{rate}_cpu'))}, {loss:.2%} lost"

    return text


ROWS: Final[Sequence[tuple[str, Callable[[Measured], str]]]] = (
    ("TCP, LAN to player", lambda run: megabits(run.tcp_from_lan)),
    ("TCP, player to LAN", lambda run: megabits(run.tcp_to_lan)),
    ("CPU for a MB of TCP from the LAN", lambda run: f"{run.cpu_per_megabyte * 1e3:.1f} ms"),
    ("CPU a packet, 128 B at 1,000/s from the LAN", _figures_of_udp("from_lan", "1k")),
    ("CPU a packet, 128 B at 5,000/s from the LAN", _figures_of_udp("from_lan", "5k")),
    ("CPU a packet, 128 B at 1,000/s to the LAN", _figures_of_udp("to_lan", "1k")),
    ("CPU a packet, 128 B at 5,000/s to the LAN", _figures_of_udp("to_lan", "5k")),
    ("round trip", lambda run: f"{run.round_trip * 1e3:.2f} ms"),
)


def measure_all(rounds: int, seconds: float) -> dict[str, list[Measured]]:
    """Start both ways, and let them take turns."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="softlan-bench-") as folder:
        network = Network(Path(folder))
        try:
            b = network.add_machine("b", IPv4Address("198.51.100.20"))
            lan = Lan(network)
            for name, machine in (("b", b), ("lan", lan.files)):
                machine.start("iperf3", "-s", log=network.folder / f"iperf3-{name}.log")
            softlan = Softlan(lan, network.relay, b)
            ways: tuple[Way, ...] = (softlan, BridgedOpenVpn(lan, network.relay, b))
            for way in ways:
                lan.files.ip("addr", "add", f"{way.address_host}/24", "dev", "eth0")
                wait_ready(lan, way)
            measured: dict[str, list[Measured]] = {way.name: [] for way in ways}
            for number in range(rounds):
                for way in ways:
                    console.print(f"round {number + 1} of {rounds}: {way.name}", style="dim")
                    measured[way.name].append(measure(lan, b, way, seconds))
            softlan.close()
            return measured
        finally:
            network.close()


def wait_ready(lan: Lan, way: Way) -> None:
    """Wait until the LAN's host reaches B."""
    wait_until(
        lambda: "1 received" in lan.files.run("ping", "-c1", "-W1", way.address_b, check=False),
        f"{way.name} carries a ping",
        limit=_READY_LIMIT,
        explain=way.explain,
    )


def show(medians: Mapping[str, Measured]) -> tuple[list[str], list[list[str]]]:
    """Return headings and cells: a row for each figure, a column for each way."""
    return ["", *medians], [
        [title, *(text(run) for run in medians.values())] for title, text in ROWS
    ]


def main() -> None:
    """Measure, print, keep."""
    options = comparison_options(__doc__, seconds=4.0, of_what="each measurement").parse_args()
    require(_TOOLS)
    measured = measure_all(options.rounds, options.seconds)
    publish(
        options,
        "gateway",
        show({name: median_of(runs) for name, runs in measured.items()}),
        title="From a LAN to a player",
        machine=describe_machine() | {"OpenVPN": OpenVpn.version()},
        measured=measured,
    )


if __name__ == "__main__":
    main()
