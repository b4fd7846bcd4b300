"""The way of the frames in an endpoint: port -> overlay datagrams -> relay, and back.

A frame from the port is cut to the budget of the way; a datagram from the relay becomes a frame,
alone or put together with others. Whatever can't go on is counted by reason, never raised.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from lanparty_client_core.port import FRAMES_PER_READ, FramePort
from lanparty_obs.counters import TunnelCounters
from lanparty_obs.reasons import EgressDrop
from lanparty_proto import (
    EthernetError,
    Kind,
    OverlayError,
    Reassembler,
    ReassemblyDrop,
    cut,
    decode,
    ethernet_header_length,
)
from lanparty_quic.endpoint import Outcome

__all__ = ["FrameDrop", "FramePump", "PumpCounters"]

_FRAME_ID_MASK: Final = 0xFFFFFFFF
_NO_PEER: Final = 0
"""The source of a datagram that no relay has stamped."""


class FrameDrop(StrEnum):
    """Why this endpoint dropped a frame, or a datagram that should have become one."""

    NOT_JOINED = "not_joined"
    """From the port, outside of a joined session."""
    RUNT = "runt"
    """Shorter than an Ethernet header, from either side."""
    OVERSIZE = "oversize"
    """Larger than the room's MTU allows, from either side."""
    BEFORE_WELCOME = "before_welcome"
    """From the relay, before the room and its MTU are known."""
    MALFORMED = "malformed"
    """From the relay: no overlay datagram of this version, or one without a source."""
    PORT_FULL = "port_full"
    """The host didn't take it."""


@dataclass(slots=True, kw_only=True)
class PumpCounters:
    """What an endpoint counted of its own frames and datagrams since its session began.

    Outward, a frame read is either in `dropped` or became datagrams; a datagram is sent, dropped
    or still queued. Inward, a datagram becomes a frame, a part of one, or a drop.
    """

    frames_read: int = 0
    bytes_read: int = 0
    frames_written: int = 0
    bytes_written: int = 0
    datagrams_queued: int = 0
    """All that were ever queued, whatever became of them."""
    datagrams_sent: int = 0
    datagram_bytes_sent: int = 0
    datagrams_received: int = 0
    datagram_bytes_received: int = 0
    dropped: Counter[FrameDrop] = field(default_factory=Counter)
    dropped_datagrams: Counter[EgressDrop] = field(default_factory=Counter)
    """Queued copies that the connection didn't take."""
    dropped_parts: Counter[ReassemblyDrop] = field(default_factory=Counter)
    """Fragments and unfinished frames, by the reason that the reassembly gives."""

    def as_seen_by_relay(self) -> TunnelCounters:
        """Express them in the relay's directions: what it should have received and sent."""
        return TunnelCounters(
            received=self.datagrams_sent,
            received_bytes=self.datagram_bytes_sent,
            chosen=self.datagrams_received,
            sent=self.datagrams_received,
            sent_bytes=self.datagram_bytes_received,
        )


class FramePump:
    """Carries batches between a port and a connection; without either's loop or clock."""

    def __init__(self, port: FramePort, *, first_frame_id: int) -> None:
        self._port = port
        self._mtu: int | None = None
        self._next_frame_id = first_frame_id
        self._reassembler = Reassembler()
        self._counted = PumpCounters()
        self._port_has_more = False

    @property
    def port_has_more(self) -> bool:
        """The last batch was full: another turn is due at once."""
        return self._port_has_more

    def open(self, *, mtu: int) -> None:
        """Let frames through from now on; `mtu` is the room's."""
        self._mtu = mtu

    def close(self) -> None:
        """Let nothing through any more; frames from the port are drained and counted."""
        self._mtu = None

    def read_port(self, *, budget: int | None) -> list[bytes]:
        """Take one batch of frames from the port as datagrams of at most `budget` bytes."""
        frames = self._port.read_frames()
        self._port_has_more = len(frames) == FRAMES_PER_READ
        if not frames:
            return []
        self._counted.frames_read += len(frames)
        self._counted.bytes_read += sum(map(len, frames))
        if self._mtu is None or budget is None:
            self._counted.dropped[FrameDrop.NOT_JOINED] += len(frames)
            return []
        datagrams: list[bytes] = []
        for frame in frames:
            unfit = _reason_to_drop(frame, mtu=self._mtu)
            if unfit is not None:
                self._counted.dropped[unfit] += 1
                continue
            datagrams += cut(frame, budget=budget, frame_id=self._take_frame_id)
        self._counted.datagrams_queued += len(datagrams)
        return datagrams

    def write_port(self, payloads: Iterable[bytes], *, now: float) -> None:
        """Turn datagrams from the relay into frames and hand them to the port."""
        frames: list[bytes] = []
        for payload in payloads:
            self._counted.datagrams_received += 1
            self._counted.datagram_bytes_received += len(payload)
            frame = self._frame_of(payload, now=now)
            if frame is not None:
                frames.append(frame)
        if frames:
            taken = self._port.write_frames(frames)
            self._counted.frames_written += taken
            self._counted.bytes_written += sum(map(len, frames[:taken]))
            if taken < len(frames):
                self._counted.dropped[FrameDrop.PORT_FULL] += len(frames) - taken

    def _frame_of(self, payload: bytes, *, now: float) -> bytes | None:
        if self._mtu is None:
            self._counted.dropped[FrameDrop.BEFORE_WELCOME] += 1
            return None
        try:
            overlay = decode(payload)
        except OverlayError:
            self._counted.dropped[FrameDrop.MALFORMED] += 1
            return None
        if overlay.source == _NO_PEER:
            self._counted.dropped[FrameDrop.MALFORMED] += 1
            return None
        if overlay.kind is Kind.FRAGMENT:
            return self._reassembler.add(overlay, now=now, mtu=self._mtu)
        unfit = _reason_to_drop(overlay.frame, mtu=self._mtu)
        if unfit is not None:
            self._counted.dropped[unfit] += 1
            return None
        return bytes(overlay.frame)

    def count_outcome(self, outcome: Outcome) -> None:
        """Count what became of queued datagrams."""
        if outcome.reason is None:
            self._counted.datagrams_sent += outcome.count
            self._counted.datagram_bytes_sent += outcome.size
        else:
            self._counted.dropped_datagrams[outcome.reason] += outcome.count

    def forget_source(self, peer_id: int) -> None:
        """Drop the unfinished frames of a member that left."""
        self._reassembler.forget(peer_id)

    def handle_timer(self, *, now: float) -> None:
        """Drop the unfinished frames whose time is up."""
        self._reassembler.expire(now=now)

    def next_deadline(self) -> float | None:
        """When `handle_timer` has something to do."""
        return self._reassembler.next_deadline()

    def counters(self) -> PumpCounters:
        """Look at the counters."""
        return replace(
            self._counted,
            dropped=self._counted.dropped.copy(),
            dropped_datagrams=self._counted.dropped_datagrams.copy(),
            dropped_parts=Counter(self._reassembler.dropped),
        )

    def _take_frame_id(self) -> int:
        frame_id = self._next_frame_id
        self._next_frame_id = (frame_id + 1) & _FRAME_ID_MASK
        return frame_id


def _reason_to_drop(frame: bytes | memoryview, *, mtu: int) -> FrameDrop | None:
    try:
        header_length = ethernet_header_length(frame)
    except EthernetError:
        return FrameDrop.RUNT
    if len(frame) - header_length > mtu:
        return FrameDrop.OVERSIZE
    return None
