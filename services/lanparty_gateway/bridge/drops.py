"""Why a frame didn't cross: closed sets, one for each way, for counters and labels."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["BridgeCounters", "LanDrop", "RoomDrop", "WayCounters"]


class LanDrop(StrEnum):
    """Why a frame of the LAN didn't go into the room."""

    RUNT = "runt"
    """Too short for an Ethernet header."""
    BAD_SOURCE = "bad_source"
    """Its source is a group address or all zero."""
    OWN_SOURCE = "own_source"
    """Its source is the gateway's own address or its interface's."""
    MEMBER_SOURCE = "member_source"
    """Its source is a player's address: a loop."""
    CONTESTED = "contested"
    """Its source is a player's address, but was the host's before the player came."""
    LOOP_PROBE = "loop_probe"
    """A gateway's search for loops, this one's or another's."""
    STAYS_ON_LAN = "stays_on_lan"
    """It is for another host of the LAN."""
    RESERVED_DESTINATION = "reserved_destination"
    """It is for switches, which no bridge forwards (IEEE 802.1Q-2022 table 8-1)."""
    VLAN = "vlan"
    """It belongs to another VLAN than the one that is bridged."""
    NOT_ALLOWED = "not_allowed"
    """Its sender isn't among the allowed addresses."""
    TUNNEL = "tunnel"
    """It is a packet between a softlan endpoint and the relay."""
    DHCP = "dhcp"
    """DHCP, which the settings keep out."""
    ROUTER_ADVERTISEMENT = "router_advertisement"
    """An IPv6 router's advertisement or redirect, which the settings keep out."""
    UNREADABLE = "unreadable"
    """Its headers end too early, or are hidden in fragments, so what it is can't be seen."""
    HELD_BACK = "held_back"
    """The same frame came so often that it may be going round in a loop: it is being tried."""
    RATE = "rate"
    """More broadcast and multicast than the limit."""
    MAC_NAT = "mac_nat"
    """Nobody in the room is meant behind the interface's address."""
    NOT_JOINED = "not_joined"
    """There was no room, or no link, at that moment."""
    CHECKING = "checking"
    """The gateway was still looking for loops and other gateways."""
    STOPPED = "stopped"
    """The gateway has stopped because of a loop or a second gateway."""


class RoomDrop(StrEnum):
    """Why a frame of the room didn't go onto the LAN."""

    RUNT = "runt"
    NOT_MEMBER = "not_member"
    """Its source is no player's address."""
    SOURCE_ON_LAN = "source_on_lan"
    """Its source is a host's of the LAN: a sign of a loop, or an address that two have."""
    OWN_SOURCE = "own_source"
    """Its source is the gateway's own address or its interface's."""
    LOOP_PROBE = "loop_probe"
    RESERVED_DESTINATION = "reserved_destination"
    HOST_UNREACHABLE = "host_unreachable"
    """It is for the machine that the gateway runs on, which a packet socket can't reach."""
    VLAN = "vlan"
    """It has a tag, but the settings bridge one VLAN."""
    NOT_ALLOWED = "not_allowed"
    """Its receiver isn't among the allowed addresses."""
    TUNNEL = "tunnel"
    DHCP = "dhcp"
    """A server's message, or any DHCP if the settings keep it out."""
    ROUTER_ADVERTISEMENT = "router_advertisement"
    MULTICAST_ROUTER = "multicast_router"
    """It would make the LAN's switches send their streams to the gateway."""
    UNREADABLE = "unreadable"
    RATE = "rate"
    """More frames than the limit."""
    BROADCAST_RATE = "broadcast_rate"
    """More broadcast and multicast than the limit."""
    MAC_NAT = "mac_nat"
    """It can't be sent from behind the interface's address."""
    NOT_JOINED = "not_joined"
    CHECKING = "checking"
    STOPPED = "stopped"


@dataclass(slots=True)
class WayCounters:
    """One way's frames: received = forwarded + all that is dropped."""

    received: int = 0
    forwarded: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    """By `LanDrop` or `RoomDrop`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeCounters:
    """A copy of all that the bridge has counted."""

    lan_to_room: WayCounters
    room_to_lan: WayCounters
    lan_hosts: int
    """Addresses of the LAN that are known at the moment."""
    lan_hosts_evicted: int
    """Forgotten before their time because there were too many."""
    moves: int
    """Addresses that went from the LAN into the room, when the LAN hadn't heard them for long."""
    loops: int
    """Times that the bridge stopped because of a loop."""
    second_gateways: int
    """Times that it stopped for another gateway, or began to hear one."""
    probes_sent: int
