"""An address of the gateway's LAN beside the relay's lease: it comes and goes with the gateway."""

import sys
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest
from dhcp_server import dhcp_server
from network import Home, Network
from programs import Program, wait_until
from real_client import Client
from real_relay import Relay

GATEWAY = Path(__file__).with_name("stand") / "lan_gateway.py"
ROOM = "CAFEDESK"
ROUTER = "192.168.50.1"
LIMIT = 30.0


@pytest.fixture(scope="module")
def cafe(network: Network) -> Home:
    """Where the gateway is; its LAN has other addresses than the homes."""
    return network.add_home("cafe")


@pytest.fixture
def gateway(cafe: Home, relay: Relay, tmp_path: Path) -> Iterator[Program]:
    """A gateway in a room of its own, with a router's address on its LAN."""
    with cafe.host.start(
        *(sys.executable, GATEWAY, ROOM, relay.pin), log=tmp_path / "gateway.jsonl"
    ) as program:
        program.wait_for_event("joined", limit=LIMIT)
        cafe.host.ip("link", "set", "lan", "up")
        cafe.host.ip("addr", "add", f"{ROUTER}/24", "dev", "lan")
        yield program


@pytest.fixture
def dnsmasq(
    cafe: Home, gateway: Program, tool: Callable[[str, str], str], tmp_path: Path
) -> Iterator[Program]:
    """The DHCP server of that LAN."""
    with dhcp_server(
        tool("dnsmasq", "dnsmasq-base"),
        cafe.host,
        interface="lan",
        first="192.168.50.100",
        last="192.168.50.150",
        folder=tmp_path,
    ) as server:
        yield server


@pytest.fixture
def ann(player: Callable[[str], Client]) -> Iterator[Client]:
    """A player who hasn't joined yet."""
    made = player("ann")
    yield made
    made.close()


def addresses_of(client: Client) -> list[IPv4Interface]:
    printed = client.machine.ip("-4", "-o", "addr", "show", "dev", client.interface)
    return [IPv4Interface(line.split()[3]) for line in printed.splitlines()]


def wait_for_both(client: Client) -> tuple[IPv4Interface, IPv4Interface]:
    """Wait for the lease and the address of the LAN."""
    wait_until(
        lambda: len(addresses_of(client)) == 2,
        "two addresses",
        limit=LIMIT,
        explain=client.program.tail,
    )
    lease, lan = addresses_of(client)
    return lease, lan


def test_the_address_of_the_lan_comes_beside_the_lease_and_goes_with_the_gateway(
    gateway: Program, dnsmasq: Program, ann: Client
) -> None:
    ann.join(ROOM)
    lease, lan = wait_for_both(ann)
    assert str(lease) == ann.joined["address"]
    assert IPv4Address("192.168.50.100") <= lan.ip <= IPv4Address("192.168.50.150")
    assert "1 received" in ann.machine.run("ping", "-c1", "-W5", ROUTER)
    assert ann.machine.ip("route", "show", "default").count("default") == 1
    assert "lan0" not in ann.machine.ip("route", "show", "default")
    gateway.terminate()
    wait_until(lambda: addresses_of(ann) == [lease], "only the lease is left", limit=LIMIT)
    assert ann.leave() == 0


def test_with_use_lan_gateway_the_internet_is_behind_the_lan_and_the_relay_is_not(
    gateway: Program, dnsmasq: Program, ann: Client, network: Network
) -> None:
    ann.join(ROOM, "--use-lan-gateway")
    wait_for_both(ann)
    wait_until(
        lambda: f"via {ROUTER} dev {ann.interface}" in ann.machine.ip("route", "get", "9.9.9.9"),
        "the internet is behind the LAN",
        limit=LIMIT,
    )
    relay = ann.machine.ip("route", "get", "198.51.100.10")
    assert "dev eth0" in relay
    gateway.terminate()
    wait_until(
        lambda: "dev eth0" in ann.machine.ip("route", "get", "9.9.9.9"),
        "the internet is where it was",
        limit=LIMIT,
    )
    assert ann.leave() == 0
