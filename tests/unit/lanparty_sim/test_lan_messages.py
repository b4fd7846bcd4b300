"""What players and the LAN's host say to each other in the scenario."""

from ipaddress import IPv4Address, IPv4Interface

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lanparty_sim.lan_messages import (
    Announcement,
    LanAnswer,
    LanMessageError,
    LanRequest,
    read_message,
)


@pytest.mark.parametrize(
    "message",
    [
        Announcement(IPv4Interface("172.18.0.2/16")),
        LanRequest(7),
        LanRequest(8, IPv4Address("172.18.255.253")),
        LanAnswer(number=8, seconds=0.001, offers=3, hears_offers=True),
        LanAnswer(number=9, seconds=None, offers=0, hears_offers=False),
    ],
)
def test_a_message_comes_as_it_was_said(message: Announcement | LanRequest | LanAnswer) -> None:
    assert read_message(message.encode()) == message


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"message": 1}',
        b'{"message": "request", "number": "x", "ping": null}',
        b'{"message": "request", "number": 1, "ping": "everybody"}',
        b'{"message": "announcement"}',
        b'{"message": "request", "number": Infinity, "ping": null}',
        b"[" * 5_000,
    ],
)
def test_what_is_no_message_is_an_error(octets: bytes) -> None:
    with pytest.raises(LanMessageError):
        read_message(octets)


@given(some.binary(max_size=200))
def test_no_octets_do_more_than_that(octets: bytes) -> None:
    with pytest.raises(LanMessageError):
        read_message(octets)
