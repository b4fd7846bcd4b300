"""Frames of every size and kind, from one TAP to the other, bit for bit."""

import random
import time
from collections.abc import Iterator

import pytest
from ethernet_socket import EthernetSocket
from real_client import Client, Pair

SMALLEST = 60
LARGEST = 1514
ETHERTYPE = 0x88B6
"""IEEE Std 802, local experimental ethertype 2: nobody else here sends it."""

IPX = 0x8137
VLAN = 0x8100
ARRIVAL_LIMIT = 3.0
AT_ONCE = 8
"""How many frames are on their way: no queue is to be tested here."""

Ends = tuple[EthernetSocket, EthernetSocket]


@pytest.fixture(params=[0, 1], ids=["ann to bob", "bob to ann"])
def ends(pair: Pair, request: pytest.FixtureRequest) -> Iterator[Ends]:
    """Raw sockets on the TAPs of a sender and of a receiver."""
    sender, receiver = pair.ways[request.param]
    with opened(sender) as from_here, opened(receiver) as to_there:
        yield from_here, to_there


def opened(client: Client) -> EthernetSocket:
    return EthernetSocket(client.machine, client.interface)


def frame(ends: Ends, *, type_or_length: int, size: int, tag: int | None = None) -> bytes:
    """Make a frame of so many bytes, its payload random but always the same."""
    source, target = ends
    tagged = b"" if tag is None else VLAN.to_bytes(2) + tag.to_bytes(2)
    header = target.mac + source.mac + tagged + type_or_length.to_bytes(2)
    return header + random.Random(size).randbytes(size - len(header))


def received(target: EthernetSocket, wanted: list[bytes]) -> list[bytes]:
    """Take what comes until all that is wanted has come; leave out what the hosts say."""
    missing = list(wanted)
    came = []
    give_up_at = time.monotonic() + ARRIVAL_LIMIT
    while missing and (left := give_up_at - time.monotonic()) > 0:
        one = target.receive(limit=left)
        if one in missing:
            missing.remove(one)
            came.append(one)
    return came


def test_every_size_arrives_bit_for_bit(ends: Ends) -> None:
    source, target = ends
    frames = [
        frame(ends, type_or_length=ETHERTYPE, size=size) for size in range(SMALLEST, LARGEST + 1)
    ]
    for first in range(0, len(frames), AT_ONCE):
        batch = frames[first : first + AT_ONCE]
        for each in batch:
            source.send(each)
        came = received(target, batch)
        assert [len(each) for each in came] == [len(each) for each in batch]


def test_a_tagged_frame_of_full_size_keeps_its_tag(ends: Ends) -> None:
    source, target = ends
    tagged = frame(ends, type_or_length=ETHERTYPE, size=LARGEST + 4, tag=0x6123)
    source.send(tagged)
    assert received(target, [tagged]) == [tagged]


@pytest.mark.parametrize(
    ("type_or_length", "size"),
    [(IPX, 60), (IPX, LARGEST), (46, 60), (1500, LARGEST)],
    ids=["IPX, small", "IPX, large", "802.3 length, small", "802.3 length, large"],
)
def test_old_protocols_arrive_bit_for_bit(ends: Ends, type_or_length: int, size: int) -> None:
    source, target = ends
    old = frame(ends, type_or_length=type_or_length, size=size)
    source.send(old)
    assert received(target, [old]) == [old]
