"""A softlan that is killed: the next start cleans what didn't go with the process."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from namespaces import Namespace, link

from lanparty_client.linux.interface import Interface
from lanparty_client.linux.leftovers import remove_leftovers
from lanparty_client.linux.tap import TapPort
from lanparty_client.wanted import PhysicalWay, WantedRoute, WantedState
from lanparty_proto import MacAddress

RELAY = IPv4Network("203.0.113.9/32")

JOINED = """
import asyncio, pathlib, sys
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from lanparty_client.discovery_routes import discovery_routes
from lanparty_client.linux.interface import Interface
from lanparty_client.linux.leave_alone import leave_alone
from lanparty_client.linux.tap import TapPort
from lanparty_client.wanted import PhysicalWay, WantedRoute, WantedState
from lanparty_proto import MacAddress

async def main():
    await leave_alone("lan7", run=pathlib.Path(sys.argv[1]))
    port = TapPort.open("lan7")
    way = PhysicalWay(device="eth0", gateway=IPv4Address("192.168.1.1"))
    lease = IPv4Interface("10.77.3.5/24")
    await Interface(port).apply(WantedState(
        mac=MacAddress.parse("02:00:5e:10:00:07"), mtu=1500, addresses=(lease,),
        routes=(*discovery_routes(lease.ip),
                WantedRoute(destination=IPv4Network("203.0.113.9/32"), way=way)),
    ))
    print("joined", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def pc(machine: Callable[[str], Namespace]) -> Iterator[Namespace]:
    """A machine with a home network, this thread inside."""
    pc = machine("pc")
    link(pc, "eth0", machine("home"), "home0")
    pc.ip("address", "add", "192.168.1.5/24", "dev", "eth0")
    pc.ip("route", "add", "default", "via", "192.168.1.1")
    with pc.entered():
        yield pc


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A /run of a machine where NetworkManager runs."""
    (tmp_path / "NetworkManager").mkdir()
    return tmp_path


def ipv4_routes(pc: Namespace) -> str:
    """List them, but for whether the kernel has noticed the cable of the home network yet."""
    shown = pc.ip("route", "show", "table", "all", "type", "unicast")
    return shown.replace("linkdown ", "")


def join_and_be_killed(pc: Namespace, run: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", JOINED, run], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"joined\n"
        assert str(RELAY.network_address) in ipv4_routes(pc)
        process.send_signal(signal.SIGKILL)


def test_the_next_start_removes_what_a_killed_one_left(pc: Namespace, run: Path) -> None:
    before = ipv4_routes(pc)
    join_and_be_killed(pc, run)
    assert "lan7" not in pc.interfaces()
    left = set(ipv4_routes(pc).splitlines()) - set(before.splitlines())
    assert [line.split()[0] for line in left] == [str(RELAY.network_address)]
    assert list(run.rglob("*softlan*"))
    assert asyncio.run(remove_leftovers(run=run)) == 1
    assert ipv4_routes(pc) == before
    assert not list(run.rglob("*softlan*"))


async def test_what_a_running_one_and_others_need_stays(pc: Namespace, run: Path) -> None:
    by_hand = ("198.51.100.7", "via", "192.168.1.1", "dev", "eth0")
    pc.ip("route", "add", *by_hand, "proto", "static", "metric", 0x4C000063)
    with closing(TapPort.open("lan0")) as port:
        interface = Interface(port)
        way = PhysicalWay(device="eth0", gateway=IPv4Address("192.168.1.1"))
        await interface.apply(
            WantedState(
                mac=MacAddress.parse("02:00:5e:10:00:01"),
                mtu=1_500,
                routes=(WantedRoute(destination=RELAY, way=way),),
            )
        )
        before = ipv4_routes(pc)
        assert await remove_leftovers(run=run) == 0
        assert ipv4_routes(pc) == before
        await interface.aclose()


def test_without_permission_nothing_is_removed_and_nothing_said(pc: Namespace, run: Path) -> None:
    join_and_be_killed(pc, run)
    before = ipv4_routes(pc)
    program = (
        "import asyncio, os, pathlib, sys\n"
        "from lanparty_client.linux.leftovers import remove_leftovers\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "print(asyncio.run(remove_leftovers(run=pathlib.Path(sys.argv[1]))))\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, run], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    assert said == "0\n"
    assert ipv4_routes(pc) == before
