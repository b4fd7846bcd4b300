"""DHCP messages for IPv4 over Ethernet (RFC 2131 section 2, RFC 2132).

0         1         2         3         4
+---------+---------+---------+---------+
|operation|  1      |  6      |  hops   |
+---------+---------+---------+---------+
|            transaction                |
+-------------------+-------------------+
|      seconds      |       flags       |
+-------------------+-------------------+
|  client's, your, next server's and relay agent's address: 4 x 4
+---------------------------------------+
|  client's MAC address: 6 of 16
+---------------------------------------+
|  server's name: 64; boot file: 128. Option 52 may make room for options of them
+---------------------------------------+
|  63 82 53 63; options: code, length, value; ... FF
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import IPv4Address
from struct import Struct
from typing import Final, Self

from lanparty_ethernet.dhcp_options import DhcpOption, encode_options, parse_options
from lanparty_ethernet.errors import PacketError, PacketFault
from lanparty_proto import MacAddress

__all__ = ["DHCP_CLIENT_PORT", "DHCP_SERVER_PORT", "DhcpKind", "DhcpMessage"]

DHCP_SERVER_PORT: Final = 67
DHCP_CLIENT_PORT: Final = 68

_LAYOUT: Final = Struct("!4sIHH4s4s4s4s16s64s128s4s")
_COOKIE: Final = bytes.fromhex("63825363")
_FROM_CLIENT: Final = bytes((1, 1, 6))
_FROM_SERVER: Final = bytes((2, 1, 6))
_NO_ADDRESS: Final = IPv4Address(0)
_LARGEST_SECONDS: Final = 0xFFFF
_BROADCAST: Final = 0x8000

_SHORTEST: Final = 300
"""What a BOOTP relay agent may insist on (RFC 1542 section 2.1)."""

_OPTIONS_IN_FILE: Final = 1
_OPTIONS_IN_NAME: Final = 2


class DhcpKind(IntEnum):
    """What a message is (option 53, RFC 2132 section 9.6)."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    DECLINE = 4
    ACK = 5
    NAK = 6
    RELEASE = 7
    INFORM = 8


_KINDS: Final = frozenset(map(int, DhcpKind))


@dataclass(frozen=True, slots=True, kw_only=True)
class DhcpMessage:
    """A message of a client or a server, without the UDP header around it."""

    kind: DhcpKind
    transaction: int
    """32 bits that the client chose; the answer repeats them."""
    client_mac: MacAddress
    from_server: bool = False
    seconds: int = 0
    """Since the client began to ask; at most 65,535 are written."""
    broadcast: bool = False
    """The client wants to be answered by broadcast (RFC 2131 section 4.1)."""
    client_address: IPv4Address = _NO_ADDRESS
    """The address that the client has and answers for."""
    your_address: IPv4Address = _NO_ADDRESS
    """From a server: the address offered or given."""
    options: Mapping[int, bytes] = field(default_factory=dict)
    """By code, without the kind; see `DhcpOption` and `dhcp_options`."""

    @classmethod
    def parse(cls, octets: bytes | memoryview) -> Self:
        """Read the payload of a UDP datagram.

        Raises `PacketError`: `TRUNCATED`; `LENGTH` for options that end in the middle; `KIND` for
        plain BOOTP, other hardware, and kinds that RFC 2132 doesn't name.
        """
        if len(octets) < _LAYOUT.size:
            raise PacketError(PacketFault.TRUNCATED)
        head, transaction, seconds, flags, client, your, _, _, hardware, name, file, cookie = (
            _LAYOUT.unpack_from(octets)
        )
        if cookie != _COOKIE or head[:3] not in (_FROM_CLIENT, _FROM_SERVER):
            raise PacketError(PacketFault.KIND)
        options = _all_options(bytes(octets[_LAYOUT.size :]), name=name, file=file)
        kind = options.pop(DhcpOption.MESSAGE_TYPE, b"")
        if len(kind) != 1 or kind[0] not in _KINDS:
            raise PacketError(PacketFault.KIND)
        return cls(
            kind=DhcpKind(kind[0]),
            transaction=transaction,
            client_mac=MacAddress(hardware[:6]),
            from_server=head[:3] == _FROM_SERVER,
            seconds=seconds,
            broadcast=bool(flags & _BROADCAST),
            client_address=IPv4Address(client),
            your_address=IPv4Address(your),
            options=options,
        )

    def encode(self) -> bytes:
        """Return the message, padded to what every relay agent takes."""
        fixed = _LAYOUT.pack(
            (_FROM_SERVER if self.from_server else _FROM_CLIENT) + b"\0",
            self.transaction,
            min(self.seconds, _LARGEST_SECONDS),
            _BROADCAST * self.broadcast,
            self.client_address.packed,
            self.your_address.packed,
            _NO_ADDRESS.packed,
            _NO_ADDRESS.packed,
            self.client_mac,
            b"",
            b"",
            _COOKIE,
        )
        options = {DhcpOption.MESSAGE_TYPE: bytes((self.kind,)), **self.options}
        return (fixed + encode_options(options)).ljust(_SHORTEST, b"\0")


def _all_options(octets: bytes, *, name: bytes, file: bytes) -> dict[int, bytes]:
    """Put the parts together in the order of RFC 3396 section 5: options, boot file, name."""
    overload = parse_options(octets).get(DhcpOption.OVERLOAD, b"\0")
    if len(overload) != 1:
        raise PacketError(PacketFault.LENGTH)
    parts = [octets]
    if overload[0] & _OPTIONS_IN_FILE:
        parts.append(file)
    if overload[0] & _OPTIONS_IN_NAME:
        parts.append(name)
    return parse_options(*parts)
