"""A LAN and players become one segment: addresses, pings and discovery, both ways."""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address
from pathlib import Path

import pytest
from capture import Capture
from dhcp_server import dhcp_server
from game_server import ASKED_PORT, GROUP, GROUP6, announced
from lan import LAN, LAN6, Lan
from mdns import avahi, mdns_addresses
from namespaces import Namespace
from programs import Program, wait_until
from real_client import Client
from real_gateway import Gateway
from traffic import Transfer, udp_socket

ROOM = "CAFEDESK"
LIMIT = 30.0
FOUND_LIMIT = 5.0
FIRST, LAST = IPv4Address("192.168.50.100"), IPv4Address("192.168.50.150")
RESOLVER = Path("/etc/resolv.conf")


@dataclass(frozen=True)
class Party:
    """A LAN with its gateway, and two players elsewhere."""

    lan: Lan
    gateway: Gateway
    players: tuple[Client, Client]


def addresses_of(player: Client) -> list[IPv4Interface]:
    printed = player.machine.ip("-4", "-o", "addr", "show", "dev", player.interface)
    return [IPv4Interface(line.split()[3]) for line in printed.splitlines()]


def address_of_lan(player: Client) -> str:
    """Return a player's address of the LAN; empty if it has none."""
    return next((str(one.ip) for one in addresses_of(player) if one.ip in LAN), "")


def link_local(machine: Namespace, interface: str) -> str:
    printed = machine.ip("-6", "-o", "addr", "show", "dev", interface, "scope", "link")
    return printed.split()[3].partition("/")[0]


@pytest.fixture(scope="module")
def party(
    lan: Lan,
    gateway: Callable[..., Gateway],
    player: Callable[[str], Client],
    tool: Callable[[str, str], str],
) -> Iterator[Party]:
    """All are there, and the players have what the LAN's DHCP server gives."""
    with ExitStack() as running:
        running.enter_context(
            dhcp_server(
                tool("dnsmasq", "dnsmasq-base"),
                lan.dhcp,
                interface="eth0",
                first=str(FIRST),
                last=str(LAST),
                folder=lan.folder,
                options=(
                    f"--dhcp-option=option:router,{lan.router_address}",
                    f"--dhcp-option=option:dns-server,{lan.router_address}",
                ),
            )
        )
        running.enter_context(lan.advertise(tool("dnsmasq", "dnsmasq-base")))
        bridge = gateway()
        bridge.join(ROOM, "--ipv6-ra=allow")
        players = player("ann"), player("bob")
        for one in players:
            one.start(f"--room={ROOM}")
        for one in players:
            one.wait_joined()
        made = Party(lan, bridge, players)
        wait_until(
            lambda: all(address_of_lan(one) for one in players),
            "addresses of the LAN",
            limit=LIMIT,
            explain=lambda: players[0].program.tail() + bridge.program.tail(),
        )
        yield made


def pings(machine: Namespace, *target: str) -> bool:
    return "1 received" in machine.run("ping", "-c1", "-W3", *target, check=False)


def test_players_have_an_address_of_the_lan_beside_the_lease(party: Party) -> None:
    for player in party.players:
        lease, lan = addresses_of(player)
        assert str(lease) == player.joined["address"]
        assert lease.ip not in LAN
        assert FIRST <= lan.ip <= LAST


def test_no_default_route_and_no_name_server_is_taken(party: Party) -> None:
    before = RESOLVER.read_bytes()
    for player in party.players:
        own = player.machine.ip("route", "show", "default")
        assert own.count("default") == 1
        assert player.interface not in own
        assert "default" not in player.machine.ip("-6", "route", "show", "dev", player.interface)
    assert RESOLVER.read_bytes() == before


def test_advertisements_that_were_let_in_change_no_player(
    party: Party, tool: Callable[[str, str], str], tmp_path: Path
) -> None:
    ann = party.players[0]
    with Capture(
        tool("tcpdump", "tcpdump"),
        *(ann.machine, ann.interface, tmp_path / "ra.pcap", "icmp6[0] == 134"),
    ) as capture:
        wait_until(capture.sizes, "an advertisement reaches the player", limit=LIMIT)
    assert "default" not in ann.machine.ip("-6", "route")
    global_addresses = ann.machine.ip("-6", "addr", "show", "dev", ann.interface, "scope", "global")
    assert "inet6" not in global_addresses


def test_every_host_and_every_player_ping_each_other(party: Party) -> None:
    for player in party.players:
        for host in (*party.lan.hosts, party.lan.router):
            assert pings(player.machine, party.lan.address_of(host)), party.gateway.program.tail()
        for host in party.lan.hosts:
            assert pings(host, address_of_lan(player))


def test_every_host_and_every_player_ping_each_other_by_ipv6(party: Party) -> None:
    for number, player in enumerate(party.players):
        inside = player.interface
        address = IPv6Address(LAN6.network_address + 200 + number)
        player.machine.ip("addr", "add", f"{address}/{LAN6.prefixlen}", "dev", inside, "nodad")
        for host in party.lan.hosts:
            assert pings(player.machine, party.lan.address6_of(host))
            assert pings(host, str(address))
            assert pings(player.machine, f"{link_local(host, 'eth0')}%{inside}")
            assert pings(host, f"{link_local(player.machine, inside)}%eth0")


def test_players_load_from_the_lans_web_server_and_the_lan_from_a_player(
    party: Party, tmp_path: Path
) -> None:
    ann = party.players[0]
    ways = (
        (party.lan.files, party.lan.address_of(party.lan.files), ann.machine),
        (ann.machine, address_of_lan(ann), party.lan.files),
    )
    for server, address, loader in ways:
        transfer = Transfer(loader, server, address, size=2_000_000)
        transfer.finish(limit=LIMIT)
        assert transfer.is_intact


def test_a_players_game_finds_the_lans_server_by_broadcast(party: Party, game: Program) -> None:
    for player in party.players:
        for target in ("255.255.255.255", str(LAN.broadcast_address)):
            with udp_socket(player.machine) as seeker:
                seeker.settimeout(FOUND_LIMIT)
                seeker.sendto(b"where", (target, ASKED_PORT))
                answer, (address, _) = seeker.recvfrom(1_500)
            assert (answer, address) == (b"here den", party.lan.address_of(party.lan.game))


def test_a_game_of_the_lan_finds_a_players_server_by_broadcast(party: Party) -> None:
    ann = party.players[0]
    question = secrets.token_bytes(30)
    for target in ("255.255.255.255", str(LAN.broadcast_address)):
        with udp_socket(ann.machine, ASKED_PORT) as server, udp_socket(party.lan.files) as seeker:
            server.settimeout(FOUND_LIMIT)
            seeker.settimeout(FOUND_LIMIT)
            seeker.sendto(question, (target, ASKED_PORT))
            heard, asker = server.recvfrom(1_500)
            assert (heard, asker[0]) == (question, party.lan.address_of(party.lan.files))
            server.sendto(b"here", asker)
            assert seeker.recvfrom(1_500) == (b"here", (address_of_lan(ann), ASKED_PORT))


def test_what_a_host_announces_by_multicast_reaches_every_player(
    party: Party, game: Program
) -> None:
    for player in party.players:
        for group in (GROUP, GROUP6):
            assert announced(player.machine, player.interface, group) == b"game den"


def test_names_by_mdns_are_found_both_ways(party: Party, tool: Callable[[str, str], str]) -> None:
    daemon = tool("avahi-daemon", "avahi-daemon")
    lan, ann = party.lan, party.players[0]
    with (
        avahi(daemon, lan.files, name="files", interface="eth0", folder=lan.folder) as files,
        avahi(
            daemon, ann.machine, name="anns-pc", interface=ann.interface, folder=lan.folder
        ) as pc,
    ):
        files.wait_for(
            lambda: lan.address_of(lan.files) in mdns_addresses(ann.machine, "files.local"),
            "the player finds files.local",
            limit=FOUND_LIMIT,
        )
        pc.wait_for(
            lambda: address_of_lan(ann) in mdns_addresses(lan.game, "anns-pc.local"),
            "the LAN finds anns-pc.local",
            limit=FOUND_LIMIT,
        )


def test_the_gateway_says_what_it_has_carried(party: Party) -> None:
    assert party.gateway.is_promiscuous()
    told = json.dumps(party.gateway.status())
    assert "forwarding" in told
