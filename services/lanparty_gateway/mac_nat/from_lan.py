"""A frame of the LAN as it goes to a player: what is for his IP address gets his MAC address."""

from typing import Final

from lanparty_ethernet import (
    ETHERTYPE_ARP,
    ETHERTYPE_IPV4,
    ETHERTYPE_IPV6,
    DhcpKind,
    DhcpMessage,
    NeighbourKind,
    NeighbourMessage,
    PacketError,
    PacketFault,
    find_ipv6_payload,
    find_neighbour_message,
    find_network_header,
)
from lanparty_gateway.mac_nat.rewriting import dhcp_message_at
from lanparty_gateway.mac_nat.standing import Standing
from lanparty_proto import BROADCAST

__all__ = ["LanSide"]

_NO_IPV4: Final = bytes(4)
_ARP_LENGTH: Final = 28
_ARP_OF_ETHERNET_AND_IPV4: Final = bytes.fromhex("000108000604")
_IPV4_HEADER: Final = 20
_CLIENT_MAC: Final = slice(28, 34)
_FIRST_MULTICAST: Final = 224
_LAST_MULTICAST: Final = 239
_LIMITED_BROADCAST: Final = b"\xff" * 4


class _SentBackError(Exception):
    """The frame names the interface's MAC address as the one that somebody else has.

    An access point sends back what its station said, or answers in its name (proxy ARP, IEEE
    802.11-2020 clause 11.21.14): to a player it would look as if his address were another's.
    """


class LanSide:
    """Translates one frame after the other."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def translate(self, frame: bytes, now: float) -> list[bytes]:
        """Return what goes into the room; empty, and counted, if nothing is for a player."""
        standing = self._standing
        count = standing.counters
        if frame[6:12] == standing.own_mac:
            count.own_reflected += 1
            return []
        try:
            ethertype, at = find_network_header(frame)
            if ethertype == ETHERTYPE_IPV4:
                player = self._ipv4(frame, at, now)
            elif ethertype == ETHERTYPE_IPV6:
                player = self._ipv6(frame, at, now)
            elif ethertype == ETHERTYPE_ARP:
                player = self._arp(frame, at, now)
            else:
                player = None
        except PacketError:
            count.unreadable += 1
            return []
        except _SentBackError:
            count.own_reflected += 1
            return []
        destination = frame[:6]
        if destination[0] & 1 or standing.table.is_player(destination):
            count.passed_from_lan += 1
            return [frame]
        if destination != standing.own_mac or player is None:
            count.not_players += 1
            return []
        count.translated_from_lan += 1
        changed = bytearray(frame)
        changed[:6] = player
        if ethertype == ETHERTYPE_ARP and frame[at + 18 : at + 24] == standing.own_mac:
            changed[at + 18 : at + 24] = player
        return [bytes(changed)]

    def _arp(self, frame: bytes, at: int, now: float) -> bytes | None:
        """Learn what the sender says of himself; return whose the target address is."""
        if at + _ARP_LENGTH > len(frame):
            raise PacketError(PacketFault.TRUNCATED)
        if frame[at : at + 6] != _ARP_OF_ETHERNET_AND_IPV4:
            raise PacketError(PacketFault.KIND)
        if frame[at + 8 : at + 14] == self._standing.own_mac:
            raise _SentBackError
        sender, target = frame[at + 14 : at + 18], frame[at + 24 : at + 28]
        table = self._standing.table
        table.hear_on_lan(sender, now=now)
        if target == _NO_IPV4:  # the answer to a probe
            return self._standing.prober(sender, now=now)
        return table.owner(target, now=now)

    def _ipv4(self, frame: bytes, at: int, now: float) -> bytes | None:
        if at + _IPV4_HEADER > len(frame):
            raise PacketError(PacketFault.TRUNCATED)
        if frame[at] >> 4 != 4:
            raise PacketError(PacketFault.VERSION)
        table = self._standing.table
        message = dhcp_message_at(frame, at, from_server=True)
        if message is not None and table.is_player(client := frame[message:][_CLIENT_MAC]):
            self._learn_lease(frame, message, client, now)
            return client
        target = frame[at + 16 : at + 20]
        # Some access points turn multicast into unicast to each station.
        if target == _LIMITED_BROADCAST:
            return BROADCAST
        if _FIRST_MULTICAST <= target[0] <= _LAST_MULTICAST:  # RFC 1112 section 6.4
            return b"\x01\x00\x5e" + bytes((target[1] & 0x7F,)) + target[2:]
        return table.owner(target, now=now)

    def _ipv6(self, frame: bytes, at: int, now: float) -> bytes | None:
        message = find_neighbour_message(frame, find_ipv6_payload(frame, at))
        if message is not None:
            self._learn_neighbour(frame, message, frame[at + 8 : at + 24], now)
        target = frame[at + 24 : at + 40]
        if target[0] == 0xFF:  # RFC 2464 section 7
            return b"\x33\x33" + target[12:]
        return self._standing.table.owner(target, now=now)

    def _learn_lease(self, frame: bytes, message: int, client: bytes, now: float) -> None:
        try:
            lease = DhcpMessage.parse(frame[message:])
        except PacketError:
            return
        if lease.kind is DhcpKind.ACK:
            self._standing.table.assign(lease.your_address.packed, client, now=now)

    def _learn_neighbour(
        self, frame: bytes, message: NeighbourMessage, source: bytes, now: float
    ) -> None:
        own = self._standing.own_mac
        if any(frame[place : place + 6] == own for place in message.link_addresses):
            raise _SentBackError
        table = self._standing.table
        table.hear_on_lan(source, now=now)
        if message.kind is NeighbourKind.ADVERTISEMENT and message.target is not None:
            table.hear_on_lan(message.target, now=now)
