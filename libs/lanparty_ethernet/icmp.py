"""ICMP echo and echo reply (RFC 792): what `ping` sends.

0      1      2          4            6          8
+------+------+----------+------------+----------+----------
| type | code | checksum | identifier | sequence | data ...
+------+------+----------+------------+----------+----------
"""

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Final, Self

from lanparty_ethernet.checksum import internet_checksum
from lanparty_ethernet.errors import PacketError, PacketFault

__all__ = ["EchoKind", "IcmpEcho"]

_LAYOUT: Final = Struct("!BBHHH")


class EchoKind(IntEnum):
    """The ICMP type of a message; its code is 0."""

    REPLY = 0
    REQUEST = 8


@dataclass(frozen=True, slots=True)
class IcmpEcho:
    """An echo request or reply, without the IPv4 header around it."""

    kind: EchoKind
    identifier: int
    """Tells one pinging program from another, 0 to 65,535."""
    sequence: int
    """Tells one of its requests from another, 0 to 65,535."""
    data: bytes

    @classmethod
    def parse(cls, payload: bytes | memoryview) -> Self:
        """Read the payload of an unfragmented IPv4 packet.

        Raises `PacketError`: `TRUNCATED`, `CHECKSUM`, or `KIND` for any other ICMP message.
        """
        if len(payload) < _LAYOUT.size:
            raise PacketError(PacketFault.TRUNCATED)
        if internet_checksum(payload):
            raise PacketError(PacketFault.CHECKSUM)
        kind, code, _, identifier, sequence = _LAYOUT.unpack_from(payload)
        if kind not in (EchoKind.REQUEST, EchoKind.REPLY) or code:
            raise PacketError(PacketFault.KIND)
        return cls(EchoKind(kind), identifier, sequence, bytes(payload[_LAYOUT.size :]))

    def reply(self) -> "IcmpEcho":
        """Answer this request: the same identifier, sequence and data."""
        return IcmpEcho(EchoKind.REPLY, self.identifier, self.sequence, self.data)

    def encode(self) -> bytes:
        """Return the message with its checksum. Too large numbers raise `struct.error`."""
        without = _LAYOUT.pack(self.kind, 0, 0, self.identifier, self.sequence) + self.data
        checksum = internet_checksum(without)
        return _LAYOUT.pack(self.kind, 0, checksum, self.identifier, self.sequence) + self.data
