"""The preflight against real kernels.

host (eth0) --- switch: bridge `lan` --- router (eth0, 192.168.7.1, sometimes a DHCP server)
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from dhcp_server import dhcp_server
from ethernet_socket import EthernetSocket
from namespaces import Namespace, link

from lanparty_endpoint.doctor import CheckResult, Outcome
from lanparty_ethernet import Probe, ProbeKind
from lanparty_gateway.preflight import (
    EXAMINATION_SECONDS,
    Examination,
    Finding,
    PreflightCheck,
    Wish,
    examine,
)
from lanparty_proto import BROADCAST, MacAddress

BPDU = bytes.fromhex(
    "0180c2000000 020000000009 0027 424203 0000 02 02 3c"
    "8000020000000009 00000000 8000020000000009 8001 0000 1400 0200 0f00 00"
)
OTHERS = MacAddress.parse("02:00:00:00:00:09")


Dhcp = Callable[[Namespace], AbstractContextManager[object]]


@dataclass(frozen=True)
class Lan:
    host: Namespace
    switch: Namespace
    router: Namespace


@pytest.fixture
def lan(machine: Callable[[str], Namespace]) -> Lan:
    host, switch, router = machine("host"), machine("switch"), machine("router")
    link(host, "eth0", switch, "port-host")
    link(router, "eth0", switch, "port-router")
    switch.ip("link", "add", "lan", "type", "bridge")
    for port in ("port-host", "port-router"):
        switch.ip("link", "set", port, "master", "lan")
    switch.ip("link", "set", "lan", "up")
    router.ip("addr", "add", "192.168.7.1/24", "dev", "eth0")
    host.ip("addr", "add", "192.168.7.2/24", "dev", "eth0")
    host.ip("route", "add", "default", "via", "192.168.7.1")
    return Lan(host, switch, router)


@pytest.fixture
def dhcp(tool: Callable[[str, str], str], tmp_path: Path) -> Dhcp:
    """Let a machine give out addresses on its eth0: call it with the machine."""
    dnsmasq = tool("dnsmasq", "dnsmasq-base")

    def serve(machine: Namespace) -> AbstractContextManager[object]:
        folder = tmp_path / machine.name
        folder.mkdir()
        return dhcp_server(
            dnsmasq,
            machine,
            interface="eth0",
            first="192.168.7.100",
            last="192.168.7.199",
            folder=folder,
        )

    return serve


def look(
    machine: Namespace,
    interface: str = "eth0",
    *,
    mac_nat: bool = False,
    vlan: int | None = None,
    seconds: float = EXAMINATION_SECONDS,
) -> Examination:
    wish = Wish(interface=interface, mac_nat=mac_nat, vlan=vlan)
    with machine.entered():
        return asyncio.run(examine(wish, random=Random(7), seconds=seconds))


def result(found: Examination, check: PreflightCheck) -> CheckResult:
    (one,) = (each for each in found.results if each.check is check)
    return one


def finding(found: Examination, check: PreflightCheck) -> Finding:
    return Finding(str(result(found, check).details["finding"]))


def is_promiscuous(machine: Namespace) -> bool:
    return "promiscuity 0" not in machine.ip("-d", "link", "show", "eth0")


@contextmanager
def repeated(machine: Namespace, frame: bytes, *, each: float = 0.2) -> Iterator[None]:
    """Send a frame again and again from the machine's eth0."""
    over = threading.Event()

    def send() -> None:
        while not over.wait(each):
            wire.send(frame)

    with EthernetSocket(machine, "eth0") as wire:
        sender = threading.Thread(target=send)
        sender.start()
        try:
            yield
        finally:
            over.set()
            sender.join()


def test_an_ordinary_lan_is_fine_and_nothing_stays_of_the_look(
    lan: Lan, dhcp: Dhcp, tmp_path: Path
) -> None:
    before = lan.host.ip("-d", "link", "show", "eth0")
    with dhcp(lan.router):
        began_at = time.monotonic()
        found = look(lan.host)
        assert time.monotonic() - began_at < 5
    assert found.outcome is Outcome.OK, found.results
    assert {each.outcome for each in found.results} == {Outcome.OK, Outcome.SKIPPED}
    assert result(found, PreflightCheck.DHCP).figure == "192.168.7.1"
    assert result(found, PreflightCheck.FOREIGN_MAC).details["asked"] == ["192.168.7.1"]
    assert lan.host.ip("-d", "link", "show", "eth0") == before
    assert not is_promiscuous(lan.host)
    [leases] = tmp_path.rglob("dnsmasq.leases")
    assert leases.read_text() == ""


def test_a_look_that_is_broken_off_leaves_nothing_either(lan: Lan) -> None:
    async def break_off() -> str:
        looking = asyncio.create_task(examine(Wish(interface="eth0"), random=Random(7)))
        while not is_promiscuous(lan.host):  # noqa: ASYNC110  nothing tells of it
            await asyncio.sleep(0.01)
        looking.cancel()
        await asyncio.wait([looking])
        return "cancelled" if looking.cancelled() else "over"

    with lan.host.entered():
        assert asyncio.run(break_off()) == "cancelled"
    assert not is_promiscuous(lan.host)


def test_only_arp_probes_and_two_dhcp_questions_are_sent(lan: Lan) -> None:
    with EthernetSocket(lan.router, "eth0") as wire:
        look(lan.host)
        frames = []
        while (frame := wire.receive(limit=0.2)) is not None:
            frames.append(frame)
    # Beside what the kernel says by itself: IPv6, and IGMP (protocol 2).
    own = (b"\x86\xdd", b"\x08\x00\x46")
    frames = [frame for frame in frames if not frame[12:].startswith(own)]
    assert {frame[12:14].hex() for frame in frames} == {"0806", "0800"}
    discovers = [frame for frame in frames if frame[12:14] == b"\x08\x00"]
    probes = [frame for frame in frames if frame[12:14] == b"\x08\x06"]
    assert len(discovers) == 2
    assert all(frame[23] == 17 and frame[36:38] == b"\0\x43" for frame in discovers)
    assert all(frame[28:32] == bytes(4) for frame in probes)  # nobody's address is said
    assert 0 < len(probes) <= 18


def test_a_port_that_drops_foreign_addresses_is_found(lan: Lan) -> None:
    mac = lan.host.ip("-br", "link", "show", "eth0").split()[2]
    lan.switch.nft(
        "table bridge wireless {\n chain in {\n  type filter hook prerouting priority 0;\n"
        f'  iifname "port-host" ether saddr != {mac} drop\n }}\n}}\n'
    )
    found = look(lan.host)
    assert finding(found, PreflightCheck.FOREIGN_MAC) is Finding.FOREIGN_MAC_DROPPED
    assert found.outcome is Outcome.WARNING
    hidden = look(lan.host, mac_nat=True, seconds=0.1)
    assert result(hidden, PreflightCheck.FOREIGN_MAC).outcome is Outcome.OK


def test_nobody_who_answers_is_told_apart_from_dropped_addresses(lan: Lan) -> None:
    lan.router.ip("addr", "flush", "dev", "eth0")
    found = look(lan.host)
    assert finding(found, PreflightCheck.FOREIGN_MAC) is Finding.FOREIGN_MAC_UNSEEN


def test_without_a_known_host_whoever_gives_out_addresses_is_asked(lan: Lan, dhcp: Dhcp) -> None:
    lan.host.ip("addr", "flush", "dev", "eth0")
    with dhcp(lan.router):
        found = look(lan.host)
    assert result(found, PreflightCheck.FOREIGN_MAC).figure == "pass"


def test_two_dhcp_servers_are_named(
    lan: Lan, machine: Callable[[str], Namespace], dhcp: Dhcp
) -> None:
    second = machine("second")
    link(second, "eth0", lan.switch, "port-second")
    lan.switch.ip("link", "set", "port-second", "master", "lan")
    second.ip("addr", "add", "192.168.7.3/24", "dev", "eth0")
    with dhcp(lan.router), dhcp(second):
        found = look(lan.host)
    assert finding(found, PreflightCheck.DHCP) is Finding.SEVERAL_DHCP_SERVERS
    assert result(found, PreflightCheck.DHCP).details["lan"] == ["192.168.7.1", "192.168.7.3"]


def test_another_gateway_is_heard_by_its_probes(lan: Lan) -> None:
    probe = Probe(kind=ProbeKind.LOOP, nonce=0xABCDEF).frame(BROADCAST, OTHERS)
    with repeated(lan.router, probe):
        found = look(lan.host, seconds=1)
    assert finding(found, PreflightCheck.SECOND_GATEWAY) is Finding.GATEWAY_HEARD
    assert result(found, PreflightCheck.SECOND_GATEWAY).details["gateways"] == ["0000000000abcdef"]


def test_the_spanning_tree_of_a_real_bridge_is_heard(lan: Lan) -> None:
    lan.switch.ip("link", "set", "lan", "type", "bridge", "forward_delay", 200, "stp_state", 1)
    found = look(lan.host)
    assert finding(found, PreflightCheck.SPANNING_TREE) is Finding.SPANNING_TREE_HEARD
    assert result(found, PreflightCheck.SPANNING_TREE).details["protocols"] == ["STP"]


def test_rapid_spanning_tree_is_heard(lan: Lan) -> None:
    with repeated(lan.router, BPDU):
        found = look(lan.host, seconds=1)
    assert result(found, PreflightCheck.SPANNING_TREE).details["protocols"] == ["RSTP"]


def tagged(vlan: int) -> bytes:
    return BROADCAST + OTHERS + b"\x81\x00" + vlan.to_bytes(2, "big") + b"\x08\x00" + bytes(46)


def test_a_trunk_is_told_with_its_numbers(lan: Lan) -> None:
    with repeated(lan.router, tagged(20)), repeated(lan.router, tagged(7)):
        trunk, wanted, missed = (look(lan.host, vlan=vlan, seconds=1) for vlan in (None, 20, 9))
    assert finding(trunk, PreflightCheck.VLAN) is Finding.VLAN_TRUNK
    assert result(trunk, PreflightCheck.VLAN).details["heard"] == [7, 20]
    assert result(wanted, PreflightCheck.VLAN).outcome is Outcome.OK
    assert finding(missed, PreflightCheck.VLAN) is Finding.VLAN_SILENT


def test_interfaces_that_cant_be_bridged_say_what_to_use(
    lan: Lan, machine: Callable[[str], Namespace]
) -> None:
    lan.switch.ip("tuntap", "add", "dev", "vpn", "mode", "tun")
    child = machine("child")
    link(child, "eth0", lan.router, "spare")
    child.ip("link", "add", "link", "eth0", "name", "mac0", "type", "macvlan", "mode", "bridge")

    found = look(lan.switch, "port-host")
    assert finding(found, PreflightCheck.ETHERNET) is Finding.BRIDGE_PORT
    assert "--interface lan" in result(found, PreflightCheck.ETHERNET).advice
    assert finding(look(lan.switch, "lo"), PreflightCheck.ETHERNET) is Finding.LOOPBACK
    assert finding(look(lan.switch, "vpn"), PreflightCheck.ETHERNET) is Finding.NO_ETHERNET
    found = look(child, "mac0")
    assert finding(found, PreflightCheck.ETHERNET) is Finding.MACVLAN
    assert "--interface eth0" in result(found, PreflightCheck.ETHERNET).advice
    found = look(child, "eth7")
    assert finding(found, PreflightCheck.INTERFACE) is Finding.NO_INTERFACE
    assert result(found, PreflightCheck.INTERFACE).details["others"] == ["eth0", "mac0"]


def test_the_bridge_itself_is_fine(lan: Lan) -> None:
    lan.switch.ip("addr", "add", "192.168.7.5/24", "dev", "lan")
    lan.switch.ip("route", "add", "default", "via", "192.168.7.1")
    found = look(lan.switch, "lan")
    assert result(found, PreflightCheck.ETHERNET).figure == "a bridge"
    assert result(found, PreflightCheck.FOREIGN_MAC).figure == "pass"
    assert found.outcome is Outcome.OK


def test_an_interface_that_is_off_or_unplugged_is_told(
    machine: Callable[[str], Namespace],
) -> None:
    host, other = machine("host"), machine("other")
    link(host, "eth0", other, "eth0")
    other.ip("link", "set", "eth0", "down")
    assert finding(look(host), PreflightCheck.LINK) is Finding.NO_CARRIER
    host.ip("link", "set", "eth0", "down")
    assert finding(look(host), PreflightCheck.LINK) is Finding.DOWN


@pytest.mark.parametrize(
    ("command", "check", "expected"),
    [
        ("link set eth0 down", PreflightCheck.LINK, Finding.DOWN),
        ("link delete eth0", PreflightCheck.INTERFACE, Finding.NO_INTERFACE),
    ],
)
def test_an_interface_that_is_lost_meanwhile_is_not_called_quiet(
    lan: Lan, command: str, check: PreflightCheck, expected: Finding
) -> None:
    async def look_and_lose() -> Examination:
        wish = Wish(interface="eth0")
        looking = asyncio.create_task(examine(wish, random=Random(7), seconds=1))
        while not is_promiscuous(lan.host):  # noqa: ASYNC110  nothing tells of it
            await asyncio.sleep(0.01)
        lan.host.ip(*command.split())
        return await looking

    with lan.host.entered():
        assert finding(asyncio.run(look_and_lose()), check) is expected


def test_a_small_packet_size_and_the_hosts_routing_are_told(lan: Lan) -> None:
    lan.host.ip("link", "set", "eth0", "mtu", 1400)
    lan.host.set_sysctl("ipv4.conf.eth0.forwarding", 1)
    found = look(lan.host, mac_nat=True, seconds=0.1)
    assert finding(found, PreflightCheck.MTU) is Finding.MTU_SMALL
    assert finding(found, PreflightCheck.FORWARDING) is Finding.HOST_FORWARDS
    assert result(found, PreflightCheck.FORWARDING).details["sysctls"] == [
        "net.ipv4.conf.eth0.forwarding"
    ]
    lan.host.set_sysctl("ipv4.conf.eth0.forwarding", 0)
    again = look(lan.host, mac_nat=True, seconds=0.1)
    assert result(again, PreflightCheck.FORWARDING).outcome is Outcome.OK


def look_as_user(machine: Namespace, *rights: str) -> str:
    """Look as an ordinary user with these rights; return the outcome, and what each check found."""
    program = (
        "import asyncio, random\n"
        "from lanparty_gateway.preflight import Wish, examine\n"
        "found = asyncio.run(examine(Wish(interface='eth0'), random=random.Random(1)))\n"
        "print(found.outcome.value)\n"
        "for each in found.results:\n"
        "    print(f'{each.check.value}: {each.figure}. {each.advice}')\n"
    )
    return machine.run(
        *("setpriv", "--reuid=20021", "--clear-groups", "--no-new-privs", *rights),
        *(sys.executable, "-c", program),
    )


def test_without_the_capability_there_is_a_sentence(lan: Lan) -> None:
    told = look_as_user(lan.host, "--bounding-set=-all", "--inh-caps=-all")
    assert told.startswith("failed\npermission: no raw Ethernet frames. The gateway needs the")


def test_net_raw_alone_is_enough(lan: Lan) -> None:
    told = look_as_user(
        lan.host,
        *("--inh-caps=-all,+net_raw", "--ambient-caps=+net_raw", "--bounding-set=-all,+net_raw"),
    )
    assert told.startswith("ok\n"), told
    assert "foreign_mac: pass." in told
