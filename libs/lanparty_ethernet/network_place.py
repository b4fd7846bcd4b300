"""Where in a frame the network's header begins: behind the addresses and up to two VLAN tags."""

from typing import Final

from lanparty_ethernet.errors import PacketError, PacketFault
from lanparty_proto import ETHERNET_HEADER_LENGTH

__all__ = ["find_network_header"]

_TAGS: Final = frozenset({0x8100, 0x88A8})
_MOST_TAGS: Final = 2
"""A provider's and a customer's (IEEE 802.1ad)."""


def find_network_header(frame: bytes | memoryview) -> tuple[int, int]:
    """Return the ethertype (or 802.3 length) and where what it announces begins.

    Raises `PacketError` (`TRUNCATED`) if the frame ends before. A third tag is returned as the
    ethertype that it looks like.
    """
    at = ETHERNET_HEADER_LENGTH
    for _ in range(_MOST_TAGS + 1):
        if len(frame) < at:
            raise PacketError(PacketFault.TRUNCATED)
        ethertype = frame[at - 2] << 8 | frame[at - 1]
        if ethertype not in _TAGS or at == ETHERNET_HEADER_LENGTH + 4 * _MOST_TAGS:
            break
        at += 4
    return ethertype, at
