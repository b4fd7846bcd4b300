"""Which IP address is which player's, and which ones are the LAN's own.

Addresses are their octets, 4 or 16: a frame's slice finds them. What the LAN says of itself (ARP,
neighbour discovery) wins over every player, and what its DHCP server gives a player wins over an
older word of the LAN.
"""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Final

__all__ = ["ADDRESSES_PER_PLAYER", "LAN_LIMIT", "PLAYER_LIMIT", "AddressTable", "Claim"]

ADDRESSES_PER_PLAYER: Final = 16
"""IPv4 of LAN and room, and IPv6 with its temporary addresses; the longest unused one goes."""

PLAYER_LIMIT: Final = 256
"""A room has at most 250."""

LAN_LIMIT: Final = 4_096
"""As many as the bridge learns MAC addresses of the LAN."""

_PLAYERS_SECONDS: Final = 1_800.0
"""A player's address is his until he hasn't used it for half an hour."""

_LAN_SECONDS: Final = 1_200.0
"""As long as a host commonly believes ARP; a switched LAN shows ARP of its hosts rarely."""


class Claim(Enum):
    """What became of a player's use of an address."""

    TAKEN = auto()
    NOBODYS = auto()
    """Unspecified, multicast or loopback: not one that somebody may have."""
    LAN_HAS_IT = auto()
    PLAYER_HAS_IT = auto()


class AddressTable:
    """Bounded, aged; every operation is O(1) but for `keep_players`."""

    def __init__(self) -> None:
        self._owners: dict[bytes, bytes] = {}
        self._players: dict[bytes, dict[bytes, float]] = {}
        """By MAC, the addresses with when they were used; the longest unused come first."""
        self._lan: dict[bytes, float] = {}
        self._host: frozenset[bytes] = frozenset()

    def __len__(self) -> int:
        return len(self._owners)

    @property
    def lan_addresses(self) -> int:
        """How many addresses of the LAN are remembered."""
        return len(self._lan)

    def is_player(self, mac: bytes) -> bool:
        """Whether frames of this player were seen."""
        return mac in self._players

    def meet(self, mac: bytes) -> None:
        """Note that the player sent something."""
        players = self._players
        addresses = players.pop(mac, None)
        if addresses is None:
            addresses = {}
            if len(players) >= PLAYER_LIMIT:
                self._forget(next(iter(players)))
        players[mac] = addresses

    def claim(self, address: bytes, mac: bytes, *, now: float) -> Claim:
        """Note that the player, met before, uses the address, if it can be his."""
        owner = self._owners.get(address)
        if owner != mac:
            if not _can_be_had(address):
                return Claim.NOBODYS
            if address in self._host or self._is_lans(address, now):
                return Claim.LAN_HAS_IT
            if owner is not None:
                if now - self._players[owner][address] < _PLAYERS_SECONDS:
                    return Claim.PLAYER_HAS_IT
                self._release(address)
        self._give(address, mac, now)
        return Claim.TAKEN

    def assign(self, address: bytes, mac: bytes, *, now: float) -> None:
        """Note that the LAN's DHCP server gave the address to the player, met before."""
        if address in self._host or not _can_be_had(address):
            return
        self._lan.pop(address, None)
        if self._owners.get(address, mac) != mac:
            self._release(address)
        self._give(address, mac, now)

    def hear_on_lan(self, address: bytes, *, now: float) -> None:
        """Note that a host of the LAN says that it has the address."""
        if not _can_be_had(address):
            return
        if address in self._owners:
            self._release(address)
        lan = self._lan
        if lan.pop(address, None) is None and len(lan) >= LAN_LIMIT:
            del lan[next(iter(lan))]
        lan[address] = now

    def owner(self, address: bytes, *, now: float) -> bytes | None:
        """Return the MAC of the player who has the address."""
        mac = self._owners.get(address)
        if mac is None or now - self._players[mac][address] < _PLAYERS_SECONDS:
            return mac
        self._release(address)
        return None

    def keep_players(self, macs: frozenset[bytes]) -> None:
        """Forget the players who aren't among `macs`, and with them their addresses."""
        for mac in self._players.keys() - macs:
            self._forget(mac)

    def set_host_addresses(self, addresses: Iterable[bytes]) -> None:
        """Name the addresses of the gateway's own machine, which no player gets."""
        self._host = frozenset(addresses)
        for address in self._host & self._owners.keys():
            self._release(address)

    def clear(self) -> None:
        """Forget all: the interface may be on another LAN now."""
        self._owners.clear()
        self._players.clear()
        self._lan.clear()

    def _is_lans(self, address: bytes, now: float) -> bool:
        heard_at = self._lan.get(address)
        if heard_at is None or now - heard_at < _LAN_SECONDS:
            return heard_at is not None
        del self._lan[address]
        return False

    def _give(self, address: bytes, mac: bytes, now: float) -> None:
        addresses = self._players[mac]
        if addresses.pop(address, None) is None and len(addresses) >= ADDRESSES_PER_PLAYER:
            self._release(next(iter(addresses)))
        addresses[address] = now
        self._owners[address] = mac

    def _release(self, address: bytes) -> None:
        del self._players[self._owners.pop(address)][address]

    def _forget(self, mac: bytes) -> None:
        for address in self._players.pop(mac):
            del self._owners[address]


def _can_be_had(address: bytes) -> bool:
    if len(address) == 4:
        return 0 < address[0] < 224 and address[0] != 127
    return address[0] != 0xFF and any(address[:15])  # :: and ::1 end in nothing but their last
