"""Whatever a stranger on the LAN makes the kernel hand over: every frame that comes out is within
the room's size or is the one that came, nothing raises, and all is counted.
"""

import random
import struct

from lanparty_gateway.packet.counters import PortCounters
from lanparty_gateway.packet.finishing import MOST_SEGMENTS, finish
from lanparty_gateway.packet.virtio_header import VirtioHeader
from lanparty_gateway.packet.vlan_tag import tag_of, with_tag

INPUTS = 30_000
MTU = 1_400
ADDRESSES = bytes.fromhex("02005e10000202005e100001")


def frame_of(rng: random.Random) -> bytes:
    """Make a frame that is broken somewhere, or nowhere."""
    size = rng.choice([0, 1, 20, 100, 1_400, 1_500, 8_000])
    tcp = struct.pack("!HHIIBBHHH", 5, 6, 7, 8, rng.choice([0, 5, 5, 15]) << 4, 24, 9, 0, 0)
    udp = struct.pack("!HHHH", 5, 6, rng.choice([8 + size, rng.getrandbits(16)]) & 0xFFFF, 0)
    protocol, transport = rng.choice([(6, tcp), (17, udp), (rng.getrandbits(8), b"")])
    body = transport + rng.randbytes(size)
    if rng.random() < 0.5:
        length = rng.choice([20 + len(body), rng.getrandbits(16)])
        first = rng.choice([0x45, 0x45, 0x45, 0x4F, 0x40, rng.getrandbits(8)])
        packet = struct.pack("!BBHHHBBH", first, 0, length, 1, 0, 64, protocol, 0) + bytes(8) + body
        kind = b"\x08\x00"
    else:
        length = rng.choice([len(body), rng.getrandbits(16)])
        first_header = rng.choice([protocol, protocol, 0, 44, 60])
        packet = struct.pack("!IHBB", 6 << 28, length, first_header, 64) + bytes(32) + body
        kind = b"\x86\xdd"
    tag = rng.choice([b"", b"", b"\x81\x00\x00\x05"])
    frame = ADDRESSES + tag + kind + packet
    return frame if rng.random() < 0.7 else frame[: rng.randint(0, len(frame))]


def header_of(rng: random.Random) -> bytes:
    return struct.pack(
        "=BBHHHH",
        rng.choice([0, 1, 1, 2, rng.getrandbits(8)]),
        rng.choice([0, 1, 3, 4, 5, 0x81, rng.getrandbits(8)]),
        rng.getrandbits(16),
        rng.choice([0, 1, 100, 1_000, 1_360, rng.getrandbits(16)]),
        rng.choice([34, 54, 38, 58, rng.getrandbits(16)]),
        rng.choice([6, 16, rng.getrandbits(16)]),
    )


def test_offloads_that_make_no_sense_are_counted_and_those_that_do_are_cut_to_size() -> None:
    rng, counters = random.Random(6), PortCounters()
    kept = 0
    for _ in range(INPUTS):
        frame, header = frame_of(rng), VirtioHeader.parse(header_of(rng))
        before = counters.unreadable + counters.superframes + counters.completed_checksums
        frames = finish(frame, header, mtu=MTU, counters=counters)
        counted = counters.unreadable + counters.superframes + counters.completed_checksums - before
        if header.kind or header.needs_checksum:
            assert counted == 1
        else:
            assert (frames, counted) == ([frame], 0)
            kept += 1
        assert len(frames) <= MOST_SEGMENTS + 1
        if header.kind:
            assert all(len(cut) <= MTU + 18 for cut in frames)
    assert kept
    assert counters.unreadable
    assert counters.superframes
    assert counters.completed_checksums


def test_a_tag_is_put_into_whatever_frame_there_is() -> None:
    rng = random.Random(7)
    for _ in range(INPUTS):
        frame = rng.randbytes(rng.choice([0, 5, 12, 60]))
        tag = tag_of(rng.getrandbits(32), rng.getrandbits(16), rng.getrandbits(16))
        assert len(with_tag(frame, tag)) == len(frame) + len(tag)
