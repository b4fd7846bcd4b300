"""The content of the file of rooms made ahead."""

import json

import pytest

from lanparty_ctrl import RoomCode
from lanparty_relay.core import KeptRoom
from lanparty_relay.room_document import RoomDocumentError, parse_rooms, render_rooms

OFFSET = 1_790_000_000.0
ROOMS = (
    KeptRoom(
        room_id="9f86d081884c",
        code=RoomCode("GAMES-NIGHT"),
        mtu=1400,
        peers_limit=16,
        opened_at=-3.5,
        expires_at=1_000.125,
    ),
    KeptRoom(
        room_id="r2",
        code=RoomCode("PARTY"),
        mtu=1500,
        peers_limit=None,
        opened_at=12.0,
        expires_at=None,
    ),
)


def document(**changes: object) -> bytes:
    """A fit document of one room, with changes to the room."""
    room = {
        "room_id": "r1",
        "code": "PARTY",
        "mtu": 1500,
        "peers_limit": None,
        "opened_at": OFFSET,
        "expires_at": None,
    }
    return json.dumps({"version": 1, "rooms": [room | changes]}).encode()


def test_what_was_written_is_read_again() -> None:
    assert parse_rooms(render_rooms(ROOMS, clock_offset=OFFSET), clock_offset=OFFSET) == ROOMS


def test_times_are_of_the_clock_of_the_reader() -> None:
    first, _ = parse_rooms(render_rooms(ROOMS, clock_offset=OFFSET), clock_offset=OFFSET + 1_000)
    assert (first.opened_at, first.expires_at) == (-1_003.5, 0.125)


def test_no_rooms_are_a_document_too() -> None:
    assert parse_rooms(render_rooms((), clock_offset=OFFSET), clock_offset=OFFSET) == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"version":2,"rooms":[]}',
        b'{"version":1}',
        document(room_id="a/b"),
        document(code="abc"),
        document(code=7),
        document(mtu=1279),
        document(peers_limit=0),
        document(peers_limit=251),
        document(opened_at=-1),
        document(expires_at="soon"),
        document(expires_at=1e12),
        document(more=1),
    ],
)
def test_another_content_is_refused(content: bytes) -> None:
    with pytest.raises(RoomDocumentError):
        parse_rooms(content, clock_offset=OFFSET)


@pytest.mark.parametrize("same", [{"room_id": "r2"}, {"code": "PAR-TY"}])
def test_two_rooms_of_one_name_are_refused(same: dict[str, str]) -> None:
    one = json.loads(document())["rooms"][0]
    other = one | {"room_id": "r2", "code": "OTHER"}
    content = json.dumps({"version": 1, "rooms": [one | same, other | same]}).encode()
    with pytest.raises(RoomDocumentError, match="same id or code"):
        parse_rooms(content, clock_offset=OFFSET)


def test_why_it_is_refused_is_said_without_a_code() -> None:
    with pytest.raises(RoomDocumentError) as refusal:
        parse_rooms(document(code="SECRET_CODE"), clock_offset=OFFSET)
    assert "SECRET" not in str(refusal.value)
