"""A frame that tells the LAN's switches at which port a player's address is from now on.

What a hypervisor sends for a virtual machine that has moved: a reverse ARP request (RFC 903) in its
name, which no host of today answers. Without it a switch sends what is for the player to the
former gateway's port for up to 300 s, unless the player himself says something.
"""

from typing import Final

from lanparty_ethernet import SMALLEST_PROBE_FRAME
from lanparty_proto import BROADCAST, encode_ethernet

__all__ = ["announcement"]

_ETHERTYPE: Final = 0x8035
_REQUEST: Final = bytes.fromhex("0001080006040003")
"""Ethernet and IPv4, of 6 and 4 octets, and the operation "request reverse"."""
_NO_ADDRESS: Final = bytes(4)


def announcement(mac: bytes) -> bytes:
    """Return the broadcast for a player's address."""
    payload = _REQUEST + mac + _NO_ADDRESS + mac + _NO_ADDRESS
    frame = encode_ethernet(BROADCAST, mac, _ETHERTYPE, payload)
    return frame.ljust(SMALLEST_PROBE_FRAME, b"\0")
