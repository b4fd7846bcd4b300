"""Bulk between two hosts of a LAN whose switch is a hub: none of it crosses."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bridged import Bridged
from ethernet_socket import EthernetSocket
from programs import Program, wait_until

SECONDS = 4
LEAST_BULK = 50_000_000
MOST_IN_TUNNEL = 500_000
"""Bytes: probes, heartbeats, and what the LAN's hosts ask everybody."""
MOST_CPU = 0.10
IPERF3_PORT = 5_201

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def bulk(bridged: Bridged, tool: Callable[[str, str], str], tmp_path: Path) -> Iterator[Program]:
    """TCP from one host to another, while the switch is a hub."""
    lan = bridged.lan
    program = tool("iperf3", "iperf3")
    lan.be_a_hub()
    try:
        with lan.game.start(program, "-s", "--forceflush", log=tmp_path / "server.log") as server:
            server.wait_for_text("Server listening", limit=5)
            with lan.files.start(
                *(program, "-J", "-c", lan.address_of(lan.game), f"-t{SECONDS}"),
                log=tmp_path / "bulk.json",
            ) as sender:
                yield sender
    finally:
        lan.be_a_switch()


def sent_into_tunnel(bridged: Bridged) -> int:
    """Return how many bytes the LAN's router has sent to the internet: all are the tunnel's."""
    return int(bridged.lan.router.run("cat", "/sys/class/net/wan/statistics/tx_bytes"))


def is_of_the_bulk(frame: bytes | None) -> bool:
    return frame is not None and len(frame) > 1_000 and IPERF3_PORT.to_bytes(2) in frame[34:38]


def test_none_of_it_is_in_the_tunnel_and_it_costs_the_gateway_nothing(
    bridged: Bridged, bulk: Program, record_property: Callable[[str, object], None]
) -> None:
    with EthernetSocket(bridged.lan.gateway_host, "eth0", promiscuous=True) as plain:
        wait_until(
            lambda: is_of_the_bulk(plain.receive(limit=1)),
            "a plain packet socket at the port sees it",
            limit=10,
        )
    tunnel, cpu, began = sent_into_tunnel(bridged), bridged.gateway.cpu_seconds(), time.monotonic()
    assert bulk.wait_ended(limit=30) == 0
    spent = (bridged.gateway.cpu_seconds() - cpu) / (time.monotonic() - began)
    record_property("gateway CPU, share of a core", spent)
    carried = json.loads(bulk.text)["end"]["sum_received"]["bytes"]
    print(f"{carried / 1e6:.0f} MB between the hosts; the gateway used {spent:.1%} of a core")
    assert carried > LEAST_BULK
    assert sent_into_tunnel(bridged) - tunnel < MOST_IN_TUNNEL
    assert spent < MOST_CPU
    assert "1 received" in bridged.lan.files.run("ping", "-c1", "-W3", bridged.address)
