"""What has to change so that the kernel's tables become the wanted ones; pure."""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Interface
from typing import Final

from lanparty_client.linux.kernel_values import (
    LOCAL_TABLE,
    MAIN_TABLE,
    ROUTER_ADVERTISEMENT_PROTOCOL,
    SOFTLAN_PROTOCOL,
    Route,
)
from lanparty_client.wanted import WantedRoute

__all__ = [
    "address_steps",
    "is_around",
    "owner_of_way",
    "route_for",
    "route_steps",
]

_WAY_METRIC: Final = 0x4C000000
"""The metric of a route around the room's interface, plus that interface's index: two rooms can
hold a route to one relay, and one that outlived its interface is recognized."""
_LARGEST_INDEX: Final = 0xFFFFFF

_DEFAULT_IPV6_METRIC: Final = 1_024  # IP6_RT_PRIO_USER of net/ipv6.h
_IPV6_MULTICAST_METRIC: Final = 1
"""Below the 256 of the kernel's own ff00::/8, which every interface has in the local table."""


def address_steps(
    current: Sequence[IPv4Interface], wanted: Sequence[IPv4Interface]
) -> tuple[list[IPv4Interface], list[IPv4Interface]]:
    """Return the addresses to remove and those to add, each in order.

    Of two addresses in one network the first is the one that programs send from; so where their
    order is wrong the later ones of that network are taken away and come again behind.
    """
    kept = [address for address in current if address in wanted]
    for network in {address.network for address in kept}:
        have = [address for address in kept if address.network == network]
        want = [address for address in wanted if address.network == network]
        in_place = 0
        while in_place < len(have) and have[in_place] == want[in_place]:
            in_place += 1
        for address in have[in_place:]:
            kept.remove(address)
    removed = [address for address in current if address not in kept]
    return removed, [address for address in wanted if address not in kept]


def route_for(wanted: WantedRoute, *, index: int, index_of: Callable[[str], int]) -> Route:
    """Write a wanted route as the kernel lists it; `index` is the room's interface.

    `index_of` gives the index of an interface's name and raises OSError if there is none.
    """
    if wanted.way is not None:
        return Route(
            destination=wanted.destination,
            device=index_of(wanted.way.device),
            gateway=wanted.way.gateway,
            preferred_source=wanted.preferred_source,
            metric=_WAY_METRIC + index,
        )
    ipv6 = wanted.destination.version == 6
    ipv6_multicast = ipv6 and wanted.destination.is_multicast
    metric = wanted.metric
    if metric is None and ipv6:
        metric = _IPV6_MULTICAST_METRIC if ipv6_multicast else _DEFAULT_IPV6_METRIC
    return Route(
        destination=wanted.destination,
        device=index,
        gateway=wanted.gateway,
        preferred_source=wanted.preferred_source,
        metric=metric or 0,
        table=LOCAL_TABLE if ipv6_multicast else MAIN_TABLE,
    )


def owner_of_way(route: Route) -> int | None:
    """Return the index of the room's interface that a route leads around; None: no such route."""
    index = route.metric - _WAY_METRIC
    if route.protocol == SOFTLAN_PROTOCOL and 0 < index <= _LARGEST_INDEX:
        return index
    return None


def is_around(route: Route, *, index: int) -> bool:
    """Whether it is a route around the room's interface `index`."""
    return owner_of_way(route) == index


def route_steps(
    current: Sequence[Route], wanted: Sequence[Route], *, index: int, accept_room_router: bool
) -> tuple[list[Route], list[Route]]:
    """Return the routes to delete and those to add for the room's interface `index`.

    Only softlan's own are deleted, and default routes that router advertisements brought from the
    room unless those are welcome.
    """
    own = [
        route
        for route in current
        if route.protocol == SOFTLAN_PROTOCOL
        and (route.device == index or is_around(route, index=index))
    ]
    unwelcome = [
        route
        for route in current
        if route.device == index
        and route.protocol == ROUTER_ADVERTISEMENT_PROTOCOL
        and route.gateway is not None
        and not accept_room_router
    ]
    have = {_key(route) for route in own}
    want = {_key(route) for route in wanted}
    deleted = [route for route in own if _key(route) not in want]
    added = [route for route in wanted if _key(route) not in have]
    return deleted + unwelcome, list(dict.fromkeys(added))


def _key(route: Route) -> tuple[object, ...]:
    """All but what the carrier decides."""
    return (
        route.destination,
        route.device,
        route.gateway,
        route.preferred_source,
        route.metric,
        route.table,
    )
