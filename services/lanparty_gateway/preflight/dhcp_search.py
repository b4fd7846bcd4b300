"""Finds DHCP servers: one DISCOVER of a player who doesn't exist, and who offers something. Pure.

Nothing is requested, so no lease is made; what a server sets aside for an offer it forgets by
itself (RFC 2131 section 3.1).
"""

from ipaddress import IPv4Address
from typing import Final

from lanparty_ethernet import (
    DHCP_CLIENT_PORT,
    DHCP_SERVER_PORT,
    ETHERTYPE_IPV4,
    PROTOCOL_UDP,
    DhcpKind,
    DhcpMessage,
    DhcpOption,
    Ipv4Packet,
    PacketError,
    UdpDatagram,
    address_option,
    addresses_option,
)
from lanparty_gateway.preflight.facts import DhcpServer
from lanparty_proto import (
    BROADCAST,
    CUSTOMER_TAG,
    EthernetHeader,
    MacAddress,
    VlanTag,
    encode_ethernet,
)

__all__ = ["DhcpSearch"]

_NO_ADDRESS: Final = IPv4Address(0)
_LIMITED_BROADCAST: Final = IPv4Address("255.255.255.255")
_WANTED: Final = bytes((DhcpOption.SUBNET_MASK, DhcpOption.ROUTERS, DhcpOption.SERVER))
_MOST_SERVERS: Final = 16
"""Who answers more often than a home has servers is a flooder, and one more tells nothing."""

_UDP_HEADER: Final = 8
_CHECKSUM: Final = slice(6, 8)


class DhcpSearch:
    """Writes the question and knows its answers. Other frames are left alone."""

    def __init__(self, mac: MacAddress, *, transaction: int) -> None:
        """`mac` is an address that nobody has; `transaction` are 32 random bits."""
        self._mac = mac
        self._transaction = transaction
        self._servers: set[DhcpServer] = set()
        self._routers: list[IPv4Address] = []

    @property
    def servers(self) -> tuple[DhcpServer, ...]:
        """Who has answered, in order of address."""
        return tuple(sorted(self._servers))

    @property
    def hosts(self) -> tuple[IPv4Address, ...]:
        """The routers that were offered, then the servers: whom one may ask something else."""
        servers = (server.address for server in self.servers)
        return tuple(dict.fromkeys((*self._routers, *servers)))

    def discover(
        self, *, sender: MacAddress | None = None, seconds: int = 0, vlan: int | None = None
    ) -> bytes:
        """Return the question as a frame; the answer is wanted by broadcast.

        `sender` transmits it instead of the nobody who asks; `seconds` have passed since the first.
        """
        message = DhcpMessage(
            kind=DhcpKind.DISCOVER,
            transaction=self._transaction,
            client_mac=self._mac,
            seconds=seconds,
            broadcast=True,
            options={DhcpOption.PARAMETERS: _WANTED},
        )
        datagram = UdpDatagram(DHCP_CLIENT_PORT, DHCP_SERVER_PORT, message.encode())
        packet = Ipv4Packet(
            source=_NO_ADDRESS,
            destination=_LIMITED_BROADCAST,
            protocol=PROTOCOL_UDP,
            payload=datagram.encode(source=_NO_ADDRESS, destination=_LIMITED_BROADCAST),
        )
        return encode_ethernet(
            BROADCAST,
            sender or self._mac,
            ETHERTYPE_IPV4,
            packet.encode(),
            tag=None if vlan is None else VlanTag(CUSTOMER_TAG, vlan),
        )

    def receive(self, header: EthernetHeader) -> bool:
        """Take a frame; True if it answers this question."""
        if header.ethertype != ETHERTYPE_IPV4:
            return False
        try:
            packet = Ipv4Packet.parse(header.payload)
            message = _message_of(packet)
        except PacketError:
            return False
        if message is None or not self._is_answer(message):
            return False
        if message.kind is DhcpKind.OFFER and len(self._servers) < _MOST_SERVERS:
            named = address_option(message.options, DhcpOption.SERVER)
            self._servers.add(DhcpServer(address=packet.source if named is None else named))
            self._routers += addresses_option(message.options, DhcpOption.ROUTERS)[:1]
        return True

    def _is_answer(self, message: DhcpMessage) -> bool:
        return (
            message.from_server
            and message.transaction == self._transaction
            and message.client_mac == self._mac
        )


def _message_of(packet: Ipv4Packet) -> DhcpMessage | None:
    """Read a server's message; None for other packets. Raises `PacketError`."""
    if packet.protocol != PROTOCOL_UDP or packet.is_fragment or len(packet.payload) < _UDP_HEADER:
        return None
    # The sum of what a neighbour on a virtual cable sends isn't finished (CHECKSUM_PARTIAL): here
    # the transaction and the address prove more than it would, so it is read as if there were none.
    octets = bytearray(packet.payload)
    octets[_CHECKSUM] = b"\0\0"
    datagram = UdpDatagram.parse(
        bytes(octets), source=packet.source, destination=packet.destination
    )
    if datagram.destination_port != DHCP_CLIENT_PORT:
        return None
    return DhcpMessage.parse(datagram.payload)
