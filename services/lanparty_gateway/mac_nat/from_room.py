"""A player's frame as the interface may send it: its own MAC address in place of the player's."""

from typing import Final

from lanparty_ethernet import (
    ETHERTYPE_ARP,
    ETHERTYPE_IPV4,
    ETHERTYPE_IPV6,
    NeighbourKind,
    PacketError,
    PacketFault,
    find_ipv6_payload,
    find_neighbour_message,
    find_network_header,
)
from lanparty_gateway.mac_nat.address_table import Claim
from lanparty_gateway.mac_nat.rewriting import (
    dhcp_message_at,
    replace_link_addresses,
    wish_for_broadcast,
)
from lanparty_gateway.mac_nat.standing import Standing
from lanparty_proto import CUSTOMER_TAG, SERVICE_TAG

__all__ = ["RoomSide"]

_NO_IPV4: Final = bytes(4)
_ARP_LENGTH: Final = 28
_ARP_OF_ETHERNET_AND_IPV4: Final = bytes.fromhex("000108000604")
_IPV4_HEADER: Final = 20

_STATIONS_OWN: Final = frozenset({0x888E, 0x88C7, 0x890D})
"""EAPOL, pre-authentication and what IEEE 802.11z sends: said in the interface's name, they could
end its own association with the access point."""

_SMALLEST_TYPE: Final = 0x0600
_TAGS: Final = frozenset({CUSTOMER_TAG, SERVICE_TAG})


class RoomSide:
    """Translates one frame after the other."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def translate(self, frame: bytes, now: float) -> list[bytes]:
        """Return what goes onto the LAN; empty, and counted, if nothing may."""
        count = self._standing.counters
        try:
            ethertype, at = find_network_header(frame)
            translated = self._translate(frame, ethertype, at, now)
        except PacketError:
            count.unreadable += 1
            return []
        if translated is None:
            return []
        translated[6:12] = self._standing.own_mac
        count.translated_from_room += 1
        return [bytes(translated)]

    def _translate(self, frame: bytes, ethertype: int, at: int, now: float) -> bytearray | None:
        mac = frame[6:12]
        if mac[0] & 1 or mac == self._standing.own_mac:
            raise PacketError(PacketFault.KIND)
        self._standing.table.meet(mac)
        if ethertype == ETHERTYPE_IPV4:
            return self._ipv4(frame, at, mac, now)
        if ethertype == ETHERTYPE_IPV6:
            return self._ipv6(frame, at, mac, now)
        if ethertype == ETHERTYPE_ARP:
            return self._arp(frame, at, mac, now)
        if ethertype < _SMALLEST_TYPE or ethertype in _TAGS:
            # On the air every frame is LLC and SNAP (IEEE 802.11-2020 clause 5.1.4): whoever gets
            # it can't tell it from what was wrapped so here.
            self._standing.counters.not_ip_wrapped += 1
            return None
        if not frame[0] & 1 or ethertype in _STATIONS_OWN:
            self._standing.counters.not_ip_unicast += 1
            return None
        self._standing.counters.not_ip_broadcasts += 1
        return bytearray(frame)

    def _arp(self, frame: bytes, at: int, mac: bytes, now: float) -> bytearray | None:
        if at + _ARP_LENGTH > len(frame):
            raise PacketError(PacketFault.TRUNCATED)
        if frame[at : at + 6] != _ARP_OF_ETHERNET_AND_IPV4:
            raise PacketError(PacketFault.KIND)
        if frame[at + 8 : at + 14] != mac:
            self._standing.counters.not_own_mac += 1
            return None
        sender, target = frame[at + 14 : at + 18], frame[at + 24 : at + 28]
        if sender == _NO_IPV4:
            self._standing.note_probe(target, mac, now=now)
        elif not self._may_use(sender, mac, now):
            return None
        changed = bytearray(frame)
        changed[at + 8 : at + 14] = self._standing.own_mac
        if frame[at + 18 : at + 24] == mac:  # some announcements name the sender as target too
            changed[at + 18 : at + 24] = self._standing.own_mac
        return changed

    def _ipv4(self, frame: bytes, at: int, mac: bytes, now: float) -> bytearray | None:
        if at + _IPV4_HEADER > len(frame):
            raise PacketError(PacketFault.TRUNCATED)
        if frame[at] >> 4 != 4:
            raise PacketError(PacketFault.VERSION)
        if not self._may_use(frame[at + 12 : at + 16], mac, now):
            return None
        changed = bytearray(frame)
        message = dhcp_message_at(frame, at, from_server=False)
        if message is not None:
            wish_for_broadcast(changed, message)
        return changed

    def _ipv6(self, frame: bytes, at: int, mac: bytes, now: float) -> bytearray | None:
        message = find_neighbour_message(frame, find_ipv6_payload(frame, at))
        if message is not None and any(
            frame[place : place + 6] != mac for place in message.link_addresses
        ):
            self._standing.counters.not_own_mac += 1
            return None
        used = [frame[at + 8 : at + 24]]
        if message is not None and message.kind is NeighbourKind.ADVERTISEMENT and message.target:
            used.append(message.target)
        if not all(self._may_use(address, mac, now) for address in used):
            return None
        changed = bytearray(frame)
        if message is not None:
            replace_link_addresses(changed, message, self._standing.own_mac)
        return changed

    def _may_use(self, address: bytes, mac: bytes, now: float) -> bool:
        """Take the address for the player; False, and counted, if it is somebody else's."""
        match self._standing.table.claim(address, mac, now=now):
            case Claim.LAN_HAS_IT:
                self._standing.counters.lan_conflicts += 1
            case Claim.PLAYER_HAS_IT:
                self._standing.counters.player_conflicts += 1
            case _:
                return True
        return False
