"""Cutting a frame that is over the datagram budget into pieces, and cutting pieces again.

The pieces of one cut differ by one byte at most. Budgets are at least `MINIMUM_DATAGRAM_BUDGET`,
so that two pieces or more never have fewer than 512 bytes: what doesn't fit one datagram fills more
than half of each of two.
"""

from collections.abc import Callable, Iterator

from lanparty_proto.errors import ProtoError
from lanparty_proto.ethernet import ethernet_header_length
from lanparty_proto.mtu import MINIMUM_DATAGRAM_BUDGET
from lanparty_proto.overlay import (
    FLAG_CUT_BY_RELAY,
    FRAGMENT_HEADER_LENGTH,
    HEADER_LENGTH,
    MAXIMUM_OFFSET,
    MAXIMUM_PIECES,
    Kind,
    Overlay,
    decode,
    encode_fragment,
    encode_whole,
)

__all__ = ["CutError", "cut", "recut"]


class CutError(ProtoError, ValueError):
    """The budget is under the smallest of any endpoint, or the frame too large for any room.

    Too large is what gives over 8 pieces or lies beyond the offsets' 32 KiB.
    """


def cut(frame: bytes, *, budget: int, frame_id: Callable[[], int], source: int = 0) -> list[bytes]:
    """Return the datagrams, of at most `budget` bytes each, that carry `frame`.

    One whole datagram if the frame fits: it isn't looked at then. Otherwise fragments under one
    new `frame_id` (32 bits), the first piece first. Raises `CutError`.
    """
    if HEADER_LENGTH + len(frame) <= budget:
        return [encode_whole(frame, source)]
    whole = Overlay(Kind.WHOLE, 0, source, None, 0, False, memoryview(frame))
    return list(_pieces(whole, flags=0, frame_id=frame_id, budget=budget))


def recut(datagram: bytes, *, budget: int, frame_id: Callable[[], int]) -> list[bytes]:
    """Return the datagrams, of at most `budget` bytes each, that carry what `datagram` carries.

    The relay's cut for a member with a smaller budget. The same datagram if it fits, unread. A
    whole frame is cut under a new `frame_id` of the destination's counter and flagged so. A
    fragment's pieces keep its id and flags, and lie within its place in the frame.

    Raises `CutError`, and `OverlayError` for a malformed datagram.
    """
    if len(datagram) <= budget:
        return [datagram]
    overlay = decode(datagram)
    if overlay.frame_id is None:
        return list(_pieces(overlay, flags=FLAG_CUT_BY_RELAY, frame_id=frame_id, budget=budget))
    kept_id = overlay.frame_id
    return list(_pieces(overlay, flags=overlay.flags, frame_id=lambda: kept_id, budget=budget))


def _pieces(
    overlay: Overlay, *, flags: int, frame_id: Callable[[], int], budget: int
) -> Iterator[bytes]:
    if budget < MINIMUM_DATAGRAM_BUDGET:
        raise CutError(f"a datagram budget has {MINIMUM_DATAGRAM_BUDGET} bytes at least")
    header_length = ethernet_header_length(overlay.frame)
    header, payload = overlay.frame[:header_length], overlay.frame[header_length:]
    room = budget - HEADER_LENGTH - FRAGMENT_HEADER_LENGTH - header_length
    count = -(-len(payload) // room)
    if count > MAXIMUM_PIECES or overlay.offset + len(payload) > MAXIMUM_OFFSET:
        raise CutError(f"{len(payload)} bytes of payload are too many for a budget of {budget}")
    this_id = frame_id()
    ends = [len(payload) * (number + 1) // count for number in range(count)]
    for start, end in zip([0, *ends], ends, strict=False):
        yield encode_fragment(
            header,
            payload[start:end],
            source=overlay.source,
            flags=flags,
            frame_id=this_id,
            offset=overlay.offset + start,
            more=overlay.more or end < len(payload),
        )
