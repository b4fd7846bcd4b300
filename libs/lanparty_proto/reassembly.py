"""Putting fragments together again at the receiving endpoint, within bounds.

A frame is found by source, flag *cut by the relay* and frame id, so that the relay's counter and
the source's can't meet. What a hostile peer can make grow is bounded three times:

- time: a frame has one second from its first piece (QUIC delivers or loses within a few round
  trips, and 32-bit ids don't come around in that time: RFC 4963 section 5),
- each source: 256 KiB. Over that its *own* oldest frame goes; no other source's is touched,
- all sources: 4 MiB. Over that the oldest frame of the fullest source goes, so that a source that
  holds less than its even share loses nothing to others.

Bytes are charged as held by the interpreter, with what a frame and a piece cost beside their
payload: a thousand tiny last pieces are not a thousand bytes.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from lanparty_proto.errors import ProtoError
from lanparty_proto.ethernet import ethernet_header_length
from lanparty_proto.overlay import Overlay
from lanparty_proto.shares import Shares
from lanparty_proto.unfinished import ReassemblyDrop, UnfinishedFrame

__all__ = ["Reassembler", "ReassemblyLimits", "ReassemblyLimitsError"]

_FRAME_COST: Final = 1280
"""Bytes for one unfinished frame and its places in the tables when its source has no other."""

_PIECE_COST: Final = 128
"""Bytes for a piece beside its payload."""

_SMALLEST_BOUND: Final = 64 * 1024
"""Any frame that a 15-bit offset can describe fits, so that a bound never shuts a frame out."""

_Key: TypeAlias = tuple[int, int, int]
"""Source, flags, frame id."""


class ReassemblyLimitsError(ProtoError, ValueError):
    """Limits under which nothing would work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReassemblyLimits:
    """Bounds on what waits. Raises `ReassemblyLimitsError` for senseless ones."""

    source_bytes: int = 256 * 1024
    """For each source; at least 64 KiB."""
    total_bytes: int = 4 * 1024 * 1024
    """For all sources; at least `source_bytes`."""
    lifetime: float = 1.0
    """Seconds from the first piece of a frame to come until it is given up."""

    def __post_init__(self) -> None:
        if not _SMALLEST_BOUND <= self.source_bytes <= self.total_bytes:
            raise ReassemblyLimitsError("needed: 64 KiB <= source_bytes <= total_bytes")
        if self.lifetime <= 0:
            raise ReassemblyLimitsError("a frame needs time to arrive")


class Reassembler:
    """Takes decoded fragments from any number of sources and gives back whole frames.

    Every fragment added is in a frame given back, waits (`pieces_waiting`), or is counted in
    `dropped`, once each. Nothing that a peer sent raises. Times are seconds of one monotonic
    clock.
    """

    def __init__(self, limits: ReassemblyLimits | None = None) -> None:
        self._limits: Final = limits or ReassemblyLimits()
        # Ordered dicts: their first entry is found at once, however many went before it.
        self._frames: OrderedDict[_Key, UnfinishedFrame] = OrderedDict()
        """All, in order of deadline, because the lifetime is the same for all."""
        self._keys_of: dict[int, OrderedDict[_Key, None]] = {}
        """For each source, in the same order."""
        self._shares: Final = Shares(largest=self._limits.source_bytes)
        self._pieces_waiting = 0
        self._dropped: Counter[ReassemblyDrop] = Counter()

    @property
    def dropped(self) -> Mapping[ReassemblyDrop, int]:
        """Fragments dropped so far by reason; a live view."""
        return self._dropped

    @property
    def pieces_waiting(self) -> int:
        """Fragments held for frames that are not complete."""
        return self._pieces_waiting

    @property
    def bytes_held(self) -> int:
        """Charged for all that waits; never above the bound once `add` has returned."""
        return self._shares.total

    def add(self, overlay: Overlay, *, now: float, mtu: int) -> bytes | None:
        """Take one fragment; return the frame that it completes, else None.

        `mtu` is the room's. Frames whose time is up at `now` are given up first. `ValueError` for
        an overlay that is no fragment as `decode` makes it: the caller's mistake.
        """
        if overlay.frame_id is None:
            raise ValueError("a whole frame needs no reassembly")
        self.expire(now=now)
        header_length = ethernet_header_length(overlay.frame)
        header, piece = overlay.frame[:header_length], overlay.frame[header_length:]
        if overlay.offset + len(piece) > mtu:
            self._dropped[ReassemblyDrop.OVERSIZE] += 1
            return None
        key = (overlay.source, overlay.flags, overlay.frame_id)
        frame = self._frames.get(key)
        if frame is None:
            frame = self._begin(key, header, now=now)
        elif frame.spoiled:
            self._dropped[frame.spoiled] += 1
            return None
        objection = frame.objection(header, piece, offset=overlay.offset, more=overlay.more)
        if objection:
            self._object(key, frame, objection)
            return None
        frame.take(piece, offset=overlay.offset, more=overlay.more)
        self._pieces_waiting += 1
        self._charge(key[0], frame, _PIECE_COST + len(piece))
        if frame.is_complete:
            self._remove(key)
            return frame.join()
        self._make_room(key[0])
        return None

    def forget(self, source: int) -> None:
        """Drop what waits from a peer that left."""
        for key in list(self._keys_of.get(source, ())):
            self._drop(key, ReassemblyDrop.SOURCE_LEFT)

    def forget_all(self) -> None:
        """Drop what waits from everybody: peer ids may name others from now on."""
        for source in list(self._keys_of):
            self.forget(source)

    def expire(self, *, now: float) -> None:
        """Drop the frames whose time is up."""
        while self._frames:
            key, frame = next(iter(self._frames.items()))
            if frame.deadline > now:
                return
            self._drop(key, ReassemblyDrop.TIMEOUT)

    def next_deadline(self) -> float | None:
        """When `expire` has something to do; None while nothing waits."""
        return next(iter(self._frames.values())).deadline if self._frames else None

    def _begin(self, key: _Key, header: memoryview, *, now: float) -> UnfinishedFrame:
        frame = UnfinishedFrame(bytes(header), deadline=now + self._limits.lifetime)
        self._frames[key] = frame
        self._keys_of.setdefault(key[0], OrderedDict())[key] = None
        self._charge(key[0], frame, _FRAME_COST)
        return frame

    def _object(self, key: _Key, frame: UnfinishedFrame, objection: ReassemblyDrop) -> None:
        self._dropped[objection] += 1
        if objection is ReassemblyDrop.DUPLICATE:
            return
        self._dropped[objection] += len(frame)
        self._pieces_waiting -= len(frame)
        frame.spoil(objection)
        self._charge(key[0], frame, _FRAME_COST - frame.charge)

    def _make_room(self, source: int) -> None:
        while self._shares[source] > self._limits.source_bytes:
            self._drop(next(iter(self._keys_of[source])), ReassemblyDrop.SOURCE_FULL)
        while self._shares.total > self._limits.total_bytes:
            fullest = self._shares.fullest()
            self._drop(next(iter(self._keys_of[fullest])), ReassemblyDrop.FULL)

    def _drop(self, key: _Key, reason: ReassemblyDrop) -> None:
        pieces = len(self._remove(key))
        if pieces:
            self._dropped[reason] += pieces

    def _remove(self, key: _Key) -> UnfinishedFrame:
        frame = self._frames.pop(key)
        keys = self._keys_of[key[0]]
        del keys[key]
        if not keys:
            del self._keys_of[key[0]]
        self._charge(key[0], frame, -frame.charge)
        self._pieces_waiting -= len(frame)
        return frame

    def _charge(self, source: int, frame: UnfinishedFrame, amount: int) -> None:
        frame.charge += amount
        self._shares.change(source, amount)
