"""What a switch would carry, so does the room: DHCP, mDNS, NetBIOS names, games' broadcasts."""

import secrets
from collections.abc import Callable
from ipaddress import IPv4Address

import pytest
from dhcp_server import dhcp_server
from mdns import avahi, mdns_addresses
from network import Network
from real_client import Client, Pair
from traffic import udp_socket

GAME_PORT = 27_015
FOUND_LIMIT = 5.0
LEASED = ("10.77.0.50", "10.77.0.60")


def test_dnsmasq_of_one_player_serves_another(
    network: Network, player: Callable[[str], Client], tool: Callable[[str, str], str]
) -> None:
    ann, bob = player("ann"), player("bob")
    room = ann.join(None, "--address=10.77.0.1/24", "--interface=dhcp0")["room_code"]
    with dhcp_server(
        tool("dnsmasq", "dnsmasq-base"),
        ann.machine,
        interface="dhcp0",
        first=LEASED[0],
        last=LEASED[1],
        folder=network.folder,
    ):
        bob.start(f"--room={room}", "--address=dhcp", "--interface=dhcp0")
        bob.wait_joined()

        def leased() -> str | None:
            told = bob.program.events("joined") + bob.program.events("address_changed")
            return next((event["address"] for event in told if event["address"]), None)

        address = bob.program.wait_for(leased, "an address by DHCP", limit=FOUND_LIMIT)
        first, last = map(IPv4Address, LEASED)
        assert first <= IPv4Address(address.partition("/")[0]) <= last
        assert "1 received" in bob.machine.run("ping", "-c1", "-W2", "10.77.0.1", check=False)
        assert "default" not in bob.machine.ip("route", "show", "dev", "dhcp0")
    assert [bob.leave(), ann.leave()] == [0, 0]


def test_a_games_broadcast_finds_the_server_and_its_answer_comes_back(pair: Pair) -> None:
    for seeker, host in pair.ways:
        question, answer = secrets.token_bytes(30), secrets.token_bytes(200)
        with udp_socket(host.machine, GAME_PORT) as server, udp_socket(seeker.machine) as game:
            server.settimeout(FOUND_LIMIT)
            game.settimeout(FOUND_LIMIT)
            game.sendto(question, ("255.255.255.255", GAME_PORT))
            heard, address = server.recvfrom(1_500)
            assert (heard, address[0]) == (question, seeker.address)
            server.sendto(answer, address)
            assert game.recvfrom(1_500) == (answer, (host.address, GAME_PORT))


def test_avahi_of_one_player_is_found_by_another(
    network: Network, pair: Pair, tool: Callable[[str, str], str]
) -> None:
    with avahi(
        tool("avahi-daemon", "avahi-daemon"),
        pair.ann.machine,
        name="anns-pc",
        interface="lan0",
        folder=network.folder,
    ) as daemon:
        daemon.wait_for(
            lambda: pair.ann.address in mdns_addresses(pair.bob.machine, "anns-pc.local"),
            "anns-pc.local has ann's address",
            limit=FOUND_LIMIT,
        )


@pytest.mark.timeout(90)
def test_nmbd_of_one_player_is_found_by_another(
    network: Network, pair: Pair, tool: Callable[[str, str], str]
) -> None:
    folder = network.folder / "samba"
    folder.mkdir()
    settings = folder / "smb.conf"
    places = ("lock", "state", "cache", "pid", "private")
    settings.write_text(
        "[global]\nworkgroup = LANPARTY\nnetbios name = ANNSPC\ninterfaces = lan0\n"
        "bind interfaces only = yes\ndisable netbios = no\n"
        + "".join(
            f"{place} {'dir' if place == 'private' else 'directory'} = {folder}\n"
            for place in places
        )
    )
    with pair.ann.machine.start(
        *(tool("nmbd", "samba"), "--foreground", "--no-process-group", "--debug-stdout"),
        *(f"--configfile={settings}",),
        log=network.folder / "nmbd.log",
    ) as nmbd:
        lookup = (tool("nmblookup", "samba-common-bin"), f"--configfile={settings}", "ANNSPC")
        nmbd.wait_for(
            lambda: f"{pair.ann.address} ANNSPC<00>" in pair.bob.machine.run(*lookup, check=False),
            "ANNSPC has ann's address",
            limit=30,
            pause=0.5,
        )
