"""Invariant: any fragments at any time become frames or drops, each once, within the bounds.

The input is a row of steps: fragments of a few frames and sources, some sound, some bent, time that
goes on, sources that leave. A frame that is given back holds exactly pieces that were given.
"""

from choices import Choices
from target import Target

from lanparty_proto import (
    MAXIMUM_OFFSET,
    MAXIMUM_PIECES,
    OverlayError,
    Reassembler,
    ReassemblyLimits,
    cut,
    decode,
    encode_fragment,
    ethernet_header_length,
    stamp,
)

__all__ = ["TARGET"]

_LIMITS = ReassemblyLimits(source_bytes=64 * 1024, total_bytes=96 * 1024, lifetime=0.5)
_HEADERS = (bytes(14), bytes(12) + b"\x81\x00\0\0\x08\x00", bytes(13) + b"\1")
_LENGTHS = (512, 513, 600, 1, 2, 511, 1024, 1138, 1500, 0)
_WAYS = (0.0, 0.001, 0.3, 0.5, 10.0)
_FRAME = bytes(range(256)) * 8


class Way:
    """What was given to a reassembler, and what came of it."""

    def __init__(self) -> None:
        self.reassembler = Reassembler(_LIMITS)
        self.now = 0.0
        self.mtu = 1500
        self.taken = 0
        self.in_frames = 0
        self.largest_frames = 0

    def add(self, datagram: bytes) -> None:
        try:
            overlay = decode(datagram)
        except OverlayError:
            return
        if overlay.frame_id is None:
            return
        self.taken += 1
        before = self.reassembler.pieces_waiting
        dropped = sum(self.reassembler.dropped.values())
        frame = self.reassembler.add(overlay, now=self.now, mtu=self.mtu)
        if frame is not None:
            newly = sum(self.reassembler.dropped.values()) - dropped
            pieces = before + 1 - newly - self.reassembler.pieces_waiting
            assert 2 <= pieces <= MAXIMUM_PIECES
            assert 512 < len(frame) - ethernet_header_length(frame) <= self.mtu
            self.in_frames += pieces

    def check(self) -> None:
        reassembler = self.reassembler
        dropped = sum(reassembler.dropped.values())
        assert self.taken == self.in_frames + reassembler.pieces_waiting + dropped
        assert 0 <= reassembler.bytes_held <= _LIMITS.total_bytes
        assert reassembler.pieces_waiting * 128 <= reassembler.bytes_held
        deadline = reassembler.next_deadline()
        assert deadline is None or deadline <= self.now + _LIMITS.lifetime


def feed(data: bytes) -> None:
    """Take the steps, then let the time run out."""
    choices = Choices(data)
    way = Way()
    way.mtu = choices.of((1500, 1280, MAXIMUM_OFFSET))
    while choices.left:
        step(choices, way)
        way.check()
    way.now += 1.0
    way.reassembler.expire(now=way.now)
    assert not way.reassembler.pieces_waiting
    assert not way.reassembler.bytes_held
    assert way.reassembler.next_deadline() is None
    way.check()


def step(choices: Choices, way: Way) -> None:
    kind = choices.byte()
    source = 1 + (kind >> 3) % 4
    match kind & 7:
        case 0:
            way.now += choices.of(_WAYS)
        case 1:
            way.reassembler.forget(source)
        case 2:
            way.add(choices.piece())
        case 3:
            frame = choices.of(_HEADERS) + _FRAME[: choices.number(2) % 1501]
            number = choices.byte()
            pieces = cut(frame, budget=1150 + kind, frame_id=lambda: number)
            for place in choices.take(len(pieces)):
                way.add(stamp(source, pieces[place % len(pieces)]))
        case _:
            place = choices.number(2)
            header = choices.of(_HEADERS)
            fragment = encode_fragment(
                header,
                choices.byte().to_bytes() * choices.of(_LENGTHS),
                source=source,
                flags=(kind >> 5) & 1,
                frame_id=choices.byte() % 16,
                offset=(place >> 1) % (way.mtu + 2) if kind & 0x40 else 512 * ((place >> 1) % 9),
                more=bool(place & 1),
            )
            way.add(fragment)


TARGET = Target(
    name="reassembly",
    subject="reassembly: fragments of several sources in time",
    largest_input=1024,
    begin=lambda: feed,
)
