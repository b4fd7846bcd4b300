"""Which player a person means."""

import re
from ipaddress import IPv4Address

import pytest

from lanparty_ctrl import PeerJoined, Role
from lanparty_endpoint.probing import PlayerNotFoundError, find_member
from lanparty_proto import MacAddress


def member(peer_id: int, name: str, address: str | None = None) -> PeerJoined:
    mac = MacAddress(bytes([2, 0, 0, 0, 0, peer_id]))
    leased = None if address is None else IPv4Address(address)
    return PeerJoined(peer_id=peer_id, role=Role.CLIENT, mac=mac, name=name, address=leased)


BOB = member(2, "Bob", "10.77.3.2")
BOBBY = member(3, "bobby")
EVE = member(4, "Eve Ängström")
SEVEN = member(5, "7")
EVERYBODY = [BOB, BOBBY, EVE, SEVEN, member(7, "zed")]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Bob", BOB),
        ("BOB", BOB),
        ("bobb", BOBBY),
        (" eve ", EVE),
        ("EVE ÄNG", EVE),
        ("10.77.3.2", BOB),
        ("2", BOB),
        ("#3", BOBBY),
        ("02:00:00:00:00:04", EVE),
        ("7", SEVEN),
        ("#7", EVERYBODY[-1]),
    ],
)
def test_a_name_its_beginning_an_address_or_a_number_names_one(
    said: str, meant: PeerJoined
) -> None:
    assert find_member(said, EVERYBODY) == meant


def test_an_address_that_a_player_uses_beside_the_leased_one_names_him() -> None:
    seen = {MacAddress.parse("02:00:00:00:00:04"): IPv4Address("192.168.7.7")}
    assert find_member("192.168.7.7", EVERYBODY, seen=seen) == EVE


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("mallory", "Nobody in the room is called 'mallory'. Here are: Bob, bobby,"),
        ("10.77.3.99", "No player is known to use the address 10.77.3.99."),
        ("", "Nobody in the room is called ''."),
    ],
)
def test_nobody_is_told_with_who_is_here(said: str, sentence: str) -> None:
    with pytest.raises(PlayerNotFoundError, match=re.escape(sentence)):
        find_member(said, EVERYBODY)


def test_a_beginning_that_fits_several_asks_which() -> None:
    twins = [member(2, "anna"), member(3, "Anton")]
    with pytest.raises(PlayerNotFoundError, match=re.escape("2 (anna), 3 (Anton)")):
        find_member("an", twins)


def test_two_of_one_name_are_told_apart_by_their_numbers() -> None:
    twins = [member(2, "anna"), member(3, "Anna")]
    with pytest.raises(PlayerNotFoundError, match="fits 2 players"):
        find_member("anna", twins)
    assert find_member("#3", twins) == twins[1]


def test_an_empty_room_says_so_and_a_full_one_is_not_listed_whole() -> None:
    with pytest.raises(PlayerNotFoundError, match="Nobody else is in the room"):
        find_member("bob", [])
    with pytest.raises(PlayerNotFoundError, match="and 42 more"):
        find_member("bob", [member(number, f"player {number}") for number in range(1, 51)])
