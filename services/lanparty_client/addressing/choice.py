"""What a player may say about the addresses of the room's interface: `--address`."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Interface
from typing import Final

__all__ = ["AddressChoice", "AddressMode", "parse_address_choice"]

_SHORTEST_PREFIX: Final = 8
_LONGEST_PREFIX: Final = 30
"""A longer one has no room for a friend."""


class AddressMode(StrEnum):
    """Where the addresses come from."""

    AUTO = "auto"
    """The relay's lease; beside it one of the gateway's LAN, if the room has a gateway."""
    DHCP = "dhcp"
    """Whatever DHCP server answers in the room."""
    NONE = "none"
    """The player, or another program, sets them."""
    STATIC = "static"


@dataclass(frozen=True, slots=True)
class AddressChoice:
    """A mode, and the address that `STATIC` is about."""

    mode: AddressMode
    static: IPv4Interface | None = None

    def __str__(self) -> str:
        return self.mode.value if self.static is None else str(self.static)


def parse_address_choice(text: str) -> AddressChoice:
    """Read auto, dhcp, none, or an address with its prefix length, as 10.20.30.4/24.

    Raises `ValueError` with a sentence for the player.
    """
    word = text.strip().lower()
    if word in (AddressMode.AUTO, AddressMode.DHCP, AddressMode.NONE):
        return AddressChoice(AddressMode(word))
    try:
        static = IPv4Interface(word)
    except ValueError:
        raise ValueError(
            f"{text!r} is no address: write auto, dhcp, none, or one as 10.20.30.4/24."
        ) from None
    if "/" not in word:
        raise ValueError(
            f"{text} lacks the size of its network: write {static.ip}/24 if all share the first "
            "three numbers."
        )
    if not _SHORTEST_PREFIX <= static.network.prefixlen <= _LONGEST_PREFIX:
        raise ValueError(f"The prefix length of {text} must be between 8 and 30.")
    if static.ip in (static.network.network_address, static.network.broadcast_address):
        raise ValueError(f"{text} is the address of the network itself: give one inside of it.")
    if static.is_multicast or static.is_loopback or static.is_reserved or static.is_unspecified:
        raise ValueError(f"{text} can't be the address of a computer: take one as 10.20.30.4/24.")
    return AddressChoice(AddressMode.STATIC, static)
