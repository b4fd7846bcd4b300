"""A host without a kernel: one MAC and one IPv4 address that answer ARP and ICMP echo.

Pure: a frame goes in, the frames that answer it come out. Every frame is recorded as it came,
whoever it is for, so that a test also sees what should not have come.
"""

from collections import Counter, deque
from collections.abc import Mapping, Set
from ipaddress import IPv4Address
from types import MappingProxyType
from typing import Final

from lanparty_ethernet import (
    ETHERTYPE_ARP,
    ETHERTYPE_IPV4,
    PROTOCOL_ICMP,
    ArpOperation,
    ArpPacket,
    EchoKind,
    IcmpEcho,
    Ipv4Packet,
    PacketError,
)
from lanparty_proto import (
    BROADCAST,
    EthernetError,
    EthernetHeader,
    MacAddress,
    parse_ethernet,
)

__all__ = [
    "NEIGHBOUR_LIMIT",
    "RECORD_LIMIT",
    "TEST_ETHERTYPE",
    "VirtualHost",
    "default_address",
]

TEST_ETHERTYPE: Final = 0x88B6
"""Local experimental ethertype 2 (IEEE 802-2014 clause 9.2.3); softlan itself uses the first."""

RECORD_LIMIT: Final = 16_384
"""Frames kept; the oldest go first."""

NEIGHBOUR_LIMIT: Final = 1_024
"""More than a room has; what others claim beyond that is not learned."""

_TAG_TYPE: Final = b"\x81\x00"
_PING_DATA: Final = b"softlan ping"
_SEQUENCE_MASK: Final = 0xFFFF


def default_address(mac: MacAddress) -> IPv4Address:
    """Choose an address for a host that got none, in no way: in 10.86.0.0/16, from its MAC alone.

    Who knows the MAC knows the address. It is seldom another host's.
    """
    return IPv4Address(f"10.86.{mac[4]}.{max(1, min(mac[5], 254))}")


class VirtualHost:
    """One host on the segment. Nothing that arrives makes it raise."""

    def __init__(self, *, mac: MacAddress, address: IPv4Address) -> None:
        self.mac: Final = mac
        self.address = address
        """Whose ARP and pings it answers; may be changed at any time."""
        self._neighbours: dict[IPv4Address, MacAddress] = {}
        self._sequence = 0
        self._echoes: set[int] = set()
        self._record: deque[bytes] = deque()
        self._counts: Counter[bytes] = Counter()

    @property
    def neighbours(self) -> Mapping[IPv4Address, MacAddress]:
        """Who answered ARP, or asked."""
        return MappingProxyType(self._neighbours)

    @property
    def echoes(self) -> Set[int]:
        """Sequence numbers of the echo requests that were answered."""
        return self._echoes

    # What arrives.

    def receive_frame(self, frame: bytes) -> list[bytes]:
        """Record a frame and return the frames that answer it."""
        self._keep(frame)
        try:
            header = parse_ethernet(memoryview(frame))
            if header.destination not in (self.mac, BROADCAST):
                return []
            if header.ethertype == ETHERTYPE_ARP:
                return self._receive_arp(ArpPacket.parse(header.payload))
            if header.ethertype == ETHERTYPE_IPV4:
                return self._receive_ipv4(header, Ipv4Packet.parse(header.payload))
        except (EthernetError, PacketError):
            pass  # Not for this host to complain; the record has it.
        return []

    def _receive_arp(self, packet: ArpPacket) -> list[bytes]:
        if packet.target_ip != self.address:
            return []
        if len(self._neighbours) < NEIGHBOUR_LIMIT or packet.sender_ip in self._neighbours:
            self._neighbours[packet.sender_ip] = packet.sender_mac
        if packet.operation is not ArpOperation.REQUEST:
            return []
        answer = packet.reply(self.mac).encode()
        return [self.frame(packet.sender_mac, answer, ethertype=ETHERTYPE_ARP)]

    def _receive_ipv4(self, header: EthernetHeader, packet: Ipv4Packet) -> list[bytes]:
        is_mine = packet.destination == self.address and not packet.is_fragment
        if packet.protocol != PROTOCOL_ICMP or not is_mine:
            return []
        echo = IcmpEcho.parse(packet.payload)
        if echo.kind is EchoKind.REPLY:
            if echo.identifier == self._identifier:
                self._echoes.add(echo.sequence)
            return []
        return [self._icmp(MacAddress(header.source), packet.source, echo.reply())]

    # What it sends.

    def arp_request(self, target: IPv4Address) -> bytes:
        """Make the broadcast that asks who has an address; `neighbours` gets the answer."""
        packet = ArpPacket.request(sender_mac=self.mac, sender_ip=self.address, target=target)
        return self.frame(BROADCAST, packet.encode(), ethertype=ETHERTYPE_ARP)

    def echo_request(self, target: IPv4Address) -> tuple[int, bytes]:
        """Make the next ping and return its sequence number, which `echoes` gets, and its frame.

        Raises KeyError if the target isn't a neighbour yet.
        """
        self._sequence = (self._sequence + 1) & _SEQUENCE_MASK
        self._echoes.discard(self._sequence)
        echo = IcmpEcho(EchoKind.REQUEST, self._identifier, self._sequence, _PING_DATA)
        return self._sequence, self._icmp(self._neighbours[target], target, echo)

    def frame(
        self,
        destination: MacAddress,
        payload: bytes,
        *,
        ethertype: int = TEST_ETHERTYPE,
        tag: int | None = None,
    ) -> bytes:
        """Make a frame from this host; with `tag`, in that VLAN (IEEE 802.1Q clause 9.6)."""
        vlan = b"" if tag is None else _TAG_TYPE + tag.to_bytes(2)
        return destination + self.mac + vlan + ethertype.to_bytes(2) + payload

    def _icmp(self, mac: MacAddress, address: IPv4Address, echo: IcmpEcho) -> bytes:
        packet = Ipv4Packet(
            source=self.address,
            destination=address,
            protocol=PROTOCOL_ICMP,
            payload=echo.encode(),
        )
        return self.frame(mac, packet.encode(), ethertype=ETHERTYPE_IPV4)

    @property
    def _identifier(self) -> int:
        return int.from_bytes(self.mac[-2:])

    # The record.

    def recorded(self) -> list[bytes]:
        """Look at what arrived since `clear_record`, oldest first."""
        return list(self._record)

    def count(self, frame: bytes) -> int:
        """Tell how often this very frame arrived."""
        return self._counts[frame]

    def clear_record(self) -> None:
        """Forget what arrived."""
        self._record.clear()
        self._counts.clear()

    def _keep(self, frame: bytes) -> None:
        self._record.append(frame)
        self._counts[frame] += 1
        if len(self._record) > RECORD_LIMIT:
            oldest = self._record.popleft()
            self._counts[oldest] -= 1
            if not self._counts[oldest]:
                del self._counts[oldest]
