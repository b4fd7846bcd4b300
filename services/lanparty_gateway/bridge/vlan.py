"""One VLAN of a trunk, as a switch's access port carries it (IEEE 802.1Q-2022 clause 6.9)."""

from typing import Final

from lanparty_proto import CUSTOMER_TAG, SERVICE_TAG, TAGGED_HEADER_LENGTH

__all__ = ["is_tagged", "tagged", "untagged", "without_tags"]

_ADDRESSES: Final = 12
_TAG_LENGTH: Final = 4
_CUSTOMER: Final = CUSTOMER_TAG.to_bytes(2)
_TAGS: Final = frozenset((_CUSTOMER, SERVICE_TAG.to_bytes(2)))
_VLAN_MASK: Final = 0x0FFF


def is_tagged(frame: bytes) -> bool:
    """Whether the frame begins with a tag, were it one for priority alone."""
    return frame[_ADDRESSES : _ADDRESSES + 2] in _TAGS


def untagged(frame: bytes, vlan: int) -> bytes | None:
    """Return the frame without its tag; None if it isn't in `vlan`."""
    if frame[_ADDRESSES : _ADDRESSES + 2] != _CUSTOMER or len(frame) < TAGGED_HEADER_LENGTH:
        return None
    if int.from_bytes(frame[14:16]) & _VLAN_MASK != vlan:
        return None
    return frame[:_ADDRESSES] + frame[_ADDRESSES + _TAG_LENGTH :]


def without_tags(frame: bytes) -> bytes:
    """Return the frame without any tag, whatever VLAN it is in."""
    while is_tagged(frame):
        frame = frame[:_ADDRESSES] + frame[_ADDRESSES + _TAG_LENGTH :]
    return frame


def tagged(frame: bytes, vlan: int) -> bytes:
    """Return the frame with the tag of `vlan`, of ordinary priority."""
    return frame[:_ADDRESSES] + _CUSTOMER + vlan.to_bytes(2) + frame[_ADDRESSES:]
