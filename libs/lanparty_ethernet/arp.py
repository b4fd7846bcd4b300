"""ARP for IPv4 over Ethernet (RFC 826): which MAC address has this IP address.

Probes and announcements (RFC 5227) are requests too: who wants an address asks whether anybody
has it, then says that it has it now.

The packet is the payload of a frame:

0       2        4    5    6           8            14          18           24          28
+-------+--------+----+----+-----------+------------+-----------+------------+-----------+
| 00 01 | 08 00  | 06 | 04 | operation | sender MAC | sender IP | target MAC | target IP |
+-------+--------+----+----+-----------+------------+-----------+------------+-----------+
"""

from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address
from struct import Struct
from typing import Final, Self

from lanparty_ethernet.errors import PacketError, PacketFault
from lanparty_proto import MacAddress

__all__ = ["ETHERTYPE_ARP", "ArpOperation", "ArpPacket"]

ETHERTYPE_ARP: Final = 0x0806

_LAYOUT: Final = Struct("!6sH6s4s6s4s")
_ETHERNET_AND_IPV4: Final = bytes.fromhex("000108000604")
_UNKNOWN_MAC: Final = MacAddress(bytes(6))
_NO_ADDRESS: Final = IPv4Address(0)


class ArpOperation(IntEnum):
    """What an ARP packet does."""

    REQUEST = 1
    REPLY = 2


@dataclass(frozen=True, slots=True)
class ArpPacket:
    """A request or reply, without the Ethernet header around it."""

    operation: ArpOperation
    sender_mac: MacAddress
    sender_ip: IPv4Address
    target_mac: MacAddress
    """All zero in a request: it is what is asked for."""
    target_ip: IPv4Address

    @classmethod
    def parse(cls, payload: memoryview) -> Self:
        """Read the payload of an Ethernet frame; padding after the packet is ignored.

        Raises `PacketError`: `TRUNCATED`, or `KIND` for other hardware, protocols or operations.
        """
        if len(payload) < _LAYOUT.size:
            raise PacketError(PacketFault.TRUNCATED)
        kinds, operation, sender_mac, sender_ip, target_mac, target_ip = _LAYOUT.unpack_from(
            payload
        )
        if kinds != _ETHERNET_AND_IPV4 or operation not in (1, 2):
            raise PacketError(PacketFault.KIND)
        return cls(
            ArpOperation(operation),
            MacAddress(sender_mac),
            IPv4Address(sender_ip),
            MacAddress(target_mac),
            IPv4Address(target_ip),
        )

    @classmethod
    def request(
        cls, *, sender_mac: MacAddress, sender_ip: IPv4Address, target: IPv4Address
    ) -> Self:
        """Ask who has `target`; the frame goes to the broadcast address."""
        return cls(ArpOperation.REQUEST, sender_mac, sender_ip, _UNKNOWN_MAC, target)

    @classmethod
    def probe(cls, *, sender_mac: MacAddress, target: IPv4Address) -> Self:
        """Ask who has `target` without saying who asks: no cache learns it (RFC 5227 1.1)."""
        return cls(ArpOperation.REQUEST, sender_mac, _NO_ADDRESS, _UNKNOWN_MAC, target)

    @classmethod
    def announcement(cls, *, mac: MacAddress, address: IPv4Address) -> Self:
        """Tell everybody that `mac` has `address` from now on (RFC 5227 1.1)."""
        return cls(ArpOperation.REQUEST, mac, address, _UNKNOWN_MAC, address)

    @property
    def is_probe(self) -> bool:
        """A request of one who wants the target address and has none yet."""
        return self.operation is ArpOperation.REQUEST and self.sender_ip == _NO_ADDRESS

    def reply(self, mac: MacAddress) -> "ArpPacket":
        """Answer this request: its target has `mac`. The frame goes to `sender_mac`."""
        return ArpPacket(ArpOperation.REPLY, mac, self.target_ip, self.sender_mac, self.sender_ip)

    def encode(self) -> bytes:
        """Return the 28 bytes, without padding."""
        return _LAYOUT.pack(
            _ETHERNET_AND_IPV4,
            self.operation,
            self.sender_mac,
            self.sender_ip.packed,
            self.target_mac,
            self.target_ip.packed,
        )
