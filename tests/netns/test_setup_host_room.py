"""After `setup-host` a player reaches the computer that runs the gateway, and it the player."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bridged import Bridged, join_as_of_the_lan
from lan import Lan, mac_of
from namespaces import Namespace
from real_client import Client
from real_gateway import GATEWAY, Gateway

ROOM = "H0STR00M"
OWN_FOLDERS = 'mount --bind {folder} /run && mount --bind {folder} /etc && exec "$@"'


def set_up(machine: Namespace, folder: Path, *words: str) -> None:
    """Run `setup-host` with a /run and an /etc of its own."""
    command: tuple[str | Path, ...] = (GATEWAY, "setup-host", "--interface=eth0", *words)
    inside = OWN_FOLDERS.format(folder=folder)
    subprocess.run(
        machine.inside_command(("unshare", "--mount", "sh", "-c", inside, "sh", *command)),
        check=True,
        timeout=30,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def party(
    lan: Lan,
    gateway: Callable[..., Gateway],
    player: Callable[[str], Client],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Bridged]:
    """A gateway at the end of its computer's virtual cable, and ann with addresses of the LAN."""
    folder = tmp_path_factory.mktemp("own")
    set_up(lan.gateway_host, folder)
    bridge = gateway(interface="slgw0")
    bridge.join(ROOM)
    yield join_as_of_the_lan(player("ann"), lan, bridge, room=ROOM)
    bridge.terminate()
    set_up(lan.gateway_host, folder, "--undo")
    assert lan.address_of(lan.gateway_host) in lan.gateway_host.ip("addr", "show", "dev", "eth0")


def pings(machine: Namespace, address: str) -> None:
    machine.run("ping", "-c1", "-W5", address)


def test_the_gateways_own_computer_and_the_player_reach_each_other(
    lan: Lan, party: Bridged
) -> None:
    pings(party.ann.machine, lan.address_of(lan.gateway_host))
    pings(party.ann.machine, lan.address6_of(lan.gateway_host))
    pings(lan.gateway_host, party.address)


def test_the_other_hosts_of_the_lan_and_the_player_reach_each_other(
    lan: Lan, party: Bridged
) -> None:
    pings(party.ann.machine, lan.address_of(lan.files))
    pings(lan.files, party.address)


def test_the_lan_sees_the_gateways_computer_by_its_old_mac(lan: Lan, party: Bridged) -> None:
    host = lan.gateway_host
    pings(lan.files, lan.address_of(host))
    neighbours = lan.files.ip("neigh", "show", lan.address_of(host))
    assert mac_of(host, "slbr0") in neighbours
    assert mac_of(host, "slbr0") == mac_of(host, "eth0")
