"""`make bench-tap`: what the way from TAP to TAP carries, beside tinc and OpenVPN in the same run.

              hub: relay, tincd, openvpn
                         |
                     internet              all in network namespaces: needs root, iperf3,
                     |      |              and Debian's tinc and openvpn
                     A      B

The systems take turns in each round, at the same offered loads, so the ratios hold on a noisy
machine; the absolute figures don't travel.

Usage: PYTHONPATH=tests/netns/stand python bench/tap.py --help
"""

import json
import re
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

from comparison import comparison_options, publish, require
from machine import cpu_seconds, describe_machine
from network import Network
from rich.console import Console
from tap_systems import OpenVpn, Softlan, Star, System, Tinc

_UDP_PAYLOAD: Final = 128
_ROUND_TRIP: Final = re.compile(r"time=([\d.]+) ms")
_PING_INTERVAL: Final = 0.01
_TOOLS: Final = {"iperf3": "iperf3", "tincd": "tinc", "openvpn": "openvpn", "ping": "iputils-ping"}


@dataclass(frozen=True, slots=True)
class Measured:
    """One round of one system. Times in seconds, rates in bits a second."""

    tcp: float
    tcp_both_ways: float
    """The sum of both directions."""
    hub_cpu_per_megabyte: float
    """While TCP runs one way."""
    udp_1k_loss: float
    udp_1k_hub_cpu: float
    """Of the hub, for a packet."""
    udp_5k_loss: float
    udp_5k_hub_cpu: float
    round_trip_p50: float
    round_trip_p99: float
    loaded_p50: float
    """While TCP runs."""
    loaded_p99: float


def measure(star: Star, system: System, seconds: float) -> Measured:
    """Measure one system once."""
    idle = round_trips(star, system, seconds)
    before = cpu_seconds(system.hub.process_id)
    one_way = iperf3(star, system, seconds)["end"]["sum_received"]
    hub = cpu_seconds(system.hub.process_id) - before
    both = iperf3(star, system, seconds, "--bidir")["end"]
    with star.a.start(*iperf3_command(system, seconds + 1), log=star.folder / "load.json") as load:
        loaded = round_trips(star, system, seconds)
        load.wait_ended()
    losses, costs = zip(*(udp(star, system, rate, seconds) for rate in (1_000, 5_000)), strict=True)
    return Measured(
        tcp=one_way["bits_per_second"],
        tcp_both_ways=sum(
            both[name]["bits_per_second"] for name in ("sum_received", "sum_received_bidir_reverse")
        ),
        hub_cpu_per_megabyte=hub / one_way["bytes"] * 1e6,
        udp_1k_loss=losses[0],
        udp_1k_hub_cpu=costs[0],
        udp_5k_loss=losses[1],
        udp_5k_hub_cpu=costs[1],
        round_trip_p50=statistics.median(idle),
        round_trip_p99=quantile(idle, 0.99),
        loaded_p50=statistics.median(loaded),
        loaded_p99=quantile(loaded, 0.99),
    )


def iperf3_command(system: System, seconds: float, *options: str) -> tuple[str, ...]:
    """Return the command that sends from A to the server on B."""
    return ("iperf3", "-J", "-c", system.address_b, "-t", f"{seconds:g}", *options)


def iperf3(star: Star, system: System, seconds: float, *options: str) -> Any:  # Any: JSON
    """Run iperf3 to its end and read its report."""
    report = json.loads(star.a.run(*iperf3_command(system, seconds, *options), limit=seconds + 30))
    if "error" in report:
        raise SystemExit(f"iperf3 over {system.name}: {report['error']}\n{system.explain()}")
    return report


def udp(star: Star, system: System, rate: int, seconds: float) -> tuple[float, float]:
    """Offer small packets at a rate; return the share that was lost, and the hub's CPU for each."""
    before = cpu_seconds(system.hub.process_id)
    bits = rate * _UDP_PAYLOAD * 8
    report = iperf3(star, system, seconds, "-u", f"-l{_UDP_PAYLOAD}", f"-b{bits}")
    spent = cpu_seconds(system.hub.process_id) - before
    total = report["end"]["sum"]
    return total["lost_packets"] / total["packets"], spent / total["packets"]


def round_trips(star: Star, system: System, seconds: float) -> list[float]:
    """Ping B from A every 10 ms; return the times in seconds."""
    count = int(seconds / _PING_INTERVAL)
    printed = star.a.run(
        *("ping", "-n", f"-i{_PING_INTERVAL}", f"-c{count}", "-W2", system.address_b),
        check=False,
        limit=seconds + 30,
    )
    return [float(found) / 1e3 for found in _ROUND_TRIP.findall(printed)]


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of them lies."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def median_of(runs: Sequence[Measured]) -> Measured:
    """Take each figure's median by itself."""
    return Measured(
        *(statistics.median(getattr(run, field.name) for run in runs) for field in fields(Measured))
    )


def megabits(value: float) -> str:
    return f"{value / 1e6:.1f} Mbit/s"


def microseconds(value: float) -> str:
    return f"{value * 1e6:.1f} us"


ROWS: Final[Sequence[tuple[str, Callable[[Measured], str]]]] = (
    ("TCP, A to B", lambda run: megabits(run.tcp)),
    ("TCP, both ways together", lambda run: megabits(run.tcp_both_ways)),
    ("hub CPU for a MB of TCP", lambda run: f"{run.hub_cpu_per_megabyte * 1e3:.1f} ms"),
    ("UDP 128 B, 1,000/s: loss", lambda run: f"{run.udp_1k_loss:.2%}"),
    ("UDP 128 B, 1,000/s: hub CPU a packet", lambda run: microseconds(run.udp_1k_hub_cpu)),
    ("UDP 128 B, 5,000/s: loss", lambda run: f"{run.udp_5k_loss:.2%}"),
    ("UDP 128 B, 5,000/s: hub CPU a packet", lambda run: microseconds(run.udp_5k_hub_cpu)),
    (
        "round trip p50 / p99",
        lambda run: f"{run.round_trip_p50 * 1e3:.2f} / {run.round_trip_p99 * 1e3:.2f} ms",
    ),
    (
        "round trip p50 / p99 while TCP runs",
        lambda run: f"{run.loaded_p50 * 1e3:.2f} / {run.loaded_p99 * 1e3:.2f} ms",
    ),
)


def measure_all(names: Sequence[str], rounds: int, seconds: float) -> dict[str, list[Measured]]:
    """Start the systems, and let them take turns."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="softlan-bench-") as folder:
        network = Network(Path(folder))
        try:
            a, b = (
                network.add_machine(name, IPv4Address("198.51.100.20") + number)
                for number, name in enumerate("ab")
            )
            star = Star(network.relay, a, b, Path(folder))
            star.b.start("iperf3", "-s", log=star.folder / "iperf3-server.log")
            systems = [kind(star) for kind in SYSTEMS if kind.name in names]
            for system in systems:
                system.wait_ready(star)
            measured: dict[str, list[Measured]] = {system.name: [] for system in systems}
            for number in range(rounds):
                for system in systems:
                    console.print(f"round {number + 1} of {rounds}: {system.name}", style="dim")
                    measured[system.name].append(measure(star, system, seconds))
            return measured
        finally:
            network.close()


SYSTEMS: Final = (Softlan, Tinc, OpenVpn)


def show(medians: Mapping[str, Measured]) -> tuple[list[str], list[list[str]]]:
    """Return headings and cells: a row for each figure, a column for each system."""
    return ["", *medians], [
        [title, *(text(run) for run in medians.values())] for title, text in ROWS
    ]


def main() -> None:
    """Measure, print, keep."""
    parser = comparison_options(__doc__, seconds=4.0, of_what="each measurement")
    names = [system.name for system in SYSTEMS]
    parser.add_argument("--only", choices=names, action="append", help="one system; may repeat")
    options = parser.parse_args()
    require(_TOOLS)
    measured = measure_all(options.only or names, options.rounds, options.seconds)
    versions = {system.name: version for system in SYSTEMS if (version := system.version())}
    publish(
        options,
        "tap",
        show({name: median_of(runs) for name, runs in measured.items()}),
        title="From TAP to TAP",
        machine=describe_machine() | versions,
        measured=measured,
    )


if __name__ == "__main__":
    main()
