"""Where addresses come from if not from the relay: a friend's DHCP server, the player, nobody."""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest
from dhcp_server import dhcp_server
from programs import Program, wait_until
from real_client import Client

SERVER = "10.44.0.1"
ADDRESS_LIMIT = 30.0
LINK_LOCAL_LIMIT = 45.0
"""Two unanswered questions (10 s), then the probes of RFC 3927 (9 s); the machine may be busy."""


def addresses_of(client: Client) -> list[IPv4Interface]:
    printed = client.machine.ip("-4", "-o", "addr", "show", "dev", client.interface)
    return [IPv4Interface(line.split()[3]) for line in printed.splitlines()]


def wait_for_address(client: Client, *, limit: float) -> IPv4Interface:
    (address,) = wait_until(
        lambda: addresses_of(client), "an address", limit=limit, explain=client.program.tail
    )
    return address


def reaches(client: Client, address: str) -> bool:
    return "1 received" in client.machine.run("ping", "-c1", "-W1", address, check=False)


@pytest.fixture
def ann(player: Callable[[str], Client]) -> Iterator[Client]:
    """A player in a room of her own, with an address that she chose."""
    made = player("ann")
    made.join(None, f"--address={SERVER}/24")
    yield made
    made.close()


@pytest.fixture
def bob(player: Callable[[str], Client]) -> Iterator[Client]:
    """A player who hasn't joined yet."""
    made = player("bob")
    yield made
    made.close()


@pytest.fixture
def dnsmasq(ann: Client, tool: Callable[[str, str], str], tmp_path: Path) -> Iterator[Program]:
    """A DHCP server at ann's, for the room."""
    with dhcp_server(
        tool("dnsmasq", "dnsmasq-base"),
        ann.machine,
        interface=ann.interface,
        first="10.44.0.100",
        last="10.44.0.150",
        folder=tmp_path,
    ) as server:
        yield server


def room_of(client: Client) -> str:
    return str(client.joined["room_code"])


def test_an_address_comes_from_a_friends_dhcp_server_and_goes_back_at_leaving(
    ann: Client, dnsmasq: Program, bob: Client
) -> None:
    bob.join(room_of(ann), "--address=dhcp")
    address = wait_for_address(bob, limit=ADDRESS_LIMIT)
    assert IPv4Address("10.44.0.100") <= address.ip <= IPv4Address("10.44.0.150")
    assert addresses_of(bob) == [address]
    assert "default" not in bob.machine.ip("route", "show", "dev", bob.interface)
    wait_until(lambda: reaches(bob, SERVER), "ann answers bob", limit=ADDRESS_LIMIT)
    assert reaches(ann, str(address.ip))
    code, printed = bob.run("leave")
    assert code == 0, printed
    wait_until(
        lambda: f"DHCPRELEASE({ann.interface}) {address.ip}" in dnsmasq.text + dnsmasq.error_text,
        "the address is given back",
        limit=ADDRESS_LIMIT,
        explain=lambda: dnsmasq.text + dnsmasq.error_text,
    )


def test_without_any_dhcp_server_there_is_a_link_local_address(ann: Client, bob: Client) -> None:
    bob.join(room_of(ann), "--address=dhcp")
    assert wait_for_address(bob, limit=LINK_LOCAL_LIMIT).is_link_local
    wait_until(
        lambda: any("No DHCP server" in event["message"] for event in bob.program.events("notice")),
        "it is said",
        limit=ADDRESS_LIMIT,
    )
    assert bob.leave() == 0


def test_an_address_that_a_friend_has_is_refused(ann: Client, bob: Client) -> None:
    program = bob.start(f"--room={room_of(ann)}", f"--address={SERVER}/24")
    assert program.wait_ended(ADDRESS_LIMIT) == 1
    printed = program.text + program.error_text
    assert f"already uses {SERVER}" in printed
    assert str(ann.joined["mac"]) in printed
    assert "Traceback" not in printed


def test_an_address_in_the_home_network_is_refused_before_the_join(
    bob: Client,
) -> None:
    program = bob.start("--address=192.168.0.77/16")
    assert program.wait_ended(ADDRESS_LIMIT) == 1
    printed = program.text + program.error_text
    assert "192.168.0.0/24" in printed
    assert '"joined"' not in printed


def test_none_leaves_the_interface_without_an_address(ann: Client, bob: Client) -> None:
    bob.join(room_of(ann), "--address=none")
    assert addresses_of(bob) == []
    bob.machine.ip("addr", "add", "10.44.0.9/24", "dev", bob.interface)
    wait_until(lambda: reaches(bob, SERVER), "ann answers bob", limit=ADDRESS_LIMIT)
    assert bob.leave() == 0


def test_a_lease_that_collides_with_a_network_joined_since_is_given_back_for_another(
    player: Callable[[str], Client], bob: Client
) -> None:
    ann = player("ann")
    ann.join(None)
    bob.join(room_of(ann))
    (before,) = addresses_of(bob)
    old = before.network
    bob.machine.ip("addr", "add", f"{old[200]}/24", "dev", "eth0")
    try:
        wait_until(
            lambda: all(one.network != old for one in addresses_of(bob)) and addresses_of(bob),
            "bob has an address of another network",
            limit=ADDRESS_LIMIT,
            explain=bob.program.tail,
        )
        (after,) = addresses_of(bob)
        wait_until(lambda: reaches(ann, str(after.ip)), "bob answers ann", limit=ADDRESS_LIMIT)
        assert {one.network for one in addresses_of(ann)} == {old, after.network}
        (new,) = (one for one in addresses_of(ann) if one.network == after.network)
        assert f"src {new.ip}" in ann.machine.ip("route", "show", "224.0.0.0/4")
        assert [bob.leave(), ann.leave()] == [0, 0]
    finally:
        bob.machine.ip("addr", "del", f"{old[200]}/24", "dev", "eth0")
        ann.close()
