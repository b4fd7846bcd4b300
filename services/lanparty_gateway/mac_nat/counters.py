"""What the hiding of players counts."""

from dataclasses import dataclass

__all__ = ["MacNatCounters"]


@dataclass(slots=True)
class MacNatCounters:
    """Frames, since the gateway began."""

    translated_from_room: int = 0
    translated_from_lan: int = 0
    passed_from_lan: int = 0
    """Broadcast and multicast, unchanged."""
    own_reflected: int = 0
    """The interface's own, which the access point sent back."""
    not_players: int = 0
    """Unicast that is the machine's own matter, or for an address that no player has."""
    lan_conflicts: int = 0
    """A player used an address that the LAN uses; dropped."""
    player_conflicts: int = 0
    """A player used an address that another player has; dropped."""
    not_own_mac: int = 0
    """ARP or neighbour discovery in which a player names another MAC than his; dropped."""
    not_ip_broadcasts: int = 0
    """Went onto the LAN, but no answer to them finds the way back."""
    not_ip_wrapped: int = 0
    """Dropped: LLC, or more VLAN tags than are looked behind, so that it may be IP or ARP after
    all."""
    not_ip_unicast: int = 0
    """Dropped: what isn't IP says nowhere for which player an answer would be."""
    unreadable: int = 0
