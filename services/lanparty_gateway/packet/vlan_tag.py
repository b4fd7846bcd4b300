"""VLAN tags that the kernel took out of a frame (linux/if_packet.h): put back where they were."""

import struct
from typing import Final

__all__ = ["AUXDATA", "VLAN_VALID", "tag_of", "with_tag"]

VLAN_VALID: Final = 1 << 4
"""TP_STATUS_VLAN_VALID: there was a tag."""
_PROTOCOL_VALID: Final = 1 << 6
"""TP_STATUS_VLAN_TPID_VALID; without it (Linux before 3.14) it was 802.1Q."""

AUXDATA: Final = struct.Struct("=IIIHHHH")
"""struct tpacket_auxdata: status, len, snaplen, mac, net, vlan_tci, vlan_tpid."""

_CUSTOMER_TAG: Final = 0x8100
_ADDRESSES: Final = 12
_TAG: Final = struct.Struct("!HH")


def tag_of(status: int, control: int, protocol: int) -> bytes:
    """Return the four octets of the tag that `status` tells of; empty if there was none."""
    if not status & VLAN_VALID:
        return b""
    return _TAG.pack(protocol if status & _PROTOCOL_VALID else _CUSTOMER_TAG, control)


def with_tag(frame: bytes, tag: bytes) -> bytes:
    """Return the frame with the tag behind its addresses."""
    return frame[:_ADDRESSES] + tag + frame[_ADDRESSES:]
