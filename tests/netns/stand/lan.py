"""A home's real LAN, into which a gateway is put: the network of a home whose hosts matter.

             to the internet
                  |
             +----------+
             | router   |  .1, fd50:50::1; its bridge `lan` is the LAN's switch
             +----------+
    host-0 |   host-1 | host-2 | host-3 |
      eth0 |     eth0 |   eth0 |   eth0 |
     +---------+  +------+ +-------+ +------+
     | gateway |  | dhcp | | files | | game |     .10 and on, fd50:50::10 and on
     +---------+  +------+ +-------+ +------+

All cables are veth with the kernel's offloads on: what crosses them is as unfinished and as large
as the kernel likes.
"""

from ipaddress import IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Final

from namespaces import Namespace, link
from network import Network
from programs import Program

__all__ = ["LAN", "LAN6", "Lan", "mac_of", "offloads_of"]

LAN: Final = IPv4Network("192.168.50.0/24")
"""Not what the players' homes have: that their own LAN is another one shows."""

LAN6: Final = IPv6Network("fd50:50::/64")
_FIRST_HOST: Final = 10
_HOSTS: Final = ("dhcp", "files", "game")
_START_LIMIT: Final = 15.0
_OFFLOADS: Final = (
    "tcp-segmentation-offload",
    "generic-segmentation-offload",
    "tx-checksumming",
    "rx-checksumming",
    "tx-vlan-offload",
    "rx-vlan-offload",
    "tx-udp-segmentation",
)


class Lan:
    """Three hosts, a place for the gateway, and the switch between them."""

    def __init__(self, network: Network, name: str = "den", *, inner: IPv4Network = LAN) -> None:
        """Add a home of that name to the network, and its hosts."""
        self.home: Final = network.add_home(name, inner=inner)
        self.folder: Final = network.folder
        self.inner: Final = inner
        self._give_ipv6(self.router, "lan", 1)
        self._give_ipv6(self.gateway_host, "eth0", _FIRST_HOST)
        self.dhcp, self.files, self.game = (self.add_host(host) for host in _HOSTS)

    @property
    def router(self) -> Namespace:
        """The router; the switch is its interface `lan`."""
        return self.home.router

    @property
    def router_address(self) -> str:
        """The router's address on the LAN."""
        return str(self.inner.network_address + 1)

    @property
    def gateway_host(self) -> Namespace:
        """Where the gateway is to run, on eth0."""
        return self.home.host

    @property
    def hosts(self) -> tuple[Namespace, ...]:
        """The three hosts that offer something."""
        return self.dhcp, self.files, self.game

    def add_host(self, name: str) -> Namespace:
        """Connect one more host, with addresses of both families."""
        host = self.home.add_host(name)
        self._give_ipv6(host, "eth0", _FIRST_HOST + len(self.home.hosts) - 1)
        return host

    def add_cable(self, host: Namespace, interface: str, port: str) -> None:
        """Connect one more interface of a machine to the switch, without any address."""
        link(host, interface, self.router, port)
        self.router.ip("link", "set", port, "master", "lan")

    def address_of(self, host: Namespace) -> str:
        """Return a host's IPv4 address."""
        return str(self.inner.network_address + self._number(host))

    def address6_of(self, host: Namespace) -> str:
        """Return a host's IPv6 address."""
        return str(LAN6.network_address + self._number(host))

    def port_of(self, host: Namespace) -> str:
        """Return the name of the switch's port that a host is connected to."""
        return f"host-{self.home.hosts.index(host)}"

    def be_a_hub(self) -> None:
        """Let the switch send everything to every port, as if it had learned nothing."""
        self.router.ip("link", "set", "lan", "type", "bridge", "ageing_time", 0)

    def be_a_switch(self) -> None:
        """Take `be_a_hub` back."""
        self.router.ip("link", "set", "lan", "type", "bridge", "ageing_time", 30_000)

    def make_wireless_like(self, host: Namespace) -> None:
        """Let a host's port carry only frames from and to its MAC, as an access point does."""
        port, mac = self.port_of(host), mac_of(host)
        self.router.nft(f"""
            table bridge wireless {{
                chain from_host {{
                    type filter hook prerouting priority -300;
                    iifname "{port}" ether saddr != {mac} counter drop
                }}
                chain to_host {{
                    type filter hook postrouting priority 300;
                    oifname "{port}" ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00 \
                        ether daddr != {mac} counter drop
                }}
            }}
        """)

    def make_wired(self) -> None:
        """Take `make_wireless_like` back."""
        self.router.nft("delete table bridge wireless")

    def advertise(self, dnsmasq: str) -> Program:
        """Let the router advertise itself and the prefix for addresses, as home routers do."""
        program = self.router.start(
            *(dnsmasq, "--keep-in-foreground", "--log-facility=-", "--port=0"),
            *("--conf-file=/dev/null", "--user=root", "--pid-file=", "--interface=lan"),
            *("--enable-ra", f"--dhcp-range={LAN6.network_address},ra-only,64"),
            *("--ra-param=lan,4,1800", f"--dhcp-option=option6:dns-server,[{LAN6[1]}]"),
            log=self.folder / f"{self.home.name}-advertisements.log",
        )
        program.wait_for_text("router advertisement on", limit=_START_LIMIT)
        return program

    def frames_at(self, port: str) -> tuple[int, int]:
        """Return how many frames a port of the switch has taken and given out so far."""
        folder = Path("/sys/class/net", port, "statistics")
        taken, given = (
            int(self.router.run("cat", folder / f"{way}_packets")) for way in ("rx", "tx")
        )
        return taken, given

    def _number(self, host: Namespace) -> int:
        return 1 if host is self.router else _FIRST_HOST + self.home.hosts.index(host)

    def _give_ipv6(self, host: Namespace, interface: str, number: int) -> None:
        address = IPv6Address(LAN6.network_address + number)
        host.ip("addr", "add", f"{address}/{LAN6.prefixlen}", "dev", interface, "nodad")


def mac_of(machine: Namespace, interface: str = "eth0") -> str:
    """Return an interface's MAC address."""
    return machine.run("cat", f"/sys/class/net/{interface}/address").strip()


def offloads_of(ethtool: str, machine: Namespace, interface: str = "eth0") -> dict[str, bool]:
    """Return which of the offloads that matter to a packet socket are on."""
    told = dict(
        line.strip().split(": ", 1)
        for line in machine.run(ethtool, "-k", interface).splitlines()
        if ": " in line
    )
    return {name: told[name].startswith("on") for name in _OFFLOADS}
