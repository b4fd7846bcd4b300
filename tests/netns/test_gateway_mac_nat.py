"""A port that carries only frames of its own MAC, as Wi-Fi does: said beforehand, and bridged by
--mac-nat, with the players behind the interface's MAC."""

import json
from collections.abc import Callable, Iterator
from ipaddress import IPv4Interface, IPv6Address

import pytest
from bridged import ROOM
from dhcp_server import dhcp_server
from game_server import ASKED_PORT, GROUP, GROUP6, announced
from lan import LAN, LAN6, Lan, mac_of
from programs import Program, wait_until
from real_client import Client
from real_gateway import Gateway
from traffic import Transfer, udp_socket

LIMIT = 30.0
FIRST, LAST = "192.168.50.100", "192.168.50.150"
ADDRESS6 = str(LAN6.network_address + 200)
FOUND_LIMIT = 5.0
PREFLIGHT_LIMIT = 20.0

pytestmark = pytest.mark.timeout(90)


@pytest.fixture(scope="module")
def wireless(lan: Lan, tool: Callable[[str, str], str]) -> Iterator[Lan]:
    """The LAN, with a DHCP server, and the gateway's place at a port like an access point's."""
    lan.make_wireless_like(lan.gateway_host)
    with dhcp_server(
        tool("dnsmasq", "dnsmasq-base"),
        lan.dhcp,
        interface="eth0",
        first=FIRST,
        last=LAST,
        folder=lan.folder,
    ):
        yield lan


@pytest.fixture(scope="module")
def ann(wireless: Lan, gateway: Callable[..., Gateway], player: Callable[[str], Client]) -> Client:
    """A player with a lease of the LAN, which came through the gateway."""
    bridge = gateway()
    bridge.join(ROOM, "--mac-nat")
    ann = player("ann")
    ann.join(ROOM)
    wait_until(
        lambda: lan_address(ann),
        "an address of the LAN",
        limit=LIMIT,
        explain=lambda: ann.program.tail() + bridge.program.tail(),
    )
    ann.machine.ip("addr", "add", f"{ADDRESS6}/64", "dev", ann.interface, "nodad")
    return ann


def lan_address(ann: Client) -> str:
    printed = ann.machine.ip("-4", "-o", "addr", "show", "dev", ann.interface)
    found = [IPv4Interface(line.split()[3]) for line in printed.splitlines()]
    return next((str(one.ip) for one in found if one.ip in LAN), "")


def test_the_preflight_says_that_foreign_addresses_are_dropped(
    wireless: Lan, gateway: Callable[..., Gateway]
) -> None:
    _, printed = gateway().run("preflight", "--interface=eth0", "--json", limit=PREFLIGHT_LIMIT)
    told = json.loads(printed)
    findings = {check["check"]: check["details"]["finding"] for check in told["checks"]}
    assert findings["foreign_mac"] == "foreign_mac_dropped"


def test_ping_goes_both_ways_in_both_families(wireless: Lan, ann: Client) -> None:
    for host in (*wireless.hosts, wireless.router):
        ways = (
            (ann.machine, wireless.address_of(host)),
            (ann.machine, wireless.address6_of(host)),
            (host, lan_address(ann)),
            (host, ADDRESS6),
        )
        for machine, target in ways:
            assert "1 received" in machine.run("ping", "-c1", "-W3", target), target


def test_the_lan_sees_the_gateways_address_alone(wireless: Lan, ann: Client) -> None:
    host = wireless.files
    neighbours = host.ip("neigh", "show", "to", lan_address(ann))
    assert mac_of(wireless.gateway_host) in neighbours
    neighbours = host.ip("-6", "neigh", "show", "to", str(IPv6Address(ADDRESS6)))
    assert mac_of(wireless.gateway_host) in neighbours


def test_tcp_goes_both_ways(wireless: Lan, ann: Client) -> None:
    ways = (
        (ann.machine, wireless.files, wireless.address_of(wireless.files)),
        (wireless.files, ann.machine, lan_address(ann)),
        (ann.machine, wireless.files, wireless.address6_of(wireless.files)),
        (wireless.files, ann.machine, ADDRESS6),
    )
    for source, target, address in ways:
        transfer = Transfer(source, target, address, size=1_000_000)
        transfer.finish(limit=LIMIT)
        assert transfer.is_intact


def test_discovery_goes_both_ways(wireless: Lan, ann: Client, game: Program) -> None:
    broadcast = str(LAN.broadcast_address)
    with udp_socket(ann.machine) as seeker:
        seeker.settimeout(FOUND_LIMIT)
        seeker.sendto(b"where", (broadcast, ASKED_PORT))
        answer, (address, _) = seeker.recvfrom(1_500)
    assert (answer, address) == (b"here den", wireless.address_of(wireless.game))
    with udp_socket(ann.machine, ASKED_PORT) as server, udp_socket(wireless.files) as seeker:
        server.settimeout(FOUND_LIMIT)
        seeker.settimeout(FOUND_LIMIT)
        seeker.sendto(b"where", (broadcast, ASKED_PORT))
        _, asker = server.recvfrom(1_500)
        server.sendto(b"here", asker)
        # The LAN's own server answers, too.
        answers = {seeker.recvfrom(1_500) for _ in range(2)}
    assert (b"here", (lan_address(ann), ASKED_PORT)) in answers
    for group in (GROUP, GROUP6):
        assert announced(ann.machine, ann.interface, group) == b"game den"
