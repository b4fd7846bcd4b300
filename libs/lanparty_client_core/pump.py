"""The way of the frames in an endpoint: port -> overlay datagrams -> relay, and back.

A frame from the port is cut to the budget of the way; a datagram from the relay becomes a frame,
alone or put together with others. Stations, softlan's own small hosts, get and give theirs in
between. Whatever can't go on is counted by reason, never raised.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from lanparty_client_core.port import FRAMES_PER_READ, FramePort
from lanparty_client_core.station import Station
from lanparty_ethernet import clamp_mss
from lanparty_obs.counters import TunnelCounters
from lanparty_obs.reasons import EgressDrop
from lanparty_proto import (
    HEADER_LENGTH,
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
    """What an endpoint counted of its own frames and datagrams, in all its sessions together.

    Outward, a frame read is either in `dropped` or became datagrams; a datagram is sent, dropped
    or still queued. Inward, a datagram becomes a frame, a part of one, or a drop.
    """

    frames_read: int = 0
    """From the port and from stations."""
    bytes_read: int = 0
    frames_written: int = 0
    """To the port."""
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

    frames_to_stations: int = 0
    """Kept by a station from the port."""

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

    def __init__(
        self,
        port: FramePort,
        *,
        first_frame_id: int,
        stations: Sequence[Station] = (),
        clamp_mss: bool = True,
    ) -> None:
        """`clamp_mss`: let TCP announce segments that need no fragments, both ways."""
        self._port = port
        self._stations = stations
        self._clamps = clamp_mss
        self._mtu: int | None = None
        self._next_frame_id = first_frame_id
        self._reassembler = Reassembler()
        self._counted = PumpCounters()
        self._session_began_with = TunnelCounters()
        self._port_has_more = False
        self._budget: int | None = None

    @property
    def port_has_more(self) -> bool:
        """The last batch was full: another turn is due at once."""
        return self._port_has_more

    def open(self, *, mtu: int, resumed: bool = False) -> None:
        """Let frames through from now on; `mtu` is the room's.

        The relay counts anew. Unless the session was `resumed`, peer ids may belong to others
        now, so unfinished frames are dropped.
        """
        self._mtu = mtu
        self._session_began_with = self._counted.as_seen_by_relay()
        if not resumed:
            self._reassembler.forget_all()

    def close(self) -> None:
        """Let nothing through any more; frames from the port are drained and counted."""
        self._mtu = None

    def read_port(self, *, budget: int | None, now: float) -> list[bytes]:
        """Take one batch of frames, the port's and the stations', as datagrams within `budget`."""
        frames = self._port.read_frames()
        self._budget = budget
        self._port_has_more = len(frames) == FRAMES_PER_READ
        if self._mtu is None or budget is None:
            self._count_read(frames)
            self._counted.dropped[FrameDrop.NOT_JOINED] += len(frames)
            return []
        if self._clamps:
            frames = [clamp_mss(frame, budget=budget - HEADER_LENGTH) for frame in frames]
        for station in self._stations:
            frames += station.frames_to_send(now=now)
        if not frames:
            return []
        self._count_read(frames)
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
        """Turn datagrams from the relay into frames, and hand them to stations and port."""
        frames: list[bytes] = []
        budget = self._budget  # What the host behind the port sends in answer has to fit.
        wanted = frozenset().union(*(station.ethertypes for station in self._stations))
        for payload in payloads:
            self._counted.datagrams_received += 1
            self._counted.datagram_bytes_received += len(payload)
            whole = self._frame_of(payload, now=now)
            if whole is None:
                continue
            frame, source = whole
            ethertype = int.from_bytes(frame[12:14])
            if ethertype in wanted and self._show_stations(ethertype, frame, source, now=now):
                self._counted.frames_to_stations += 1
                continue
            if self._clamps and budget is not None:
                frame = clamp_mss(frame, budget=budget - HEADER_LENGTH)
            frames.append(frame)
        if frames:
            taken = self._port.write_frames(frames)
            self._counted.frames_written += taken
            self._counted.bytes_written += sum(map(len, frames[:taken]))
            if taken < len(frames):
                self._counted.dropped[FrameDrop.PORT_FULL] += len(frames) - taken

    def _count_read(self, frames: list[bytes]) -> None:
        self._counted.frames_read += len(frames)
        self._counted.bytes_read += sum(map(len, frames))

    def _show_stations(self, ethertype: int, frame: bytes, source: int, *, now: float) -> bool:
        kept = False
        for station in self._stations:
            if ethertype in station.ethertypes:
                kept |= station.receive_frame(frame, source=source, now=now)
        return kept

    def _frame_of(self, payload: bytes, *, now: float) -> tuple[bytes, int] | None:
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
            frame = self._reassembler.add(overlay, now=now, mtu=self._mtu)
            return None if frame is None else (frame, overlay.source)
        unfit = _reason_to_drop(overlay.frame, mtu=self._mtu)
        if unfit is not None:
            self._counted.dropped[unfit] += 1
            return None
        return bytes(overlay.frame), overlay.source

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
        """When `handle_timer` or a station has something to do."""
        deadlines = [self._reassembler.next_deadline()]
        if self._mtu is not None:
            deadlines += [station.next_deadline() for station in self._stations]
        return min((moment for moment in deadlines if moment is not None), default=None)

    def counters(self) -> PumpCounters:
        """Look at the counters."""
        return replace(
            self._counted,
            dropped=self._counted.dropped.copy(),
            dropped_datagrams=self._counted.dropped_datagrams.copy(),
            dropped_parts=Counter(self._reassembler.dropped),
        )

    def session_counters(self) -> TunnelCounters:
        """Say what the relay should have counted for this endpoint since its last welcome."""
        counted, before = self._counted.as_seen_by_relay(), self._session_began_with
        return TunnelCounters(
            received=counted.received - before.received,
            received_bytes=counted.received_bytes - before.received_bytes,
            chosen=counted.chosen - before.chosen,
            sent=counted.sent - before.sent,
            sent_bytes=counted.sent_bytes - before.sent_bytes,
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
