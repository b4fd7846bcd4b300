"""A small internet of network namespaces for tests with real kernels, NAT and path MTUs.

                              relay  198.51.100.10:443
                                |
                                | wan
                    +-----------------------+      the internet routes between its parties
                    |       internet        |      198.51.100.1 on every link, path MTU by
                    |      198.51.100.1     |      the links' MTU, loss and black holes by nft
                    +-----------------------+
                       | to-1          | to-2
                       |               |
                   wan |           wan |
                  +----------+    +----------+     each home's router, .11 and on: masquerade,
                  | router 1 |    | router 2 |     plain (one outer port a flow) or random
                  | .11  NAT |    | .12  NAT |     (another outer port for each, as symmetric
                  +----------+    +----------+     NATs do)
                   lan |           lan |
                       | 192.168.0.0/24 in both, colliding on purpose
                  eth0 |          eth0 |
                  +----------+    +----------+
                  | host ann |    | host bob |     192.168.0.10: where a client runs and
                  |  (lan0)  |    |  (lan0)  |     makes its TAP
                  +----------+    +----------+

Any home may have another network, several hosts, or none of this: a host straight on the internet
is a home without a router.
"""

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Final

from namespaces import Namespace, link

__all__ = ["Home", "Nat", "Network"]

INTERNET_ADDRESS: Final = "198.51.100.1"
RELAY_ADDRESS: Final = "198.51.100.10"
USUAL_HOME: Final = IPv4Network("192.168.0.0/24")
_FIRST_HOME: Final = 11
_LARGEST_MTU: Final = 1500
_FIRST_HOST: Final = 10
_TOO_BIG: Final = "icmp type destination-unreachable icmp code frag-needed"


class Nat(StrEnum):
    """How a home's router gives outer ports to flows."""

    PLAIN = "masquerade"
    RANDOM = "masquerade random,fully-random"


class Home:
    """A router with NAT, and hosts behind it."""

    def __init__(
        self, network: "Network", name: str, outer: IPv4Address, inner: IPv4Network, nat: Nat
    ) -> None:
        self.name: Final = name
        self.outer: Final = outer
        """The address that the internet sees."""
        self.inner: Final = inner
        self.router: Final = network.add_machine(f"router-{name}", outer)
        self._network: Final = network
        self._gateway: Final = str(inner.network_address + 1)
        self.hosts: Final[list[Namespace]] = []
        self.router.set_sysctl("ipv4.ip_forward", 1)
        self.router.ip("link", "add", "lan", "type", "bridge")
        self.router.ip("link", "set", "lan", "up")
        self.router.ip("addr", "add", f"{self._gateway}/{inner.prefixlen}", "dev", "lan")
        self.router.nft(f"""
            table ip nat {{ chain out {{
                type nat hook postrouting priority srcnat; oifname "wan" {nat}
            }}; }}
            table inet rules {{
                chain forward {{ type filter hook forward priority 0; }}
                chain output {{ type filter hook output priority 0; }}
            }}
        """)
        self.add_host(name)

    @property
    def host(self) -> Namespace:
        """The first machine behind the router."""
        return self.hosts[0]

    def add_host(self, name: str) -> Namespace:
        """Connect one more machine to the home's switch."""
        number = len(self.hosts)
        host = self._network.make_namespace(name)
        link(host, "eth0", self.router, f"host-{number}")
        self.router.ip("link", "set", f"host-{number}", "master", "lan")
        address = self.inner.network_address + _FIRST_HOST + number
        host.ip("addr", "add", f"{address}/{self.inner.prefixlen}", "dev", "eth0")
        host.ip("route", "add", "default", "via", self._gateway, "dev", "eth0")
        self.hosts.append(host)
        return host

    def unplug(self, number: int = 0) -> None:
        """Pull a host's cable: it sees that its link is down."""
        self.router.ip("link", "set", f"host-{number}", "down")

    def plug_in(self, number: int = 0) -> None:
        """Put a host's cable back."""
        self.router.ip("link", "set", f"host-{number}", "up")

    def block_udp(self) -> None:
        """Let the router drop all UDP to the internet, as some networks do."""
        self.router.nft("add rule inet rules forward oifname wan meta l4proto udp drop")

    def allow_udp(self) -> None:
        """Take `block_udp` back."""
        self.router.nft("flush chain inet rules forward")

    def forget_flows(self) -> None:
        """Have the NAT forget its flows: those that go on get other outer ports."""
        self.router.run("conntrack", "-F")


class Network:
    """The internet, a place for the relay, and as many homes as a test adds.

    `close` removes everything, whatever has happened before.
    """

    def __init__(self, folder: Path) -> None:
        """Make the internet and the relay's machine; `folder` is for what programs print."""
        self.folder: Final = folder
        self._namespaces: list[Namespace] = []
        self.homes: Final[list[Home]] = []
        self._links: Final[dict[str, str]] = {}
        try:
            self.internet: Final = self.make_namespace("internet")
            self.internet.set_sysctl("ipv4.ip_forward", 1)
            self.internet.nft("""
                table inet rules {
                    chain forward { type filter hook forward priority 0; }
                    chain output { type filter hook output priority 0; }
                    chain losses { type filter hook forward priority -10; }
                }
            """)
            self.relay: Final = self.add_machine("relay", IPv4Address(RELAY_ADDRESS))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Remove every namespace with what runs inside."""
        while self._namespaces:
            self._namespaces.pop().remove()

    def make_namespace(self, what: str) -> Namespace:
        """Make a machine without any cable, which goes with the network."""
        namespace = Namespace(what)
        self._namespaces.append(namespace)
        return namespace

    def add_machine(self, name: str, address: IPv4Address) -> Namespace:
        """Connect a machine straight to the internet, by its interface wan."""
        machine = self.make_namespace(name)
        port = f"to-{len(self._links)}"
        self._links[name] = port
        link(self.internet, port, machine, "wan")
        self.internet.ip("addr", "add", f"{INTERNET_ADDRESS}/32", "dev", port)
        self.internet.ip("route", "add", f"{address}/32", "dev", port)
        machine.ip("addr", "add", f"{address}/32", "peer", INTERNET_ADDRESS, "dev", "wan")
        machine.ip("route", "add", "default", "via", INTERNET_ADDRESS, "dev", "wan")
        return machine

    def add_home(self, name: str, *, inner: IPv4Network = USUAL_HOME, nat: Nat = Nat.PLAIN) -> Home:
        """Connect a home with one host of the same name behind its router."""
        outer = IPv4Address(INTERNET_ADDRESS) + _FIRST_HOME - 1 + len(self.homes)
        home = Home(self, name, outer, inner, nat)
        self.homes.append(home)
        return home

    def set_path_mtu(self, home: Home, mtu: int = _LARGEST_MTU, *, silent: bool = False) -> None:
        """Let a home's link carry no more than `mtu`; silent: and nobody is told (black hole)."""
        port = self._links[f"router-{home.name}"]
        self.internet.ip("link", "set", port, "mtu", mtu)
        home.router.ip("link", "set", "wan", "mtu", mtu)
        for machine in (home.router, self.internet):
            machine.nft("flush chain inet rules output")
            if silent:
                machine.nft(f"add rule inet rules output {_TOO_BIG} drop")

    def lose(self, percent: int) -> None:
        """Lose so many of a hundred packets between any two parties; 0 ends it."""
        self.internet.nft("flush chain inet rules losses")
        if percent:
            self.internet.nft(
                f"add rule inet rules losses numgen random mod 100 <= {percent - 1} counter drop"
            )

    def cut_off(self, home: Home) -> None:
        """Have the internet drop a home's packets: no link goes down, there is only silence."""
        port = self._links[f"router-{home.name}"]
        for direction in ("iifname", "oifname"):
            self.internet.nft(f'add rule inet rules forward {direction} "{port}" drop')

    def reconnect(self) -> None:
        """Take every `cut_off` back."""
        self.internet.nft("flush chain inet rules forward")
