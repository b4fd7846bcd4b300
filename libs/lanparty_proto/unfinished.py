"""One frame on its way to completeness: its pieces, and what no two pieces of a frame may say."""

from enum import StrEnum

from lanparty_proto.overlay import MAXIMUM_PIECES

__all__ = ["ReassemblyDrop", "UnfinishedFrame"]


class ReassemblyDrop(StrEnum):
    """Why a fragment never became part of a frame. Counted in fragments, not in frames."""

    OVERSIZE = "oversize"
    """Offset and length exceed the room's MTU."""
    DUPLICATE = "duplicate"
    """The same piece again, bit for bit; the frame goes on without it."""
    OVERLAP = "overlap"
    """It covers bytes of another piece: the frame is dropped (RFC 5722 section 4)."""
    HEADER_DIFFERS = "header_differs"
    """It repeats another Ethernet header than the piece before: the frame is dropped."""
    END_DIFFERS = "end_differs"
    """It lies beyond the last piece, or is a second last piece: the frame is dropped."""
    TOO_MANY_PIECES = "too_many_pieces"
    """The frame has 8 already: it is dropped."""
    TIMEOUT = "timeout"
    """The rest didn't come in time."""
    SOURCE_FULL = "source_full"
    """Its source has too much unfinished: the source's oldest frame goes."""
    FULL = "full"
    """All sources together have too much unfinished: the oldest frame of the fullest goes."""
    SOURCE_LEFT = "source_left"


class UnfinishedFrame:
    """The pieces of a frame that have come, in any order.

    Once `spoiled` it keeps nothing but the reason, so that pieces still to come are dropped as
    well and can't begin the frame anew (RFC 5722 section 4: "including those not yet received").
    """

    __slots__ = ("_end", "_header", "_length", "_pieces", "charge", "deadline", "spoiled")

    def __init__(self, header: bytes, *, deadline: float) -> None:
        self.deadline = deadline
        self.charge = 0
        """Bytes that whoever keeps the frame accounts for it."""
        self.spoiled: ReassemblyDrop | None = None
        self._header = header
        self._pieces: dict[int, bytes] = {}
        self._length = 0
        self._end: int | None = None
        """Length of the payload, known once the last piece has come."""

    def __len__(self) -> int:
        """Count the pieces held."""
        return len(self._pieces)

    @property
    def is_complete(self) -> bool:
        """The last piece has come, and no byte before it is missing."""
        # No two pieces overlap and none lies beyond the end: as many bytes as the end are all.
        return self._length == self._end

    def objection(
        self, header: memoryview, piece: memoryview, *, offset: int, more: bool
    ) -> ReassemblyDrop | None:
        """Say why this piece can't be taken; None if it can. All but `DUPLICATE` spoil the frame.

        An exact duplicate contradicts nothing, so it is no overlap here (RFC 8200 section 4.5
        leaves that choice). QUIC delivers no packet twice, so it should not happen anyway.
        """
        if header != self._header:
            return ReassemblyDrop.HEADER_DIFFERS
        end = offset + len(piece)
        if piece == self._pieces.get(offset, b"") and more == (end != self._end):
            return ReassemblyDrop.DUPLICATE
        for held_offset, held in self._pieces.items():
            if offset < held_offset + len(held) and held_offset < end:
                return ReassemblyDrop.OVERLAP
        if self._end is not None and (not more or end > self._end):
            return ReassemblyDrop.END_DIFFERS
        if not more and any(held_offset > offset for held_offset in self._pieces):
            return ReassemblyDrop.END_DIFFERS
        if len(self._pieces) >= MAXIMUM_PIECES:
            return ReassemblyDrop.TOO_MANY_PIECES
        return None

    def take(self, piece: memoryview, *, offset: int, more: bool) -> None:
        """Keep a copy of a piece without objection."""
        self._pieces[offset] = bytes(piece)
        self._length += len(piece)
        if not more:
            self._end = offset + len(piece)

    def spoil(self, reason: ReassemblyDrop) -> None:
        """Let go of the pieces for good."""
        self.spoiled = reason
        self._pieces = {}

    def join(self) -> bytes:
        """Return the frame. It is complete."""
        return b"".join((self._header, *(self._pieces[o] for o in sorted(self._pieces))))
