"""From the size of a QUIC packet to what one datagram and one frame may measure, and back.

Two things are kept apart. The *datagram budget* is the largest overlay datagram that one direction
of one connection carries; it follows the path. The *room MTU* is the largest Ethernet payload in a
room; it never changes. A frame of the room's MTU that is over the budget goes as fragments.

What stands around a datagram in a QUIC packet with a short header:

    1   first byte                          RFC 9000 section 17.3.1
    n   destination connection id           8 for softlan's engines
    2   packet number                       usual engines write two bytes of one to four
    1   DATAGRAM frame type 0x31            RFC 9221 section 4
    2   length of the datagram              a variable-length integer over 63: RFC 9000 section 16
    16  AEAD tag                            RFC 9001 section 5.3

So 1,200 bytes, which every path carries, leave 1,170 for an overlay datagram, and 1,152 for the
payload of an untagged frame in it.
"""

from typing import Final

from lanparty_proto.errors import ProtoError
from lanparty_proto.ethernet import ETHERNET_HEADER_LENGTH, TAGGED_HEADER_LENGTH
from lanparty_proto.overlay import HEADER_LENGTH

__all__ = [
    "DEFAULT_ROOM_MTU",
    "MAXIMUM_ROOM_MTU",
    "MINIMUM_DATAGRAM_BUDGET",
    "MINIMUM_QUIC_PACKET_SIZE",
    "MINIMUM_ROOM_MTU",
    "DatagramSizeError",
    "budget_for_mtu",
    "datagram_budget",
    "quic_packet_size_for_budget",
    "tap_mtu_without_fragments",
]

MINIMUM_QUIC_PACKET_SIZE: Final = 1200
"""UDP payload, in bytes, that every QUIC path carries (RFC 9000 section 14)."""

MINIMUM_DATAGRAM_BUDGET: Final = 1150
"""What an endpoint must accept. The smallest packet with the longest connection id (20 bytes)
carries 1,158; the rest is for engines that write longer packet numbers."""

MINIMUM_ROOM_MTU: Final = 1280
"""IPv6 needs it of every link (RFC 8200 section 5)."""

MAXIMUM_ROOM_MTU: Final = 1500
"""The payload of an ordinary Ethernet frame (IEEE 802.3-2022 clause 3.2.7)."""

DEFAULT_ROOM_MTU: Final = MAXIMUM_ROOM_MTU
"""So that nothing on the LAN has to know about the tunnel."""

_OVERHEAD_WITHOUT_ID: Final = 1 + 2 + 1 + 2 + 16
"""All of the table above but the connection id."""
_LONGEST_CONNECTION_ID: Final = 20


class DatagramSizeError(ProtoError, ValueError):
    """A size that QUIC or the protocol doesn't have."""


def datagram_budget(quic_packet_size: int, connection_id_length: int = 8) -> int:
    """Return the largest datagram, in bytes, in a QUIC packet (UDP payload) of this size.

    `connection_id_length` is that of the destination's id, 0 to 20 bytes. Raises
    `DatagramSizeError` for another, and for packets under 1,200 bytes.
    """
    if quic_packet_size < MINIMUM_QUIC_PACKET_SIZE:
        raise DatagramSizeError(f"a QUIC path carries 1200 bytes at least, not {quic_packet_size}")
    return quic_packet_size - _packet_overhead(connection_id_length)


def quic_packet_size_for_budget(budget: int, connection_id_length: int = 8) -> int:
    """Return the smallest QUIC packet, in bytes, that carries a datagram of `budget` bytes.

    Never under 1,200. Raises `DatagramSizeError` for an impossible connection id or budget.
    """
    if budget < 0:
        raise DatagramSizeError(f"no datagram has {budget} bytes")
    return max(MINIMUM_QUIC_PACKET_SIZE, budget + _packet_overhead(connection_id_length))


def tap_mtu_without_fragments(budget: int, *, tagged: bool = False) -> int:
    """Return the largest Ethernet payload, in bytes, whose frame fits one datagram whole.

    `tagged`: the frames have one VLAN tag in their header. Raises `DatagramSizeError` under the
    smallest budget of the protocol.
    """
    if budget < MINIMUM_DATAGRAM_BUDGET:
        raise DatagramSizeError(f"a budget has {MINIMUM_DATAGRAM_BUDGET} bytes at least")
    return budget - _headers(tagged=tagged)


def budget_for_mtu(mtu: int, *, tagged: bool = False) -> int:
    """Return the budget, in bytes, that carries frames of `mtu` bytes of payload whole."""
    if mtu < 0:
        raise DatagramSizeError(f"no frame carries {mtu} bytes")
    return mtu + _headers(tagged=tagged)


def _packet_overhead(connection_id_length: int) -> int:
    if not 0 <= connection_id_length <= _LONGEST_CONNECTION_ID:
        raise DatagramSizeError(f"no connection id has {connection_id_length} bytes")
    return _OVERHEAD_WITHOUT_ID + connection_id_length


def _headers(*, tagged: bool) -> int:
    return HEADER_LENGTH + (TAGGED_HEADER_LENGTH if tagged else ETHERNET_HEADER_LENGTH)
