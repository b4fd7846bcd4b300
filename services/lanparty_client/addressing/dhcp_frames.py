"""DHCP messages as whole Ethernet frames, and which frames from the room are such."""

from ipaddress import IPv4Address
from typing import Final

from lanparty_ethernet import (
    DHCP_CLIENT_PORT,
    DHCP_SERVER_PORT,
    ETHERTYPE_IPV4,
    PROTOCOL_UDP,
    DhcpMessage,
    Ipv4Packet,
    PacketError,
    UdpDatagram,
)
from lanparty_proto import BROADCAST, ETHERNET_HEADER_LENGTH, MacAddress, encode_ethernet

__all__ = ["EVERYBODY", "answer_in", "frame_of"]

EVERYBODY: Final = IPv4Address("255.255.255.255")
_NO_ADDRESS: Final = IPv4Address(0)

_PROTOCOL_AT: Final = ETHERNET_HEADER_LENGTH + 9
_SHORTEST: Final = ETHERNET_HEADER_LENGTH + 20 + 8 + 240
_HEADER_LENGTH_MASK: Final = 0x0F
_CLIENT_PORT: Final = DHCP_CLIENT_PORT.to_bytes(2, "big")


def answer_in(frame: bytes, *, mac: MacAddress) -> DhcpMessage | None:
    """Return the server's message in an untagged IPv4 frame, if it is one and for `mac`.

    All but UDP to the client's port is told apart by two comparisons; what is malformed, a
    fragment, or for another client is None too.
    """
    if len(frame) < _SHORTEST or frame[_PROTOCOL_AT] != PROTOCOL_UDP:
        return None
    header_length = (frame[ETHERNET_HEADER_LENGTH] & _HEADER_LENGTH_MASK) * 4
    port_at = ETHERNET_HEADER_LENGTH + header_length + 2
    if frame[port_at : port_at + 2] != _CLIENT_PORT:
        return None
    try:
        packet = Ipv4Packet.parse(memoryview(frame)[ETHERNET_HEADER_LENGTH:])
        if packet.is_fragment:
            return None
        datagram = UdpDatagram.parse(
            packet.payload, source=packet.source, destination=packet.destination
        )
        message = DhcpMessage.parse(datagram.payload)
    except PacketError:
        return None
    return message if message.from_server and message.client_mac == mac else None


def frame_of(
    message: DhcpMessage,
    *,
    source: IPv4Address = _NO_ADDRESS,
    server: IPv4Address = EVERYBODY,
    server_mac: MacAddress = BROADCAST,
) -> bytes:
    """Make the frame that takes a client's message to one server, or to all."""
    datagram = UdpDatagram(DHCP_CLIENT_PORT, DHCP_SERVER_PORT, message.encode())
    packet = Ipv4Packet(
        source=source,
        destination=server,
        protocol=PROTOCOL_UDP,
        payload=datagram.encode(source=source, destination=server),
    )
    return encode_ethernet(server_mac, message.client_mac, ETHERTYPE_IPV4, packet.encode())
