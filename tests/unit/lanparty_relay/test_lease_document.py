"""The lease file's content."""

import json
from ipaddress import IPv4Network
from typing import Any

import pytest

from lanparty_proto import MacAddress
from lanparty_relay.core import RememberedLease, RememberedRoom
from lanparty_relay.lease_document import (
    LeaseDocumentError,
    parse_leases,
    render_leases,
    render_room,
)

KEY = bytes(range(32))
ANN, BOB = (MacAddress(bytes([2, 0, 0, 0, 0, last])) for last in (1, 2))
ROOMS = (
    RememberedRoom(
        "ab" * 16,
        IPv4Network("10.171.5.0/24"),
        (RememberedLease(ANN, 34, None), RememberedLease(BOB, 2, 1_000.0)),
    ),
    RememberedRoom(
        "cd" * 16, IPv4Network("172.16.130.0/24"), (RememberedLease(ANN, 254, -50_000.0),)
    ),
)
OFFSET = 1_790_000_000.0


def document(**changes: object) -> bytes:
    """A fit document of one room, with changes to the room."""
    room = {"network": "10.171.5.0/24", "leases": {str(ANN): {"host": 34}}} | changes
    return json.dumps({"version": 1, "key": KEY.hex(), "rooms": {"ab" * 16: room}}).encode()


def test_what_was_written_is_read_again() -> None:
    written = render_leases(KEY, [render_room(room, clock_offset=OFFSET) for room in ROOMS])
    read = parse_leases(written, clock_offset=OFFSET)
    assert (read.key, read.rooms) == (KEY, ROOMS)


def test_a_file_without_rooms_still_has_the_key() -> None:
    read = parse_leases(render_leases(KEY, []), clock_offset=OFFSET)
    assert (read.key, read.rooms) == (KEY, ())


def test_times_in_the_file_are_of_the_clock_on_the_wall() -> None:
    written = json.loads(render_leases(KEY, [render_room(ROOMS[0], clock_offset=OFFSET)]))
    leases = written["rooms"]["ab" * 16]["leases"]
    assert leases == {str(ANN): {"host": 34}, str(BOB): {"host": 2, "left_at": 1_790_001_000}}
    # After a reboot the core's clock begins anew.
    read = parse_leases(json.dumps(written).encode(), clock_offset=OFFSET + 1_000)
    assert [lease.left_at for lease in read.rooms[0].leases] == [None, 0.0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b'{"version":1',
        b"[" * 10_000,
        render_leases(KEY, []).replace(b":1,", b":2,"),
        render_leases(KEY, []).replace(b":1,", b':"1",'),
        render_leases(KEY[1:], []),
        render_leases(KEY, [b'"room":{}']),
        render_leases(KEY, [b'"' + b"AB" * 16 + b'":{"network":"10.171.5.0/24","leases":{}}']),
        document(network="10.171.0.0/16"),
        document(network="10.171.5.1/24"),
        document(network="fd00::/24"),
        document(network="8.8.8.0/24"),
        document(network="127.0.0.0/24"),
        document(network=7),
        document(leases=[]),
        document(leases={str(ANN): 34}),
        document(leases={str(ANN): {"host": 1}}),
        document(leases={str(ANN): {"host": 255}}),
        document(leases={str(ANN): {"host": "34"}}),
        document(leases={str(ANN): {"host": 34, "left_at": -1}}),
        document(leases={str(ANN): {"host": 34, "left_at": float("inf")}}),
        document(leases={str(ANN): {"host": 34}, str(BOB): {"host": 34}}),
        document(leases={"ann": {"host": 34}}),
        document(leases={"01:00:00:00:00:01": {"host": 34}}),
        document(code="SECRET"),
    ],
)
def test_anything_else_is_refused_without_repeating_it(content: bytes) -> None:
    with pytest.raises(LeaseDocumentError) as refusal:
        parse_leases(content, clock_offset=OFFSET)
    assert "abab" not in str(refusal.value)
    assert "SECRET" not in str(refusal.value)


def test_the_key_is_not_shown() -> None:
    read: Any = parse_leases(render_leases(KEY, []), clock_offset=OFFSET)
    assert "\\x01" not in repr(read)
