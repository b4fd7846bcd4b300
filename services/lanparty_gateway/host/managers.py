"""Programs that look after an interface, and what to tell them instead. Pure.

They undo within seconds what another program does to the interface, so setup-host leaves it to
them: each gets the lines by which it makes the same bridge, which then is there at each boot.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lanparty_gateway.host.picture import BRIDGE, BRIDGE_PORT, GATEWAY_INTERFACE, HostPicture

__all__ = ["Manager", "RunningProgram", "instead", "manager_of"]


class Manager(StrEnum):
    """Who looks after an interface."""

    NETWORK_MANAGER = "NetworkManager"
    NETWORKD = "systemd-networkd"
    CONNMAN = "ConnMan"
    DHCP_CLIENT = "a DHCP client"


@dataclass(frozen=True, slots=True)
class RunningProgram:
    """A process of this network namespace: its command line, the program's path first."""

    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """The program's own name."""
        return self.words[0].rsplit("/", 1)[-1].rstrip(":") if self.words else ""


_DHCP_CLIENTS: Final = ("dhclient", "dhcpcd", "udhcpc")


def manager_of(
    interface: str,
    programs: Iterable[RunningProgram],
    *,
    networkd_state: Mapping[str, str],
    network_manager_state: Mapping[str, str],
) -> Manager | None:
    """Tell who looks after the interface now.

    The two states are what the programs keep of it in /run (`systemd/netif/links/INDEX` and
    `NetworkManager/devices/INDEX`), as keys and values; they outlive their programs.
    """
    running = list(programs)
    names = {program.name for program in running}
    if "NetworkManager" in names and network_manager_state.get("managed", "true") == "true":
        return Manager.NETWORK_MANAGER
    unmanaged = networkd_state.get("ADMIN_STATE", "unmanaged") in ("unmanaged", "linger")
    if "systemd-networkd" in names and not unmanaged:
        return Manager.NETWORKD
    if "connmand" in names:
        return Manager.CONNMAN
    if any(_asks_for(program, interface) for program in running):
        return Manager.DHCP_CLIENT
    return None


def _asks_for(program: RunningProgram, interface: str) -> bool:
    if program.name not in _DHCP_CLIENTS:
        return False
    words = " ".join(program.words[1:]).replace("[", " ").replace("]", " ").split()
    # dhcpcd without a name looks after every interface; so may dhclient.
    names_one = any(word in words for word in (interface, "-i")) or (
        program.name == "dhclient" and any(not word.startswith("-") for word in words)
    )
    return interface in words or not names_one


def instead(manager: Manager, picture: HostPicture) -> str:
    """Say why nothing was changed, and what to write for this manager to do it itself."""
    name = picture.name
    head = {
        Manager.DHCP_CLIENT: f"{name} gets its address from a DHCP client that runs here, which",
    }.get(manager, f"{name} is looked after by {manager}, which")
    return (
        f"{head} would undo what this command does, so nothing was changed. Let it make the "
        f"bridge itself, and give the gateway --interface {GATEWAY_INTERFACE} afterwards. "
        f"Do it at the computer, not over {name}.\n\n{_LINES[manager](picture)}"
    )


def _networkd(picture: HostPicture) -> str:
    return f"""\
/etc/systemd/network/05-softlan-bridge.netdev:
  [NetDev]
  Name={BRIDGE}
  Kind=bridge
  MACAddress={picture.mac}
  [Bridge]
  STP=no
  ForwardDelaySec=0
  MulticastSnooping=no

/etc/systemd/network/05-softlan-cable.netdev:
  [NetDev]
  Name={GATEWAY_INTERFACE}
  Kind=veth
  [Peer]
  Name={BRIDGE_PORT}

/etc/systemd/network/05-softlan-ports.network:
  [Match]
  Name={picture.name} {BRIDGE_PORT}
  [Network]
  Bridge={BRIDGE}
  LinkLocalAddressing=no

/etc/systemd/network/05-softlan-gateway.network:
  [Match]
  Name={GATEWAY_INTERFACE}
  [Link]
  RequiredForOnline=no
  [Network]
  LinkLocalAddressing=no
  IPv6AcceptRA=no

In the file that sets up {picture.name} today, write Name={BRIDGE} instead of Name={picture.name} \
under [Match].
Then restart the computer: networkd alone would leave the old address where it is."""


def _network_manager(picture: HostPicture) -> str:
    name = picture.name
    no_addresses = "ipv4.method disabled ipv6.method disabled"
    return f"""\
  sudo nmcli connection add type bridge con-name softlan ifname {BRIDGE} \
bridge.mac-address {picture.mac} bridge.stp no bridge.multicast-snooping no
  sudo nmcli connection add type veth con-name softlan-gateway ifname {GATEWAY_INTERFACE} \
veth.peer {BRIDGE_PORT} {no_addresses}
  sudo nmcli connection add type veth con-name softlan-port ifname {BRIDGE_PORT} \
veth.peer {GATEWAY_INTERFACE} master {BRIDGE}
  sudo nmcli connection add type ethernet con-name softlan-{name} ifname {name} master {BRIDGE}
  sudo nmcli connection up softlan-gateway
  sudo nmcli connection up softlan-port
  sudo nmcli connection up softlan-{name}

If {name} has a fixed address, give it to the bridge before the last line: \
nmcli connection modify softlan ipv4.method manual ipv4.addresses ... ipv4.gateway ..."""


def _ifupdown(picture: HostPicture) -> str:
    name = picture.name
    return f"""\
With ifupdown and bridge-utils, in /etc/network/interfaces instead of the lines for {name}:
  iface {name} inet manual
  auto {BRIDGE}
  iface {BRIDGE} inet dhcp
      pre-up ip link add {GATEWAY_INTERFACE} type veth peer name {BRIDGE_PORT} || true
      bridge_ports {name} {BRIDGE_PORT}
      bridge_hw {picture.mac}
      bridge_stp off
      bridge_fd 0
      up ip link set {BRIDGE} type bridge mcast_snooping 0
      up ip link set {GATEWAY_INTERFACE} up

With dhcpcd add a line to /etc/dhcpcd.conf as well:
  denyinterfaces {name} {BRIDGE_PORT} {GATEWAY_INTERFACE}

Then restart the computer."""


def _connman(picture: HostPicture) -> str:
    return f"""\
ConnMan makes no such bridge. Have it leave the interface alone, and set it up by ifupdown: in \
/etc/connman/main.conf
  [General]
  NetworkInterfaceBlacklist={picture.name},{BRIDGE},{GATEWAY_INTERFACE},{BRIDGE_PORT}

{_ifupdown(picture)}"""


_LINES: Final[Mapping[Manager, Callable[[HostPicture], str]]] = {
    Manager.NETWORKD: _networkd,
    Manager.NETWORK_MANAGER: _network_manager,
    Manager.CONNMAN: _connman,
    Manager.DHCP_CLIENT: _ifupdown,
}
