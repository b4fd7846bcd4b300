from itertools import count
from pathlib import Path

import pytest

from lanparty_command import RelayAddress
from lanparty_ctrl import RoomCode, Welcome
from lanparty_endpoint.place import Place
from lanparty_endpoint.resume import AlreadyJoinedError
from lanparty_proto import MacAddress

RELAY = RelayAddress("relay.example")
ROOM = RoomCode("7K3M9QXRT2V")
WELCOME = Welcome(
    version=1,
    peer_id=1,
    room_code=ROOM,
    room_id="r1",
    mtu=1_500,
    datagram_budget=1_500,
    resume_token="0" * 32,
    heartbeat_seconds=10,
    peers_limit=64,
    server_version="1",
)

_counter = count(1)


def bytes_of(number: int) -> bytes:
    return next(_counter).to_bytes(number, "big")


def test_a_new_place_has_a_mac_of_its_own_and_no_token(tmp_path: Path) -> None:
    place = Place(tmp_path, RELAY)
    place.claim(ROOM)
    first, second = place.mac(bytes_of), place.mac(bytes_of)
    assert first != second
    assert first.require_identity(allow_universal=False) == first
    assert place.token() is None
    place.close()


def test_the_mac_outlives_a_polite_leave_and_the_token_does_not(tmp_path: Path) -> None:
    place = Place(tmp_path, RELAY)
    mac = place.mac(bytes_of)
    place.remember(WELCOME, mac)
    assert place.token() == WELCOME.resume_token
    place.forget()
    place.close()

    later = Place(tmp_path, RELAY)
    later.claim(ROOM)
    assert later.mac(bytes_of) == mac
    assert later.token() is None
    later.close()


def test_after_a_crash_the_place_is_still_ours(tmp_path: Path) -> None:
    place = Place(tmp_path, RELAY)
    mac = place.mac(bytes_of)
    place.remember(WELCOME, mac)
    place.close()

    later = Place(tmp_path, RELAY)
    later.claim(ROOM)
    assert (later.mac(bytes_of), later.token()) == (mac, WELCOME.resume_token)
    later.close()


def test_rooms_and_relays_have_macs_of_their_own(tmp_path: Path) -> None:
    place = Place(tmp_path, RELAY)
    mac = place.mac(bytes_of)
    place.remember(WELCOME, mac)
    for relay, room in ((RELAY, RoomCode("OTHER")), (RelayAddress("relay.example", 4_433), ROOM)):
        other = Place(tmp_path, relay)
        other.claim(room)
        assert other.mac(bytes_of) != mac
        other.close()
    place.close()


def test_a_second_endpoint_in_the_same_place_is_told(tmp_path: Path) -> None:
    place = Place(tmp_path, RELAY)
    place.remember(WELCOME, MacAddress.parse("02:5c:00:00:00:01"))
    with pytest.raises(AlreadyJoinedError):
        Place(tmp_path, RELAY).claim(ROOM)
    place.close()


def test_a_mac_that_cannot_be_a_computers_is_replaced(tmp_path: Path) -> None:
    place = Place(tmp_path, RELAY)
    place.remember(WELCOME, MacAddress.parse("02:5c:00:00:00:01"))
    place.close()
    [record] = tmp_path.glob("*.json")
    record.write_text(record.read_text().replace("02:5c:00:00:00:01", "ff:ff:ff:ff:ff:ff"))
    again = Place(tmp_path, RELAY)
    again.claim(ROOM)
    mac = again.mac(bytes_of)
    assert mac.require_identity(allow_universal=False) == mac
    again.close()
