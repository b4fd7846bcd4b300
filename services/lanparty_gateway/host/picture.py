"""What setup-host moves from an interface to its bridge: addresses, routes, settings. Pure.

The values are those of rtnetlink(7), so that what is restored is what was there.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

__all__ = [
    "BRIDGE",
    "BRIDGE_PORT",
    "FOREVER",
    "GATEWAY_INTERFACE",
    "IPV4",
    "IPV6",
    "HostAddress",
    "HostPicture",
    "HostRoute",
    "moved",
]

BRIDGE: Final = "slbr0"
"""The bridge that gets the interface's place."""

GATEWAY_INTERFACE: Final = "slgw0"
"""The end of the virtual cable that is the gateway's --interface."""

BRIDGE_PORT: Final = "slgw1"
"""Its other end, a port of the bridge."""

FOREVER: Final = 0xFFFFFFFF
"""The lifetime INFINITY_LIFE_TIME of linux/if_addr.h."""

IPV4: Final = 2  # AF_INET
IPV6: Final = 10  # AF_INET6

_LONGEST_NAME: Final = 15  # IFNAMSIZ without the final zero


@dataclass(frozen=True, slots=True, kw_only=True)
class HostAddress:
    """An address of an interface (struct ifaddrmsg and its attributes)."""

    family: int
    address: str
    prefix_length: int
    peer: str | None = None
    """The other end of a point-to-point address."""
    broadcast: str | None = None
    label: str | None = None
    scope: int = 0
    flags: int = 0
    """IFA_F_*, those alone that may be asked for."""
    preferred: int = FOREVER
    """Seconds that were left."""
    valid: int = FOREVER
    priority: int | None = None
    """The metric of the route that the kernel makes for it."""

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix_length}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRoute:
    """A route by an interface that the kernel doesn't make by itself (struct rtmsg)."""

    family: int
    destination: str
    """A prefix; `default` for all."""
    gateway: str | None = None
    table: int = 254
    protocol: int = 3
    scope: int = 0
    kind: int = 1
    metric: int | None = None
    preferred_source: str | None = None
    service: int = 0
    """The type of service that it is for (IPv4)."""
    flags: int = 0
    """RTNH_F_ONLINK or nothing."""
    metrics: tuple[tuple[str, int], ...] = ()
    """RTAX_*, by name."""
    preference: int | None = None
    """Of a router (RFC 4191)."""
    expires: int | None = None
    """Seconds that were left."""

    def __str__(self) -> str:
        way = f" via {self.gateway}" if self.gateway else ""
        return f"{self.destination}{way}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPicture:
    """An interface as it was before anything was changed."""

    name: str
    mac: str
    mtu: int
    is_ethernet: bool
    is_up: bool
    is_wireless: bool = False
    master: str | None = None
    """The bridge, bond or team that it is a port of."""
    in_the_way: tuple[str, ...] = ()
    """Interfaces made on it that a bridge port can't have: macvlan and the like."""
    addresses: tuple[HostAddress, ...] = ()
    routes: tuple[HostRoute, ...] = ()
    odd_routes: tuple[str, ...] = ()
    """Destinations whose routes have a form that can't be moved, such as several ways at once."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Values under /proc/sys/net, by paths in which {} stands for the interface."""

    def to_dict(self) -> dict[str, Any]:
        """Return it in the types of JSON; `from_dict` reads it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "HostPicture":
        """Read what `to_dict` made. Raises TypeError or KeyError for anything else."""
        routes = (
            HostRoute(**{**each, "metrics": tuple(map(tuple, each["metrics"]))})
            for each in values["routes"]
        )
        return cls(
            **{
                **values,
                "in_the_way": tuple(values["in_the_way"]),
                "addresses": tuple(HostAddress(**each) for each in values["addresses"]),
                "routes": tuple(routes),
                "odd_routes": tuple(values["odd_routes"]),
            }
        )


def moved(address: HostAddress, *, old: str, new: str) -> HostAddress:
    """Return an address as it is on another interface: its label begins with that one's name.

    What has no room for it loses its label's end, which is only for people.
    """
    if address.label is None or not address.label.startswith(old):
        return address
    label = (new + address.label.removeprefix(old))[:_LONGEST_NAME]
    return HostAddress(**{**asdict(address), "label": label})
