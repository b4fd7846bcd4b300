"""The test stand: a small internet in network namespaces (drawn in `stand/network.py`).

It needs root, iproute2 and nftables; without them every test here is skipped with the reason, and
fails where all must run. Everything has a name of this process and is removed after each module,
failed or not; what a killed run has left goes at the next start.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from bridged import ROOM, Bridged, join_as_of_the_lan
from lan import Lan
from namespaces import Namespace, lacking_for_namespaces, remove_abandoned
from network import Nat, Network
from programs import Program
from real_client import Client, Pair
from real_gateway import GATEWAY, GATEWAY_USER, Gateway
from real_relay import Relay

_TOOLS = {
    "ip": "iproute2",
    "nft": "nftables",
    "sysctl": "procps",
    "ping": "iputils-ping",
    "conntrack": "conntrack",
}


@pytest.fixture(scope="session")
def namespaces(lacking: Callable[[str], NoReturn]) -> None:
    """Network namespaces can be made here, and none is left from a killed run."""
    for tool, package in _TOOLS.items():
        if shutil.which(tool) is None:
            lacking(f"{tool} is not installed: Debian's package {package} has it")
    if reason := lacking_for_namespaces():
        lacking(reason)
    remove_abandoned()


@pytest.fixture(scope="session")
def tool(lacking: Callable[[str], NoReturn]) -> Callable[[str, str], str]:
    """Find a program of the system, named with Debian's package that has it."""

    def find(name: str, package: str) -> str:
        return shutil.which(name) or lacking(
            f"{name} is not installed: Debian's package {package} has it"
        )

    return find


@pytest.fixture
def machine(namespaces: None) -> Iterator[Callable[[str], Namespace]]:
    """Make machines without any cable, for tests of one kernel: call it with a name."""
    made: list[Namespace] = []

    def make(what: str) -> Namespace:
        made.append(Namespace(what))
        return made[-1]

    try:
        yield make
    finally:
        for namespace in made:
            namespace.remove()


@pytest.fixture(scope="module")
def network(
    namespaces: None, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Network]:
    """The internet with the homes of ann (plain NAT) and bob (random ports), for one module."""
    subject = Path(request.path).stem.removeprefix("test_")
    network = Network(tmp_path_factory.mktemp(subject))
    try:
        network.add_home("ann")
        network.add_home("bob", nat=Nat.RANDOM)
        yield network
    finally:
        network.close()


@pytest.fixture(scope="module")
def relay(network: Network) -> Iterator[Relay]:
    """The real relay in the network, ready."""
    relay = Relay(network.relay, network.folder / "relay")
    try:
        yield relay
    finally:
        relay.close()


@pytest.fixture(scope="module")
def player(
    network: Network, relay: Relay, lacking: Callable[[str], NoReturn]
) -> Iterator[Callable[[str], Client]]:
    """Make the player of a home that is in the network: call it with the home's name."""
    if not Path("/dev/net/tun").exists():
        lacking("/dev/net/tun is missing: `modprobe tun`, or `--device /dev/net/tun`")
    made: list[Client] = []

    def make(name: str) -> Client:
        (home,) = (home for home in network.homes if home.name == name)
        number = len(made)
        made.append(Client(home.host, relay, name, network.folder / f"{name}-{number}"))
        return made[-1]

    try:
        yield make
    finally:
        for client in made:
            client.close()


@pytest.fixture(scope="module")
def pair(player: Callable[[str], Client]) -> Pair:
    """Ann and bob in one room that the relay made for ann, for a whole module."""
    ann, bob = player("ann"), player("bob")
    room = str(ann.join(None)["room_code"])
    bob.join(room)
    return Pair(ann, bob, room)


@pytest.fixture(scope="module")
def lan(network: Network) -> Lan:
    """The LAN that a gateway is put into, for one module."""
    return Lan(network)


@pytest.fixture
def game(lan: Lan) -> Iterator[Program]:
    """A game's server on the LAN's host for it, for one test."""
    script = Path(__file__).with_name("stand") / "game_server.py"
    with lan.game.start(
        *(sys.executable, script, "den", "eth0"), log=lan.folder / "game.log"
    ) as program:
        program.wait_for_text("serving", limit=10)
        yield program


@pytest.fixture(scope="session")
def gateway_program(lacking: Callable[[str], NoReturn]) -> Path:
    """The gateway's program, which an ordinary user of this computer can run."""
    if shutil.which("setpriv") is None:
        lacking("setpriv is not installed: Debian's package util-linux has it")
    tried = subprocess.run(
        ("setpriv", f"--reuid={GATEWAY_USER}", "--clear-groups", GATEWAY, "--version"),
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        lacking(f"another user can't run {GATEWAY}: {tried.stderr}")
    return GATEWAY


@pytest.fixture(scope="module")
def gateway(lan: Lan, relay: Relay, gateway_program: Path) -> Iterator[Callable[..., Gateway]]:
    """Make a gateway on the LAN's place for it, or on another machine of the LAN."""
    made: list[Gateway] = []

    def make(machine: Namespace | None = None, **options: Any) -> Gateway:
        made.append(Gateway(machine or lan.gateway_host, options.pop("relay", relay), **options))
        return made[-1]

    try:
        yield make
    finally:
        for one in made:
            one.close()


@pytest.fixture(scope="module")
def bridged(lan: Lan, gateway: Callable[..., Gateway], player: Callable[[str], Client]) -> Bridged:
    """A gateway in a room, and ann there with addresses of the LAN, for a whole module."""
    bridge = gateway()
    bridge.join(ROOM)
    return join_as_of_the_lan(player("ann"), lan, bridge)
