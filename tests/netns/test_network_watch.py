"""The machine's other networks, watched on a real kernel."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Network, ip_address

import pytest
from namespaces import Namespace, link

from lanparty_client.linux.interface import Interface
from lanparty_client.linux.surroundings import Gateway, default_gateway, read, route_to
from lanparty_client.linux.tap import TapPort
from lanparty_client.linux.watching import SETTLE_SECONDS, NetworkWatch
from lanparty_client.wanted import PhysicalWay, WantedRoute, WantedState
from lanparty_proto import MacAddress

ROUTER_MAC = MacAddress.parse("02:00:00:00:00:99")
ROOM = WantedState(
    mac=MacAddress.parse("02:00:5e:10:00:01"),
    mtu=1_500,
    addresses=(IPv4Interface("10.77.3.5/24"),),
)
WAY_HOME = PhysicalWay(device="eth0", gateway=ip_address("192.168.1.1"))


@pytest.fixture
def pc(machine: Callable[[str], Namespace]) -> Iterator[Namespace]:
    """A machine with a home network and a router, this thread inside; duplicates aren't sought."""
    pc, home = machine("pc"), machine("home")
    pc.set_sysctl("ipv6.conf.default.accept_dad", 0)
    link(pc, "eth0", home, "home0")
    pc.ip("address", "add", "192.168.1.5/24", "dev", "eth0")
    pc.ip("route", "add", "default", "via", "192.168.1.1", "metric", 100)
    with pc.entered():
        yield pc


@pytest.fixture
async def port(pc: Namespace) -> AsyncIterator[TapPort]:
    """The room's interface, up, with a lease and all routes that swallow."""
    with closing(TapPort.open("lan0")) as port:
        everything = (
            WantedRoute(destination=IPv4Network("0.0.0.0/0")),
            WantedRoute(destination=IPv6Network("ff00::/8")),
        )
        await Interface(port).apply(replace(ROOM, routes=everything))
        yield port


class Changes:
    """Counts the calls of a watch."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = asyncio.Event()

    def __call__(self) -> None:
        self.count += 1
        self._changed.set()

    async def wait(self) -> None:
        async with asyncio.timeout(10):
            await self._changed.wait()
        self._changed.clear()


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("link set eth0 down", id="link down"),
        pytest.param("address add 10.9.0.1/24 dev eth0", id="address added"),
        pytest.param("address delete 192.168.1.5/24 dev eth0", id="address deleted"),
        pytest.param("route delete default dev eth0", id="route deleted"),
        pytest.param("route add 10.9.0.0/16 via 192.168.1.1", id="route added"),
        pytest.param("-6 address add fd09::1/64 dev eth0", id="IPv6 address added"),
        pytest.param("-6 route add default dev eth0", id="IPv6 route added"),
    ],
)
async def test_a_change_of_a_way_out_is_told(pc: Namespace, port: TapPort, command: str) -> None:
    changes = Changes()
    watch = NetworkWatch(room=port.index)
    async with aclosing(watch):
        await watch.start(changes)
        pc.ip(*command.split())
        await changes.wait()


async def test_a_cable_that_is_pulled_and_plugged_in_is_told_both_times(
    pc: Namespace, machine: Callable[[str], Namespace], port: TapPort
) -> None:
    far = machine("far")
    link(pc, "eth1", far, "far1")
    pc.ip("address", "add", "10.4.0.1/24", "dev", "eth1")
    changes = Changes()
    watch = NetworkWatch(room=port.index)
    async with aclosing(watch):
        await watch.start(changes)
        far.ip("link", "set", "far1", "down")
        await changes.wait()
        far.ip("link", "set", "far1", "up")
        await changes.wait()


async def test_the_room_s_own_changes_and_softlan_s_routes_are_not_told(
    pc: Namespace, port: TapPort
) -> None:
    changes = Changes()
    watch = NetworkWatch(room=port.index)
    interface = Interface(port)
    around = WantedRoute(destination=IPv4Network("203.0.113.9/32"), way=WAY_HOME)
    async with aclosing(watch):
        await watch.start(changes)
        await interface.apply(replace(ROOM, mtu=1_400, routes=(around,)))
        pc.ip("address", "add", "10.99.0.1/24", "dev", "lan0")
        pc.ip("link", "set", "lan0", "down")
        await interface.aclose()
        await asyncio.sleep(3 * SETTLE_SECONDS)  # the looks at these events
        assert changes.count == 0
        pc.ip("address", "add", "10.9.0.1/24", "dev", "eth0")  # it does watch
        await changes.wait()
        assert changes.count == 1


async def test_after_the_end_nothing_is_told(pc: Namespace) -> None:
    changes = Changes()
    watch = NetworkWatch(room=None)
    await watch.start(changes)
    await watch.aclose()
    await watch.aclose()
    pc.ip("link", "set", "eth0", "down")
    await asyncio.sleep(2 * SETTLE_SECONDS)
    assert changes.count == 0


async def test_the_prefixes_in_use_are_those_of_the_other_networks(
    pc: Namespace, port: TapPort
) -> None:
    pc.ip("route", "add", "172.20.0.0/16", "via", "192.168.1.1")
    pc.ip("route", "add", "0.0.0.0/1", "via", "192.168.1.1")
    around = await read(room=port.index)
    assert around.prefixes_in_use() == (
        IPv4Network("192.168.1.0/24"),
        IPv4Network("172.20.0.0/16"),
    )


async def test_the_default_gateway_comes_with_its_mac(pc: Namespace, port: TapPort) -> None:
    router = IPv4Address("192.168.1.1")
    assert await default_gateway(room=port.index) == Gateway(address=router, mac=None)
    pc.ip("neighbour", "add", str(router), "lladdr", str(ROUTER_MAC), "dev", "eth0")
    assert await default_gateway(room=port.index) == Gateway(address=router, mac=ROUTER_MAC)
    pc.ip("route", "delete", "default", "dev", "eth0")
    assert await default_gateway(room=port.index) is None


@pytest.mark.parametrize(
    ("address", "way"),
    [
        pytest.param("198.51.100.1", WAY_HOME, id="beyond the router"),
        pytest.param("10.77.3.9", WAY_HOME, id="inside of the room's network"),
        pytest.param("192.168.1.77", PhysicalWay(device="eth0"), id="on the link"),
        pytest.param("192.168.1.5", None, id="the machine itself"),
        pytest.param("2001:db8::1", None, id="no IPv6 here"),
    ],
)
async def test_the_physical_way_is_found_whatever_the_room_s_routes_say(
    pc: Namespace, port: TapPort, address: str, way: PhysicalWay | None
) -> None:
    assert await route_to(ip_address(address), room=port.index) == way


async def test_the_way_follows_the_machine_and_not_softlan_s_own_route(
    pc: Namespace, machine: Callable[[str], Namespace], port: TapPort
) -> None:
    relay = ip_address("203.0.113.9")
    around = WantedRoute(destination=IPv4Network("203.0.113.9/32"), way=WAY_HOME)
    interface = Interface(port)
    await interface.apply(replace(ROOM, routes=(around,)))
    link(pc, "eth1", machine("office"), "office0")
    pc.ip("address", "add", "172.20.0.5/24", "dev", "eth1")
    pc.ip("route", "add", "default", "via", "172.20.0.1", "metric", 50)
    assert await route_to(relay, room=port.index) == PhysicalWay(
        device="eth1", gateway=ip_address("172.20.0.1")
    )
    await interface.aclose()


async def test_a_rule_of_a_vpn_counts(pc: Namespace, port: TapPort) -> None:
    pc.ip("route", "add", "default", "via", "192.168.1.254", "table", 51_820)
    pc.ip("rule", "add", "to", "203.0.113.0/24", "lookup", 51_820)
    assert await route_to(ip_address("203.0.113.9"), room=port.index) == PhysicalWay(
        device="eth0", gateway=ip_address("192.168.1.254")
    )
