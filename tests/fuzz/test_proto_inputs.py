"""Invariant: whatever comes, only the package's own errors escape, and memory doesn't grow.

What is refused is counted by reason; every reason that there is must have been met.
"""

import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from lanparty_ethernet import ArpPacket, IcmpEcho, Ipv4Packet, PacketError, PacketFault
from lanparty_proto import (
    MAXIMUM_ROOM_MTU,
    CutError,
    EthernetError,
    EthernetFault,
    Kind,
    OverlayError,
    OverlayFault,
    Reassembler,
    ReassemblyDrop,
    ReassemblyLimits,
    cut,
    decode,
    encode_ethernet,
    encode_fragment,
    ethernet_header_length,
    parse_ethernet,
    recut,
)

INPUTS = 100_000
WARM_UP = 10_000
GROWTH_LIMIT = 5 * 2**20

VECTORS = Path(__file__).parents[1] / "vectors"
INTERESTING = [b"\x00", b"\xff", b"\x01", b"\x7f", b"\x80", b"\x10\x00", b"\x11\x01", b"\x81\x00"]


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def mutated(dice: random.Random, octets: bytes) -> bytes:
    """Change octets in a few places, mostly in the first forty, where the headers are."""
    changed = bytearray(octets)
    for _ in range(dice.randint(1, 3)):
        place = dice.randrange(min(len(changed), dice.choice([4, 12, 40, 2000])) + 1)
        match dice.randrange(6):
            case 0:
                changed[place : place + 1] = dice.randbytes(1)
            case 1:
                changed[place : place + 2] = dice.choice(INTERESTING)
            case 2:
                del changed[place : place + dice.randint(1, 20)]
            case 3:
                changed[place:place] = dice.randbytes(dice.randint(1, 20))
            case 4:
                del changed[dice.randrange(len(changed) + 1) :]
            case _:
                changed += dice.randbytes(dice.choice([1, 2, 600]))
    return bytes(changed)


def inputs(seed: int, valid: list[bytes]) -> Iterator[bytes]:
    """Random octets, valid ones, and mostly valid ones that were changed."""
    dice = random.Random(seed)
    for _ in range(INPUTS):
        match dice.randrange(8):
            case 0:
                yield dice.randbytes(dice.randrange(100))
            case 1:
                yield dice.choice(valid)
            case _:
                yield mutated(dice, dice.choice(valid))


def fates_of(given: Iterator[bytes], fate: Callable[[bytes], str]) -> Counter[str]:
    """Count what becomes of each input, and watch the memory."""
    fates: Counter[str] = Counter()
    resident_after_warm_up = 0
    for number, octets in enumerate(given):
        if number == WARM_UP:
            resident_after_warm_up = resident_bytes()
        fates[fate(octets)] += 1
    assert fates.total() == INPUTS
    assert resident_bytes() - resident_after_warm_up <= GROWTH_LIMIT
    return fates


def valid_datagrams() -> list[bytes]:
    vectors = json.loads((VECTORS / "overlay.json").read_text())
    return [bytes.fromhex(vector["datagram"]) for vector in vectors["decode"]] + [
        bytes.fromhex(datagram) for vector in vectors["recut"] for datagram in vector["datagrams"]
    ]


def valid_frames() -> list[bytes]:
    vectors = json.loads((VECTORS / "ethernet.json").read_text())
    return [bytes.fromhex(vector["frame"]) for vector in vectors["frames"]]


def test_any_datagram_is_decoded_or_refused_for_a_reason() -> None:
    def fate(octets: bytes) -> str:
        try:
            overlay = decode(octets)
            recut(octets, budget=1150, frame_id=lambda: 1)
        except OverlayError as error:
            return error.reason
        except CutError:  # the relay cuts nothing that is beyond the room's MTU
            assert overlay.offset + len(overlay.frame) > MAXIMUM_ROOM_MTU
        return overlay.kind.name

    fates = fates_of(inputs(1, valid_datagrams()), fate)
    assert set(fates) == {*OverlayFault, Kind.WHOLE.name, Kind.FRAGMENT.name}


def test_any_frame_is_parsed_or_refused_for_a_reason() -> None:
    def fate(octets: bytes) -> str:
        try:
            header = parse_ethernet(memoryview(octets))
        except EthernetError as error:
            return error.reason
        assert octets == encode_ethernet(
            header.destination,
            header.source,
            header.type_or_length,
            header.payload,
            tag=header.tag,
        )
        cut(octets, budget=1150, frame_id=lambda: 1)
        return f"header of {header.header_length}"

    fates = fates_of(inputs(2, valid_frames()), fate)
    assert set(fates) == {*EthernetFault, "header of 14", "header of 18"}


def sound_fragments(dice: random.Random) -> list[bytes]:
    """All pieces of one frame."""
    frame = valid_frames()[0][:14] + dice.randbytes(dice.randrange(1200, 1501))
    frame_id = dice.getrandbits(32)
    return cut(frame, budget=1170, frame_id=lambda: frame_id, source=dice.randrange(1, 20))


def hostile_fragment(dice: random.Random) -> bytes:
    """A piece that meets others in a few ids, or floods with many, seldom from a new source."""
    offset = dice.choice([0, 0, 512, 600, 1024, dice.randrange(1600)])
    sources = dice.choice([range(1, 2), range(1, 20), range(1, 20), range(65536)])
    return encode_fragment(
        bytes(14),
        dice.randbytes(dice.choice([1, 2, 512, 600, 900, dice.randrange(1500)])),
        source=dice.choice(sources),
        flags=dice.randrange(2),
        frame_id=dice.getrandbits(32) if dice.random() < 0.3 else dice.randrange(8),
        offset=offset,
        more=dice.random() < 0.6,
    )


def fragments(seed: int) -> Iterator[bytes]:
    """Sound frames, some of whose pieces are doubled or changed, among hostile pieces."""
    dice = random.Random(seed)
    sound = sound_fragments(dice)
    for _ in range(INPUTS):
        if dice.random() < 0.6:
            yield hostile_fragment(dice)
            continue
        datagram = dice.choice(sound) if dice.random() < 0.1 else sound.pop()
        yield mutated(dice, datagram) if dice.random() < 0.1 else datagram
        sound = sound or sound_fragments(dice)


def test_any_fragments_are_put_together_or_dropped_for_a_reason_within_bounds() -> None:
    limits = ReassemblyLimits(source_bytes=64 * 1024, total_bytes=512 * 1024, lifetime=0.05)
    reassembler = Reassembler(limits)
    taken = 0
    now = 0.0

    def fate(octets: bytes) -> str:
        nonlocal now, taken
        now += 1e-5
        try:
            overlay = decode(octets)
        except OverlayError as error:
            return error.reason
        if overlay.kind is Kind.WHOLE:
            return overlay.kind.name
        taken += 1
        frame = reassembler.add(overlay, now=now, mtu=MAXIMUM_ROOM_MTU)
        assert reassembler.bytes_held <= limits.total_bytes
        if taken % 1000 == 0:
            reassembler.forget(overlay.source)
        if frame is None:
            return "no frame"
        assert len(frame) - ethernet_header_length(frame) <= MAXIMUM_ROOM_MTU
        return "frame"

    fates = fates_of(fragments(3), fate)
    assert fates["frame"] > 1000
    # A room's MTU leaves no place for a ninth piece of 512 bytes.
    assert set(reassembler.dropped) == set(ReassemblyDrop) - {ReassemblyDrop.TOO_MANY_PIECES}
    # Each fragment of a frame given back is accounted for: two at least, three at most.
    gone = taken - reassembler.pieces_waiting - sum(reassembler.dropped.values())
    assert 2 * fates["frame"] <= gone <= 3 * fates["frame"]


def valid_packets() -> list[bytes]:
    arp = bytes.fromhex("000108000604000102005e1000010a4d00010000000000000a4d0002")
    ip_header = bytes.fromhex("4500001c00004000400126450a4d00010a4d0002")
    echo = bytes.fromhex("0800f7fe00000001")
    return [arp, arp + bytes(18), ip_header + echo, ip_header + echo + bytes(18), echo]


def test_anything_in_a_frame_is_read_or_refused_for_a_reason() -> None:
    read: Counter[str] = Counter()

    def fate(octets: bytes) -> str:
        verdicts = set()
        for kind in (ArpPacket, Ipv4Packet, IcmpEcho):
            try:
                packet = kind.parse(memoryview(octets))
            except PacketError as error:
                verdicts.add(error.reason)
            else:
                packet.encode()
                read[kind.__name__] += 1
        return "+".join(sorted(verdicts))

    fates = fates_of(inputs(4, valid_packets()), fate)
    of_parsers = set(PacketFault) - {PacketFault.TOO_LARGE}  # said by what cuts packets alone
    assert {reason for verdicts in fates for reason in verdicts.split("+")} >= of_parsers
    assert set(read) == {"ArpPacket", "Ipv4Packet", "IcmpEcho"}
