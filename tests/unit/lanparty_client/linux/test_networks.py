from ipaddress import IPv4Network, ip_address, ip_interface, ip_network

import pytest

from lanparty_client.linux.kernel_values import InterfaceAddress, Link, Route
from lanparty_client.linux.networks import MOST_PREFIXES, Surroundings
from lanparty_client.wanted import PhysicalWay

LO, ETH, WLAN = 1, 2, 3


def link(index: int, name: str, *, up: bool = True, carrier: bool = True) -> Link:
    return Link(index=index, name=name, mac="", mtu=1_500, up=up, carrier=carrier)


def route(
    destination: str,
    device: int = ETH,
    *,
    gateway: str | None = None,
    metric: int = 0,
    usable: bool = True,
) -> Route:
    return Route(
        destination=ip_network(destination),
        device=device,
        gateway=None if gateway is None else ip_address(gateway),
        metric=metric,
        protocol=4,
        usable=usable,
    )


def address(text: str, device: int = ETH, *, usable: bool = True) -> InterfaceAddress:
    return InterfaceAddress(device=device, address=ip_interface(text), usable=usable)


def surroundings(
    *routes: Route,
    addresses: tuple[InterfaceAddress, ...] = (),
    links: tuple[Link, ...] = (link(LO, "lo"), link(ETH, "eth0"), link(WLAN, "wlan0")),
) -> Surroundings:
    return Surroundings(links=links, addresses=addresses, routes=routes)


def test_prefixes_are_networks_and_routes_but_no_ways_out() -> None:
    around = surroundings(
        route("0.0.0.0/0", gateway="192.168.1.1"),
        route("128.0.0.0/1", WLAN),
        route("10.0.0.0/8", WLAN),
        route("192.168.1.0/24"),
        route("224.0.0.0/4"),
        route("fd00::/8"),
        addresses=(
            address("127.0.0.1/8", LO),
            address("169.254.3.4/16"),
            address("192.168.1.5/24"),
            address("fd01::1/64"),
        ),
    )
    assert around.prefixes_in_use() == (IPv4Network("192.168.1.0/24"), IPv4Network("10.0.0.0/8"))


def test_of_many_prefixes_those_of_the_machine_s_own_addresses_are_kept() -> None:
    many = [route(f"10.{n}.0.0/16", gateway="192.168.1.1") for n in range(200)]
    found = surroundings(*many, addresses=(address("192.168.1.5/24"),)).prefixes_in_use()
    assert len(found) == MOST_PREFIXES
    assert found[0] == IPv4Network("192.168.1.0/24")


@pytest.mark.parametrize(
    ("target", "way"),
    [
        ("192.168.1.9", PhysicalWay(device="eth0")),
        ("8.8.8.8", PhysicalWay(device="eth0", gateway=ip_address("192.168.1.1"))),
        ("10.1.2.3", PhysicalWay(device="wlan0", gateway=ip_address("172.20.0.1"))),
        ("2001:db8::1", PhysicalWay(device="eth0", gateway=ip_address("fe80::1"))),
    ],
)
def test_the_longest_prefix_and_then_the_least_metric_wins(target: str, way: PhysicalWay) -> None:
    around = surroundings(
        route("0.0.0.0/0", WLAN, gateway="172.20.0.1", metric=600),
        route("0.0.0.0/0", gateway="192.168.1.1", metric=100),
        route("192.168.1.0/24"),
        route("10.0.0.0/8", WLAN, gateway="172.20.0.1", metric=600),
        route("::/0", gateway="fe80::1", metric=1_024),
    )
    assert around.way_to(ip_address(target)) == way


def test_a_way_without_carrier_is_the_last_choice() -> None:
    dead = route("0.0.0.0/0", gateway="192.168.1.1", metric=100, usable=False)
    alive = route("0.0.0.0/0", WLAN, gateway="172.20.0.1", metric=600)
    assert surroundings(dead, alive).default_route() == alive
    assert surroundings(dead).default_route() == dead


def test_without_a_route_there_is_no_way() -> None:
    assert surroundings().way_to(ip_address("8.8.8.8")) is None
    assert surroundings().default_route() is None
    assert surroundings(route("0.0.0.0/0", 99)).way_to(ip_address("8.8.8.8")) is None


def test_ways_out_are_what_works_now() -> None:
    home = address("192.168.1.5/24")
    complete = surroundings(route("0.0.0.0/0", gateway="192.168.1.1"), addresses=(home,))
    unplugged = surroundings(
        *complete.routes, addresses=(home,), links=(link(ETH, "eth0", carrier=False),)
    )
    off = surroundings(*complete.routes, addresses=(home,), links=(link(ETH, "eth0", up=False),))
    assert len(complete.ways_out()) == 2
    assert not unplugged.ways_out()
    assert not off.ways_out()


def test_an_address_counts_after_its_duplicate_detection() -> None:
    asking = surroundings(addresses=(address("fd01::1/64", usable=False),))
    assert not asking.ways_out()


def test_a_renamed_interface_is_no_other_way_out() -> None:
    home = address("192.168.1.5/24")
    before = surroundings(addresses=(home,))
    after = surroundings(addresses=(home,), links=(link(ETH, "uplink"),))
    assert before.ways_out() == after.ways_out()
