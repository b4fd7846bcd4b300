"""What is inside of an Ethernet frame: ARP, IPv4, ICMP echo, UDP, DHCP, checksums.

IPv6's extension headers, TCP segment sizes, finishing what a network card would, and softlan's own
probes too.
"""

from lanparty_ethernet.arp import ETHERTYPE_ARP, ArpOperation, ArpPacket
from lanparty_ethernet.checksum import internet_checksum, mended_checksum
from lanparty_ethernet.dhcp import (
    DHCP_CLIENT_PORT,
    DHCP_SERVER_PORT,
    DhcpKind,
    DhcpMessage,
)
from lanparty_ethernet.dhcp_options import (
    DhcpOption,
    address_option,
    addresses_option,
    prefix_length_option,
    seconds_option,
)
from lanparty_ethernet.errors import PacketError, PacketFault
from lanparty_ethernet.header_fields import HeaderFields, PacketFields, read_header_fields
from lanparty_ethernet.icmp import EchoKind, IcmpEcho
from lanparty_ethernet.ipv4 import (
    ETHERTYPE_IPV4,
    PROTOCOL_ICMP,
    PROTOCOL_TCP,
    PROTOCOL_UDP,
    Ipv4Packet,
)
from lanparty_ethernet.ipv6 import (
    ETHERTYPE_IPV6,
    IPV6_HEADER_LENGTH,
    PROTOCOL_ICMPV6,
    Ipv6Place,
    find_ipv6_payload,
)
from lanparty_ethernet.link_local import LINK_LOCAL_NETWORK, link_local_candidate
from lanparty_ethernet.mss import clamp_mss
from lanparty_ethernet.neighbour_discovery import (
    NeighbourKind,
    NeighbourMessage,
    find_neighbour_message,
)
from lanparty_ethernet.network_place import find_network_header
from lanparty_ethernet.offload import OffloadKind, complete_checksum, segment
from lanparty_ethernet.probe import (
    ETHERTYPE_PROBE,
    PROBE_UDP_PORT,
    SMALLEST_PROBE_FRAME,
    Hearing,
    Probe,
    ProbeDirection,
    ProbeKind,
    broadcast_datagram,
)
from lanparty_ethernet.udp import UdpDatagram

__all__ = [
    "DHCP_CLIENT_PORT",
    "DHCP_SERVER_PORT",
    "ETHERTYPE_ARP",
    "ETHERTYPE_IPV4",
    "ETHERTYPE_IPV6",
    "ETHERTYPE_PROBE",
    "IPV6_HEADER_LENGTH",
    "LINK_LOCAL_NETWORK",
    "PROBE_UDP_PORT",
    "PROTOCOL_ICMP",
    "PROTOCOL_ICMPV6",
    "PROTOCOL_TCP",
    "PROTOCOL_UDP",
    "SMALLEST_PROBE_FRAME",
    "ArpOperation",
    "ArpPacket",
    "DhcpKind",
    "DhcpMessage",
    "DhcpOption",
    "EchoKind",
    "HeaderFields",
    "Hearing",
    "IcmpEcho",
    "Ipv4Packet",
    "Ipv6Place",
    "NeighbourKind",
    "NeighbourMessage",
    "OffloadKind",
    "PacketError",
    "PacketFault",
    "PacketFields",
    "Probe",
    "ProbeDirection",
    "ProbeKind",
    "UdpDatagram",
    "address_option",
    "addresses_option",
    "broadcast_datagram",
    "clamp_mss",
    "complete_checksum",
    "find_ipv6_payload",
    "find_neighbour_message",
    "find_network_header",
    "internet_checksum",
    "link_local_candidate",
    "mended_checksum",
    "prefix_length_option",
    "read_header_fields",
    "seconds_option",
    "segment",
]
