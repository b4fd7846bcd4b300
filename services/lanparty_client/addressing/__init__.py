"""The IPv4 addresses of the room's interface: `--address auto|dhcp|none|CIDR`; pure."""

from lanparty_client.addressing.addressing import Addressing
from lanparty_client.addressing.choice import AddressChoice, AddressMode, parse_address_choice
from lanparty_client.addressing.own_lan import Neighbour, OwnLanResult
from lanparty_client.addressing.randomness import Randomness
from lanparty_client.addressing.refusal import Refusal, RefusalKind

__all__ = [
    "AddressChoice",
    "AddressMode",
    "Addressing",
    "Neighbour",
    "OwnLanResult",
    "Randomness",
    "Refusal",
    "RefusalKind",
    "parse_address_choice",
]
