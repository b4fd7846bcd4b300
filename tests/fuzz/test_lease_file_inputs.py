"""Invariant: whatever stands in the lease file, only LeaseDocumentError escapes, and what is read
makes a book whose addresses are its networks' and nobody's twice."""

import json
import random
from collections.abc import Iterator
from ipaddress import IPv4Network

from lanparty_ctrl import RoomCode
from lanparty_proto import MacAddress
from lanparty_relay.core import (
    FIRST_HOST,
    LAST_HOST,
    LeaseBook,
    RememberedLease,
    RememberedRoom,
)
from lanparty_relay.lease_document import (
    LeaseDocumentError,
    parse_leases,
    render_leases,
    render_room,
)

INPUTS = 20_000
TOKENS = [
    *(b'"', b"{", b"}", b"[", b"]", b":", b",", b"\\", b"null", b"-", b"1e999", b"NaN", b"\xff"),
    *(b"[" * 2_000, b"9" * 5_000, b"10.0.0.0/8", b"fd00::/64", b'"left_at":', b'"host":', b"255"),
    *(b'"02:00:00:00:00:01":{"host":7}', b'"version":2', b"\\ud800"),
]


def fit(dice: random.Random) -> bytes:
    """A document as the relay writes it."""
    rooms = []
    for _ in range(dice.randrange(4)):
        hosts = dice.sample(range(FIRST_HOST, LAST_HOST + 1), dice.randrange(5))
        leases = tuple(
            RememberedLease(
                MacAddress(b"\x02" + dice.randbytes(5)),
                host,
                None if dice.random() < 0.5 else dice.uniform(-1e5, 1e5),
            )
            for host in hosts
        )
        network = IPv4Network(f"10.{dice.randrange(160, 192)}.{dice.randrange(256)}.0/24")
        rooms.append(RememberedRoom(dice.randbytes(16).hex(), network, leases))
    return render_leases(
        dice.randbytes(32), [render_room(room, clock_offset=1e9) for room in rooms]
    )


def inputs(dice: random.Random) -> Iterator[bytes]:
    for number in range(INPUTS):
        data = bytearray(fit(dice))
        for _ in range(number % 4):
            place = dice.randrange(len(data) + 1)
            match dice.randrange(4):
                case 0:
                    data[place : place + 1] = dice.randbytes(1)
                case 1:
                    data[place : place + dice.randint(1, 30)] = b""
                case 2:
                    data[place:place] = dice.choice(TOKENS)
                case _:
                    # Like with like: fields that are repeated, or stand elsewhere.
                    start = dice.randrange(len(data) + 1)
                    data[place:place] = data[start : start + dice.randint(1, 80)]
        yield bytes(data) if number % 50 else dice.randbytes(dice.randrange(200))


def test_no_content_raises_anything_else_or_leases_an_address_twice() -> None:
    dice = random.Random(1)
    read = refused = longest = 0
    for content in inputs(dice):
        try:
            document = parse_leases(content, clock_offset=1e9)
        except LeaseDocumentError as error:
            refused += 1
            longest = max(longest, len(str(error)))
            continue
        read += 1
        book = LeaseBook(document.key)
        book.restore(document.rooms, now=0.0)
        for room in book.changes().values():
            if room is not None:
                addresses = [room.network[lease.host] for lease in room.leases]
                assert len(set(addresses)) == len(addresses)
                json.loads(b"{" + render_room(room, clock_offset=1e9) + b"}")
        book.open(RoomCode("PARTY"), frozenset(), now=0.0)
    assert read > INPUTS / 5
    assert refused > INPUTS / 5
    assert longest < 300
