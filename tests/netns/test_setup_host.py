"""`setup-host` between real kernels: nothing is lost on the way to the bridge, or back.

     switch
eth0 /    \\ eth0
 home      neighbour          a player's frames come in at home's slgw0
"""

import asyncio
import errno
import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from ethernet_socket import EthernetSocket
from namespaces import Namespace, link
from programs import wait_until
from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkError

from lanparty_ethernet import ETHERTYPE_ARP, ArpPacket
from lanparty_gateway.host.arranging import arrange, take_back
from lanparty_gateway.host.kernel import Kernel
from lanparty_gateway.host.record import Record, RecordFile
from lanparty_proto import BROADCAST, MacAddress

PLAYER = MacAddress.parse("02:5a:00:00:00:01")
PLAYER_ADDRESS = IPv4Address("192.168.50.77")
GATEWAY = Path(sys.executable).with_name("lanparty-gateway")
OF_HOME = """\
addr add 192.168.50.10/24 dev eth0 brd 192.168.50.255
addr add 192.168.50.11/24 dev eth0 label eth0:1
addr add 10.1.1.1/16 dev eth0 valid_lft 9000 preferred_lft 5000
-6 addr add fd50::10/64 dev eth0 nodad
-6 addr add fd51::10/64 dev eth0 nodad valid_lft 8000 preferred_lft 800
route add default via 192.168.50.1 metric 100
route add 172.20.0.0/16 via 192.168.50.12 mtu 1400 src 192.168.50.11
route add 172.21.0.1 dev eth0 scope link table 77
-6 route add default via fe80::1 dev eth0 expires 5000 proto ra
-6 route add fd60::/64 via fd50::1 metric 50
"""
OF_NEIGHBOUR = """\
addr add 192.168.50.12/24 dev eth0
-6 addr add fd50::12/64 dev eth0 nodad
"""
LIFETIME = re.compile(r"(valid_lft|preferred_lft|expires) \d+sec")
OWN = re.compile(r"^\d+: ", re.MULTILINE)
FEWEST_STEPS, MOST_STEPS = 15, 40
"""Changes of the kernel that a setup of this computer takes."""


class Stand:
    """A computer and a neighbour on one switch."""

    def __init__(self, machine: Callable[[str], Namespace], folder: Path) -> None:
        self.home, self.neighbour, switch = map(machine, ("home", "neighbour", "switch"))
        self.asked = folder / "asked"
        self.run_folder, self.etc_folder, self.tools_folder = (
            folder / name for name in ("run", "etc", "tools")
        )
        for each in (self.run_folder, self.etc_folder / "systemd/system", self.tools_folder):
            each.mkdir(parents=True)
        systemctl = self.tools_folder / "systemctl"
        systemctl.write_text(f'#!/bin/sh\necho "$*" >> {self.asked}\n')
        systemctl.chmod(0o755)
        switch.ip("link", "add", "lan", "type", "bridge")
        switch.ip("link", "set", "lan", "up")
        for number, host in enumerate((self.home, self.neighbour), start=1):
            link(host, "eth0", switch, f"port{number}")
            switch.ip("link", "set", f"port{number}", "master", "lan")
        home = self.home
        home.set_sysctl("ipv6.conf.eth0.accept_ra", 2)
        home.set_sysctl("ipv4.conf.eth0.rp_filter", 2)
        for line in OF_HOME.splitlines():
            home.ip(*line.split())
        for line in OF_NEIGHBOUR.splitlines():
            self.neighbour.ip(*line.split())

    def setup_host(self, *words: str) -> tuple[int, str]:
        """Run it with a /run and an /etc of its own; return exit code and what it said.

        What would be asked of systemd is written down in `asked`.
        """
        inside = (
            f"mount --bind {self.run_folder} /run && mount --bind {self.etc_folder} /etc && "
            f'PATH={self.tools_folder}:$PATH exec "$@"'
        )
        command: tuple[str | Path, ...] = (GATEWAY, "setup-host", "--interface=eth0", *words)
        done = subprocess.run(
            self.home.inside_command(("unshare", "--mount", "sh", "-c", inside, "sh", *command)),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout + done.stderr

    def state(self, interface: str = "eth0") -> str:
        """All that hangs on the interface, in the words of iproute2, times and indexes left out."""
        ip = self.home.ip
        told = "".join(
            ip(*command.split(), "dev", interface)
            for command in ("-o addr show", "route show table all", "-6 route show table all")
        )
        lines = [
            OWN.sub("", LIFETIME.sub(r"\1", line)).strip()
            for line in told.replace(interface, "DEVICE").splitlines()
        ]
        # The kernel's multicast route of each interface is no one's setting.
        return "\n".join(sorted(line for line in lines if not line.startswith("multicast ff00")))

    def reaches_neighbour(self) -> None:
        """Ping the neighbour and be pinged by it, by both protocols."""
        for source, target in ((self.home, ".12"), (self.neighbour, ".10")):
            source.run("ping", "-c1", "-W5", f"192.168.50{target}")
            source.run("ping", "-6", "-c1", "-W5", f"fd50::{target[1:]}")


@pytest.fixture
def stand(machine: Callable[[str], Namespace], tmp_path: Path) -> Stand:
    return Stand(machine, tmp_path)


def arp_as_player(stand: Stand, address: str) -> MacAddress | None:
    """Ask by ARP at the gateway's end of the cable, with a MAC that no interface has."""
    asked = ArpPacket.request(
        sender_mac=PLAYER, sender_ip=PLAYER_ADDRESS, target=IPv4Address(address)
    )
    with EthernetSocket(stand.home, "slgw0", promiscuous=True) as player:
        player.send(BROADCAST + PLAYER + ETHERTYPE_ARP.to_bytes(2) + asked.encode())
        while frame := player.receive(limit=5):
            if frame[:6] == PLAYER and frame[12:14] == ETHERTYPE_ARP.to_bytes(2):
                return ArpPacket.parse(memoryview(frame)[14:]).sender_mac
    return None


def mac_of(machine: Namespace, interface: str) -> MacAddress:
    (told,) = json.loads(machine.ip("-j", "link", "show", "dev", interface))
    return MacAddress.parse(told["address"])


def test_the_plan_changes_nothing(stand: Stand) -> None:
    before = stand.state()
    code, said = stand.setup_host("--print")
    assert code == 0, said
    assert "192.168.50.10/24" in said
    assert "default via 192.168.50.1" in said
    assert stand.state() == before
    assert stand.home.interfaces() == {"lo", "eth0"}


def test_everything_of_the_interface_is_the_bridges_and_both_ends_reach_the_computer(
    stand: Stand,
) -> None:
    before, mac = stand.state(), mac_of(stand.home, "eth0")
    stand.reaches_neighbour()
    code, said = stand.setup_host()
    assert code == 0, said
    assert stand.state("slbr0") == before
    assert not stand.state("eth0")
    assert mac_of(stand.home, "slbr0") == mac
    stand.reaches_neighbour()
    assert arp_as_player(stand, "192.168.50.10") == mac
    assert arp_as_player(stand, "192.168.50.12") == mac_of(stand.neighbour, "eth0")
    assert "--interface slgw0" in said


def test_the_gateways_end_and_the_ports_have_no_address_and_speak_no_spanning_tree(
    stand: Stand,
) -> None:
    assert stand.setup_host()[0] == 0
    for interface in ("eth0", "slgw0", "slgw1"):
        assert not stand.home.ip("-o", "addr", "show", "dev", interface)
    (bridge,) = json.loads(stand.home.ip("-j", "-d", "link", "show", "dev", "slbr0"))
    data = bridge["linkinfo"]["info_data"]
    assert (data["stp_state"], data["forward_delay"], data["mcast_snooping"]) == (0, 0, 0)


def test_undo_restores_everything(stand: Stand) -> None:
    before = stand.state()
    assert stand.setup_host()[0] == 0
    code, said = stand.setup_host("--undo")
    assert code == 0, said
    assert stand.state() == before
    assert stand.home.interfaces() == {"lo", "eth0"}
    stand.reaches_neighbour()


def test_undo_takes_along_what_the_bridge_got_meanwhile(stand: Stand) -> None:
    assert stand.setup_host()[0] == 0
    stand.home.ip(*["addr", "add", "192.168.50.40/24", "dev", "slbr0"])
    stand.home.ip(*["route", "add", "172.30.0.0/16", "via", "192.168.50.12"])
    assert stand.setup_host("--undo")[0] == 0
    assert "192.168.50.40/24" in stand.state()
    assert "172.30.0.0/16 via 192.168.50.12" in stand.state()


def test_a_second_setup_and_a_second_undo_change_nothing(stand: Stand) -> None:
    assert stand.setup_host()[0] == 0
    arranged = stand.state("slbr0")
    code, said = stand.setup_host()
    assert (code, stand.state("slbr0")) == (0, arranged)
    assert "set up already" in said
    assert stand.setup_host("--undo")[0] == 0
    restored = stand.state()
    code, said = stand.setup_host("--undo")
    assert (code, stand.state()) == (0, restored)
    assert "isn't set up" in said


def test_it_says_that_a_restart_ends_it_where_systemd_does_not_run(stand: Stand) -> None:
    _, said = stand.setup_host()
    assert "ends with the next restart" in said


def test_where_systemd_runs_it_is_there_after_each_boot_until_it_is_undone(stand: Stand) -> None:
    (stand.run_folder / "systemd/system").mkdir(parents=True)
    unit = stand.etc_folder / "systemd/system/softlan-host.service"
    _, said = stand.setup_host()
    assert "again at each boot" in said
    assert "setup-host --interface eth0" in unit.read_text()
    assert stand.asked.read_text().split("\n") == [
        "daemon-reload",
        "enable softlan-host.service",
        "",
    ]
    _, said = stand.setup_host()
    assert "again at each boot" not in said
    assert stand.setup_host("--undo")[0] == 0
    assert not unit.exists()
    assert "disable softlan-host.service" in stand.asked.read_text()


def test_a_connection_over_the_very_interface_outlives_setup_and_undo(stand: Stand) -> None:
    with stand.home.entered():
        listener = socket.create_server(("192.168.50.10", 2222))
    with stand.neighbour.entered():
        near = socket.create_connection(("192.168.50.10", 2222), timeout=5)
    far, _ = listener.accept()
    with listener, near, far:
        for words in ((), ("--undo",)):
            assert stand.setup_host(*words)[0] == 0
            for one, other in ((near, far), (far, near)):
                one.sendall(b"still there?")
                other.settimeout(10)
                assert other.recv(64) == b"still there?"


def test_an_interface_with_a_macvlan_is_left_alone(stand: Stand) -> None:
    stand.home.ip(*["link", "add", "link", "eth0", "name", "guest", "type", "macvlan"])
    before = stand.state()
    code, said = stand.setup_host()
    assert (code, stand.state()) == (1, before)
    assert "guest is made on eth0" in said


def test_a_running_dhcp_client_keeps_its_interface(stand: Stand, tmp_path: Path) -> None:
    client = tmp_path / "dhclient"
    client.symlink_to("/usr/bin/tail")  # runs on, whatever else its arguments name
    before = stand.state()
    with stand.home.start(client, "-f", "/dev/null", "eth0", log=tmp_path / "log") as program:
        command = Path(f"/proc/{program.process_id}/cmdline")
        wait_until(lambda: command.read_bytes().startswith(bytes(client)), "it runs", limit=10)
        code, said = stand.setup_host()
    assert (code, stand.state()) == (1, before)
    assert "iface slbr0 inet dhcp" in said


class FailingKernel(Kernel):
    """A real kernel that refuses one change."""

    def __init__(self, netlink: AsyncIPRoute, *, refuse: int) -> None:
        super().__init__(netlink)
        self._left = refuse

    async def change(self, what: str, command: str, **request: Any) -> None:
        self._left -= 1
        if self._left == 0:
            raise NetlinkError(errno.ENOMEM, "Out of memory")
        await super().change(what, command, **request)


def unheard(text: str) -> None:
    """Take what is told, for nobody."""


async def _arrange_and_fail(refuse: int) -> bool:
    """Set up with one refused change; return whether it came to that, all being taken back."""
    async with AsyncIPRoute() as netlink:
        kernel = Kernel(netlink)
        before = await kernel.picture("eth0")
        assert before is not None
        try:
            await arrange(FailingKernel(netlink, refuse=refuse), before, tell=unheard)
        except NetlinkError:
            assert await take_back(kernel, before, complete=False, tell=unheard) == []
            return True
        assert await take_back(kernel, before, complete=True, tell=unheard) == []
    return False


def test_whichever_step_fails_everything_goes_back(stand: Stand) -> None:
    before = stand.state()
    refused = 0
    for number in range(1, MOST_STEPS):
        with stand.home.entered():
            failed = asyncio.run(_arrange_and_fail(number))
        assert stand.state() == before, f"step {number}"
        assert stand.home.interfaces() == {"lo", "eth0"}
        if not failed:
            break
        refused = number
    assert FEWEST_STEPS < refused < MOST_STEPS - 1
    stand.reaches_neighbour()


def test_an_interrupted_setup_is_taken_back_and_done_again(stand: Stand) -> None:
    before = stand.state()
    with stand.home.entered():
        asyncio.run(_stop_in_the_middle(stand.run_folder / "softlan-host/bridge.json"))
    assert stand.state() != before
    code, said = stand.setup_host()
    assert code == 0, said
    assert "interrupted" in said
    assert stand.state("slbr0") == before
    assert stand.setup_host("--undo")[0] == 0
    assert stand.state() == before


async def _stop_in_the_middle(record: Path) -> None:
    """Leave what a killed setup leaves: its record, and half of the changes."""
    async with AsyncIPRoute() as netlink:
        before = await Kernel(netlink).picture("eth0")
        assert before is not None
        RecordFile(record).write(Record(before, complete=False))
        with pytest.raises(NetlinkError):
            await arrange(FailingKernel(netlink, refuse=12), before, tell=unheard)
