from pathlib import Path

import pytest
from pydantic import ValidationError

from lanparty_command import RelayAddress
from lanparty_relay.announcement import Addresses, announcement
from lanparty_relay.settings import RelaySettings

PLAYERS = ("192.0.2.7", 4433)
LOOPBACK = ("127.0.0.1", 8080)
EVERYWHERE = ("0.0.0.0", 8080)


def test_without_more_the_bound_addresses_are_told() -> None:
    settings = RelaySettings(state_dir=Path("state"))
    addresses = Addresses.of(settings, PLAYERS, LOOPBACK)
    assert announcement(settings, addresses, "sha256:x").splitlines()[1:] == [
        "  players:     --relay 192.0.2.7:4433 --pin sha256:x",
        "  admin API:   http://127.0.0.1:8080",
        "  admin token: state/admin-token",
    ]


def test_what_stands_before_the_relay_is_told_instead() -> None:
    settings = RelaySettings(
        public=RelayAddress("relay.example"),
        public_admin="https://admin.example/",
        admin_token_file=Path("mine"),
    )
    addresses = Addresses.of(settings, PLAYERS, EVERYWHERE)
    first, *rest = announcement(settings, addresses, "sha256:x").splitlines()
    assert first.endswith("serves players on 192.0.2.7:4433 (UDP)")
    assert rest == [
        "  players:     --relay relay.example:443 --pin sha256:x",
        "  admin API:   https://admin.example",
        "  admin token: mine",
    ]


@pytest.mark.parametrize(
    ("public_admin", "bound", "exposed"),
    [
        (None, LOOPBACK, False),
        (None, EVERYWHERE, True),
        ("http://127.0.0.1:8080", EVERYWHERE, False),
        ("http://localhost:8080", EVERYWHERE, False),
        ("http://[::1]:8080", EVERYWHERE, False),
        ("https://admin.example", EVERYWHERE, False),
        ("http://admin.example", EVERYWHERE, True),
        ("http://192.0.2.7:8080", LOOPBACK, True),
    ],
)
def test_plain_http_to_other_hosts_is_an_exposed_api(
    public_admin: str | None, bound: tuple[str, int], exposed: bool
) -> None:
    settings = RelaySettings(public_admin=public_admin)
    assert Addresses.of(settings, PLAYERS, bound).admin_is_exposed is exposed


@pytest.mark.parametrize("text", ["admin.example", "ftp://x", "http://", "http://x/path"])
def test_what_is_no_url_of_an_api_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        RelaySettings(public_admin=text)
