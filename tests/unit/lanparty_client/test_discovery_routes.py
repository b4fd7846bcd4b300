from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Network, ip_address, ip_network

import pytest

from lanparty_client.discovery_routes import discovery_routes, with_relay_routes
from lanparty_client.wanted import PhysicalWay, WantedRoute, WantedState
from lanparty_proto import MacAddress

LEASE = IPv4Interface("10.77.3.5/24")
HOME = PhysicalWay(device="eth0", gateway=IPv4Address("192.168.1.1"))
ROOM = WantedState(
    mac=MacAddress.parse("02:00:5e:10:00:01"),
    mtu=1_500,
    addresses=(LEASE,),
    routes=discovery_routes(LEASE.ip),
)


def around(wanted: WantedState, relay: str) -> tuple[WantedRoute, ...]:
    changed = with_relay_routes(wanted, {ip_address(relay): HOME})
    assert changed.routes[: len(wanted.routes)] == wanted.routes
    return changed.routes[len(wanted.routes) :]


def state(*routes: WantedRoute, accept_room_router: bool = False) -> WantedState:
    return WantedState(
        mac=ROOM.mac, mtu=1_500, routes=routes, accept_room_router=accept_room_router
    )


def test_broadcast_and_multicast_go_by_the_room_from_the_primary_address() -> None:
    assert [(route.destination, route.preferred_source) for route in ROOM.routes] == [
        (IPv4Network("255.255.255.255/32"), LEASE.ip),
        (IPv4Network("224.0.0.0/4"), LEASE.ip),
        (IPv6Network("ff00::/8"), None),
    ]
    assert not any(route.way for route in ROOM.routes)


def test_without_an_address_of_softlan_s_the_kernel_takes_one() -> None:
    assert not any(route.preferred_source for route in discovery_routes(None))


@pytest.mark.parametrize(
    "relay", ["198.51.100.1", "192.168.1.9", "2001:db8::1", "fe80::1", "127.0.0.1", "::1"]
)
def test_a_relay_outside_of_the_room_needs_no_route(relay: str) -> None:
    assert around(ROOM, relay) == ()


def test_a_relay_with_an_address_in_the_room_s_network_keeps_its_physical_way() -> None:
    assert around(ROOM, "10.77.3.200") == (
        WantedRoute(destination=IPv4Network("10.77.3.200/32"), way=HOME),
    )


@pytest.mark.parametrize(
    ("route", "relay"),
    [("0.0.0.0/0", "198.51.100.1"), ("198.51.0.0/16", "198.51.100.1"), ("::/0", "2001:db8::1")],
)
def test_a_relay_behind_a_route_into_the_room_keeps_its_physical_way(
    route: str, relay: str
) -> None:
    wanted = state(WantedRoute(destination=ip_network(route)))
    assert [added.destination for added in around(wanted, relay)] == [ip_network(relay)]


def test_a_route_around_the_room_swallows_nothing() -> None:
    wanted = state(WantedRoute(destination=IPv4Network("0.0.0.0/0"), way=HOME))
    assert around(wanted, "198.51.100.1") == ()


def test_a_default_route_of_another_family_swallows_nothing() -> None:
    assert around(state(WantedRoute(destination=IPv4Network("0.0.0.0/0"))), "2001:db8::1") == ()


def test_a_router_of_the_room_may_swallow_every_ipv6_relay() -> None:
    wanted = state(accept_room_router=True)
    assert len(around(wanted, "2001:db8::1")) == 1
    assert around(wanted, "198.51.100.1") == ()
