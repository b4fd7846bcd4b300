"""The wanted state against a real kernel: what is applied, what is left alone, what remains."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Network

import pytest
from namespaces import Namespace, link

from lanparty_client.linux.interface import Interface
from lanparty_client.linux.tap import TapPort
from lanparty_client.wanted import PhysicalWay, WantedRoute, WantedState
from lanparty_client_core.port_error import PortError, PortFault
from lanparty_proto import MacAddress

MAC = MacAddress.parse("02:00:5e:10:00:01")
LEASE = IPv4Interface("10.77.3.5/24")
BROADCAST_ROUTE = WantedRoute(
    destination=IPv4Network("255.255.255.255/32"), preferred_source=LEASE.ip
)
NOBODY, NET_ADMIN = 65_534, 1 << 12
PLAIN = WantedState(mac=MAC, mtu=1_500)


@pytest.fixture
def pc(machine: Callable[[str], Namespace]) -> Iterator[Namespace]:
    """A machine with a home network: eth0 and a default route."""
    pc, home = machine("pc"), machine("home")
    link(pc, "eth0", home, "home0")
    pc.ip("address", "add", "192.168.1.5/24", "dev", "eth0")
    pc.ip("route", "add", "default", "via", "192.168.1.1", "metric", 100)
    with pc.entered():
        yield pc


@pytest.fixture
async def interface(pc: Namespace) -> AsyncIterator[Interface]:
    """An interface lan0 that nothing was applied to."""
    with closing(TapPort.open("lan0")) as port:
        interface = Interface(port)
        yield interface
        await interface.aclose()


def addresses(pc: Namespace) -> list[str]:
    lines = pc.ip("-o", "-4", "address", "show", "dev", "lan0").splitlines()
    return [line.split()[3] for line in lines]


def routes(pc: Namespace, *more: str) -> set[str]:
    """List them, but for whether the kernel has noticed the cable of the home network yet."""
    shown = pc.ip("route", *more).replace(" linkdown", "")
    return {" ".join(line.split()) for line in shown.splitlines()}


def traces(pc: Namespace) -> tuple[set[str], list[str]]:
    """All of IPv4, and what IPv6 has of softlan: the rest of that moves by itself."""
    ipv6 = pc.ip("-6", "route", "show", "table", "all").splitlines()
    return (
        routes(pc, "show", "table", "all", "type", "unicast"),
        [line for line in ipv6 if "lan0" in line or "proto 76" in line],
    )


async def test_mac_mtu_and_link_are_set(pc: Namespace, interface: Interface) -> None:
    assert await interface.apply(replace(PLAIN, mtu=1_380)) == ()
    shown = pc.ip("link", "show", "lan0")
    assert "UP" in shown
    assert "mtu 1380" in shown
    assert str(MAC) in shown
    assert "fe80::5eff:fe10:1/64" in pc.ip("-6", "address", "show", "dev", "lan0")


async def test_applying_again_changes_nothing(pc: Namespace, interface: Interface) -> None:
    wanted = replace(PLAIN, addresses=(LEASE,), routes=(BROADCAST_ROUTE,))
    await interface.apply(wanted)
    pc.ip("address", "change", str(LEASE), "dev", "lan0", "valid_lft", 900, "preferred_lft", 900)
    before = pc.ip("-o", "-4", "address").split("valid_lft")[0], routes(pc)
    assert await interface.apply(wanted) == ()
    assert (pc.ip("-o", "-4", "address").split("valid_lft")[0], routes(pc)) == before
    assert "forever" not in pc.ip(
        "-o", "-4", "address", "show", "dev", "lan0"
    )  # still the same one


async def test_a_changed_mac_brings_its_link_local_address(
    pc: Namespace, interface: Interface
) -> None:
    wanted = replace(PLAIN, addresses=(LEASE,), routes=(BROADCAST_ROUTE,))
    await interface.apply(wanted)
    before = routes(pc)
    await interface.apply(replace(wanted, mac=MacAddress.parse("02:00:5e:10:00:99")))
    assert "fe80::5eff:fe10:99/64" in pc.ip("-6", "address", "show", "dev", "lan0")
    assert "fe80::5eff:fe10:1/64" not in pc.ip("-6", "address", "show", "dev", "lan0")
    assert addresses(pc) == [str(LEASE)]
    assert routes(pc) == before


async def test_addresses_come_and_go_and_keep_their_order(
    pc: Namespace, interface: Interface
) -> None:
    other, second = IPv4Interface("10.88.0.9/24"), IPv4Interface("10.77.3.6/24")
    for wanted in (
        (LEASE,),
        (LEASE, second),
        (second, LEASE, other),
        (other,),
        (LEASE, second),
        (),
    ):
        await interface.apply(replace(PLAIN, addresses=wanted))
        assert sorted(addresses(pc)) == sorted(map(str, wanted))
        same_network = [str(a) for a in wanted if a.network == LEASE.network]
        assert [a for a in addresses(pc) if a in same_network] == same_network


async def test_an_old_address_can_stay_beside_the_new_one_for_a_while(
    pc: Namespace, interface: Interface
) -> None:
    await interface.apply(replace(PLAIN, addresses=(LEASE,)))
    renewed = IPv4Interface("10.99.0.5/24")
    await interface.apply(replace(PLAIN, addresses=(renewed, LEASE)))
    assert set(addresses(pc)) == {str(renewed), str(LEASE)}
    await interface.apply(replace(PLAIN, addresses=(renewed,)))
    assert addresses(pc) == [str(renewed)]


async def test_an_address_that_the_player_gave_stays(pc: Namespace, interface: Interface) -> None:
    await interface.apply(replace(PLAIN, addresses=(LEASE,)))
    given = ["172.20.0.5/24", "10.77.3.99/24"]
    for address in given:
        pc.ip("address", "add", address, "dev", "lan0")
    await interface.apply(PLAIN)
    assert sorted(addresses(pc)) == sorted(given)


async def test_broadcast_and_multicast_leave_by_the_room_with_the_primary_address(
    pc: Namespace, interface: Interface
) -> None:
    multicast = WantedRoute(destination=IPv4Network("224.0.0.0/4"), preferred_source=LEASE.ip)
    multicast6 = WantedRoute(destination=IPv6Network("ff00::/8"))
    wanted = replace(PLAIN, addresses=(LEASE,), routes=(BROADCAST_ROUTE, multicast, multicast6))
    assert await interface.apply(wanted) == ()
    for destination in ("255.255.255.255", "224.0.0.251", "239.255.255.250"):
        way = pc.ip("route", "get", destination)
        assert "dev lan0" in way
        assert f"src {LEASE.ip}" in way
    assert "dev lan0" in pc.ip("-6", "route", "get", "ff02::fb")
    assert "dev eth0" in pc.ip("-6", "route", "get", "ff02::fb", "oif", "eth0")
    await interface.apply(replace(wanted, routes=()))
    assert "dev eth0" in pc.ip("route", "get", "255.255.255.255")
    assert "dev eth0" in pc.ip("-6", "route", "get", "ff02::fb")


async def test_routes_of_others_are_left_alone(pc: Namespace, interface: Interface) -> None:
    await interface.apply(replace(PLAIN, addresses=(LEASE,), routes=(BROADCAST_ROUTE,)))
    pc.ip("route", "add", "198.51.100.0/24", "dev", "lan0", "proto", "static")
    pc.ip("route", "add", "203.0.113.0/24", "via", "192.168.1.1")
    before = routes(pc)
    await interface.apply(replace(PLAIN, addresses=(LEASE,)))
    assert before - routes(pc) == {"255.255.255.255 dev lan0 proto 76 scope link src 10.77.3.5"}


async def test_a_route_that_another_program_has_is_left_and_said_once(
    pc: Namespace, interface: Interface
) -> None:
    pc.ip("route", "add", "255.255.255.255", "dev", "eth0")
    wanted = replace(PLAIN, addresses=(LEASE,), routes=(BROADCAST_ROUTE,))
    (notice,) = await interface.apply(wanted)
    assert "255.255.255.255/32" in notice
    assert "another program" in notice
    assert await interface.apply(wanted) == ()
    pc.ip("route", "delete", "255.255.255.255", "dev", "eth0")
    assert await interface.apply(wanted) == ()
    assert "dev lan0" in pc.ip("route", "get", "255.255.255.255")


async def test_a_route_around_the_room_goes_with_aclose(
    pc: Namespace, interface: Interface
) -> None:
    relay = IPv4Network("10.77.3.200/32")  # inside of the room's network
    way = PhysicalWay(device="eth0", gateway=IPv4Address("192.168.1.1"))
    around = WantedRoute(destination=relay, way=way)
    await interface.apply(replace(PLAIN, addresses=(LEASE,), routes=(around,)))
    assert "via 192.168.1.1 dev eth0" in pc.ip("route", "get", "10.77.3.200")
    assert (
        await interface.apply(replace(PLAIN, addresses=(LEASE,), routes=(around, BROADCAST_ROUTE)))
        == ()
    )
    await interface.aclose()
    assert "dev lan0" in pc.ip("route", "get", "10.77.3.200")


async def test_a_route_by_an_interface_that_is_gone_is_said(
    pc: Namespace, interface: Interface
) -> None:
    around = WantedRoute(destination=IPv4Network("203.0.113.9/32"), way=PhysicalWay(device="wlan9"))
    (notice,) = await interface.apply(replace(PLAIN, routes=(around,)))
    assert "203.0.113.9/32" in notice


async def test_two_rooms_hold_a_route_to_one_relay_each(
    pc: Namespace, interface: Interface
) -> None:
    around = WantedRoute(
        destination=IPv4Network("203.0.113.9/32"),
        way=PhysicalWay(device="eth0", gateway=IPv4Address("192.168.1.1")),
    )
    with closing(TapPort.open("lan1")) as port:
        second = Interface(port)
        await interface.apply(replace(PLAIN, routes=(around,)))
        other = replace(PLAIN, mac=MacAddress.parse("02:00:5e:10:00:02"), routes=(around,))
        assert await second.apply(other) == ()
        assert len([line for line in routes(pc) if "203.0.113.9" in line]) == 2
        await interface.apply(PLAIN)
        assert len([line for line in routes(pc) if "203.0.113.9" in line]) == 1
        await second.aclose()
    assert not [line for line in routes(pc) if "203.0.113.9" in line]


async def test_closing_leaves_the_machine_as_it_was(pc: Namespace) -> None:
    before = traces(pc)
    with closing(TapPort.open("lan0")) as port:
        interface = Interface(port)
        around = WantedRoute(
            destination=IPv4Network("203.0.113.9/32"),
            way=PhysicalWay(device="eth0", gateway=IPv4Address("192.168.1.1")),
        )
        multicast6 = WantedRoute(destination=IPv6Network("ff00::/8"))
        wanted = replace(PLAIN, addresses=(LEASE,), routes=(BROADCAST_ROUTE, multicast6, around))
        await interface.apply(wanted)
        assert traces(pc) != before
        await interface.aclose()
    assert traces(pc) == before
    assert "lan0" not in pc.interfaces()


async def test_an_interface_that_was_deleted_is_one_sentence(
    pc: Namespace, interface: Interface
) -> None:
    await interface.apply(PLAIN)
    pc.ip("link", "delete", "lan0")
    with pytest.raises(PortError) as failure:
        await interface.apply(PLAIN)
    assert failure.value.fault is PortFault.GONE
    assert "removed by another program" in failure.value.sentence


async def test_an_mtu_that_the_kernel_refuses_is_one_sentence(
    pc: Namespace, interface: Interface
) -> None:
    with pytest.raises(PortError) as failure:
        await interface.apply(replace(PLAIN, mtu=40))
    assert failure.value.fault is PortFault.REFUSED


async def test_another_program_s_changes_are_mended(pc: Namespace, interface: Interface) -> None:
    wanted = replace(PLAIN, addresses=(LEASE,), routes=(BROADCAST_ROUTE,))
    await interface.apply(wanted)
    pc.ip("address", "flush", "dev", "lan0")
    pc.ip("link", "set", "lan0", "down", "mtu", 1_300)
    await interface.apply(wanted)
    assert addresses(pc) == [str(LEASE)]
    assert "mtu 1500" in pc.ip("link", "show", "lan0")
    assert "dev lan0" in pc.ip("route", "get", "255.255.255.255")


async def test_the_interface_answers_arp_for_its_own_addresses_only(
    pc: Namespace, interface: Interface
) -> None:
    pc.set_sysctl("ipv4.conf.all.rp_filter", 1)
    await interface.apply(PLAIN)
    shown = pc.run(
        "sysctl", "-n", *(f"net.ipv4.conf.lan0.{n}" for n in ("arp_ignore", "rp_filter"))
    )
    assert shown.split() == ["1", "2"]


async def test_a_machine_without_ipv6_gets_the_rest_and_no_complaint(
    pc: Namespace, interface: Interface
) -> None:
    pc.set_sysctl("ipv6.conf.lan0.disable_ipv6", 1)
    multicast6 = WantedRoute(destination=IPv6Network("ff00::/8"))
    wanted = replace(PLAIN, addresses=(LEASE,), routes=(BROADCAST_ROUTE, multicast6))
    assert await interface.apply(wanted) == ()
    assert "dev lan0" in pc.ip("route", "get", "255.255.255.255")


def test_the_right_net_admin_alone_is_enough(pc: Namespace) -> None:
    assert join_with_rights(NET_ADMIN) == "() 1"


def test_without_the_right_the_sentence_says_both_ways_out(pc: Namespace) -> None:
    said = join_with_rights(0)
    assert said.startswith("not_permitted")
    assert "as root" in said
    assert "lanparty-client setup" in said


def test_root_without_the_right_is_told_how_to_start_the_container(pc: Namespace) -> None:
    said = join_with_rights(0, user=0)
    assert said.startswith("not_permitted")
    assert "--cap-add NET_ADMIN" in said


JOIN = """
import asyncio, ctypes, os, struct, sys
from ipaddress import IPv4Interface
from pathlib import Path
from lanparty_client.discovery_routes import discovery_routes
from lanparty_client.linux.interface import Interface
from lanparty_client.linux.tap import TapPort
from lanparty_client_core.port_error import PortError
from lanparty_client.wanted import WantedState
from lanparty_proto import MacAddress

PR_SET_KEEPCAPS, VERSION_3 = 8, 0x20080522
user, rights = map(int, sys.argv[1:])
libc = ctypes.CDLL(None)
libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
os.setgroups([]), os.setresgid(user, user, user), os.setresuid(user, user, user)
libc.capset(struct.pack("II", VERSION_3, 0), struct.pack("6I", rights, rights, 0, 0, 0, 0))

async def main():
    lease = IPv4Interface("10.77.3.5/24")
    wanted = WantedState(mac=MacAddress.parse("02:00:5e:10:00:01"), mtu=1500, addresses=(lease,),
                         routes=discovery_routes(lease.ip))
    try:
        notices = await Interface(TapPort.open("lan0")).apply(wanted)
    except PortError as error:
        return error.fault, error.sentence
    return notices, Path("/proc/sys/net/ipv4/conf/lan0/arp_ignore").read_text().strip()

print(*asyncio.run(main()))
"""


def join_with_rights(rights: int, *, user: int = NOBODY) -> str:
    """Join as that user, with the TAP device open to everybody as udev makes it."""
    script = 'mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200 && exec "$@"'
    return subprocess.run(
        (
            "unshare",
            "-m",
            "sh",
            "-c",
            script,
            "sh",
            sys.executable,
            "-c",
            JOIN,
            str(user),
            str(rights),
        ),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.strip()
