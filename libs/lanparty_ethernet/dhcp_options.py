"""The options of a DHCP message (RFC 2132) as octets by code, and the few values that are read.

An option that comes several times is one whose value was cut (RFC 3396). What reads a value
returns None where the option is missing or has no such value: a server's mistake in one option
doesn't spoil the others.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from ipaddress import IPv4Address
from typing import Final

from lanparty_ethernet.errors import PacketError, PacketFault

__all__ = [
    "DhcpOption",
    "address_option",
    "addresses_option",
    "encode_options",
    "parse_options",
    "prefix_length_option",
    "seconds_option",
]

_PAD: Final = 0
_END: Final = 255
_LONGEST_VALUE: Final = 255


class DhcpOption(IntEnum):
    """The options that softlan writes or reads."""

    SUBNET_MASK = 1
    ROUTERS = 3
    DNS_SERVERS = 6
    REQUESTED_ADDRESS = 50
    LEASE_SECONDS = 51
    OVERLOAD = 52
    MESSAGE_TYPE = 53
    SERVER = 54
    PARAMETERS = 55
    RENEWAL_SECONDS = 58
    REBINDING_SECONDS = 59
    CLIENT_IDENTIFIER = 61


def parse_options(*parts: bytes) -> dict[int, bytes]:
    """Read the options of all parts; each part ends with its end option or its octets.

    Raises `PacketError` (`LENGTH`) if an option goes beyond its part.
    """
    found: dict[int, bytes] = {}
    for part in parts:
        at = 0
        while at < len(part) and part[at] != _END:
            if part[at] == _PAD:
                at += 1
                continue
            value_at = at + 2
            after = value_at + part[at + 1] if value_at <= len(part) else len(part) + 1
            if after > len(part):
                raise PacketError(PacketFault.LENGTH)
            found[part[at]] = found.get(part[at], b"") + part[value_at:after]
            at = after
    return found


def encode_options(options: Mapping[int, bytes]) -> bytes:
    """Write the options in their order, and the end option. A value has at most 255 octets."""
    written = bytearray()
    for code, value in options.items():
        if len(value) > _LONGEST_VALUE:
            raise ValueError("the value of a DHCP option has at most 255 octets")
        written += bytes((code, len(value))) + value
    written.append(_END)
    return bytes(written)


def address_option(options: Mapping[int, bytes], code: DhcpOption) -> IPv4Address | None:
    """Read an option that holds one address."""
    value = options.get(code, b"")
    return IPv4Address(value) if len(value) == 4 else None


def addresses_option(options: Mapping[int, bytes], code: DhcpOption) -> tuple[IPv4Address, ...]:
    """Read an option that holds addresses, in order of preference; empty if there are none."""
    value = options.get(code, b"")
    return tuple(_addresses(value)) if len(value) % 4 == 0 else ()


def seconds_option(options: Mapping[int, bytes], code: DhcpOption) -> int | None:
    """Read an option that holds a time."""
    value = options.get(code, b"")
    return int.from_bytes(value, "big") if len(value) == 4 else None


def prefix_length_option(options: Mapping[int, bytes]) -> int | None:
    """Read the subnet mask as a prefix length; None unless its ones stand in front."""
    value = options.get(DhcpOption.SUBNET_MASK, b"")
    if len(value) != 4:
        return None
    length = int.from_bytes(value, "big").bit_count()
    ones_in_front = 0xFFFFFFFF << (32 - length) & 0xFFFFFFFF
    return length if int.from_bytes(value, "big") == ones_in_front else None


def _addresses(value: bytes) -> Iterable[IPv4Address]:
    for at in range(0, len(value), 4):
        yield IPv4Address(value[at : at + 4])
