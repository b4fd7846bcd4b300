"""What both ways of the hiding of players share."""

from typing import Final

from lanparty_gateway.mac_nat.address_table import AddressTable
from lanparty_gateway.mac_nat.counters import MacNatCounters

__all__ = ["Standing"]

_PROBE_SECONDS: Final = 5.0
"""How long an answer to an ARP probe is awaited; hosts wait for 2 s or less (RFC 5227 1.1)."""
_PROBE_LIMIT: Final = 256


class Standing:
    """The addresses, the counters, and the ARP probes that may still be answered."""

    def __init__(self, own_mac: bytes) -> None:
        self.own_mac = bytes(own_mac)
        self.table: Final = AddressTable()
        self.counters: Final = MacNatCounters()
        self._probes: dict[bytes, tuple[bytes, float]] = {}

    def note_probe(self, address: bytes, mac: bytes, *, now: float) -> None:
        """Note that a player asks, without having an address, whether somebody has this one.

        The answer names no address of his: by the probed one it finds him.
        """
        probes = self._probes
        if probes.pop(address, None) is None and len(probes) >= _PROBE_LIMIT:
            del probes[next(iter(probes))]
        probes[address] = (mac, now)

    def prober(self, address: bytes, *, now: float) -> bytes | None:
        """Return who asked lately whether somebody has `address`."""
        mac, asked_at = self._probes.get(address, (None, now))
        return mac if now - asked_at < _PROBE_SECONDS else None
