"""What the preflight's shells found: facts without a judgement. Pure."""

from dataclasses import dataclass, field
from enum import Enum, auto
from ipaddress import IPv4Address
from typing import Final

from lanparty_proto import MacAddress

__all__ = [
    "ETHERNET_TYPE",
    "LOOPBACK_TYPE",
    "DhcpServer",
    "ForeignMacFacts",
    "HeardFacts",
    "Hypervisor",
    "InterfaceFacts",
    "LanFacts",
    "Upper",
    "WirelessFacts",
    "WirelessRole",
]

ETHERNET_TYPE: Final = 1
"""ARPHRD_ETHER of linux/if_arp.h."""
LOOPBACK_TYPE: Final = 772
"""ARPHRD_LOOPBACK."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upper:
    """The interface that has taken another one as its port: a bridge, a bond."""

    name: str
    kind: str
    """What the kernel calls it: `bridge`, `bond`, `team`, `openvswitch`, `vrf` ..."""


class WirelessRole(Enum):
    """What a wireless interface does (enum nl80211_iftype of linux/nl80211.h)."""

    STATION = auto()
    """Joins another's network; also where it isn't known what it does."""
    ACCESS_POINT = auto()
    """Has stations of its own, or is a node of a mesh: it may send for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WirelessFacts:
    """What is known of a wireless interface."""

    role: WirelessRole = WirelessRole.STATION
    four_addresses: bool = False
    """Frames name who sent them beside who transmits them (WDS): foreign senders are possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceFacts:
    """What the kernel says of the interface."""

    index: int
    name: str
    mac: MacAddress | None
    """None where there is no MAC address of 6 octets."""
    hardware_type: int
    """ARPHRD_* of linux/if_arp.h."""
    kind: str = ""
    """`bridge`, `macvlan`, `veth` ...; empty for hardware."""
    mode: str = ""
    """Of a macvlan: `bridge`, `passthru` ..."""
    lower: str | None = None
    """The interface that this one is made on (of a macvlan, a VLAN), where it is known."""
    upper: Upper | None = None
    up: bool = True
    carrier: bool = True
    mtu: int = 1_500
    """Bytes, without the Ethernet header."""
    wireless: WirelessFacts | None = None
    forwards: tuple[str, ...] = ()
    """Which of `ipv4`, `ipv6` the host routes from this interface to elsewhere."""


class Hypervisor(Enum):
    """Whose virtual machine this is."""

    VIRTUALBOX = auto()
    VMWARE = auto()
    HYPER_V = auto()
    QEMU = auto()
    """KVM, also under Proxmox and libvirt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignMacFacts:
    """What came of asking a host of the LAN, with a foreign sender address and with the own one."""

    asked: tuple[IPv4Address, ...] = ()
    """Whom; empty if there was nobody to ask."""
    tries: int = 0
    foreign_answered: bool = False
    """An answer came to the foreign address."""
    own_answered: bool = False
    """An answer came to the interface's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardFacts:
    """What was heard on the LAN without asking."""

    gateways: tuple[int, ...] = ()
    """The ids of other softlan gateways."""
    spanning_trees: tuple[str, ...] = ()
    """`STP`, `RSTP`, `MSTP`, `PVST+`."""
    vlans: tuple[int, ...] = ()
    """Of tagged frames, in order; priority tags (0) left out."""
    seconds: float = 0.0
    """How long was listened."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class DhcpServer:
    """Who answered a DISCOVER."""

    address: IPv4Address
    """Its server identifier (RFC 2132 section 9.7), or the sender of the packet without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanFacts:
    """All that was found."""

    permitted: bool
    """A packet socket may be made."""
    others: tuple[str, ...] = ()
    """The Ethernet interfaces that there are beside it, to choose from."""
    interface: InterfaceFacts | None = None
    """None: there is no such interface."""
    hypervisor: Hypervisor | None = None
    foreign_mac: ForeignMacFacts | None = None
    """None: it wasn't asked."""
    heard: HeardFacts | None = None
    """None: nothing could be heard."""
    dhcp_servers: tuple[DhcpServer, ...] = field(default=())
