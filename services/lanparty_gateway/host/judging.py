"""Whether setup-host may touch an interface, as sentences for a person. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from lanparty_gateway.host.picture import (
    BRIDGE,
    BRIDGE_PORT,
    GATEWAY_INTERFACE,
    HostPicture,
)

__all__ = ["OWN_NAMES", "firewall_notice", "plan_lines", "refusal"]

OWN_NAMES: Final = (BRIDGE, GATEWAY_INTERFACE, BRIDGE_PORT)


def refusal(picture: HostPicture, *, others: Iterable[str]) -> str | None:
    """Say why this interface can't be set up; None if it can. `others` are all interfaces' names.

    Who manages the interface is another question (`managers`).
    """
    name = picture.name
    if name in OWN_NAMES:
        return f"{name} is made by this command itself. Name the real interface, such as eth0."
    if not picture.is_ethernet:
        return f"{name} isn't an Ethernet interface, so it can't be a port of a bridge."
    if picture.is_wireless:
        return (
            f"{name} is a Wi-Fi connection, and Wi-Fi can't be a port of a bridge. Use a cable; or "
            "run the gateway with --mac-nat, and the room reaches your LAN, but not this computer."
        )
    if picture.master is not None:
        return (
            f"{name} is a port of {picture.master} already. Give the gateway the bridge itself: "
            f"--interface {picture.master}. Then the room reaches this computer without a setup."
        )
    if not picture.is_up:
        return f"{name} is down. Connect it first, so that it has its addresses."
    if picture.in_the_way:
        return (
            f"{', '.join(picture.in_the_way)} is made on {name}, and a bridge port can't carry "
            "that. Remove it first, or use another network interface for the gateway."
        )
    if picture.odd_routes:
        return (
            f"{name} has routes that can't be moved safely: {', '.join(picture.odd_routes)}. "
            "Remove them first, and add them again afterwards with the device " + BRIDGE + "."
        )
    taken = [each for each in others if each in OWN_NAMES]
    if taken:
        return (
            f"There is an interface {taken[0]} already that this command hasn't made. "
            f"If nobody needs it: sudo ip link delete {taken[0]}"
        )
    return None


def plan_lines(picture: HostPicture) -> Sequence[str]:
    """Say what will be done, in order."""
    name = picture.name
    return (
        f"make a bridge {BRIDGE} with {name}'s MAC address {picture.mac}, no spanning tree",
        f"make a virtual cable: {GATEWAY_INTERFACE} for the gateway, {BRIDGE_PORT} into the bridge",
        f"make {name} a port of the bridge; it stays connected",
        f"move {_listed(picture.addresses, 'no address')} from {name} to {BRIDGE}",
        f"move {_listed(picture.routes, 'no route')} from {name} to {BRIDGE}",
    )


def firewall_notice(*, bridge_is_filtered: bool) -> str | None:
    """Say what to do where the kernel gives what crosses a bridge to the firewall for routing.

    Docker turns that on (br_netfilter), and lets nothing through that it doesn't know.
    """
    if not bridge_is_filtered:
        return None
    return (
        "This computer's firewall also judges what crosses a bridge (br_netfilter, which Docker "
        "loads), and may drop what players and your LAN send each other. Let it pass, at each "
        f"boot:\n  sudo iptables -I FORWARD -i {BRIDGE} -o {BRIDGE} -j ACCEPT\n"
        f"  sudo ip6tables -I FORWARD -i {BRIDGE} -o {BRIDGE} -j ACCEPT"
    )


def _listed(things: Sequence[object], none: str) -> str:
    return ", ".join(map(str, things)) or none
