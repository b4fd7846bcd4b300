"""Invariant: a datagram is read or refused as `OverlayError`, and cutting loses nothing.

What is read is written again bit for bit, also under another source; its pieces for any budget fit
it, lie in order where they belong, and give the same frame when they are put together.
"""

from collections.abc import Callable
from itertools import count

from choices import Choices
from target import Target

from lanparty_proto import (
    FLAG_CUT_BY_RELAY,
    MAXIMUM_OFFSET,
    MINIMUM_DATAGRAM_BUDGET,
    MINIMUM_PIECE,
    CutError,
    Kind,
    Overlay,
    OverlayError,
    ProtoError,
    Reassembler,
    cut,
    decode,
    encode_fragment,
    encode_whole,
    ethernet_header_length,
    parse_ethernet,
    recut,
    stamp,
)

__all__ = ["TARGET"]

_NO_LIMIT = MAXIMUM_OFFSET + 1


def written(overlay: Overlay) -> bytes:
    """Encode what was decoded."""
    if overlay.frame_id is None:
        return encode_whole(bytes(overlay.frame), overlay.source, overlay.flags)
    return encode_fragment(
        overlay.frame,
        b"",
        source=overlay.source,
        flags=overlay.flags,
        frame_id=overlay.frame_id,
        offset=overlay.offset,
        more=overlay.more,
    )


def check_pieces(overlay: Overlay, pieces: list[bytes], budget: int) -> None:
    """Require that pieces fit and carry what the overlay does."""
    length = ethernet_header_length(overlay.frame)
    header, payload = overlay.frame[:length], overlay.frame[length:]
    at = overlay.offset
    carried = b""
    ids = set()
    for number, piece in enumerate(pieces):
        assert len(piece) <= budget
        part = decode(piece)
        assert part.kind is Kind.FRAGMENT
        assert part.source == overlay.source
        assert part.frame[:length] == header
        assert part.offset == at
        assert part.more == (overlay.more or number < len(pieces) - 1)
        at += len(part.frame) - length
        carried += part.frame[length:]
        ids.add((part.flags, part.frame_id))
    assert carried == payload
    assert len(ids) == 1
    if overlay.frame_id is not None:
        assert ids == {(overlay.flags, overlay.frame_id)}
        return
    assert ids <= {(0, 7), (FLAG_CUT_BY_RELAY, 7)}
    reassembler = Reassembler()
    results = [reassembler.add(decode(piece), now=0.0, mtu=_NO_LIMIT) for piece in pieces]
    assert results == [None] * (len(pieces) - 1) + [bytes(overlay.frame)]


def check_frame(frame: memoryview, budget: int, frame_id: Callable[[], int]) -> None:
    """Require that an endpoint's own cut of a frame carries it."""
    try:
        pieces = cut(bytes(frame), budget=budget, frame_id=frame_id)
    except ProtoError:
        return
    if len(pieces) == 1 and pieces[0] == encode_whole(bytes(frame)):
        return
    check_pieces(Overlay(Kind.WHOLE, 0, 0, None, 0, False, frame), pieces, budget)


def feed(data: bytes) -> None:
    """Decode, write, stamp, cut and cut again."""
    choices = Choices(data)
    budget = choices.number(2) % 2048
    if choices.byte() & 1:
        budget = MINIMUM_DATAGRAM_BUDGET + budget % 256
    source = choices.number(2)
    datagram = choices.rest()
    try:
        overlay = decode(datagram)
    except OverlayError as error:
        assert str(error) == error.reason.value
        try:
            kept = recut(datagram, budget=budget, frame_id=lambda: 7)
        except ProtoError:
            return
        assert kept == [datagram], "only what fits is passed on unread"
        return
    assert written(overlay) == datagram
    stamped = decode(stamp(source, datagram))
    assert stamped == overlay._replace(source=source)
    if overlay.kind is Kind.FRAGMENT:
        length = len(overlay.frame) - ethernet_header_length(overlay.frame)
        assert length >= (MINIMUM_PIECE if overlay.more else 1)
        assert overlay.offset >= MINIMUM_PIECE or (overlay.more and not overlay.offset)
    else:
        check_frame(overlay.frame, budget, count(7).__next__)
    try:
        pieces = recut(datagram, budget=budget, frame_id=lambda: 7)
    except CutError:
        return
    except ProtoError:
        assert overlay.kind is Kind.WHOLE, "a fragment's header was checked"
        assert len(overlay.frame) < 18
        return
    if len(datagram) <= budget:
        assert pieces == [datagram]
        return
    check_pieces(overlay, pieces, budget)
    parse_ethernet(overlay.frame)


TARGET = Target(
    name="datagrams",
    subject="overlay datagrams: decode, stamp, cut, cut again",
    largest_input=1600,
    begin=lambda: feed,
)
