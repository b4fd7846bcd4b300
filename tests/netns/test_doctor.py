"""`lanparty-client doctor` and what it finds: each time exactly that."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from network import Network
from programs import wait_until
from real_client import CLIENT, Client, Pair
from real_relay import Relay

SIM = Path(sys.executable).with_name("lanparty-sim")
DOCTOR_LIMIT = 40.0

Checks = dict[str, Any]  # Any: the program's JSON

pytestmark = pytest.mark.timeout(120)


def examined(client: Client, *options: str) -> tuple[int, Checks]:
    """Run the doctor; return its exit code and its checks by name."""
    code, printed = client.run("doctor", "--json", *options, limit=DOCTOR_LIMIT)
    report = json.loads(printed)
    return code, {check["check"]: check for check in report["checks"]}


def troubles(checks: Checks) -> set[str]:
    return {name for name, check in checks.items() if check["outcome"] in ("failed", "warning")}


def failed(checks: Checks) -> set[str]:
    return {name for name, check in checks.items() if check["outcome"] == "failed"}


def test_a_healthy_room_is_healthy(pair: Pair) -> None:
    code, checks = examined(pair.ann)
    assert code == 0, checks
    assert not troubles(checks), checks
    fine = {name for name, check in checks.items() if check["outcome"] == "ok"}
    # No gateway is in the room: there is nothing to look at.
    assert fine >= set(checks) - {"own_lan"}, checks
    assert "1 of 1" in checks["seen_by"]["figure"]
    (bob,) = checks["seen_by"]["details"]["friends"]
    assert (bob["name"], bob["outcome"], bob["hearing"]) == ("bob", "ok", "listening")
    assert 0 < bob["softlan_seconds"] < 1
    assert 0 < bob["program_seconds"] < 1


def test_the_table_for_people_names_every_check(pair: Pair) -> None:
    code, printed = pair.ann.run("doctor", limit=DOCTOR_LIMIT)
    assert code == 0, printed
    for label in ("UDP to the relay", "packet size", "seen by friends", "bob"):
        assert label in printed


def test_a_friends_firewall_that_drops_broadcasts_is_found(pair: Pair) -> None:
    machine = pair.bob.machine
    machine.nft("""
        table inet friend { chain input {
            type filter hook input priority 0; iifname "lan0" meta pkttype broadcast drop
        }; }
    """)
    try:
        code, checks = examined(pair.ann)
    finally:
        machine.nft("delete table inet friend")
    assert code == 1
    assert failed(checks) == {"seen_by"}
    advice = checks["seen_by"]["advice"]
    assert advice.startswith("bob's firewall drops broadcasts from the room")
    (bob,) = checks["seen_by"]["details"]["friends"]
    assert bob["softlan_seconds"] is not None, "it reached softlan"
    assert bob["program_seconds"] is None, "and no program"


def test_an_own_firewall_that_drops_broadcasts_is_found(pair: Pair) -> None:
    machine = pair.ann.machine
    machine.nft("""
        table inet own { chain input {
            type filter hook input priority 0; iifname "lan0" meta pkttype broadcast drop
        }; }
    """)
    try:
        code, checks = examined(pair.ann)
    finally:
        machine.nft("delete table inet own")
    assert code == 1
    assert failed(checks) == {"own_firewall"}


@pytest.fixture
def without_udp(network: Network) -> Iterator[None]:
    network.homes[1].block_udp()
    yield
    network.homes[1].allow_udp()


def test_blocked_udp_is_found(
    without_udp: None, relay: Relay, player: Callable[[str], Client]
) -> None:
    code, checks = examined(player("bob"), *relay.dial_options, "--connect-timeout=3")
    assert code == 1
    assert failed(checks) == {"udp"}
    assert "blocks UDP" in checks["udp"]["advice"]
    assert checks["handshake"]["outcome"] == checks["quality"]["outcome"] == "skipped"


def test_a_session_whose_network_goes_silent_blames_no_friend(pair: Pair, network: Network) -> None:
    home = network.homes[0]
    home.block_udp()
    try:
        code, checks = examined(pair.ann)
    finally:
        home.allow_udp()
    assert code == 1
    assert troubles(checks) - {"room"} == {"udp"}
    assert checks["seen_by"]["outcome"] == "skipped"
    wait_until(lambda: pair.ann.run("ping", "bob", "-c1")[0] == 0, "ann is back", limit=20)


def test_the_own_firewall_a_wrong_port_and_a_wrong_pin_are_told_apart(
    relay: Relay, player: Callable[[str], Client]
) -> None:
    ann = player("ann")
    ann.machine.nft("""
        table inet own { chain output {
            type filter hook output priority 0; oifname "eth0" udp dport 443 drop
        }; }
    """)
    try:
        code, checks = examined(ann, *relay.dial_options)
    finally:
        ann.machine.nft("delete table inet own")
    assert (code, failed(checks)) == (1, {"udp"})
    assert "own firewall refuses" in checks["udp"]["advice"]

    code, checks = examined(ann, f"--relay={relay.host}:444", f"--pin={relay.pin}")
    assert (code, failed(checks)) == (1, {"udp"})
    assert "nothing listens on UDP port 444" in checks["udp"]["advice"]

    code, checks = examined(ann, f"--relay={relay.host}", f"--pin=sha256:{'A' * 43}")
    assert (code, failed(checks)) == (1, {"identity"})


@pytest.mark.parametrize(
    ("mtu", "silent", "payload", "outcome"),
    [(1_400, True, 1_372, "ok"), (1_280, False, 1_252, "ok"), (1_260, True, 1_200, "warning")],
)
def test_the_packet_size_is_that_of_the_way_whether_or_not_it_says_so(
    mtu: int,
    silent: bool,
    payload: int,
    outcome: str,
    relay: Relay,
    player: Callable[[str], Client],
    network: Network,
) -> None:
    home = network.homes[0]
    network.set_path_mtu(home, mtu, silent=silent)
    try:
        code, checks = examined(player("ann"), *relay.dial_options)
    finally:
        network.set_path_mtu(home)
    assert code == 0
    assert (checks["mtu"]["details"]["largest_packet"], checks["mtu"]["outcome"]) == (
        payload,
        outcome,
    )


def test_another_programs_routes_that_take_the_broadcasts_are_found(pair: Pair) -> None:
    machine = pair.ann.machine
    rule = ("to", "255.255.255.255", "lookup", "77", "priority", "10")
    machine.ip("rule", "add", *rule)
    machine.ip("route", "add", "default", "dev", "eth0", "table", "77")
    try:
        code, checks = examined(pair.ann)
    finally:
        machine.ip("rule", "del", *rule)
        machine.ip("route", "flush", "table", "77")
    assert (code, troubles(checks)) == (1, {"routes"})
    assert checks["routes"]["figure"] == "255.255.255.255 leaves by eth0"


def test_an_ordinary_user_without_setup_is_told_both_ways(
    relay: Relay, player: Callable[[str], Client], network: Network, tool: Callable[[str, str], str]
) -> None:
    ann = player("ann")
    with ann.machine.start(
        tool("setpriv", "util-linux"),
        *("--reuid=65534", "--regid=65534", "--clear-groups"),
        CLIENT,
        *("doctor", "--json", *relay.dial_options),
        log=network.folder / "ordinary.log",
        environment={"LANPARTY_RUNTIME_DIR": "/nonexistent"},
    ) as program:
        assert program.wait_ended(DOCTOR_LIMIT) == 1, program.error_text
    checks = {check["check"]: check for check in json.loads(program.text)["checks"]}
    assert failed(checks) == {"permission"}
    assert "lanparty-client setup" in checks["permission"]["advice"]
    assert "as root" in checks["permission"]["advice"]


def test_ctrl_c_ends_it_without_a_word(pair: Pair, network: Network) -> None:
    program = pair.ann.machine.start(
        CLIENT, "doctor", log=network.folder / "cut.log", environment=pair.ann.directories
    )
    program.wait_for_text("Looking at the relay", limit=10)
    assert program.interrupt() == 130
    assert not program.error_text


@pytest.fixture
def gateway_on_anns_lan(network: Network, relay: Relay) -> Iterator[str]:
    """A gateway behind which ann's own router answers; the code of its room."""
    home = network.homes[0]
    (mac,) = json.loads(home.router.ip("-j", "link", "show", "lan"))
    with network.relay.start(
        *(SIM, "join", "--json", "--role=gateway", "--room=HOMELAN", "--create", "--name=console"),
        *(f"--mac={mac['address']}", "--address=192.168.0.1", *relay.dial_options),
        log=network.folder / "gateway.jsonl",
    ) as gateway:
        gateway.wait_for_event("joined", limit=10)
        yield "HOMELAN"


def test_the_gateways_own_lan_is_found_and_needs_force(
    gateway_on_anns_lan: str, player: Callable[[str], Client]
) -> None:
    ann = player("ann")
    options = (f"--room={gateway_on_anns_lan}", "--interface=lan1")
    refused = ann.start("--no-json", *options)
    assert refused.wait_ended(20) != 0
    assert "--force" in refused.text + refused.error_text

    ann.start(*options, "--force")
    ann.wait_joined()
    code, checks = examined(ann)
    assert code == 1
    # The machine's other session, of the pair, may have the broadcasts.
    assert troubles(checks) - {"routes"} == {"own_lan"}, checks
    assert checks["own_lan"]["advice"].startswith(
        "This computer is on the local network that the room's gateway bridges, so everything "
        "arrives twice. Leave the room"
    )
    assert ann.leave() == 0
