"""Players hidden behind the interface's MAC address, because a Wi-Fi station sends no other.

    room                                  gateway              LAN
    player's MAC, his IP    ---------->   own MAC, his IP      everybody sees one station
    player's MAC, his IP    <----------   own MAC, his IP      with several IP addresses

What a player sends tells which IP addresses are his. What comes back to the interface's MAC goes
to him by its IP destination; ARP, neighbour discovery and DHCP name MAC addresses inside and are
rewritten. Broadcast and multicast pass unchanged into the room. What names no player is the
gateway's own machine's.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address

from lanparty_gateway.mac_nat.counters import MacNatCounters
from lanparty_gateway.mac_nat.from_lan import LanSide
from lanparty_gateway.mac_nat.from_room import RoomSide
from lanparty_gateway.mac_nat.standing import Standing
from lanparty_proto import MacAddress

__all__ = ["MacNat"]


class MacNat:
    """Translates frames both ways. Whatever is in a frame, nothing raises; it is counted.

    A player is who sends frames from the room: the relay lets nobody use another's MAC.
    """

    def __init__(self, own_mac: MacAddress) -> None:
        """`own_mac` is the interface's."""
        self._standing = Standing(own_mac)
        self._room_side = RoomSide(self._standing)
        self._lan_side = LanSide(self._standing)

    @property
    def counters(self) -> MacNatCounters:
        """What was counted since the beginning, live."""
        return self._standing.counters

    @property
    def players_addresses(self) -> int:
        """How many IP addresses of players are known."""
        return len(self._standing.table)

    def from_room(self, frame: bytes, now: float) -> list[bytes]:
        """Return what goes onto the LAN for a player's frame: one frame or none."""
        return self._room_side.translate(frame, now)

    def from_lan(self, frame: bytes, now: float) -> list[bytes]:
        """Return what goes into the room for a frame of the LAN: one frame or none."""
        return self._lan_side.translate(frame, now)

    def set_members(self, macs: frozenset[bytes]) -> None:
        """Name all players of the room; the addresses of those who left are free at once."""
        self._standing.table.keep_players(macs)

    def set_host_addresses(self, addresses: Iterable[IPv4Address | IPv6Address]) -> None:
        """Name the addresses of the gateway's own machine on this LAN: no player may use them."""
        self._standing.table.set_host_addresses(address.packed for address in addresses)

    def set_interface_mac(self, mac: MacAddress) -> None:
        """Go on behind another MAC address; what was learned is forgotten."""
        self._standing.own_mac = bytes(mac)
        self._standing.table.clear()
