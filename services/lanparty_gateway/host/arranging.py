"""Moves an interface's place in the network to a bridge, and back: a shell.

The order is that of least time without a network: everything is ready before the interface
becomes a port, and then addresses and routes follow at once; connections outlive that. Whatever
fails, all goes back to what was there.
"""

from collections.abc import Awaitable, Callable

from lanparty_gateway.host.kernel import Kernel
from lanparty_gateway.host.kernel_settings import (
    read_settings,
    trusting_addresses,
    without_own_addresses,
    write_settings,
)
from lanparty_gateway.host.picture import (
    BRIDGE,
    BRIDGE_PORT,
    GATEWAY_INTERFACE,
    IPV4,
    HostAddress,
    HostPicture,
    HostRoute,
    moved,
)

__all__ = ["arrange", "take_back"]

_Tell = Callable[[str], None]


async def arrange(kernel: Kernel, before: HostPicture, *, tell: _Tell) -> None:
    """Make the bridge and move everything to it.

    Raises NetlinkError or OSError for the step that failed; what was done up to there is the
    caller's to take back.
    """
    name = before.name
    tell(f"making the bridge {BRIDGE}")
    await kernel.add_bridge(mac=before.mac, mtu=before.mtu)
    write_settings(BRIDGE, before.settings)
    tell(f"making the virtual cable {GATEWAY_INTERFACE} - {BRIDGE_PORT}")
    await kernel.add_cable(mtu=before.mtu)
    for end in (GATEWAY_INTERFACE, BRIDGE_PORT):
        without_own_addresses(end)
    await kernel.join_bridge(BRIDGE_PORT)
    for end in (GATEWAY_INTERFACE, BRIDGE_PORT):
        await kernel.take_up(end)
    tell(f"moving addresses and routes from {name} to {BRIDGE}")
    await kernel.join_bridge(name)
    without_own_addresses(name)
    for address in before.addresses:
        if address.family == IPV4:
            await kernel.delete_address(name, address)
    with trusting_addresses(BRIDGE):
        await kernel.take_up(BRIDGE)
        for address in before.addresses:
            await kernel.add_address(BRIDGE, moved(address, old=name, new=BRIDGE))
    for route in before.routes:
        await kernel.add_route(BRIDGE, route)


async def take_back(
    kernel: Kernel, before: HostPicture, *, complete: bool, tell: _Tell
) -> list[str]:
    """Give the interface back what is its own; return sentences on what couldn't be done.

    After a complete setup that is what the bridge has now: an address may have been renewed, or a
    route added. Else it is what was there before. Never raises for a step: the next ones follow.
    """
    failures: list[str] = []
    addresses, routes = before.addresses, before.routes
    names = await kernel.names()
    if complete and BRIDGE in names:
        addresses, routes = await _as_it_is_now(kernel)

    async def attempt(what: str, step: Awaitable[None]) -> None:
        try:
            await step
        except Exception as error:  # noqa: BLE001  whatever it is, the next steps matter more
            failures.append(f"{what}: {_reason(error)}")

    name = before.name
    if name not in names:
        failures.append(f"{name} is gone; its addresses go with {BRIDGE}")
    else:
        tell(f"moving addresses and routes from {BRIDGE} back to {name}")
        await attempt(f"take {name} out of the bridge", kernel.leave_bridge(name))
        await attempt(f"remove {BRIDGE}", kernel.delete_link(BRIDGE))
        with trusting_addresses(name):
            await attempt(f"restore the settings of {name}", _restore_settings(before))
            for address in addresses:
                own = moved(address, old=BRIDGE, new=name)
                await attempt(f"restore {address}", kernel.add_address(name, own))
        for route in routes:
            await attempt(f"restore the route {route}", kernel.add_route(name, route))
    tell(f"removing {BRIDGE} and {GATEWAY_INTERFACE}")
    await attempt(f"remove {BRIDGE}", kernel.delete_link(BRIDGE))
    await attempt(f"remove {GATEWAY_INTERFACE}", kernel.delete_link(GATEWAY_INTERFACE))
    return list(dict.fromkeys(failures))


async def _as_it_is_now(
    kernel: Kernel,
) -> tuple[tuple[HostAddress, ...], tuple[HostRoute, ...]]:
    return await kernel.addresses(BRIDGE), await kernel.routes(BRIDGE)


async def _restore_settings(before: HostPicture) -> None:
    differing = {
        key: value
        for key, value in before.settings.items()
        if read_settings(before.name).get(key) != value
    }
    write_settings(before.name, differing)


def _reason(error: Exception) -> str:
    return str(error.args[1] if len(error.args) > 1 else error)
