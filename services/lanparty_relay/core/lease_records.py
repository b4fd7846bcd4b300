"""The addresses of one room: its /24, and a host number for each MAC that has been in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from lanparty_proto import MacAddress

__all__ = ["FIRST_HOST", "LAST_HOST", "LeaseRecord", "RememberedLease", "RememberedRoom"]

FIRST_HOST: Final = 2
"""People and programs take .1 for a router's address."""
LAST_HOST: Final = 254
"""253 host numbers, for at most 250 members: one is always free or of an absent MAC."""

_HOSTS: Final = LAST_HOST - FIRST_HOST + 1


@dataclass(frozen=True, slots=True)
class RememberedLease:
    """One MAC's address, as it goes to a file and comes from there."""

    mac: MacAddress
    host: int
    left_at: float | None
    """None: it is present."""


@dataclass(frozen=True, slots=True)
class RememberedRoom:
    """One room's addresses, as they go to a file and come from there."""

    key: str
    """Lower-case hexadecimal digits of the keyed hash of the room's code."""
    network: IPv4Network
    leases: tuple[RememberedLease, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class LeaseRecord:
    """Who has which address in one room. Only its `LeaseBook` changes it."""

    key: str
    seed: int
    """Where the search for a network begins."""
    network: IPv4Network
    accepted_overlap: int
    """The longest prefix in use, as `subnets.overlap` says it, that is put up with."""
    in_being: bool = False
    """The room exists now."""
    hosts: dict[MacAddress, int] = field(default_factory=dict)
    _macs: dict[int, MacAddress] = field(default_factory=dict)
    """`hosts` the other way round."""

    def address(self, mac: MacAddress) -> IPv4Address:
        """Return the address of a MAC that has one."""
        return self.network[self.hosts[mac]]

    def holder(self, host: int) -> MacAddress | None:
        """Return the MAC that has this host number."""
        return self._macs.get(host)

    def host_of(self, address: IPv4Address) -> int | None:
        """Return the host number of an address; None if it is none that is leased here."""
        host = int(address) - int(self.network.network_address)
        return host if FIRST_HOST <= host <= LAST_HOST else None

    def free_host(self, mac: MacAddress) -> int | None:
        """Return a host number that no MAC has, or None.

        The search begins at the MAC's hash, so that a relay which has forgotten everything mostly
        finds the same one again.
        """
        return next(self._free_hosts(mac), None)

    def assign(self, mac: MacAddress, host: int) -> None:
        """Give a MAC without a host number one that is free."""
        self.hosts[mac] = host
        self._macs[host] = mac

    def release(self, mac: MacAddress) -> None:
        """Take a MAC's host number from it."""
        del self._macs[self.hosts.pop(mac)]

    def _free_hosts(self, mac: MacAddress) -> Iterator[int]:
        first = int.from_bytes(blake2b(mac, digest_size=8).digest())
        for step in range(_HOSTS):
            host = FIRST_HOST + (first + step) % _HOSTS
            if host not in self._macs:
                yield host
