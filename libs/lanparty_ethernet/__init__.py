"""What is inside of an Ethernet frame: ARP, IPv4, ICMP echo, checksums."""

from lanparty_ethernet.arp import ETHERTYPE_ARP, ArpOperation, ArpPacket
from lanparty_ethernet.checksum import internet_checksum
from lanparty_ethernet.errors import PacketError, PacketFault
from lanparty_ethernet.icmp import EchoKind, IcmpEcho
from lanparty_ethernet.ipv4 import (
    ETHERTYPE_IPV4,
    PROTOCOL_ICMP,
    PROTOCOL_TCP,
    PROTOCOL_UDP,
    Ipv4Packet,
)

__all__ = [
    "ETHERTYPE_ARP",
    "ETHERTYPE_IPV4",
    "PROTOCOL_ICMP",
    "PROTOCOL_TCP",
    "PROTOCOL_UDP",
    "ArpOperation",
    "ArpPacket",
    "EchoKind",
    "IcmpEcho",
    "Ipv4Packet",
    "PacketError",
    "PacketFault",
    "internet_checksum",
]
