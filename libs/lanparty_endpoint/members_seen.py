"""Which IPv4 addresses the room's members use, learned from their ARP packets (RFC 826)."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from types import MappingProxyType
from typing import Final

from lanparty_ethernet import ETHERTYPE_ARP, ArpPacket, PacketError
from lanparty_proto import EthernetError, MacAddress, parse_ethernet

__all__ = ["MembersSeen"]

_SEEN_LIMIT: Final = 1_024
"""More than a room has; what is claimed beyond that is not learned."""

_NOWHERE: Final = IPv4Address("0.0.0.0")  # noqa: S104  the sender of an ARP probe (RFC 5227)


class MembersSeen:
    """A station that listens. What it learns is each member's own claim: to show, not to trust."""

    ethertypes: Final = frozenset({ETHERTYPE_ARP})

    def __init__(self) -> None:
        self._addresses: dict[MacAddress, IPv4Address] = {}

    @property
    def addresses(self) -> Mapping[MacAddress, IPv4Address]:
        """The address that each MAC used last."""
        return MappingProxyType(self._addresses)

    def receive_frame(self, frame: bytes, *, source: int, now: float) -> bool:  # noqa: ARG002
        """Learn from a frame; it is never for this station alone."""
        try:
            header = parse_ethernet(memoryview(frame))
            packet = ArpPacket.parse(header.payload)
        except (EthernetError, PacketError):
            return False
        mac, address = packet.sender_mac, packet.sender_ip
        if mac != header.source:  # The relay vouches for the frame's source, and for no more.
            return False
        known = mac in self._addresses
        if address != _NOWHERE and (known or len(self._addresses) < _SEEN_LIMIT):
            self._addresses[mac] = address
        return False

    def frames_to_send(self, *, now: float) -> list[bytes]:  # noqa: ARG002
        """Say nothing."""
        return []

    def next_deadline(self) -> float | None:
        """Wait for nothing."""
        return None
