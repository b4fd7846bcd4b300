"""The header of an overlay datagram, one in each QUIC DATAGRAM frame (docs/protocol.md section 5).

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    +-------+-------+---------------+-------------------------------+
    |version| kind  |     flags     |        source peer id         |
    +-------+-------+---------------+-------------------------------+
    whole frame: the Ethernet frame follows
    fragment:
    +---------------------------------------------------------------+
    |                           frame id                            |
    +-----------------------------+-+-------------------------------+
    |           offset            |M|  Ethernet header of the frame |
    +-----------------------------+-+  (14 bytes, 18 with a tag) ...|
    |   a piece of what follows the frame's Ethernet header ...     |
    +---------------------------------------------------------------+

Big-endian. The offset, 15 bits, counts from the end of the Ethernet header; M says that more
follows. What needs the room's MTU (offset + length) is left to who knows it.
"""

from enum import IntEnum, StrEnum
from struct import Struct
from typing import Final, NamedTuple

from lanparty_proto.errors import ProtoError
from lanparty_proto.ethernet import EthernetError, ethernet_header_length

__all__ = [
    "FLAG_CUT_BY_RELAY",
    "FRAGMENT_HEADER_LENGTH",
    "HEADER_LENGTH",
    "MAXIMUM_OFFSET",
    "MAXIMUM_PIECES",
    "MINIMUM_PIECE",
    "VERSION",
    "Kind",
    "Overlay",
    "OverlayError",
    "OverlayFault",
    "decode",
    "encode_fragment",
    "encode_whole",
    "stamp",
]

VERSION: Final = 1

HEADER_LENGTH: Final = 4
"""Bytes of overlay header before a whole frame."""

FRAGMENT_HEADER_LENGTH: Final = 6
"""Bytes of frame id, offset and more-follows, between overlay header and Ethernet header."""

FLAG_CUT_BY_RELAY: Final = 0x01
"""The frame id is of the relay's counter for the destination, not of the source's."""

MINIMUM_PIECE: Final = 512
"""Bytes in every piece of a frame but the last: nobody can make a frame of a thousand pieces."""

MAXIMUM_PIECES: Final = 8
"""Of one frame, counted by who puts it together."""

MAXIMUM_OFFSET: Final = 0x7FFF


class Kind(IntEnum):
    """What follows the overlay header."""

    WHOLE = 0
    FRAGMENT = 1


class OverlayFault(StrEnum):
    """Why a datagram is no overlay datagram of this version."""

    TRUNCATED = "truncated"
    """It ends inside the overlay, fragment or repeated Ethernet header."""
    VERSION = "version"
    KIND = "kind"
    FLAGS = "flags"
    """An undefined flag, or *cut by the relay* on a whole frame."""
    SHORT_PIECE = "short_piece"
    """Under 512 bytes although more follows, or a last piece of no byte."""
    OFFSET = "offset"
    """Inside the first 512 bytes, which are the first piece's; or the first piece is the last."""


class OverlayError(ProtoError):
    """Malformed datagram; `reason` says why, and so does the text."""

    def __init__(self, reason: OverlayFault) -> None:
        super().__init__(reason.value)
        self.reason: Final = reason


class Overlay(NamedTuple):
    """A decoded datagram, with a view of the frame or piece in it.

    A named tuple, because one is made for each datagram and a frozen dataclass takes three times
    as long to make.
    """

    kind: Kind
    flags: int
    source: int
    """Peer id, as written: believed from a relay, not from an endpoint. 0 is no peer."""
    frame_id: int | None
    """None in a whole frame."""
    offset: int
    """0 in a whole frame."""
    more: bool
    """More pieces follow this one."""
    frame: memoryview
    """The Ethernet frame; of a fragment, the frame's Ethernet header and then the piece."""


_WHOLE: Final = VERSION << 4 | Kind.WHOLE
_FRAGMENT: Final = VERSION << 4 | Kind.FRAGMENT
_WHOLE_FROM_NOBODY: Final = bytes((_WHOLE, 0, 0, 0))
_HEADER: Final = Struct("!BBH")
_HEADER_OF_FRAGMENT: Final = Struct("!BBHIH")


def encode_whole(frame: bytes, source: int = 0, flags: int = 0) -> bytes:
    """Return the datagram that carries `frame` whole.

    `source` is 0 at an endpoint. `flags` are written as given; version 1 defines none for a whole
    frame. The frame is not looked at.
    """
    if not source and not flags:
        return _WHOLE_FROM_NOBODY + frame
    return _HEADER.pack(_WHOLE, flags, source) + frame


def encode_fragment(
    ethernet_header: bytes | memoryview,
    piece: bytes | memoryview,
    *,
    source: int,
    flags: int,
    frame_id: int,
    offset: int,
    more: bool,
) -> bytes:
    """Return the datagram that carries one piece of a frame behind the frame's Ethernet header.

    The caller keeps the rules for pieces, as `cut` does. A value that doesn't fit its field raises
    `struct.error`.
    """
    header = _HEADER_OF_FRAGMENT.pack(_FRAGMENT, flags, source, frame_id, offset << 1 | more)
    return b"".join((header, ethernet_header, piece))


def stamp(source_peer_id: int, datagram: bytes) -> bytes:
    """Return the datagram with another source in its header.

    The datagram has been decoded: of under 4 bytes the result makes no sense.
    """
    return datagram[:2] + source_peer_id.to_bytes(2, "big") + datagram[4:]


def decode(datagram: bytes | memoryview) -> Overlay:
    """Decode one datagram without copying the frame in it.

    Of a whole frame only the overlay header is judged: the frame may be a runt. Of a fragment,
    everything that depends neither on the room's MTU nor on other pieces: a complete Ethernet
    header, 512 bytes at least if more follows, an offset that such pieces can have. Whether flag
    and source are allowed depends on who sent it, and is left to the receiver.

    Raises `OverlayError`.
    """
    view = memoryview(datagram)
    if len(view) < HEADER_LENGTH:
        raise OverlayError(OverlayFault.TRUNCATED)
    first, flags, source = _HEADER.unpack_from(view)
    if first == _WHOLE and not flags:
        return Overlay(Kind.WHOLE, 0, source, None, 0, False, view[HEADER_LENGTH:])
    if first >> 4 != VERSION:
        raise OverlayError(OverlayFault.VERSION)
    if first > _FRAGMENT:
        raise OverlayError(OverlayFault.KIND)
    if first == _WHOLE or flags & ~FLAG_CUT_BY_RELAY:
        raise OverlayError(OverlayFault.FLAGS)
    return _decode_fragment(view)


def _decode_fragment(view: memoryview) -> Overlay:
    if len(view) < HEADER_LENGTH + FRAGMENT_HEADER_LENGTH:
        raise OverlayError(OverlayFault.TRUNCATED)
    _, flags, source, frame_id, place = _HEADER_OF_FRAGMENT.unpack_from(view)
    frame = view[HEADER_LENGTH + FRAGMENT_HEADER_LENGTH :]
    try:
        length = len(frame) - ethernet_header_length(frame)
    except EthernetError:
        raise OverlayError(OverlayFault.TRUNCATED) from None
    offset, more = place >> 1, bool(place & 1)
    if length < (MINIMUM_PIECE if more else 1):
        raise OverlayError(OverlayFault.SHORT_PIECE)
    if offset < MINIMUM_PIECE and (offset or not more):
        raise OverlayError(OverlayFault.OFFSET)
    return Overlay(Kind.FRAGMENT, flags, source, frame_id, offset, more, frame)
