"""Frames of every size, tagged and not, between a host of the LAN and a player, bit for bit."""

import random
import time
from collections.abc import Iterator

import pytest
from bridged import Bridged
from ethernet_socket import EthernetSocket

SMALLEST = 60
LARGEST = 1514
TAG = bytes.fromhex("81006123")
"""Priority 3, VLAN 0x123."""
ETHERTYPE = b"\x88\xb6"
"""IEEE Std 802, local experimental ethertype 2: nobody else here sends it."""
IPX = b"\x81\x37"
ARRIVAL_LIMIT = 3.0
AT_ONCE = 8
"""How many frames are on their way: no queue is to be tested here."""

Ends = tuple[EthernetSocket, EthernetSocket]


@pytest.fixture(params=["to the player", "to the LAN"])
def ends(bridged: Bridged, request: pytest.FixtureRequest) -> Iterator[Ends]:
    """Raw sockets of a sender and of a receiver."""
    with (
        EthernetSocket(bridged.lan.files, "eth0") as host,
        EthernetSocket(bridged.ann.machine, bridged.ann.interface) as player,
    ):
        yield (host, player) if request.param == "to the player" else (player, host)


def frame(ends: Ends, size: int, *, tag: bytes = b"", kind: bytes = ETHERTYPE) -> bytes:
    """Make a frame of so many bytes beside its tag, its payload random but always the same."""
    source, target = ends
    header = target.mac + source.mac + tag + kind
    return header + random.Random(size).randbytes(size + len(tag) - len(header))


def require_each(ends: Ends, frames: list[bytes]) -> None:
    """Send them a few at a time; each must come, the same bytes in the same order."""
    source, target = ends
    for first in range(0, len(frames), AT_ONCE):
        batch = frames[first : first + AT_ONCE]
        for each in batch:
            source.send(each)
        came: list[bytes] = []
        give_up_at = time.monotonic() + ARRIVAL_LIMIT
        while came != batch and (left := give_up_at - time.monotonic()) > 0:
            one = target.receive(limit=left)
            if one in batch:
                came.append(one)
        assert [len(each) for each in came] == [len(each) for each in batch]
        assert came == batch


@pytest.mark.parametrize("tag", [b"", TAG], ids=["untagged", "tagged"])
def test_every_size_arrives_bit_for_bit(ends: Ends, tag: bytes) -> None:
    require_each(ends, [frame(ends, size, tag=tag) for size in range(SMALLEST, LARGEST + 1)])


@pytest.mark.parametrize("kind", [IPX, (46).to_bytes(2), (1500).to_bytes(2)], ids=bytes.hex)
def test_old_protocols_arrive_bit_for_bit(ends: Ends, kind: bytes) -> None:
    require_each(ends, [frame(ends, size, kind=kind) for size in (SMALLEST, LARGEST)])
