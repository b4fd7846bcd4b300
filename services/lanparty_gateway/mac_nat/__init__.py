"""Players behind the interface's MAC address: for a Wi-Fi station, which can't send another."""

from lanparty_gateway.mac_nat.address_table import AddressTable
from lanparty_gateway.mac_nat.counters import MacNatCounters
from lanparty_gateway.mac_nat.mac_nat import MacNat

__all__ = ["AddressTable", "MacNat", "MacNatCounters"]
