"""The header of an Ethernet frame (IEEE 802.3-2022 clause 3), with one VLAN tag (802.1Q clause 9).

    0             6             12       14
    +-------------+-------------+--------+---------------
    | destination |   source    | type / | payload ...
    |             |             | length |
    +-------------+-------------+--------+---------------
    +-------------+-------------+--------+--------+--------+---------------
    | destination |   source    | 81-00/ |  tag   | type / | payload ...
    |             |             | 88-A8  | control| length |
    +-------------+-------------+--------+--------+--------+---------------

Frames have no frame check sequence here. A second tag belongs to the payload.
"""

from dataclasses import dataclass
from enum import StrEnum
from struct import Struct
from typing import Final, NamedTuple

from lanparty_proto.errors import ProtoError

__all__ = [
    "CUSTOMER_TAG",
    "ETHERNET_HEADER_LENGTH",
    "SERVICE_TAG",
    "TAGGED_HEADER_LENGTH",
    "EthernetError",
    "EthernetFault",
    "EthernetHeader",
    "VlanTag",
    "encode_ethernet",
    "ethernet_header_length",
    "parse_ethernet",
]

ETHERNET_HEADER_LENGTH: Final = 14
TAGGED_HEADER_LENGTH: Final = 18

CUSTOMER_TAG: Final = 0x8100
"""Tag protocol identifier of IEEE 802.1Q."""

SERVICE_TAG: Final = 0x88A8
"""Tag protocol identifier of a provider bridge (IEEE 802.1ad)."""

_SMALLEST_ETHERTYPE: Final = 0x0600
_LARGEST_LENGTH: Final = 1500

_PLAIN: Final = Struct("!6s6sH")
_TAG_AND_TYPE: Final = Struct("!HHH")
_TAG: Final = Struct("!HH")


class EthernetFault(StrEnum):
    """Why an octet string is no Ethernet frame."""

    RUNT = "runt"
    """Under 14 bytes: no header."""
    TRUNCATED_TAG = "truncated_tag"
    """A tag is announced, but the frame ends inside it."""


class EthernetError(ProtoError):
    """No Ethernet frame; `reason` says why, and so does the text."""

    def __init__(self, reason: EthernetFault) -> None:
        super().__init__(reason.value)
        self.reason: Final = reason


@dataclass(frozen=True, slots=True)
class VlanTag:
    """One VLAN tag (IEEE 802.1Q-2022 clause 9.6)."""

    protocol: int
    """`CUSTOMER_TAG` or `SERVICE_TAG`."""
    control: int
    """The 16 bits of tag control information as they stand in the frame."""

    @property
    def priority(self) -> int:
        """Priority code point, 0 to 7."""
        return self.control >> 13

    @property
    def drop_eligible(self) -> bool:
        """Drop eligible indicator."""
        return bool(self.control & 0x1000)

    @property
    def vlan(self) -> int:
        """VLAN identifier, 0 (a tag for priority alone) to 4,095."""
        return self.control & 0x0FFF


class EthernetHeader(NamedTuple):
    """A parsed header with a view of what follows it.

    A named tuple, because one is made for each frame and a frozen dataclass takes three times as
    long to make.
    """

    destination: bytes
    """Six octets: equal to, and hashed as, the `MacAddress` of the same octets."""
    source: bytes
    type_or_length: int
    """The field after the addresses, or after the tag if there is one."""
    tag: VlanTag | None
    header_length: int
    """14, or 18 with a tag."""
    payload: memoryview
    """What follows the header, not copied; it may end in padding."""

    @property
    def ethertype(self) -> int | None:
        """The ethertype, from 0x0600 on; None in an 802.3 length frame (clause 3.2.6)."""
        return self.type_or_length if self.type_or_length >= _SMALLEST_ETHERTYPE else None

    @property
    def length(self) -> int | None:
        """Bytes of payload that an 802.3 length frame announces; None with an ethertype.

        It is what the sender wrote: it may exceed the payload. 1,501 to 1,535 are neither.
        """
        return self.type_or_length if self.type_or_length <= _LARGEST_LENGTH else None


def parse_ethernet(frame: memoryview) -> EthernetHeader:
    """Parse the header of a frame without copying its payload.

    Raises `EthernetError`: under 14 bytes (`RUNT`), or ended inside its tag (`TRUNCATED_TAG`).
    """
    if len(frame) < ETHERNET_HEADER_LENGTH:
        raise EthernetError(EthernetFault.RUNT)
    destination, source, kind = _PLAIN.unpack_from(frame)
    if kind not in (CUSTOMER_TAG, SERVICE_TAG):
        return EthernetHeader(destination, source, kind, None, 14, frame[14:])
    if len(frame) < TAGGED_HEADER_LENGTH:
        raise EthernetError(EthernetFault.TRUNCATED_TAG)
    protocol, control, kind = _TAG_AND_TYPE.unpack_from(frame, 12)
    return EthernetHeader(destination, source, kind, VlanTag(protocol, control), 18, frame[18:])


def ethernet_header_length(frame: bytes | memoryview) -> int:
    """Return where the payload of a frame begins: 14, or 18 with a tag.

    Raises `EthernetError` as `parse_ethernet` does.
    """
    if len(frame) < ETHERNET_HEADER_LENGTH:
        raise EthernetError(EthernetFault.RUNT)
    if frame[12] << 8 | frame[13] not in (CUSTOMER_TAG, SERVICE_TAG):
        return ETHERNET_HEADER_LENGTH
    if len(frame) < TAGGED_HEADER_LENGTH:
        raise EthernetError(EthernetFault.TRUNCATED_TAG)
    return TAGGED_HEADER_LENGTH


def encode_ethernet(
    destination: bytes,
    source: bytes,
    type_or_length: int,
    payload: bytes | memoryview,
    *,
    tag: VlanTag | None = None,
) -> bytes:
    """Return a frame without padding. The addresses have six octets each."""
    middle = b"" if tag is None else _TAG.pack(tag.protocol, tag.control)
    return b"".join((destination, source, middle, type_or_length.to_bytes(2, "big"), payload))
