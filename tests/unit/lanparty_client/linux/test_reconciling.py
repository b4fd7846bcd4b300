from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanparty_client.linux.kernel_values import (
    LOCAL_TABLE,
    MAIN_TABLE,
    ROUTER_ADVERTISEMENT_PROTOCOL,
    SOFTLAN_PROTOCOL,
    Route,
)
from lanparty_client.linux.reconciling import (
    address_steps,
    is_around,
    owner_of_way,
    route_for,
    route_steps,
)
from lanparty_client.wanted import PhysicalWay, WantedRoute

ROOM, ETH = 5, 2
BROADCAST = WantedRoute(
    destination=IPv4Network("255.255.255.255/32"), preferred_source=IPv4Address("10.77.3.5")
)
AROUND = WantedRoute(
    destination=IPv4Network("203.0.113.9/32"),
    way=PhysicalWay(device="eth0", gateway=IPv4Address("192.168.1.1")),
)
ADDRESSES = [
    IPv4Interface(text)
    for text in ("10.77.3.5/24", "10.77.3.6/24", "10.77.3.7/24", "10.88.0.1/16", "10.88.0.2/24")
]


def interfaces(*texts: str) -> list[IPv4Interface]:
    return [IPv4Interface(text) for text in texts]


def index_of(name: str) -> int:
    return {"eth0": ETH}[name]


def routes(*wanted: WantedRoute, room: int = ROOM) -> list[Route]:
    return [route_for(route, index=room, index_of=index_of) for route in wanted]


def steps(
    current: Sequence[Route], wanted: Sequence[Route], *, accept_room_router: bool = False
) -> tuple[list[Route], list[Route]]:
    return route_steps(current, wanted, index=ROOM, accept_room_router=accept_room_router)


@pytest.mark.parametrize(
    ("current", "wanted", "removed", "added"),
    [
        pytest.param([], [], [], [], id="nothing"),
        pytest.param([], ["10.1.0.1/24"], [], ["10.1.0.1/24"], id="first"),
        pytest.param(["10.1.0.1/24"], ["10.1.0.1/24"], [], [], id="there already"),
        pytest.param(["10.1.0.1/24"], [], ["10.1.0.1/24"], [], id="unwanted"),
        pytest.param(
            ["10.1.0.1/24"], ["10.1.0.1/16"], ["10.1.0.1/24"], ["10.1.0.1/16"], id="other length"
        ),
        pytest.param(
            ["10.1.0.1/24"],
            ["10.2.0.1/24", "10.1.0.1/24"],
            [],
            ["10.2.0.1/24"],
            id="a new primary of another network disturbs nothing",
        ),
        pytest.param(
            ["10.1.0.1/24"],
            ["10.1.0.2/24", "10.1.0.1/24"],
            ["10.1.0.1/24"],
            ["10.1.0.2/24", "10.1.0.1/24"],
            id="a new primary of the same network comes first",
        ),
        pytest.param(
            ["10.1.0.1/24", "10.1.0.2/24"],
            ["10.1.0.1/24", "10.1.0.3/24", "10.1.0.2/24"],
            ["10.1.0.2/24"],
            ["10.1.0.3/24", "10.1.0.2/24"],
            id="what is in place stays",
        ),
    ],
)
def test_the_steps_for_addresses(
    current: list[str], wanted: list[str], removed: list[str], added: list[str]
) -> None:
    assert address_steps(interfaces(*current), interfaces(*wanted)) == (
        interfaces(*removed),
        interfaces(*added),
    )


@given(
    current=st.lists(st.sampled_from(ADDRESSES), unique=True),
    wanted=st.lists(st.sampled_from(ADDRESSES), unique=True),
)
def test_after_the_steps_each_network_has_the_wanted_order(
    current: list[IPv4Interface], wanted: list[IPv4Interface]
) -> None:
    removed, added = address_steps(current, wanted)
    after = [address for address in current if address not in removed] + added
    assert by_network(after) == by_network(wanted)
    assert address_steps(after, wanted) == ([], [])


def by_network(addresses: Iterable[IPv4Interface]) -> dict[IPv4Network, list[IPv4Interface]]:
    found: dict[IPv4Network, list[IPv4Interface]] = {}
    for address in addresses:
        found.setdefault(address.network, []).append(address)
    return found


def test_a_route_is_marked_as_softlan_s_and_goes_into_the_main_table() -> None:
    (route,) = routes(BROADCAST)
    assert (route.protocol, route.table, route.device, route.metric) == (
        SOFTLAN_PROTOCOL,
        MAIN_TABLE,
        ROOM,
        0,
    )


def test_ipv6_multicast_comes_before_what_the_kernel_has_for_every_interface() -> None:
    (route,) = routes(WantedRoute(destination=IPv6Network("ff00::/8")))
    assert route.table == LOCAL_TABLE
    assert 0 < route.metric < 256


@pytest.mark.parametrize(
    ("destination", "metric", "seen"),
    [("10.0.0.0/8", 7, 7), ("fd00::/8", 7, 7), ("10.0.0.0/8", None, 0), ("fd00::/8", None, 1_024)],
)
def test_the_metric_is_as_the_kernel_lists_it(
    destination: str, metric: int | None, seen: int
) -> None:
    (route,) = routes(WantedRoute(destination=ip_network(destination), metric=metric))
    assert route.metric == seen


def test_a_route_around_the_room_names_the_room_s_interface_in_its_metric() -> None:
    (route,) = routes(AROUND)
    assert (route.device, route.gateway) == (ETH, IPv4Address("192.168.1.1"))
    assert owner_of_way(route) == ROOM
    assert is_around(route, index=ROOM)
    assert not is_around(route, index=ROOM + 1)


@pytest.mark.parametrize(
    ("metric", "protocol"),
    [(0, SOFTLAN_PROTOCOL), (5, SOFTLAN_PROTOCOL), (0x4C000005, 4), (2**32 - 1, SOFTLAN_PROTOCOL)],
)
def test_no_other_route_has_an_owner(metric: int, protocol: int) -> None:
    destination = IPv4Network("203.0.113.9/32")
    route = Route(destination=destination, device=ETH, metric=metric, protocol=protocol)
    assert owner_of_way(route) is None


def test_only_the_difference_is_changed() -> None:
    wanted = routes(BROADCAST, AROUND)
    assert steps([], wanted) == ([], wanted)
    assert steps(wanted, wanted) == ([], [])
    assert steps(wanted, wanted[:1]) == (wanted[1:], [])


def test_a_carrier_that_is_gone_makes_no_difference() -> None:
    (wanted,) = routes(AROUND)
    unusable = Route(
        destination=wanted.destination,
        device=wanted.device,
        gateway=wanted.gateway,
        metric=wanted.metric,
        usable=False,
    )
    assert steps([unusable], [wanted]) == ([], [])


def test_a_route_that_is_wanted_twice_is_added_once() -> None:
    assert steps([], routes(AROUND, AROUND)) == ([], routes(AROUND))


def test_what_others_and_other_rooms_have_is_left_alone() -> None:
    other_room = routes(BROADCAST, AROUND, room=ROOM + 1)
    destination = IPv4Network("10.9.0.0/24")
    by_hand = Route(destination=destination, device=ROOM, protocol=4)
    assert steps([*other_room, by_hand], []) == ([], [])


def test_what_a_router_of_the_room_brought_goes_unless_it_is_welcome() -> None:
    default = Route(
        destination=IPv6Network("::/0"),
        device=ROOM,
        gateway=ip_network("fe80::1").network_address,
        protocol=ROUTER_ADVERTISEMENT_PROTOCOL,
    )
    own_prefix = Route(
        destination=IPv6Network("fd77::/64"), device=ROOM, protocol=ROUTER_ADVERTISEMENT_PROTOCOL
    )
    assert steps([default, own_prefix], []) == ([default], [])
    assert steps([default, own_prefix], [], accept_room_router=True) == ([], [])
