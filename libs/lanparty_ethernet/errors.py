"""The package's one error: what is in a frame is not the packet that its type announces."""

from enum import StrEnum
from typing import Final

__all__ = ["PacketError", "PacketFault"]


class PacketFault(StrEnum):
    """Why octets are no packet of the kind that was asked for."""

    TRUNCATED = "truncated"
    """They end before the packet does."""
    LENGTH = "length"
    """The lengths in the packet contradict each other."""
    VERSION = "version"
    """Another version of the protocol."""
    CHECKSUM = "checksum"
    KIND = "kind"
    """Valid perhaps, but not a kind that softlan reads, as an ICMP message that is no echo."""
    TOO_LARGE = "too_large"
    """No frame of the room carries it, and it can't be cut."""


class PacketError(Exception):
    """No such packet; `reason` says why, and so does the text. Nothing was consumed or changed."""

    def __init__(self, reason: PacketFault) -> None:
        super().__init__(reason.value)
        self.reason: Final = reason
