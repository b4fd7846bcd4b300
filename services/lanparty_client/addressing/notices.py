"""What a player should know about the addresses, as sentences."""

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from lanparty_client.addressing.own_lan import Neighbour
from lanparty_proto import MacAddress

__all__ = [
    "address_disputed",
    "dns_left_alone",
    "lan_avoided",
    "lan_silent",
    "lease_collides",
    "no_dhcp_server",
    "no_lease",
    "no_router",
    "own_lan",
    "own_lan_forced",
    "static_collides",
]


def own_lan(router: Neighbour) -> str:
    """Tell why one shouldn't join."""
    return (
        "This computer is on the local network that the room's gateway bridges: the router "
        f"{router.address} ({router.mac}) answers in the room too. You meet the players there "
        "without joining, and everything would arrive twice. To join all the same, use --force."
    )


def own_lan_forced(router: Neighbour) -> str:
    """Tell what one has joined into."""
    return (
        "This computer is on the local network that the room's gateway bridges: the router "
        f"{router.address} ({router.mac}) answers in the room too. Broadcasts arrive twice."
    )


def lease_collides(lease: IPv4Interface, prefix: IPv4Network) -> str:
    """Tell why the room's address is gone for now."""
    return (
        f"Your address in the room, {lease.ip}, was taken off, because the room's network "
        f"{lease.network} overlaps {prefix}, a network that this computer is on. The relay was "
        "asked for another; leave one of the two networks if none comes."
    )


def static_collides(address: IPv4Interface, prefix: IPv4Network) -> str:
    """Tell why the player's own choice is gone for now."""
    return (
        f"Your address {address} was taken off, because {prefix}, a network that this computer is "
        "on now, overlaps it. It comes back when you leave that network."
    )


def static_apart(address: IPv4Interface, room: IPv4Network) -> str:
    """Tell that the player's own choice is in another network than the room's leases."""
    return (
        f"Your address {address} is outside of the room's network {room}: only players who chose "
        "an address like yours reach you."
    )


def address_disputed(address: IPv4Address, rival: MacAddress) -> str:
    """Tell who else uses an address."""
    return (
        f"Another computer in the room, with the MAC address {rival}, uses your address {address} "
        "too: connections will fail now and then until it takes another one."
    )


def lan_avoided(network: IPv4Network) -> str:
    """Tell why there is no address of the gateway's LAN."""
    return (
        f"The network {network} in the room has the same addresses as one that this computer is on "
        "already, so you have no address of it. The players reach you as before; devices on it "
        "don't."
    )


def lan_silent() -> str:
    """Tell why there is no address of the gateway's LAN yet."""
    return (
        "No DHCP server answers on the gateway's LAN, so you have no address of it. The players "
        "reach you as before; softlan keeps asking."
    )


def no_dhcp_server(instead: IPv4Interface | None) -> str:
    """Tell what one has while nobody gives an address."""
    meanwhile = "" if instead is None else f" Meanwhile your address is {instead.ip}."
    return (
        f"No DHCP server answers in the room.{meanwhile} softlan keeps asking; --address auto "
        "takes an address from the relay."
    )


def no_lease(instead: IPv4Interface) -> str:
    """Tell where the address comes from if not from the relay."""
    return (
        f"The relay gives no addresses, so yours is {instead.ip}, of the range that computers "
        "choose from by themselves. Friends who have one of it too will find you."
    )


def no_router() -> str:
    """Tell that there is no way out through the room."""
    return (
        "--use-lan-gateway has no effect: the room has no gateway whose LAN has a DHCP server that "
        "names a router."
    )


def dns_left_alone(servers: tuple[IPv4Address, ...]) -> str:
    """Tell which name servers the LAN has; the machine's are left as they are."""
    names = ", ".join(map(str, servers))
    return (
        "The internet is reached through the gateway's LAN now. Names are looked up as before; to "
        f"use that LAN's name servers, set them yourself: {names}."
    )
