"""What the preflight looks at, and all that it can find there. Pure."""

from enum import StrEnum

from lanparty_endpoint.doctor import CheckName

__all__ = ["Finding", "PreflightCheck"]


class PreflightCheck(CheckName):
    """What is looked at, in this order: each rests on those before it."""

    PERMISSION = "permission", "permission"
    INTERFACE = "interface", "interface"
    ETHERNET = "ethernet", "kind of interface"
    LINK = "link", "link"
    WIRELESS = "wireless", "Wi-Fi"
    MTU = "mtu", "LAN's packet size"
    FORWARDING = "forwarding", "host's own routing"
    FOREIGN_MAC = "foreign_mac", "players' addresses"
    SECOND_GATEWAY = "second_gateway", "other gateways"
    SPANNING_TREE = "spanning_tree", "spanning tree"
    VLAN = "vlan", "VLANs"
    DHCP = "dhcp", "DHCP servers"


class Finding(StrEnum):
    """What a result says, for programs: `finding` in its details. docs/gateway.md has each."""

    FINE = "fine"
    NOT_LOOKED_AT = "not_looked_at"
    """An earlier check failed, or the settings make it no matter."""

    NO_PERMISSION = "no_permission"
    NO_INTERFACE = "no_interface"

    LOOPBACK = "loopback"
    NO_ETHERNET = "no_ethernet"
    """PPP, WireGuard, a TUN, InfiniBand: there are no Ethernet frames to bridge."""
    BRIDGE_PORT = "bridge_port"
    BOND_PORT = "bond_port"
    """A port of a bond or team."""
    SWITCH_PORT = "switch_port"
    """A port of Open vSwitch."""
    MACVLAN = "macvlan"
    IPVLAN = "ipvlan"

    DOWN = "down"
    NO_CARRIER = "no_carrier"
    WIRELESS_STATION = "wireless_station"

    MTU_SMALL = "mtu_small"
    """Smaller than the room's, or than most rooms' as long as there is none."""
    MTU_JUMBO = "mtu_jumbo"

    HOST_FORWARDS = "host_forwards"
    """In MAC-NAT mode the host's own routing answers for the players."""

    FOREIGN_MAC_DROPPED = "foreign_mac_dropped"
    """The interface's own address is answered, a foreign one isn't."""
    FOREIGN_MAC_UNSEEN = "foreign_mac_unseen"
    """Neither is answered."""

    GATEWAY_HEARD = "second_gateway"
    SPANNING_TREE_HEARD = "spanning_tree"
    VLAN_TRUNK = "vlan_trunk"
    VLAN_SILENT = "vlan_silent"
    """Nothing was heard of the VLAN that is asked for."""

    SEVERAL_DHCP_SERVERS = "several_dhcp_servers"
    """On the LAN."""
    DHCP_ON_BOTH_SIDES = "dhcp_on_both_sides"
    """One on the LAN, another in the room."""
