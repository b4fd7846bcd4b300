"""An address of the gateway's LAN beside the relay's lease: it comes and goes with the gateway."""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Interface

import pytest
from bridged import ROOM
from dhcp_server import dhcp_server
from lan import Lan
from network import RELAY_ADDRESS
from programs import wait_until
from real_client import Client
from real_gateway import Gateway

FIRST, LAST = "192.168.50.100", "192.168.50.150"
LIMIT = 30.0


@pytest.fixture(scope="module")
def served(lan: Lan, tool: Callable[[str, str], str]) -> Iterator[Lan]:
    """The LAN with a DHCP server, which names the home's router."""
    with dhcp_server(
        tool("dnsmasq", "dnsmasq-base"),
        lan.dhcp,
        interface="eth0",
        first=FIRST,
        last=LAST,
        folder=lan.folder,
        options=(f"--dhcp-option=option:router,{lan.router_address}",),
    ):
        yield lan


@pytest.fixture(scope="module")
def bridge(served: Lan, gateway: Callable[..., Gateway]) -> Gateway:
    """A gateway in a room of its own."""
    made = gateway()
    made.join(ROOM)
    return made


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


def test_the_address_of_the_lan_comes_beside_the_lease(
    served: Lan, bridge: Gateway, ann: Client
) -> None:
    ann.join(ROOM)
    lease, lan = wait_for_both(ann)
    assert str(lease) == ann.joined["address"]
    assert IPv4Address(FIRST) <= lan.ip <= IPv4Address(LAST)
    assert "1 received" in ann.machine.run("ping", "-c1", "-W5", served.router_address)
    assert ann.machine.ip("route", "show", "default").count("default") == 1
    assert "lan0" not in ann.machine.ip("route", "show", "default")
    assert ann.leave() == 0


def test_with_use_lan_gateway_the_internet_is_behind_the_lan_until_the_gateway_goes(
    served: Lan, bridge: Gateway, ann: Client
) -> None:
    ann.join(ROOM, "--use-lan-gateway")
    lease, _ = wait_for_both(ann)
    by_lan = f"via {served.router_address} dev {ann.interface}"
    wait_until(
        lambda: by_lan in ann.machine.ip("route", "get", "9.9.9.9"),
        "the internet is behind the LAN",
        limit=LIMIT,
    )
    assert "dev eth0" in ann.machine.ip("route", "get", RELAY_ADDRESS)
    # The internet of the stand answers by the LAN's router, and by no other.
    assert "1 received" in ann.machine.run("ping", "-c1", "-W5", "198.51.100.1")
    bridge.terminate()
    wait_until(
        lambda: "dev eth0" in ann.machine.ip("route", "get", "9.9.9.9"),
        "the internet is where it was",
        limit=LIMIT,
    )
    wait_until(lambda: addresses_of(ann) == [lease], "only the lease is left", limit=LIMIT)
    assert ann.leave() == 0
